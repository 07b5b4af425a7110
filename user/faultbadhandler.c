// Has an exception stack, but a page-fault entry point where nothing is mapped.
// The kernel refuses to go there, reports the failed check and frees the env.

#include <inc/lib.h>

static volatile int *volatile nowhere = NULL;

void umain(int argc, char **argv)
{
	sys_page_alloc(0, (void *) (UXSTACKTOP - PGSIZE), PTE_P | PTE_U | PTE_W);
	sys_env_set_pgfault_upcall(0, (void *) 0xdeadbeef);
	*nowhere = 0;
}
