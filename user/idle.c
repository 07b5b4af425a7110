// Yields for ever, so that there is always a runnable env.

#include <inc/lib.h>

void umain(int argc, char **argv)
{
	for (;;)
		sys_yield();
}
