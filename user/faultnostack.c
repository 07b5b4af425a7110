// Has a page-fault entry point but no exception stack to enter it on.
// The kernel reports the failed check just below UXSTACKTOP (eebfff..) and frees the env.

#include <inc/lib.h>

static volatile int *volatile nowhere = NULL;

static void never_entered(void)
{
	panic("the kernel found a stack where there is none");
}

void umain(int argc, char **argv)
{
	sys_env_set_pgfault_upcall(0, (void *) never_entered);
	*nowhere = 0;
}
