// Divides by zero: the kernel reports a divide error and frees the env.

#include <inc/lib.h>

static volatile int one = 1, zero; // volatile, so that the compiler does not know their values

void umain(int argc, char **argv)
{
	cprintf("1/0 is %08x!\n", one / zero);
}
