// Asks the kernel to print one byte from an address where nothing is mapped.
// The kernel reports the failed check for va 00000001 and frees the env.

#include <inc/lib.h>

void umain(int argc, char **argv)
{
	sys_cputs((const char *) 1, 1);
}
