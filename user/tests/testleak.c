// Leaks: after many envs have ended in every way, on all CPUs at the same time, as many frames and
// envs must be free as before. `testleak N' makes N rounds.

#include "../common.h"

#define ROUNDS    300
#define WORKERS   6
#define PATIENCE  100000

#define SHARED    ((volatile struct Shared *) 0x00a00000)
#define ELSEWHERE ((void *) 0x10000000) // needs a page table of its own

struct Shared {
	int failures;
	int rounds; // how many are still to be made
};

#define fail(...) (cprintf("testleak: FAIL " __VA_ARGS__), SHARED->failures++)

// ---- What a child does until it ends or is destroyed ----

static void end(void)
{
}

static void fault(void)
{
	sys_env_set_pgfault_upcall(0, NULL);
	*(volatile int *) ELSEWHERE = 0;
}

static void spin(void)
{
	for (;;) {
		for (volatile int i = 0; i < 20000; i = i + 1)
			;
		sys_yield(); // on one CPU, whole time slices would take too long
	}
}

static void yield_on(void)
{
	for (;;)
		sys_yield();
}

static void wait_for_message(void)
{
	ipc_recv(NULL, ELSEWHERE, NULL);
}

// Map one frame at many addresses, some of them in page tables of their own.
static void map(void)
{
	for (int i = 0; i < 4; i++) {
		sys_page_alloc(0, ELSEWHERE + i * PGSIZE, RW);
		sys_page_map(0, ELSEWHERE + i * PGSIZE, 0, ELSEWHERE + i * PTSIZE, RW);
		sys_page_map(0, ELSEWHERE, 0, ELSEWHERE + i * PGSIZE, RW);
	}
	sys_page_unmap(0, ELSEWHERE);
}

static void compute(void)
{
	asm volatile("fninit; fldpi");
	spin();
}

// The same for ever, to be destroyed meanwhile.
static void map_on(void)
{
	for (;;) {
		map();
		sys_yield();
	}
}

static void fork_and_go(void)
{
	if (fork() == 0 && fork() == 0)
		sys_yield();
}

static void fork_and_wait(void)
{
	envid_t child = fork();

	if (child > 0)
		wait_for_end(child);
}

static const struct Life {
	void (*live)(void);
	bool ends; // by itself; the others are destroyed
} lives[] = {
	{end, true},     {map, true},      {fork_and_wait, true},     {fork_and_go, true},
	{spin, false},   {compute, false}, {wait_for_message, false}, {yield_on, false},
	{map_on, false}, {end, false}, // destroyed at some moment before its end, or after it
	{map, false},    {fault, true},
};

// ---- Rounds ----

// Let env run for a time that depends on the round, in some rounds stop it, then destroy it.
static void kill(envid_t env, int round)
{
	static volatile int delay;

	for (delay = 0; delay < round % 13 * 300; delay++)
		;
	if (round % 3 == 0)
		sys_yield();
	if (round % 5 == 0)
		sys_env_set_status(env, ENV_NOT_RUNNABLE);
	int r = sys_env_destroy(env);
	if (r < 0 && r != -E_BAD_ENV)
		fail("sys_env_destroy: %e\n", r);
}

static void do_round(int round)
{
	const struct Life *life = &lives[round % ARRAY_SIZE(lives)];
	envid_t child = fork();

	if (child < 0) {
		fail("fork: %e\n", child);
		return;
	}
	if (child == 0) {
		life->live();
		exit();
	}
	if (!life->ends)
		kill(child, round);
	for (int patience = 0; is_alive(child); patience++) {
		if (patience == PATIENCE) {
			fail("the child of round %d does not end\n", round);
			return;
		}
		sys_yield();
	}
}

static void work(void)
{
	int round;

	while ((round = __atomic_fetch_sub(&SHARED->rounds, 1, __ATOMIC_RELAXED)) > 0)
		do_round(round);
}

// ---- What is free ----

struct Free {
	int envs, frames;
};

static struct Free count(void)
{
	struct Free n = {0, 0};

	for (int i = 0; i < NENV; i++)
		n.envs += envs[i].env_status == ENV_FREE;
	n.frames = free_frames();
	return n;
}

// Start the workers and wait for their end.
static void run(int rounds)
{
	envid_t workers[WORKERS];

	SHARED->rounds = rounds;
	for (int n = 0; n < WORKERS; n++) {
		workers[n] = fork();
		if (workers[n] == 0) {
			work();
			exit();
		}
		if (workers[n] < 0)
			fail("fork: %e\n", workers[n]);
	}
	for (int n = 0; n < WORKERS; n++)
		if (workers[n] > 0)
			wait_for_end(workers[n]);
}

// Wait until as much is free as expected: grandchildren may still run, and CPUs use memory. Returns
// what is free.
static struct Free settle(struct Free expected)
{
	struct Free now = count();

	for (int patience = 0; patience < 1000; patience++) {
		if (now.envs == expected.envs && now.frames == expected.frames)
			break;
		sys_yield();
		now = count();
	}
	return now;
}

void umain(int argc, char **argv)
{
	struct Free before = count(), after;

	alloc_or_panic(SHARED, RW | PTE_SHARE);
	run(WORKERS); // so that this env has all its memory before we count
	settle(before);
	for (int i = 0; i < 50; i++) // CPUs may still have page directories of dead envs loaded
		sys_yield();
	before = count();
	run(argc > 1 ? strtol(argv[1], NULL, 0) : ROUNDS);
	after = settle(before);
	if (after.envs != before.envs)
		fail("%d envs free before, %d after\n", before.envs, after.envs);
	if (after.frames != before.frames)
		fail("%d frames free before, %d after\n", before.frames, after.frames);
	if (SHARED->failures == 0)
		cprintf("testleak: OK\n");
}
