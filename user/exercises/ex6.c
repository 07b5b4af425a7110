// Checks of exercise 6: round robin.

#include "check.h"

enum { ROUNDS = 8, ENVS = 3 };

// Three envs that run this on one CPU must take turns.
static void turns(void)
{
	const volatile struct Env *self = thisenv, *others[ENVS - 1];
	uint32_t before[ENVS - 1];
	int n = 0, none = 0, several = 0, order = 0;

	// The others, in the order in which they follow this env in envs[], going round.
	for (int i = 1; i < NENV; i++) {
		const volatile struct Env *e = &envs[(ENVX(sys_getenvid()) + i) % NENV];
		if (e->env_status != ENV_FREE && n < ENVS - 1)
			others[n++] = e;
	}
	if (n < ENVS - 1) {
		fail("run this three times at a time");
		return;
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < n; i++)
			before[i] = others[i]->env_runs;
		if (before[0] > before[1])
			order++;
		sys_yield();
		for (int i = 0; i < n; i++) {
			if (others[i]->env_status == ENV_FREE)
				return; // one has finished
			uint32_t had = others[i]->env_runs - before[i];
			none += had == 0;
			several += had > 1;
		}
	}
	// Ticks may disturb some rounds.
	if (none > ROUNDS / 2)
		fail("%08x yields and goes on at once, though others are runnable: begin the "
		     "search after the env you are given",
		     self->env_id);
	if (several > ROUNDS / 2)
		fail("others have several turns while %08x has one", self->env_id);
	if (order > ROUNDS / 2)
		fail("%08x has its turn before %08x, though the latter comes first after %08x",
		     others[1]->env_id, others[0]->env_id, self->env_id);
}

// A single env goes on after each yield.
static void alone(void)
{
	for (int i = 0; i < 100; i++)
		sys_yield();
}

// ---- These need exercise 7 ----

static volatile int child_runs; // shared with the child

static void __attribute__((noreturn)) child_main(void)
{
	child_runs++;
	exit();
	for (;;)
		;
}

static struct Trapframe child_start(void)
{
	return (struct Trapframe){.tf_eip = (uintptr_t) child_main, .tf_esp = USTACKTOP};
}

enum { TURNS = 200 };
static volatile int order[TURNS]; // the slots of the children that had turns, one after the other
static volatile size_t turns_had;

static void __attribute__((noreturn)) have_turns(void)
{
	for (;;) {
		if (turns_had < TURNS)
			order[turns_had++] = ENVX(sys_getenvid());
		sys_yield();
	}
}

// An env that is not runnable does not run, not even if one after it does.
static void blocked(void)
{
	struct Trapframe start = child_start(),
			 turns = {.tf_eip = (uintptr_t) have_turns, .tf_esp = USTACKTOP - 20};
	envid_t child = make_child(&start), next = make_child(&turns);

	MUST(sys_env_set_status(next, ENV_RUNNABLE));
	for (int i = 0; i < 20; i++)
		sys_yield();
	if (child_runs || envs[ENVX(child)].env_runs)
		fail("env %08x runs, though it is ENV_NOT_RUNNABLE: look at env_status", child);
	destroy_children();
}

// Let a child run, and wait until it does, on a CPU of its own.
static void set_going(envid_t child)
{
	const volatile struct Env *e = &envs[ENVX(child)];

	MUST(sys_env_set_status(child, ENV_RUNNABLE));
	while (e->env_status != ENV_RUNNING)
		;
}

static void spin(void)
{
	for (;;)
		;
}

// A CPU that finds nothing to run leaves alone what it ran before and another CPU runs now.
static void elsewhere(void)
{
	struct Trapframe start = {.tf_eip = (uintptr_t) spin, .tf_esp = USTACKTOP - 20};
	envid_t one = make_child(&start), other = make_child(&start);

	for (int i = 0; i < 8; i++) {
		// They change CPUs: the first that sleeps runs the first that starts.
		set_going(i % 2 ? other : one);
		set_going(i % 2 ? one : other);
		MUST(sys_env_set_status(one, ENV_NOT_RUNNABLE));
		MUST(sys_env_set_status(other, ENV_NOT_RUNNABLE));
		for (volatile int n = 0; n < 20000; n++) // now both CPUs sleep
			;
		set_going(i % 2 ? one : other);
		// Wake a CPU, which comes too late.
		MUST(sys_env_set_status(i % 2 ? other : one, ENV_RUNNABLE));
		MUST(sys_env_set_status(i % 2 ? other : one, ENV_NOT_RUNNABLE));
		for (volatile int n = 0; n < 20000; n++)
			;
		MUST(sys_env_set_status(i % 2 ? one : other, ENV_NOT_RUNNABLE));
	}
	destroy_children();
}

// Every slot of envs[] gets its turn, even the last one.
static void last(void)
{
	struct Trapframe start = child_start();
	envid_t child = 0, id;

	while ((id = sys_exofork()) > 0)
		child = ENVX(id) > ENVX(child) ? id : child;
	equip_child(child, &start);
	MUST(sys_env_set_status(child, ENV_RUNNABLE));
	if (!ends(child))
		fail("the env in slot %d is runnable and never runs: the search goes round at NENV",
		     ENVX(child));
	destroy_children();
}

// Where envs that take turns are: in several words of the run queue, first and last in a word.
static const int slots[] = {30, 31, 32, 63, 64, 500, NENV - 1};

static bool is_wanted(envid_t env)
{
	for (size_t i = 0; i < ARRAY_SIZE(slots); i++)
		if (slots[i] == ENVX(env))
			return true;
	return false;
}

// Fail if the env in slot next did not have its turn after that in slot before, most times. Ticks
// may disturb some.
static void expect_next(int before, int next)
{
	int right = 0, wrong = 0, other = 0;

	for (size_t n = 1; n < turns_had; n++) {
		if (order[n - 1] == before && order[n] != next) {
			wrong++;
			other = order[n];
		}
		right += order[n - 1] == before && order[n] == next;
	}
	if (wrong > right)
		fail("after the env in slot %d that in slot %d has its turn, not that in slot %d: "
		     "do shifts and masks reach each bit of the run queue, and none twice?",
		     before, other, next);
}

// Envs far from each other take turns.
static void far(void)
{
	struct Trapframe start = {.tf_eip = (uintptr_t) have_turns, .tf_esp = USTACKTOP - 20};
	static envid_t children[NENV]; // the stack is small
	envid_t id;
	int n = 0;

	while ((id = sys_exofork()) > 0)
		children[n++] = id;
	for (int i = 0; i < n; i++)
		if (is_wanted(children[i]))
			equip_child(children[i], &start);
		else
			MUST(sys_env_destroy(children[i]));
	// All at once, so that all have time in the same round.
	for (size_t i = 0; i < ARRAY_SIZE(slots); i++)
		MUST(sys_env_set_status(envs[slots[i]].env_id, ENV_RUNNABLE));
	for (int i = 0; i < 10 * TURNS && turns_had < TURNS; i++)
		sys_yield();
	for (size_t i = 0; i < ARRAY_SIZE(slots); i++)
		expect_next(slots[i], slots[(i + 1) % ARRAY_SIZE(slots)]);
	if (turns_had < TURNS)
		fail("other envs have only %u turns while this one has many", turns_had);
	destroy_children();
}

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {
		{"turns", turns}, // RUN="ex6:turns ex6:turns ex6:turns"
		{"alone", alone}, {"blocked", blocked},
		{"last", last},   {"elsewhere", elsewhere}, // CPUS=3
		{"far", far},
	};

	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}
