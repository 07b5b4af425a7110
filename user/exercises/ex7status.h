// The checks of sys_env_set_status in exercise 7, for ex7.c.

#ifndef JOS_USER_EXERCISES_EX7STATUS_H
#define JOS_USER_EXERCISES_EX7STATUS_H

#include "check.h"

static volatile int count;

static void count_up(void)
{
	for (;;) {
		count++;
		sys_yield();
	}
}

// Whether the child that counts up runs.
static bool counts(void)
{
	int before = count;

	for (int i = 0; i < 10; i++)
		sys_yield();
	return count != before;
}

static void status(void)
{
	static const int bad[] = {ENV_FREE, ENV_DYING, ENV_RUNNING, ENV_NOT_RUNNABLE + 1, -1};
	struct Trapframe tf = {.tf_eip = (uintptr_t) count_up, .tf_esp = USTACKTOP - 16};
	envid_t child = make_child(&tf);

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char what[40];
		snprintf(what, sizeof(what), "sys_env_set_status(child, %d)", bad[i]);
		expect_result(what, sys_env_set_status(child, bad[i]), -E_INVAL,
			      "only ENV_RUNNABLE and ENV_NOT_RUNNABLE are allowed");
	}
	if (counts())
		fail("the child runs although sys_env_set_status has returned errors only");
	EXPECT(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0,
	       "it is that already, which is no error");
	for (int round = 0; round < 2; round++) {
		for (int again = 0; again < 2; again++) // the second call has nothing to change
			EXPECT(sys_env_set_status(child, ENV_RUNNABLE), 0,
			       "it may be that already");
		if (!counts())
			fail("the child does not run after ENV_RUNNABLE");
		EXPECT(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0, "any child can be stopped");
		if (counts())
			fail("the child runs on after ENV_NOT_RUNNABLE");
	}
	EXPECT(sys_env_set_status(0, ENV_RUNNABLE), 0, "the caller itself is running: no error");
	sys_env_destroy(child);
}

static void stop_self(void)
{
	count = 1;
	sys_env_set_status(0, ENV_NOT_RUNNABLE);
	count = 2;
	exit();
}

// A child that stops itself goes on when it is made runnable.
static void itself(void)
{
	struct Trapframe tf = {.tf_eip = (uintptr_t) stop_self, .tf_esp = USTACKTOP - 16};
	envid_t child = make_child(&tf);

	count = 0;
	MUST(sys_env_set_status(child, ENV_RUNNABLE));
	for (int i = 0; i < 10; i++)
		sys_yield();
	if (count != 1 || envs[ENVX(child)].env_status != ENV_NOT_RUNNABLE)
		fail("a child that stops itself %s",
		     count == 0 ? "does not run before" : "goes on running");
	MUST(sys_env_set_status(child, ENV_RUNNABLE));
	if (!ends(child) || count != 2)
		fail("a child that has stopped itself does not go on after ENV_RUNNABLE");
}

// Both CPUs are to be in user mode for most of the time. (When the clock counts instructions, the
// CPUs take turns, and relax() ends one.)
static void compute(void)
{
	for (int i = 0; i < 10000; i++) {
		count++;
		if (i % 1000 == 0)
			relax();
	}
}

static void compute_and_yield(void)
{
	for (;;) {
		compute();
		sys_yield();
	}
}

// Wait until the child runs on another CPU.
static bool runs_elsewhere(const volatile struct Env *e)
{
	enum { PATIENCE = 10000 };

	for (int i = 0; i < PATIENCE && e->env_status != ENV_RUNNING; i++)
		relax();
	return e->env_status == ENV_RUNNING;
}

// Stop a child while it runs on another CPU. (Only once: after that, this CPU may sleep for good as
// long as exercise 13 is missing.)
static void stop_elsewhere(void)
{
	enum { MOMENT = 10 };
	struct Trapframe tf = {.tf_eip = (uintptr_t) compute_and_yield, .tf_esp = USTACKTOP - 16};
	envid_t child = make_child(&tf);

	MUST(sys_env_set_status(child, ENV_RUNNABLE));
	if (!runs_elsewhere(&envs[ENVX(child)]))
		fail("the child does not run on the other CPU");
	EXPECT(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0, "any child can be stopped");
	int then = count;
	for (int i = 0; i < MOMENT; i++)
		relax();
	if (count != then)
		fail("a child goes on running on another CPU after ENV_NOT_RUNNABLE: call "
		     "env_interrupt first");
	sys_env_destroy(child);
}

// Two programs, on two CPUs: one checks, the other one keeps its CPU awake by yielding.
static void elsewhere(void)
{
	envid_t other = 0;

	for (int i = 0; i < NENV; i++)
		if (envs[i].env_status != ENV_FREE && &envs[i] != thisenv &&
		    envs[i].env_parent_id == 0)
			other = envs[i].env_id;
	if (other == 0)
		fail("run this twice at a time, on two CPUs");
	else if (other > sys_getenvid())
		stop_elsewhere();
	else
		while (is_alive(other)) {
			compute();
			sys_yield();
		}
}

#endif
