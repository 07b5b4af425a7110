// A sieve made of envs. The first number that an env receives is its prime. It forks the next env,
// and sends it all numbers that its prime does not divide. The program ends when no env is free any
// more.

#include "common.h"

static void __attribute__((noreturn)) sieve(void)
{
	int prime;
	envid_t next;

	// The child of each round does the next one, with a prime of its own.
	do {
		prime = ipc_recv(NULL, NULL, NULL);
		// No newline: what the kernel says about the new env completes the line.
		cprintf("CPU %d: %d ", thisenv->env_cpunum, prime);
		next = fork_or_panic();
	} while (next == 0);

	for (;;) {
		int number = ipc_recv(NULL, NULL, NULL);
		if (number % prime != 0)
			ipc_send(next, number, NULL, 0);
	}
}

void umain(int argc, char **argv)
{
	envid_t first = fork_or_panic();
	if (first == 0)
		sieve();

	for (int number = 2;; number++)
		ipc_send(first, number, NULL, 0);
}
