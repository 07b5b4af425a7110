// Loads a system segment's selector into %ds, which user mode may not do.
// The kernel reports a general protection fault with error code 28 and frees the env.

#include <inc/lib.h>

void umain(int argc, char **argv)
{
	asm volatile("movw %w0, %%ds" : : "r"(GD_TSS0));
}
