// Fair scheduling. Eight envs that never give up their CPU, because they compute or make system
// calls without pause, get equal shares, within a factor of 1.5. A receiver gets its messages,
// however many senders try again and again. Two envs that send each other messages, and so run in
// turn, do not keep the CPU from others.

#include "../common.h"

enum {
	SPINNERS = 8,
	ATTEMPTS = 3,      // the host's other work may spoil one
	TURNS = 12,        // what an env is to get
	MESSAGES = 4,      // what the receiver is to get
	GIGA = 1000000000, // clock ticks: less than a second
};

// What a spinner counts, a cache line for each; all envs share it.
static struct Share {
	volatile uint32_t count;
	uint32_t padding[15];
} *const shares = (struct Share *) 0x10000000;

static envid_t spinners[SPINNERS];
static uint32_t turns = TURNS; // what each spinner is to get on average; argv[1]: another number

static void compute(struct Share *s, envid_t parent)
{
	for (;;)
		s->count++;
}

static void call(struct Share *s, envid_t parent)
{
	for (;; s->count++)
		sys_getenvid();
}

static void send(struct Share *s, envid_t parent)
{
	for (;; s->count++)
		sys_ipc_try_send(parent, s - shares, (void *) UTOP, 0);
}

// Start the spinners. Returns whether each has got a CPU in good time.
static bool start(void (*run)(struct Share *, envid_t))
{
	envid_t parent = sys_getenvid();

	for (int i = 0; i < SPINNERS; i++) {
		shares[i].count = 0;
		spinners[i] = fork_or_panic();
		if (spinners[i] == 0)
			run(&shares[i], parent);
	}
	uint64_t begin = read_tsc();
	for (int i = 0; i < SPINNERS; i++)
		while (shares[i].count == 0) {
			if (read_tsc() - begin > 4ULL * GIGA)
				return false;
			sys_yield();
		}
	return true;
}

static void stop(void)
{
	for (int i = 0; i < SPINNERS; i++)
		sys_env_destroy(spinners[i]);
}

static const volatile struct Env *env_of(int spinner)
{
	return &envs[ENVX(spinners[spinner])];
}

// Whether the spinners get equal shares, measured in turns: an env that is given a CPU keeps it
// until the next tick. So the result does not depend on what else the host of an emulator does. If
// there is a CPU for each spinner, turns mean nothing, and all must make progress.
static bool fair(void (*run)(struct Share *, envid_t), const char *what)
{
	uint32_t runs[SPINNERS], counts[SPINNERS], least = UINT32_MAX, most = 0, total = 0;
	const uint64_t patience = (uint64_t) turns * (GIGA / 3);
	int last_cpu = 0;

	bool all_count = start(run);
	for (int i = 0; i < SPINNERS; i++) {
		runs[i] = env_of(i)->env_runs;
		counts[i] = shares[i].count;
	}
	for (uint64_t begin = read_tsc();
	     total < SPINNERS * turns && read_tsc() - begin < patience;) {
		sys_yield();
		total = 0;
		for (int i = 0; i < SPINNERS; i++) {
			total += env_of(i)->env_runs - runs[i];
			last_cpu = MAX(last_cpu, env_of(i)->env_cpunum);
		}
	}
	stop();
	for (int i = 0; i < SPINNERS; i++) {
		uint32_t got = env_of(i)->env_runs - runs[i];
		least = MIN(least, got);
		most = MAX(most, got);
		all_count &= shares[i].count != counts[i];
	}
	cprintf("%s: %u turns on %d CPUs, each env from %u to %u\n", what, total, last_cpu + 1,
		least, most);
	return all_count &&
	       (last_cpu + 1 >= SPINNERS || (total >= SPINNERS * turns && 2 * most <= 3 * least));
}

static bool fair_at_last(void (*run)(struct Share *, envid_t), const char *what)
{
	for (int i = 0; i < ATTEMPTS; i++)
		if (fair(run, what))
			return true;
	cprintf("testfair: FAIL %s: shares are unequal\n", what);
	return false;
}

static bool receives(void)
{
	uint64_t begin = read_tsc();

	start(send);
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
		compute(&shares[0], 0);
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
	if (argc > 1)
		turns = strtol(argv[1], NULL, 10);
	alloc_or_panic(shares, RW | PTE_SHARE);
	bool computing = fair_at_last(compute, "compute");
	bool calling = fair_at_last(call, "call");
	if (receives() && gets_on_beside_partners() && computing && calling)
		cprintf("testfair: OK\n");
}
