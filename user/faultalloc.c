// Allocates memory on demand: every page is mapped, and filled with text, when it is first read.
// The second string crosses into another page, so writing it faults inside the fault handler.

#include <inc/lib.h>

static void map_and_sign(struct UTrapframe *utf)
{
	uint32_t va = utf->utf_fault_va;

	cprintf("fault %x\n", va);
	int error = sys_page_alloc(0, (void *) ROUNDDOWN(va, PGSIZE), PTE_P | PTE_U | PTE_W);
	if (error < 0)
		panic("no page for %x: %e", va, error);
	snprintf((char *) va, 100, "this string was faulted in at %x", va);
}

void umain(int argc, char **argv)
{
	set_pgfault_handler(map_and_sign);
	cprintf("%s\n", (const char *) 0xdeadbeef);
	cprintf("%s\n", (const char *) 0xcafebffe);
}
