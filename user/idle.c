// Gives its CPU away, for ever: keeps the system from running out of runnable envs.

#include <inc/lib.h>

void umain(int argc, char **argv)
{
	for (;;)
		sys_yield();
}
