// Writes to address 0, with no page-fault handler.
// The kernel reports the fault with error code 6 (a write, from user mode) and frees the env.

#include <inc/lib.h>

static volatile uint32_t *volatile nowhere = NULL;

void umain(int argc, char **argv)
{
	*nowhere = 0;
}
