// Checks of exercise 13: interrupts.

#include "check.h"

static void flags(void)
{
	if (!(read_eflags() & FL_IF))
		fail("interrupts are off in user mode: does trapframe_force_user set FL_IF?");
	struct Trapframe tf = {.tf_eflags = FL_CF | FL_ZF};
	envid_t child = make_child(&tf);
	if ((envs[ENVX(child)].env_tf.tf_eflags & (FL_CF | FL_ZF)) != (FL_CF | FL_ZF))
		fail("sys_env_set_trapframe loses a program's flags: trapframe_force_user adds "
		     "FL_IF "
		     "to those there are");
	sys_env_destroy(child);
	if (fork_or_panic() == 0) {
		if (!(read_eflags() & FL_IF))
			fail("interrupts are off in a child");
		exit();
	}
	sys_yield();
}

// A program must not be able to simulate an interrupt.
#define INTERRUPT(number)                                                                          \
	static void int_##number(void)                                                             \
	{                                                                                          \
		asm volatile("int %0" : : "i"(IRQ_OFFSET + number));                               \
	}
INTERRUPT(0) // the timer
INTERRUPT(1)
INTERRUPT(7)
INTERRUPT(15)

static void gates(void)
{
	static void (*const interrupts[])(void) = {int_0, int_1, int_7, int_15};
	static const int numbers[] = {0, 1, 7, 15};

	for (size_t i = 0; i < ARRAY_SIZE(interrupts); i++) {
		envid_t child = fork_or_panic();
		if (child == 0) {
			interrupts[i]();
			fail("`int' with the number of interrupt request %d returns: give its line "
			     "privilege 0",
			     numbers[i]);
			exit();
		}
		wait_for_end(child);
		uint32_t trapno = envs[ENVX(child)].env_tf.tf_trapno;
		if (trapno != T_GPFLT && trapno != T_SYSCALL)
			fail("`int' with the number of interrupt request %d is trap %u, not %u",
			     numbers[i], trapno, T_GPFLT);
	}
}

// On two CPUs: this env never gives up its CPU, so that only the other CPU, which sleeps, can run
// the child. The child ends last.
static void sleep(void)
{
	volatile int *const seen = (volatile int *) 0x10000000;
	enum { PATIENCE = 1000000 };
	envid_t parent = sys_getenvid();

	alloc_or_panic(seen, RW | PTE_SHARE);
	if (fork_or_panic() == 0) {
		*seen = true;
		while (is_alive(parent))
			relax();
		exit();
	}
	for (int i = 0; i < PATIENCE && !*seen; i++)
		relax();
	if (!*seen)
		fail("a CPU that slept does not run a new env: does sched_halt wait as it should?");
}

// On two CPUs: stop a child that runs on the other one and never enters the kernel by itself. When
// the call returns, it must have stopped.
static void kick(void)
{
	enum { PATIENCE = 1000000, MOMENT = 1000, ROUNDS = 3 };
	volatile int *const count = (volatile int *) 0x10000000;

	alloc_or_panic(count, RW | PTE_SHARE);
	envid_t child = fork_or_panic();
	if (child == 0)
		for (;;)
			++*count;
	for (int round = 0; round < ROUNDS && !check_failures; round++) {
		int before = *count;
		for (int i = 0; i < PATIENCE && *count == before; i++)
			;
		if (*count == before)
			fail("a child does not run on the other CPU");
		MUST(sys_env_set_status(child, ENV_NOT_RUNNABLE));
		int then = *count;
		for (volatile int i = 0; i < MOMENT; i++)
			;
		if (*count != then)
			fail("a child goes on running on another CPU when it has been stopped: "
			     "does wait_kicked wait until the CPU has left user mode?");
		MUST(sys_env_set_status(child, ENV_RUNNABLE));
	}
	sys_env_destroy(child);
}

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {
		{"flags", flags}, {"gates", gates}, {"sleep", sleep}, {"kick", kick}};

	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}
