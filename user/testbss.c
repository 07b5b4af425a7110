// Checks that four megabytes of bss start out zero and keep what is written to them, then writes
// beyond the program's end, where the kernel must report a fault (va 00c.....).

#include <inc/lib.h>

#define WORDS (1024 * 1024)

extern unsigned char end[]; // first address beyond the bss, set by the linker

static volatile uint32_t array[WORDS];
static volatile unsigned char *volatile beyond = end + PGSIZE;

// Check that each word is its index times factor.
static void verify(uint32_t factor)
{
	for (uint32_t i = 0; i < WORDS; i++)
		if (array[i] != i * factor)
			panic("array[%u] is %u, not %u", i, array[i], i * factor);
}

void umain(int argc, char **argv)
{
	cprintf("Making sure bss works right...\n");
	verify(0);
	for (uint32_t i = 0; i < WORDS; i++)
		array[i] = i;
	verify(1);

	cprintf("Yes, good.  Now doing a wild write off the end...\n");
	*beyond = 1;
	panic("nothing stopped the write to %p", beyond);
}
