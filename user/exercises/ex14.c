// Checks of exercise 14: the timer takes the CPU away.

#include "check.h"

enum { PATIENCE = 200000000 }; // how often to look: on any machine longer than ten ticks

// Compute until e has had `turns' more turns. Returns how many it has had.
static int compute_beside(const volatile struct Env *e, int turns)
{
	uint32_t before = e->env_runs;

	for (int i = 0; i < PATIENCE; i++)
		if ((int) (e->env_runs - before) >= turns)
			break;
	return e->env_runs - before;
}

// Parent and child both compute, on one CPU, without ever giving it up.
static void turns(void)
{
	enum { TURNS = 6 };
	envid_t parent = sys_getenvid(), child = fork_or_panic();
	int had = compute_beside(&envs[ENVX(child ? child : parent)], TURNS);

	if (child && had == 0)
		fail("the timer does not take the CPU away: is cpu_resched set, and lapic_eoi "
		     "called?");
	else if (had < TURNS)
		fail("the timer takes the CPU away only once: is lapic_eoi called?");
	if (child == 0)
		exit();
	sys_env_destroy(child);
}

// If no other env is runnable, the same env goes on.
static void alone(void)
{
	uint64_t begin = read_tsc();
	volatile uint32_t count = 0;

	while (count < 20000000)
		count++;
	if (read_tsc() == begin)
		fail("the time-stamp counter does not count");
}

// Two envs that compute get the same number of turns, while this one yields.
static void fair(void)
{
	enum { TURNS = 8, MARGIN = 4 };
	envid_t children[2];

	for (int i = 0; i < 2; i++) {
		children[i] = fork_or_panic();
		if (children[i] == 0) {
			compute_beside(thisenv, PATIENCE);
			exit();
		}
	}
	const volatile struct Env *first = &envs[ENVX(children[0])];
	const volatile struct Env *second = &envs[ENVX(children[1])];
	uint32_t before = second->env_runs - first->env_runs;
	compute_beside(first, TURNS);
	int more = second->env_runs - first->env_runs - before;
	if (more > MARGIN || more < -MARGIN)
		fail("of two envs that compute one gets %d turns more", more);
	for (int i = 0; i < 2; i++)
		sys_env_destroy(children[i]);
}

// An env that ends with much memory is taken apart at several ticks, if others compute.
static void ticks(void)
{
	enum { TABLES = 200, FAR = 0x10000000 };
	envid_t child = MUST(sys_exofork());
	const volatile struct Env *e = &envs[ENVX(child)];

	for (int i = 0; i < TABLES; i++)
		MUST(sys_page_alloc(child, (void *) (FAR + i * PTSIZE), RW));
	MUST(sys_env_destroy(child));
	for (int i = 0; i < PATIENCE && e->env_status == ENV_DYING; i++)
		;
	if (e->env_status == ENV_DYING)
		fail("an env that has ended keeps its memory as long as others compute: does "
		     "handle_tick count in cpu_timer_ticks?");
}

// On two CPUs: each of two envs that compute is charged at the ticks of its CPU.
static void charged(void)
{
	enum { CHANGES = 2 };
	envid_t child = fork_or_panic();
	int changes = 0;

	for (int i = 0, last = thisenv->env_time_left; i < PATIENCE / 100 && changes < CHANGES;
	     i++) {
		int now = thisenv->env_time_left;

		changes += now != last;
		last = now;
	}
	if (changes < CHANGES)
		fail("an env computes on CPU %d, and its time is not charged: does handle_tick "
		     "count the ticks of the CPU that it is given?",
		     thisenv->env_cpunum);
	if (child == 0)
		exit();
	wait_for_end(child);
}

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {{"turns", turns},
					      {"alone", alone},
					      {"fair", fair},
					      {"ticks", ticks},
					      {"charged", charged}};

	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}
