// Checks of exercise 13: interrupts.

#include "check.h"

static void flags(void)
{
	if (!(read_eflags() & FL_IF))
		fail("interrupts are off in user mode: does trapframe_force_user set FL_IF?");
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

void umain(int argc, char **argv)
{
	static const struct Check checks[] = {{"flags", flags}, {"gates", gates}, {"sleep", sleep}};

	run_checks(argc, argv, checks, ARRAY_SIZE(checks));
}
