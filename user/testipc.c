// Shows that no message is lost, doubled or mixed with another's page, however many envs send at
// once, and that pages outlive their senders. Senders number their messages, and fill each page
// they send with sender and number; who receives checks all of it. Envs that die in between take
// nothing along: as many sends succeed as messages were received.

#include <inc/lib.h>

#define OUT      ((volatile uint32_t *) 0x10000000) // page to send
#define IN       ((volatile uint32_t *) 0x20000000) // page received
#define NO_PAGE  ((void *) UTOP)
#define WRITABLE (PTE_P | PTE_U | PTE_W)

enum { SENDERS = 6, MESSAGES = 120, WORDS = PGSIZE / 4, ROUNDS = 12 };

// What all envs share.
static struct Shared {
	volatile uint32_t sent[SENDERS]; // how many sends succeeded
	volatile uint32_t received;
	volatile uint32_t failures;
} *const shared = (struct Shared *) 0x30000000;

#define EXPECT(x, want) expect(x, want, #x, __LINE__)

static void expect(int32_t is, int32_t want, const char *what, int line)
{
	if (is == want)
		return;
	cprintf("testipc: FAIL line %d: %s is %d, not %d\n", line, what, is, want);
	shared->failures++;
}

static bool is_alive(envid_t id)
{
	return envs[ENVX(id)].env_id == id && envs[ENVX(id)].env_status != ENV_FREE;
}

static void wait_dead(envid_t id)
{
	while (is_alive(id))
		sys_yield();
}

static void wait_receiving(envid_t id)
{
	while (!envs[ENVX(id)].env_ipc_recving)
		sys_yield();
}

static envid_t fork_or_panic(void)
{
	envid_t id = fork();

	if (id < 0)
		panic("fork: %e", id);
	return id;
}

static uint32_t references(volatile void *va)
{
	return pages[PGNUM(uvpt[PGNUM(va)])].pp_ref;
}

// Try until the message is received or cannot be; give up the CPU only now and then.
static int send_to(envid_t to, uint32_t value, void *pg, int perm)
{
	for (int tries = 1;; tries++) {
		int r = sys_ipc_try_send(to, value, pg, perm);
		if (r != -E_IPC_NOT_RECV)
			return r;
		if (tries % 16 == 0)
			sys_yield();
	}
}

// ---- Many senders, one receiver ----

// Every third message brings no page, every third one that may not be written.
static int rights_of(uint32_t n)
{
	return n % 3 == 0 ? 0 : n % 3 == 1 ? PTE_P | PTE_U : WRITABLE;
}

// Send MESSAGES messages and end at once, with the last page still on its way to be read.
static void send_all(envid_t to, uint32_t sender)
{
	for (uint32_t n = 0; n < MESSAGES; n++) {
		uint32_t stamp = sender << 16 | n;

		if (sys_page_alloc(0, (void *) OUT, WRITABLE) < 0)
			panic("no memory");
		for (int i = 0; i < WORDS; i++)
			OUT[i] = stamp + i;
		int perm = rights_of(n);
		EXPECT(send_to(to, stamp, perm ? (void *) OUT : NO_PAGE, perm), 0);
		if (n % 4 == 0)
			sys_page_unmap(0, (void *) OUT);
	}
}

static void check_message(uint32_t stamp, int perm, bool page_wanted)
{
	uint32_t wrong = 0;

	EXPECT(perm, page_wanted ? rights_of(stamp & 0xffff) : 0);
	if (!perm)
		return;
	EXPECT(uvpt[PGNUM(IN)] & PTE_SYSCALL, perm);
	for (int i = 0; i < WORDS; i++)
		wrong += IN[i] != stamp + i;
	EXPECT(wrong, 0);
}

static void test_many(void)
{
	envid_t self = sys_getenvid(), senders[SENDERS];
	uint32_t next[SENDERS] = {0}, stamp = 0;

	for (uint32_t s = 0; s < SENDERS; s++) {
		senders[s] = fork_or_panic();
		if (senders[s] == 0) {
			send_all(self, s);
			exit();
		}
	}
	for (uint32_t i = 0; i < SENDERS * MESSAGES; i++) {
		bool page_wanted = i % 5 != 0;
		envid_t from;
		int perm;

		stamp = ipc_recv(&from, page_wanted ? (void *) IN : NULL, &perm);
		uint32_t s = stamp >> 16;
		EXPECT(s < SENDERS && senders[s] == from, true);
		if (s >= SENDERS)
			return;
		EXPECT(stamp & 0xffff, next[s]++);
		check_message(stamp, perm, page_wanted);
	}
	for (int s = 0; s < SENDERS; s++) {
		EXPECT(next[s], MESSAGES);
		wait_dead(senders[s]);
	}
	EXPECT(thisenv->env_ipc_recving, false);
}

// ---- Pages and their owners ----

static void test_page(void)
{
	envid_t parent = sys_getenvid(), child, from;
	int perm;

	// A page is all that is left of its sender.
	if (sys_page_alloc(0, (void *) IN, WRITABLE) < 0)
		panic("no memory");
	child = fork_or_panic();
	if (child == 0) {
		sys_page_alloc(0, (void *) OUT, WRITABLE);
		OUT[WORDS - 1] = 4711;
		ipc_send(parent, 1, (void *) OUT, WRITABLE);
		exit();
	}
	EXPECT(ipc_recv(&from, (void *) IN, &perm), 1);
	wait_dead(child);
	EXPECT(IN[WORDS - 1], 4711);
	EXPECT(references(IN), 1);
	EXPECT(sys_ipc_try_send(child, 0, NO_PAGE, 0), -E_BAD_ENV);
	EXPECT(sys_ipc_try_send(0, 0, NO_PAGE, 0), -E_IPC_NOT_RECV); // it is not waiting: it sends
	EXPECT(sys_ipc_try_send(parent, 0, (void *) IN, WRITABLE), -E_IPC_NOT_RECV);

	// No page comes: the one that was there stays. None is wanted: none is given.
	child = fork_or_panic();
	if (child == 0) {
		sys_page_alloc(0, (void *) OUT, WRITABLE);
		ipc_send(parent, 2, NULL, 0);
		ipc_send(parent, 3, (void *) OUT, WRITABLE);
		EXPECT(references(OUT), 1);
		sys_ipc_recv((void *) IN);
		exit();
	}
	EXPECT(ipc_recv(&from, (void *) IN, &perm), 2);
	EXPECT(perm, 0);
	EXPECT(ipc_recv(&from, NULL, &perm), 3);
	EXPECT(perm, 0);
	EXPECT(IN[WORDS - 1], 4711);

	// One that waits does so until a message comes, whatever its parent tries; it may die
	// waiting.
	wait_receiving(child);
	EXPECT(sys_env_set_status(child, ENV_RUNNABLE), -E_INVAL);
	EXPECT(sys_env_set_status(child, ENV_NOT_RUNNABLE), -E_INVAL);
	EXPECT(envs[ENVX(child)].env_ipc_recving, true);
	EXPECT(sys_ipc_try_send(child, 0, (void *) IN, PTE_P | PTE_U), 0);
	EXPECT(is_alive(child) && envs[ENVX(child)].env_ipc_recving, false);
	wait_dead(child);
	EXPECT(references(IN), 1);
	child = fork_or_panic();
	if (child == 0)
		sys_ipc_recv(NO_PAGE);
	wait_receiving(child);
	EXPECT(sys_env_destroy(child), 0);
	EXPECT(sys_ipc_try_send(child, 0, (void *) IN, PTE_P | PTE_U), -E_BAD_ENV);
}

// ---- A receiver that dies while many send to it ----

static void test_death(int limit, bool killed)
{
	envid_t receiver, senders[SENDERS];
	uint32_t sent = 0;

	shared->received = 0; // here: the receiver may be killed before it runs at all
	receiver = fork_or_panic();
	if (receiver == 0) {
		while ((int) shared->received < limit) {
			ipc_recv(NULL, (void *) IN, NULL);
			shared->received++;
		}
		exit();
	}
	for (int s = 0; s < SENDERS; s++) {
		shared->sent[s] = 0;
		senders[s] = fork_or_panic();
		if (senders[s] == 0) {
			int r;
			sys_page_alloc(0, (void *) OUT, WRITABLE);
			while ((r = send_to(receiver, s, (void *) OUT, WRITABLE)) == 0)
				shared->sent[s]++;
			EXPECT(r, -E_BAD_ENV);
			EXPECT(references(OUT), 1);
			exit();
		}
	}
	if (killed) {
		for (int i = 0; i < limit; i++)
			sys_yield();
		sys_env_destroy(receiver);
	}
	for (int s = 0; s < SENDERS; s++) {
		wait_dead(senders[s]);
		sent += shared->sent[s];
	}
	// A message that was there when its receiver was killed may not have been counted any more.
	EXPECT(sent - shared->received <= (killed ? 1 : 0), true);
}

void umain(int argc, char **argv)
{
	if (sys_page_alloc(0, shared, WRITABLE | PTE_SHARE) < 0)
		panic("no memory");
	test_many();
	test_page();
	for (int i = 1; i <= ROUNDS; i++)
		test_death(i, i % 2);
	if (shared->failures == 0)
		cprintf("testipc: OK\n");
}
