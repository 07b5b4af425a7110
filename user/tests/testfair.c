// Fair scheduling. Envs get equal shares of time, within a factor of 1.5, whatever they do:
// compute, make system calls without pause, yield just before the tick, or go on in a child. One
// that often waits for a message gets no more. A receiver gets its messages, however many senders
// try again and again. Two envs that send each other messages, and so run in turn, do not keep the
// CPU from others.

#include "../common.h"

enum {
	SPINNERS = 8,
	ATTEMPTS = 6,      // each twice as long as the last: a busy host's other work averages out
	TURNS = 12,        // for how many turns each is to run at first
	MESSAGES = 4,      // what the receiver is to get
	GIGA = 1000000000, // clock ticks: less than a second
};

// What all envs share: cache lines for each spinner.
static struct __attribute__((aligned(128))) Share {
	volatile uint32_t count;
	volatile uint32_t time; // for how long it has run, in 256 clock ticks
	uint32_t rest;          // and the rest of that division
	uint32_t last, runs;    // when it has looked at the clock, and in which of its turns
	uint32_t begin;         // when this turn began
	uint32_t turns;         // how many the first one is to have
	envid_t parent;
	bool done; // the first spinner has told the parent that it has had its turns
} *const shares = (struct Share *) 0x10000000;
static volatile bool *const stopped = (volatile bool *) &shares[SPINNERS]; // spinners are to end

static envid_t spinners[SPINNERS];
static uint32_t tick; // how long it is

// ---- What spinners do ----

// Count, and add the time since the last look at the clock, unless another env has run meanwhile.
// Returns for how long this turn has lasted.
static uint32_t look(struct Share *s)
{
	uint32_t now, runs;

	do {
		runs = thisenv->env_runs;
		now = read_tsc();
	} while (runs != thisenv->env_runs);
	if (runs == s->runs) {
		s->rest += MIN(now - s->last, 2 * tick); // more, if an emulator has stopped the CPU
		s->time += s->rest / 256;
		s->rest %= 256;
	} else {
		s->begin = now;
	}
	s->runs = runs;
	s->last = now;
	s->count++;
	if (*stopped)
		exit();
	if (s == shares && !s->done && s->time / s->turns > tick / 256) {
		s->done = true;
		ipc_send(s->parent, 0, NULL, 0);
	}
	return now - s->begin;
}

static void compute(struct Share *s)
{
	for (;;)
		look(s);
}

static void call(struct Share *s)
{
	for (;;) {
		sys_getenvid();
		look(s);
	}
}

static void yield_early(struct Share *s)
{
	for (;;)
		if (look(s) > tick / 10 * 9)
			sys_yield();
}

// Go on in a child early enough before the tick, for fork takes a while.
static void go_on_in_child(struct Share *s)
{
	for (;;)
		if (look(s) > tick / 2) {
			if (fork_or_panic() != 0)
				exit();
			s->runs = 0;
		}
}

// Wait for a message often.
static void be_woken(struct Share *s)
{
	envid_t self = sys_getenvid(), waker = fork_or_panic();

	if (waker == 0) {
		while (sys_ipc_send(self, 0, (void *) UTOP, 0) == 0)
			;
		exit();
	}
	for (;;) {
		ipc_recv(NULL, NULL, NULL);
		uint32_t begin = s->time;
		do
			look(s);
		while (s->time - begin < tick / 256 / 8);
	}
}

static void send(struct Share *s)
{
	for (; !*stopped; s->count++)
		sys_ipc_try_send(thisenv->env_parent_id, s - shares, (void *) UTOP, 0);
	exit();
}

// ---- Equal shares ----

typedef void Work(struct Share *);

// The last two kinds need not get as much as the others.
static Work *const mixed[SPINNERS] = {compute,        compute,     compute, yield_early,
				      go_on_in_child, yield_early, compute, be_woken};
static Work *const callers[SPINNERS] = {call, call, call, call, call, call, call, call};
static Work *const senders[SPINNERS] = {send, send, send, send, send, send, send, send};

// Start the spinners. Returns whether each has got a CPU in good time.
static bool start(Work *const *work, int turns)
{
	for (int i = 0; i < SPINNERS; i++) {
		memset(&shares[i], 0, sizeof(shares[i]));
		shares[i].parent = sys_getenvid();
		shares[i].turns = turns;
		spinners[i] = fork_or_panic();
		if (spinners[i] == 0)
			work[i](&shares[i]);
	}
	uint64_t begin = read_tsc();
	for (int i = 0; i < SPINNERS; i++)
		while (shares[i].count == 0) {
			if (!is_early(begin))
				return false;
			sys_yield();
		}
	return true;
}

// Let all spinners end.
static void stop(void)
{
	*stopped = true;
	for (int i = 0; i < NENV; i++)
		if (envs[i].env_id != thisenv->env_id)
			wait_for_end(envs[i].env_id);
	*stopped = false;
}

// Whether the spinners get equal shares of time. If there is a CPU for each spinner, shares mean
// nothing, and all must make progress.
static bool fair(Work *const *work, int turns, const char *what)
{
	uint32_t got[SPINNERS], least = UINT32_MAX, most = 0;
	int cpus = 0;

	bool all_run = start(work, turns);
	ipc_recv(NULL, NULL, NULL); // by the first spinner, when it has had its turns
	for (int i = 0; i < SPINNERS; i++) {
		got[i] = shares[i].time / 1024;
		all_run &= got[i] > 0;
		most = MAX(most, got[i]);
		if (work[i] != be_woken && work[i] != go_on_in_child)
			least = MIN(least, got[i]);
		cpus = MAX(cpus, envs[ENVX(spinners[i])].env_cpunum + 1);
	}
	stop();
	cprintf("%s, %d CPUs: %u %u %u %u %u %u %u %u\n", what, cpus, got[0], got[1], got[2],
		got[3], got[4], got[5], got[6], got[7]);
	return all_run && (cpus >= SPINNERS || most <= least + least / 2);
}

static bool fair_at_last(Work *const *work, const char *what)
{
	for (int i = 0; i < ATTEMPTS; i++)
		if (fair(work, TURNS << i, what))
			return true;
	cprintf("testfair: FAIL %s: shares are unequal\n", what);
	return false;
}

static bool receives(void)
{
	uint64_t begin = read_tsc();

	start(senders, 0);
	for (int n = 0; n < MESSAGES; n++)
		ipc_recv(NULL, NULL, NULL);
	stop();
	if (read_tsc() - begin < 5ULL * GIGA)
		return true;
	cprintf("testfair: FAIL a receiver starves\n");
	return false;
}

// What the parent tells each of the three in gets_on_beside_partners to do: COMPUTE, TAKE (receive
// messages), or the id of the env to send messages to.
enum { COMPUTE, TAKE };

static void play_part(void)
{
	int32_t part = ipc_recv(NULL, NULL, NULL);

	if (part == COMPUTE)
		for (;;)
			;
	while (part == TAKE)
		if (thisenv->env_last_sender)
			ipc_recv(NULL, NULL, NULL);
	for (;;)
		ipc_send(part, 0, NULL, 0);
}

// Whether a third env, and this one, make progress beside two partners, of which one always sends
// and the other receives whenever a message waits. Receiver, sender and third env follow each other
// in envs[] in this order.
static bool gets_on_beside_partners(void)
{
	envid_t id[3];

	shares[0].count = 0;
	for (int i = 0; i < 3; i++) {
		id[i] = fork_or_panic();
		if (id[i] == 0)
			play_part();
	}
	// Free slots may have been used in ascending or in descending order.
	bool upwards = ENVX(id[0]) < ENVX(id[2]);
	envid_t taker = id[upwards ? 0 : 2], giver = id[1], third = id[upwards ? 2 : 0];
	ipc_send(third, COMPUTE, NULL, 0);
	ipc_send(taker, TAKE, NULL, 0);
	ipc_send(giver, taker, NULL, 0);

	uint32_t runs = envs[ENVX(third)].env_runs;
	const volatile struct Env *e = &envs[ENVX(third)];
	uint64_t begin = read_tsc();
	while (e->env_runs - runs < TURNS && e->env_status != ENV_RUNNING &&
	       read_tsc() - begin < 4ULL * GIGA)
		sys_yield();
	bool elsewhere = e->env_status == ENV_RUNNING; // on another CPU
	bool gets_on = elsewhere || e->env_runs - runs >= TURNS;
	sys_env_destroy(giver);
	sys_env_destroy(taker);
	sys_env_destroy(third);
	if (!gets_on)
		cprintf("testfair: FAIL two partners keep the CPU\n");
	return gets_on;
}

void umain(int argc, char **argv)
{
	alloc_or_panic(shares, RW | PTE_SHARE);
	tick = tick_length();
	bool ok = fair_at_last(mixed, "all kinds");
	ok &= fair_at_last(callers, "calls");
	if (receives() && gets_on_beside_partners() && ok)
		cprintf("testfair: OK\n");
}
