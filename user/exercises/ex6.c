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

// An env that is not runnable does not run.
static void blocked(void)
{
	struct Trapframe start = child_start();
	envid_t child = make_child(&start);

	for (int i = 0; i < 20; i++)
		sys_yield();
	if (child_runs || envs[ENVX(child)].env_runs)
		fail("env %08x runs, though it is ENV_NOT_RUNNABLE: look at env_status", child);
	if (is_alive(child))
		sys_env_destroy(child);
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
	share_program(child);
	MUST(sys_page_alloc(child, (void *) (USTACKTOP - PGSIZE), RW));
	MUST(sys_env_set_trapframe(child, &start));
	MUST(sys_env_set_status(child, ENV_RUNNABLE));
	if (!ends(child))
		fail("the env in slot %d is runnable and never runs: the search goes round at NENV",
		     ENVX(child));
	destroy_children();
}

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {
		{"turns", turns}, // RUN="ex6:turns ex6:turns ex6:turns"
		{"alone", alone}, {"blocked", blocked},
		{"last", last},   {"elsewhere", elsewhere}, // CPUS=3
	};

	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}
