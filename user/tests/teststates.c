// States of envs. A parent can stop and start a child, set its registers and destroy it at any
// moment, on whichever CPU the child runs and whatever it does. When the call has returned, a
// stopped child does not run. No env ever runs on two CPUs. No system call is lost, made twice, or
// given another result. A wait for a message ends only with one, and a message that waits to be
// sent is not lost. An env that has been destroyed never runs again. The children check this
// themselves, while their parent stops and starts them as fast as it can.

#include "../common.h"

// One for each child, in a page that all share.
struct Slot {
	volatile uint32_t count;    // the child's steps
	const char *volatile error; // what the child has found wrong, or NULL
	volatile envid_t id;
	volatile uint32_t token; // for set_registers
	uint32_t messages;       // from the parent, or to it
};
static struct Slot *const slots = (struct Slot *) 0x10000000;

static int failures;

static void fail(const char *what, const char *where)
{
	cprintf("teststates: FAIL %s: %s\n", where, what);
	failures++;
}

// ---- What the children do ----

// Each step is counted in a register of the child and in memory. If the child ran on two CPUs, or
// if a step were made twice or not at all, the counts would differ.
static inline void step(struct Slot *s, uint32_t *steps)
{
	if (s->count != *steps)
		s->error = "a step was lost or made twice";
	s->count = ++*steps;
}

static void spin(struct Slot *s)
{
	for (uint32_t steps = 0;;)
		step(s, &steps);
}

// If the kernel changes a register, or gives a call the result of another one, the child finds it.
static void call(struct Slot *s)
{
	for (uint32_t steps = 0;; step(s, &steps)) {
		if (sys_getenvid() != s->id)
			s->error = "sys_getenvid returned something else";
		if (sys_env_set_status(0, -1) != -E_INVAL ||
		    sys_env_destroy(0x7fffffff) != -E_BAD_ENV)
			s->error = "a call did not return its error";
	}
}

static void yield(struct Slot *s)
{
	for (uint32_t steps = 0;; step(s, &steps))
		sys_yield();
}

// Send the steps' numbers to the next child, which finds out if one is lost or comes twice.
static void send(struct Slot *s)
{
	for (uint32_t steps = 0;; step(s, &steps)) {
		int r;
		while ((r = sys_ipc_try_send(s[1].id, steps, (void *) UTOP, 0)) == -E_IPC_NOT_RECV)
			;
		if (r != 0)
			s->error = "sys_ipc_try_send returned something else";
	}
}

static void receive(struct Slot *s)
{
	for (uint32_t steps = 0;; step(s, &steps)) {
		if (sys_ipc_recv((void *) UTOP) != 0)
			s->error = "sys_ipc_recv returned something else";
		if (thisenv->env_ipc_value != steps)
			s->error = "not the next message";
	}
}

// The same, by the call that waits in the kernel.
static void send_waiting(struct Slot *s, envid_t to)
{
	for (uint32_t steps = 0;; step(s, &steps))
		if (sys_ipc_send(to, steps, (void *) UTOP, 0) != 0)
			s->error = "sys_ipc_send returned something else";
}

static void wait_and_send(struct Slot *s)
{
	send_waiting(s, s[1].id);
}

static void send_to_parent(struct Slot *s)
{
	send_waiting(s, thisenv->env_parent_id);
}

enum { SPIN, CALL, YIELD, TO_PARENT = 7, FROM_PARENT };
static const struct Job {
	const char *name;
	void (*run)(struct Slot *);
	bool waits_for_parent;
	bool to_next; // sends to the next child
} jobs[] = {
	[SPIN] = {.name = "spin", .run = spin},
	[CALL] = {.name = "call", .run = call},
	[YIELD] = {.name = "yield", .run = yield},
	{.name = "send", .run = send, .to_next = true},
	{.name = "receive", .run = receive},
	{.name = "wait and send", .run = wait_and_send, .to_next = true},
	{.name = "receive from one that waits", .run = receive},
	[TO_PARENT] = {.name = "send to parent", .run = send_to_parent, .waits_for_parent = true},
	[FROM_PARENT] = {.name = "receive from parent", .run = receive, .waits_for_parent = true},
};
enum { JOBS = ARRAY_SIZE(jobs) };

static void start(int i)
{
	memset(&slots[i], 0, sizeof(slots[i]));
	envid_t id = fork_or_panic();
	if (id == 0) {
		slots[i].id = sys_getenvid();
		while (jobs[i].to_next && !slots[i + 1].id)
			sys_yield();
		jobs[i].run(&slots[i]);
	}
	while (slots[i].id != id)
		sys_yield();
}

// ---- What the parent does ----

static bool in_time(uint64_t *end, uint32_t million_ticks)
{
	if (*end == 0)
		*end = read_tsc() + million_ticks * 1000000ULL;
	return read_tsc() < *end;
}

static void delay(int n)
{
	for (volatile int i = 0; i < n; i++)
		;
}

// Whether the child makes no step for a while.
static bool stands_still(int i)
{
	uint32_t count = slots[i].count;

	delay(500);
	return slots[i].count == count;
}

static void expect(int r, int want, const char *what, int i)
{
	if (r != want)
		fail(what, jobs[i].name);
}

// The child waits in sys_ipc_recv. Check that only a message ends its wait, and send one.
static void wake_by_message(int i)
{
	struct Slot *s = &slots[i];

	if (!jobs[i].waits_for_parent)
		return;
	expect(sys_env_set_status(s->id, ENV_RUNNABLE), -E_INVAL,
	       "can be made runnable while it waits for a message", i);
	if (!stands_still(i))
		fail("did not wait", jobs[i].name);
	expect(sys_ipc_try_send(s->id, s->messages++, (void *) UTOP, 0), 0,
	       "does not receive a message", i);
}

// Receive the child's next message, whatever has interrupted its wait to send it.
static void receive_from(int i)
{
	struct Slot *s = &slots[i];

	expect(sys_ipc_recv((void *) UTOP), 0, "cannot send a message", i);
	expect(thisenv->env_ipc_from, s->id, "did not send the message", i);
	expect(thisenv->env_ipc_value, s->messages++, "its message was lost or came twice", i);
}

static bool waits_to_send(int i)
{
	return envs[ENVX(slots[i].id)].env_sending_to != NULL;
}

// Stop child i, check that it does not run, and start it again.
static void stop_and_start(int i, uint32_t round)
{
	struct Slot *s = &slots[i];
	uint32_t count = s->count;

	// In most rounds, let it make a step first, if it can; then wait for a time that depends on
	// the round.
	for (int n = round % 4 ? 5000 : 0; n > 0 && s->count == count; n--)
		delay(10);
	delay(round % 64);
	int r = sys_env_set_status(s->id, ENV_NOT_RUNNABLE);

	if (r == -E_INVAL && jobs[i].run == receive) {
		wake_by_message(i);
		return;
	}
	expect(r, 0, "cannot be stopped", i);
	expect(envs[ENVX(s->id)].env_status, ENV_NOT_RUNNABLE, "has another status", i);
	expect(waits_to_send(i), false, "waits to send after it was stopped", i);
	if (!stands_still(i))
		fail("runs after it was stopped", jobs[i].name);
	expect(sys_env_set_status(s->id, ENV_NOT_RUNNABLE), 0, "cannot be stopped twice", i);
	expect(sys_env_set_status(s->id, ENV_RUNNABLE), 0, "cannot be started", i);
	r = sys_env_set_status(s->id, ENV_RUNNABLE);
	if (r != 0 && (r != -E_INVAL || jobs[i].run != receive))
		fail("cannot be started twice", jobs[i].name);
	if (i == TO_PARENT && round % 3 == 0)
		receive_from(i);
}

// What a child does with the registers from set_registers: again and again store eax, then make a
// system call and load eax again. The instruction just before it, where eip would point if the
// kernel moved it back, ends the child.
extern char store_eax[];
asm(".pushsection .text\n"
    "	ud2\n"
    "store_eax:\n"
    "	movl %eax, (%esi)\n"
    "	movl %eax, %edi\n"
    "	movl $2, %eax\n" // SYS_getenvid
    "	int $48\n"
    "	movl %edi, %eax\n"
    "	jmp store_eax\n"
    ".popsection\n");
static_assert(SYS_getenvid == 2 && T_SYSCALL == 48);

// Set the registers of child i, and check that it goes on with them: it must store the token.
static void set_registers(int i, uint32_t token)
{
	struct Slot *s = &slots[i];
	struct Trapframe tf = {
		.tf_eip = (uintptr_t) store_eax,
		.tf_regs = {.reg_eax = token, .reg_esi = (uintptr_t) &s->token},
	};

	expect(sys_env_set_trapframe(s->id, &tf), 0, "cannot get other registers", i);
	uint64_t end = 0;
	while (s->token != token && in_time(&end, 2000))
		if (token % 64 == 0)
			sys_yield();
	delay(token % 64);
	expect(s->token, token, "does not go on with the registers it has got", i);
}

static void expect_dead(int i, envid_t id)
{
	static const int states[] = {ENV_RUNNABLE, ENV_NOT_RUNNABLE, ENV_RUNNING, ENV_FREE};

	for (int n = 0; n < 4; n++)
		expect(sys_env_set_status(id, states[n]), -E_BAD_ENV, "still there", i);
	expect(sys_env_destroy(id), -E_BAD_ENV, "destroyed twice", i);
	expect(envs[ENVX(id)].env_status, ENV_FREE, "destroyed, but not free", i);
}

static void destroy(int i)
{
	expect(sys_env_destroy(slots[i].id), 0, "cannot be destroyed", i);
	if (!stands_still(i))
		fail("runs after it was destroyed", jobs[i].name);
	expect_dead(i, slots[i].id);
}

// Stop and start a child until it ends by itself.
static void die(int steps)
{
	envid_t id = fork_or_panic();
	int r;

	if (id == 0) {
		delay(steps);
		exit();
	}
	do {
		if (steps % 2 == 0)
			sys_env_set_status(id, ENV_NOT_RUNNABLE);
		r = sys_env_set_status(id, ENV_RUNNABLE);
		if (r == 0 && envs[ENVX(id)].env_status == ENV_RUNNABLE)
			sys_yield();
	} while (r == 0);
	expect_dead(0, id);
}

// Set the registers of a child that waits to send its second message: the wait must end.
static void cancel_message(uint32_t token)
{
	start(TO_PARENT);
	receive_from(TO_PARENT);
	while (!waits_to_send(TO_PARENT))
		sys_yield();
	set_registers(TO_PARENT, token);
	expect(waits_to_send(TO_PARENT), false, "waits to send with other registers", TO_PARENT);
	expect(thisenv->env_last_sender == NULL, true, "is still in the queue", TO_PARENT);
	destroy(TO_PARENT);
}

// For a time, call work for the n children from i on, in turn; the other children are stopped.
// Returns the number of calls.
static uint32_t repeat(void (*work)(int i, uint32_t round), int i, int n, uint32_t million_ticks)
{
	uint64_t end = 0;
	uint32_t round = 0;

	for (int c = 0; c < JOBS; c++)
		sys_env_set_status(slots[c].id,
				   c >= i && c < i + n ? ENV_RUNNABLE : ENV_NOT_RUNNABLE);
	for (; in_time(&end, million_ticks); round++) {
		work(i + round % n, round);
		if (round % 256 == 0)
			sys_yield();
	}
	return round;
}

static void expect_progress(int i)
{
	uint32_t count = slots[i].count;

	sys_env_set_status(slots[i].id, ENV_RUNNABLE);
	for (uint64_t end = 0; slots[i].count == count && in_time(&end, 3000); sys_yield())
		if (jobs[i].waits_for_parent)
			stop_and_start(i, 0);
	if (slots[i].count == count)
		fail("does not go on", jobs[i].name);
	if (slots[i].error)
		fail(slots[i].error, jobs[i].name);
}

void umain(int argc, char **argv)
{
	alloc_or_panic(slots, RW | PTE_SHARE);
	for (int i = 0; i < JOBS; i++)
		start(i);

	uint32_t stops = repeat(stop_and_start, 0, JOBS, 500), sets = 0;
	for (int i = 0; i < JOBS; i++)
		stops += repeat(stop_and_start, i, jobs[i].to_next ? 2 : 1, 150);
	for (int i = 0; i < JOBS; i++)
		expect_progress(i);
	uint32_t messages = slots[TO_PARENT].messages + slots[FROM_PARENT].messages;
	for (int i = SPIN; i <= YIELD; i++)
		sets += repeat(set_registers, i, 1, 150);

	for (int i = 0; i < JOBS; i++) {
		sys_env_set_status(slots[i].id, ENV_RUNNABLE);
		destroy(i);
	}
	for (int i = 0; i < 40; i++) {
		start(0);
		delay(i * 500);
		destroy(0);
		die(i * 1000);
		cancel_message(i + 1);
	}
	cprintf("%u stops, %u sets of registers, %u messages\n", stops, sets, messages);
	if (failures == 0)
		cprintf("teststates: OK\n");
}
