// Messages. None may be lost, received twice, or come with the page of another one, however many
// envs send at the same time; and pages must stay when their senders end. Senders number their
// messages, and fill each page with their own number and that of the message; the receiver checks
// all of it. When envs are destroyed meanwhile, exactly as many calls succeed as messages are
// received. Envs that wait to send are served in the order of their calls, with the pages they had
// then; if one of them is destroyed, the others stay in the queue. Requests are answered by one
// call.

#include "../common.h"

#define OUT     ((volatile uint32_t *) 0x10000000)   // page to send
#define IN      ((volatile uint32_t *) 0x20000000)   // page received
#define FAR     ((void *) 0x40000000)                // there is no page table for it
#define HOARD   ((char *) 0x50000000 + 512 * PGSIZE) // where the hog maps all free memory
#define NO_PAGE ((void *) UTOP)

enum { SENDERS = 6, MESSAGES = 120, WORDS = PGSIZE / 4, ROUNDS = 12 };
enum { LINE = 4 };    // how many envs wait in the queue
enum { UNKNOWN = 1 }; // the result of a call that has not returned

// What all envs share.
static struct Shared {
	volatile uint32_t sent[SENDERS]; // how many calls have succeeded
	volatile uint32_t received;
	volatile int32_t result[LINE + 1]; // of the calls of those in the queue
	volatile bool go;                  // the receiver may receive now
	volatile bool full;                // there is no free memory
	volatile int failures;
} *const shared = (struct Shared *) 0x30000000;

#define EXPECT(x, want) expect_equal(x, want, #x, __LINE__, &shared->failures)

// Wait until an env waits to send, or has ended.
static void wait_sending(envid_t id)
{
	while (is_alive(id) && !envs[ENVX(id)].env_sending_to)
		sys_yield();
}

static bool blocking; // whether send_to makes the call that waits in the kernel

// Send a message, with the other call by trying until it succeeds or fails; yield only sometimes.
static int send_to(envid_t to, uint32_t value, void *pg, int perm)
{
	if (blocking)
		return sys_ipc_send(to, value, pg, perm);
	for (int tries = 1;; tries++) {
		int r = sys_ipc_try_send(to, value, pg, perm);
		if (r != -E_IPC_NOT_RECV)
			return r;
		if (tries % 16 == 0)
			sys_yield();
	}
}

// ---- Many senders, one receiver ----

// The rights with which message n sends a page; 0 for no page.
static int rights_of(uint32_t n)
{
	return n % 3 == 0 ? 0 : n % 3 == 1 ? RO : RW;
}

// Map a new page at OUT and fill it with numbers made of stamp.
static void make_page(uint32_t stamp)
{
	alloc_or_panic(OUT, RW);
	for (int i = 0; i < WORDS; i++)
		OUT[i] = stamp + i;
}

// Send MESSAGES messages and end at once, perhaps before the receiver has read the last page.
static void send_all(envid_t to, uint32_t sender)
{
	for (uint32_t n = 0; n < MESSAGES; n++) {
		uint32_t stamp = sender << 16 | n;
		int perm = rights_of(n);

		make_page(stamp);
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
		wait_for_end(senders[s]);
	}
	EXPECT(thisenv->env_ipc_recving, false);
}

// ---- Pages and their owners ----

static void test_page(void)
{
	envid_t parent = sys_getenvid(), child, from;
	int perm;

	// The sender ends before its page is read.
	alloc_or_panic(IN, RW);
	child = fork_or_panic();
	if (child == 0) {
		sys_page_alloc(0, (void *) OUT, RW);
		OUT[WORDS - 1] = 4711;
		ipc_send(parent, 1, (void *) OUT, RW);
		exit();
	}
	EXPECT(ipc_recv(&from, (void *) IN, &perm), 1);
	wait_for_end(child);
	EXPECT(IN[WORDS - 1], 4711);
	EXPECT(references(IN), 1);
	EXPECT(sys_ipc_try_send(child, 0, NO_PAGE, 0), -E_BAD_ENV);
	EXPECT(sys_ipc_try_send(0, 0, NO_PAGE, 0), -E_IPC_NOT_RECV); // to itself
	EXPECT(sys_ipc_try_send(parent, 0, (void *) IN, RW), -E_IPC_NOT_RECV);

	// If no page is sent, the one at IN stays. If none is wanted, none is mapped.
	child = fork_or_panic();
	if (child == 0) {
		sys_page_alloc(0, (void *) OUT, RW);
		ipc_send(parent, 2, NULL, 0);
		ipc_send(parent, 3, (void *) OUT, RW);
		EXPECT(references(OUT), 1);
		sys_ipc_recv((void *) IN);
		exit();
	}
	EXPECT(ipc_recv(&from, (void *) IN, &perm), 2);
	EXPECT(perm, 0);
	EXPECT(ipc_recv(&from, NULL, &perm), 3);
	EXPECT(perm, 0);
	EXPECT(IN[WORDS - 1], 4711);

	// An env that waits for a message cannot be started or stopped, but it can be destroyed.
	wait_receiving(child);
	EXPECT(sys_env_set_status(child, ENV_RUNNABLE), -E_INVAL);
	EXPECT(sys_env_set_status(child, ENV_NOT_RUNNABLE), -E_INVAL);
	EXPECT(envs[ENVX(child)].env_ipc_recving, true);
	EXPECT(sys_ipc_try_send(child, 0, (void *) IN, RO), 0);
	EXPECT(is_alive(child) && envs[ENVX(child)].env_ipc_recving, false);
	wait_for_end(child);
	EXPECT(references(IN), 1);
	child = fork_or_panic();
	if (child == 0)
		sys_ipc_recv(NO_PAGE);
	wait_receiving(child);
	EXPECT(sys_env_destroy(child), 0);
	EXPECT(sys_ipc_try_send(child, 0, (void *) IN, RO), -E_BAD_ENV);
}

// ---- A receiver that ends while many envs send to it ----

static void test_death(int limit, bool killed)
{
	envid_t receiver, senders[SENDERS];
	uint32_t sent = 0;

	shared->received = 0; // not in the receiver, which may be destroyed before it runs
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
			sys_page_alloc(0, (void *) OUT, RW);
			while ((r = send_to(receiver, s, (void *) OUT, RW)) == 0)
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
		wait_for_end(senders[s]);
		sent += shared->sent[s];
	}
	// A receiver that was destroyed may not have counted its last message.
	EXPECT(sent - shared->received <= (killed ? 1 : 0), true);
}

// ---- Envs that wait to send ----

// Make an env that waits to send this message, as number n of the queue.
static envid_t line_up(envid_t to, int n, uint32_t stamp)
{
	shared->result[n] = UNKNOWN;
	envid_t id = fork_or_panic();
	if (id == 0) {
		int perm = rights_of(stamp);

		make_page(stamp);
		shared->result[n] = sys_ipc_send(to, stamp, perm ? (void *) OUT : NO_PAGE, perm);
		if (shared->result[n] < 0)
			EXPECT(references(OUT), 1);
		while (shared->full) // its end would free memory
			sys_yield();
		exit();
	}
	wait_sending(id);
	return id;
}

// Number n of the queue must not wait any more, and its call must have returned this.
static void expect_result(int n, envid_t id, int32_t result)
{
	EXPECT(is_alive(id) && envs[ENVX(id)].env_sending_to, false);
	wait_for_end(id);
	EXPECT(shared->result[n], result);
}

// Some envs wait to send. Those in the set `gone' are destroyed; then one more begins to wait.
// Before the others' messages are received, they lose the pages that they send.
static void test_line(uint32_t gone)
{
	envid_t self = sys_getenvid(), senders[LINE + 1], from;
	int perm;

	for (int n = 0; n < LINE; n++)
		senders[n] = line_up(self, n, gone + n);
	for (int n = 0; n < LINE; n++)
		if (gone & 1 << n)
			EXPECT(sys_env_destroy(senders[n]), 0);
	senders[LINE] = line_up(self, LINE, gone + LINE);
	for (int n = 0; n <= LINE; n++)
		if (n % 2 == 0)
			sys_page_unmap(senders[n], (void *) OUT);
		else
			sys_page_alloc(senders[n], (void *) OUT, RW);

	for (int n = 0; n <= LINE; n++) {
		bool page_wanted = (gone + n) % 5 != 0;
		if (gone & 1 << n) {
			expect_result(n, senders[n], UNKNOWN);
			continue;
		}
		EXPECT(is_alive(senders[n]) && shared->result[n] == UNKNOWN, true);
		EXPECT(ipc_recv(&from, page_wanted ? (void *) IN : NULL, &perm), gone + n);
		EXPECT(from, senders[n]);
		check_message(gone + n, perm, page_wanted);
		expect_result(n, senders[n], 0);
		EXPECT(perm ? references(IN) : 1, 1);
	}
	EXPECT(thisenv->env_last_sender == NULL, true);
}

// A receiver ends while envs wait to send to it. It ends by itself after some messages; or it waits
// to send to itself, and so is in its own queue, and its parent destroys it.
static void test_end(int messages, bool by_itself)
{
	envid_t senders[LINE];

	shared->go = false;
	envid_t receiver = fork_or_panic();
	if (receiver == 0) {
		make_page(0);
		while (by_itself && !shared->go)
			sys_yield();
		for (int n = 0; n < messages; n++)
			EXPECT(ipc_recv(NULL, (void *) IN, NULL), messages + n);
		if (!by_itself)
			EXPECT(sys_ipc_send(0, 0, (void *) OUT, RW), UNKNOWN); // it must not return
		exit();
	}
	if (!by_itself)
		wait_sending(receiver);
	for (int n = 0; n < LINE; n++)
		senders[n] = line_up(receiver, n, messages + n);
	EXPECT(is_alive(receiver), true);
	shared->go = true;
	if (!by_itself)
		EXPECT(sys_env_destroy(receiver), 0);
	wait_for_end(receiver);
	for (int n = 0; n < LINE; n++) {
		expect_result(n, senders[n], n < messages ? 0 : -E_BAD_ENV);
	}
}

// ---- Requests and answers ----

// Answer requests for ever: each answer is twice the request, more by 1 if a page has come whose
// first word is the request.
static void serve(void)
{
	envid_t from;
	int perm;
	uint32_t value = ipc_recv(&from, (void *) IN, &perm);

	for (;;) {
		uint32_t answer = 2 * value + (perm == RO && *IN == value);
		value = ipc_send_recv(from, answer, NULL, 0, &from, (void *) IN, &perm);
	}
}

// Make requests of the server, every other one with a page.
static void request(envid_t server)
{
	alloc_or_panic(OUT, RW);
	for (int n = 0; n < MESSAGES; n++) {
		void *page = n % 2 ? (void *) OUT : NULL;
		envid_t from;
		int perm = RW;

		*OUT = n;
		EXPECT(ipc_send_recv(server, n, page, RO, &from, NULL, &perm), 2 * n + n % 2);
		EXPECT(from, server);
		EXPECT(perm, 0);
	}
	exit();
}

// Several envs make requests, by one call each. Nobody gets another one's answer.
static void test_requests(int requesters)
{
	envid_t server = fork_or_panic(), requester[SENDERS];

	if (server == 0)
		serve();
	for (int i = 0; i < requesters; i++) {
		requester[i] = fork_or_panic();
		if (requester[i] == 0)
			request(server);
	}
	for (int i = 0; i < requesters; i++)
		wait_for_end(requester[i]);
	EXPECT(sys_env_destroy(server), 0);
}

// The same while no other env can run: each hands the CPU over to the other.
static void test_alone(void)
{
	envid_t server = fork_or_panic();

	if (server == 0)
		serve();
	for (int n = 0; n < MESSAGES; n++)
		EXPECT(ipc_send_recv(server, n, NULL, 0, NULL, NULL, NULL), 2 * n);
	EXPECT(sys_env_destroy(server), 0);
}

// If there is no memory for a page table of the receiver, only messages without a page are
// received; the receiver waits until one comes.
static void test_no_memory(void)
{
	envid_t senders[LINE];

	shared->go = shared->full = false;
	envid_t receiver = fork_or_panic();
	if (receiver == 0) {
		while (!shared->go)
			sys_yield();
		for (int n = 0; n < LINE; n++)
			if (rights_of(n) == 0)
				EXPECT(ipc_recv(NULL, (void *) FAR, NULL), n);
		exit();
	}
	for (int n = 0; n < LINE; n++)
		senders[n] = line_up(receiver, n, n);
	envid_t hog = fork_or_panic();
	if (hog == 0) {
		// Take all frames, at last the one that is left when a page table is needed too.
		for (char *va = HOARD; sys_page_alloc(0, va, RW) == 0; va += PGSIZE)
			;
		sys_page_alloc(0, HOARD - PGSIZE, RW);
		shared->full = true;
		for (;;)
			sys_yield();
	}
	while (!shared->full)
		sys_yield();
	shared->go = true;
	wait_for_end(receiver);
	shared->full = false;
	for (int n = 0; n < LINE; n++) {
		expect_result(n, senders[n], rights_of(n) ? -E_NO_MEM : 0);
	}
	EXPECT(sys_env_destroy(hog), 0);
}

void umain(int argc, char **argv)
{
	alloc_or_panic(shared, RW | PTE_SHARE);
	test_page();
	for (uint32_t gone = 0; gone < 1 << LINE; gone++)
		test_line(gone);
	for (int messages = 0; messages <= LINE; messages++)
		test_end(messages, true);
	test_end(0, false);
	test_no_memory();
	test_alone();
	test_requests(1);
	test_requests(SENDERS);
	for (int b = 0; b < 2; b++) {
		blocking = b;
		test_many();
		for (int i = 1; i <= ROUNDS; i++)
			test_death(i, i % 2);
	}
	if (shared->failures == 0)
		cprintf("testipc: OK\n");
}
