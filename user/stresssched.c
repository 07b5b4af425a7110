// Twenty children count and yield on all CPUs at the same time, then each prints the number of its
// CPU. If a count is wrong, two CPUs have run the same env.

#include "common.h"

#define CHILDREN 20
#define ROUNDS   100
#define STEPS    10000

static volatile int counter; // volatile: every step reads and writes memory

static void work(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		sys_yield();
		for (int step = 0; step < STEPS; step++)
			counter = counter + 1;
	}
	if (counter != ROUNDS * STEPS)
		panic("ran on two CPUs at once (counter is %d)", counter);
	cprintf("[%08x] stresssched on CPU %d\n", thisenv->env_id, thisenv->env_cpunum);
}

void umain(int argc, char **argv)
{
	envid_t parent = sys_getenvid();

	for (int n = 0; n < CHILDREN; n++) {
		envid_t child = fork_or_panic();
		if (child == 0) {
			// All children start when the parent has ended.
			wait_for_end(parent);
			work();
			return;
		}
	}
}
