// Writes to the kernel. The page is there, but not for programs: the kernel reports the fault
// with error code 7 (protection, a write, from user mode) and frees the env.

#include <inc/lib.h>

static volatile uint32_t *volatile kernel = (volatile uint32_t *) 0xf0100000;

void umain(int argc, char **argv)
{
	*kernel = 0;
}
