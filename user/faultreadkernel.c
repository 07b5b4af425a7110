// Reads from the kernel. The page is there, but not for programs: the kernel reports the fault
// with error code 5 (protection, a read, from user mode) and frees the env.

#include <inc/lib.h>

static const volatile uint32_t *volatile kernel = (const volatile uint32_t *) 0xf0100000;

void umain(int argc, char **argv)
{
	cprintf("I read %08x from location 0xf0100000!\n", *kernel);
}
