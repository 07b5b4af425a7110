// Simulates a page fault by `int 14', a vector that only the processor may raise.
// The kernel reports a general protection fault instead, with error code 72, and frees the env.

#include <inc/lib.h>

void umain(int argc, char **argv)
{
	asm volatile("int %0" : : "i"(T_PGFLT));
}
