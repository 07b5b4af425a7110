// Asks the kernel to print a part of itself, which programs may not read.
// The kernel reports the failed check for va f010000c and frees the env.

#include <inc/lib.h>

void umain(int argc, char **argv)
{
	sys_cputs((const char *) 0xf010000c, 100);
}
