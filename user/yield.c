// Gives up its CPU five times, and prints a line each time it goes on.
// Run several at once (in the monitor: `run yield yield') to see them take turns.

#include <inc/lib.h>

#define ROUNDS 5

void umain(int argc, char **argv)
{
	envid_t self = thisenv->env_id;

	cprintf("Hello, I am environment %08x.\n", self);
	for (int round = 0; round < ROUNDS; round++) {
		sys_yield();
		cprintf("Back in environment %08x, iteration %d.\n", self, round);
	}
	cprintf("All done in environment %08x.\n", self);
}
