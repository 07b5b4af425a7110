// As faultalloc, but here the kernel is the first to access the page. It calls no handler of the
// program, but reports the failed check for va deadbeef and frees the env.

#include <inc/lib.h>

static void map_on_demand(struct UTrapframe *utf)
{
	uintptr_t page = ROUNDDOWN(utf->utf_fault_va, PGSIZE);

	cprintf("fault %x\n", utf->utf_fault_va);
	int error = sys_page_alloc(0, (void *) page, PTE_P | PTE_U | PTE_W);
	if (error < 0)
		panic("no page at %x: %e", page, error);
}

void umain(int argc, char **argv)
{
	set_pgfault_handler(map_on_demand);
	sys_cputs((const char *) 0xdeadbeef, 4);
}
