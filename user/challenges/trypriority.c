// The challenge `another scheduler', with priorities: an env does not run while one of higher
// priority can. On one CPU: make run-trypriority-nox CPUS=1. What the kernel and the library need:
//
// Give env, which is the caller or a child of it, a priority from 0 to 3. An env that the kernel
// has made has priority 1, and a new child has its parent's. Returns 0, or
//	-E_BAD_ENV
//	-E_INVAL	there is no such priority
// int sys_env_set_priority(envid_t env, int priority);

#include "challenge.h"

int __attribute__((weak)) sys_env_set_priority(envid_t env, int priority);

enum {
	HIGH,
	LOW,
	OTHER,
	STOP
};                          // words in WORDS: how far a child has counted, or that it is to end
enum { WHILE = 500000000 }; // clock ticks, during which the timer interrupts several times

// Return a child that counts in that word when it has got a message: for a while, or until STOP.
static envid_t counter(int word, int priority, bool for_a_while)
{
	envid_t child = fork_or_panic();

	if (child == 0) {
		ipc_recv(NULL, NULL, NULL);
		uint64_t begin = read_tsc();
		while (for_a_while ? read_tsc() - begin < WHILE : !WORDS[STOP])
			WORDS[word]++;
		exit();
	}
	wait_receiving(child); // as long as it has our priority
	MUST(sys_env_set_priority(child, priority));
	return child;
}

static void expect(int is, int want, const char *call)
{
	if (is != want)
		not_there_yet("%s returns %d, not %d", call, is, want);
}

static void looks_at_its_arguments(void)
{
	envid_t child = fork_or_panic();

	if (child == 0)
		for (;;)
			ipc_recv(NULL, NULL, NULL);
	expect(sys_env_set_priority(child, 4), -E_INVAL, "priority 4");
	expect(sys_env_set_priority(child, -1), -E_INVAL, "priority -1");
	expect(sys_env_set_priority(child, 3), 0, "priority 3");
	sys_env_destroy(child);
	expect(sys_env_set_priority(child, 1), -E_BAD_ENV, "an env that has ended");
	expect(sys_env_set_priority(0, 3), 0, "for the caller itself");
}

// While HIGH counts, LOW does not run; when HIGH has ended, LOW does.
static void high_comes_first(void)
{
	envid_t low = counter(LOW, 0, false), high = counter(HIGH, 2, true);
	uint32_t runs = envs[ENVX(low)].env_runs;

	ipc_send(low, 0, NULL, 0); // we have the highest priority, so nobody runs yet
	ipc_send(high, 0, NULL, 0);
	sys_env_set_priority(0, 1); // between the two
	int turns = 0;
	for (; is_alive(high); turns++)
		sys_yield();
	if (envs[ENVX(low)].env_cpunum != envs[ENVX(tester)].env_cpunum)
		not_there_yet("the envs run on several CPUs: use CPUS=1");
	uint32_t ran = envs[ENVX(low)].env_runs - runs;
	if (ran > 0 || WORDS[LOW] > 0)
		not_there_yet("an env of priority 0 got the CPU %d times while one of priority 2 "
			      "could run",
			      ran);
	if (turns > 2)
		not_there_yet("an env of priority 1 got the CPU %d times while one of priority 2 "
			      "could run",
			      turns);
	// This env and another one have the same priority.
	envid_t other = counter(OTHER, 1, true);
	ipc_send(other, 0, NULL, 0);
	for (uint64_t begin = read_tsc(); read_tsc() - begin < WHILE;)
		;
	if (WORDS[LOW] > 0)
		not_there_yet("an env of priority 0 runs while two of priority 1 can");
	if (WORDS[OTHER] == 0)
		not_there_yet("of two envs of priority 1 only one runs");
	sys_env_set_priority(0, 0);
	WAIT_UNTIL(!is_alive(other) && WORDS[LOW] > 0,
		   "an env of priority 0 does not run when no other one wants to");
	WORDS[STOP] = true;
	WAIT_UNTIL(!is_alive(low), "it does not end");
}

void umain(int argc, char **argv)
{
	if (!sys_env_set_priority)
		not_there_yet("there is no sys_env_set_priority in lib/syscall.c");
	begin();
	looks_at_its_arguments();
	high_comes_first();
	done();
}
