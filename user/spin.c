// The child never gives up its CPU. The timer takes the CPU away, and the parent kills the child.
// On several CPUs both would print at the same time, so a shared page tells whose turn it is.

#include <inc/lib.h>

enum { PARENT, CHILD };
static volatile int *const turn = (volatile int *) 0x00a00000; // any page that is free

static void wait_for_turn(int who)
{
	while (*turn != who)
		sys_yield();
}

static void __attribute__((noreturn)) spin(void)
{
	wait_for_turn(CHILD);
	cprintf("I am the child.  Spinning...\n");
	*turn = PARENT;
	for (;;)
		;
}

void umain(int argc, char **argv)
{
	int r = sys_page_alloc(0, (void *) turn, PTE_P | PTE_U | PTE_W | PTE_SHARE);
	if (r < 0)
		panic("sys_page_alloc: %e", r);

	cprintf("I am the parent.  Forking the child...\n");
	envid_t child = fork();
	if (child < 0)
		panic("fork: %e", child);
	if (child == 0)
		spin();

	cprintf("I am the parent.  Running the child...\n");
	*turn = CHILD;
	wait_for_turn(PARENT);
	for (int slice = 0; slice < 8; slice++)
		sys_yield();

	cprintf("I am the parent.  Killing the child...\n");
	sys_env_destroy(child);
}
