// Names an address in the kernel as its page-fault entry point.
// The kernel must not be tricked into going there: it reports the failed check and frees the env.

#include <inc/lib.h>

static volatile int *volatile nowhere = NULL;

void umain(int argc, char **argv)
{
	sys_page_alloc(0, (void *) (UXSTACKTOP - PGSIZE), PTE_P | PTE_U | PTE_W);
	sys_env_set_pgfault_upcall(0, (void *) 0xf0100020);
	*nowhere = 0;
}
