// Reads from address 0, with no page-fault handler.
// The kernel reports the fault with error code 4 (a read, from user mode) and frees the env.

#include <inc/lib.h>

static const volatile uint32_t *volatile nowhere = NULL;

void umain(int argc, char **argv)
{
	cprintf("I read %08x from location 0!\n", *nowhere);
}
