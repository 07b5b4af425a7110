// Breakpoints of an env that is stopped and set going on another CPU all the time: the monitor sees
// each of them once. The arguments: how many, and `int3' or `int' for the instruction with one byte
// or with two. Whoever types has to `continue' that often.

#include "../common.h"

#define SHARED ((volatile struct Shared *) 0x00a00000)

struct Shared {
	int done;  // breakpoints that the child has come from
	bool over; // it has come from all
};

static void breakpoints(int count, bool two_bytes)
{
	for (; SHARED->done < count; SHARED->done++) {
		if (two_bytes)
			asm volatile(".byte 0xcd, 3"); // int $3
		else
			breakpoint();
	}
	SHARED->over = true;
	exit();
}

void umain(int argc, char **argv)
{
	int count = argc > 1 ? strtol(argv[1], NULL, 10) : 1;

	alloc_or_panic(SHARED, RW | PTE_SHARE);
	envid_t child = fork_or_panic();
	if (child == 0)
		breakpoints(count, argc > 2 && strcmp(argv[2], "int") == 0);
	while (is_alive(child) && !SHARED->over) {
		sys_env_set_status(child, ENV_NOT_RUNNABLE);
		sys_env_set_status(child, ENV_RUNNABLE);
		for (volatile int i = 0; i < 100; i = i + 1)
			;
	}
	wait_for_end(child);
	cprintf("testbreak: %s\n", SHARED->done == count ? "OK" : "FAIL");
}
