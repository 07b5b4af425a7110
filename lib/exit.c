// Ending this env, by a system call.

#include <inc/lib.h>

void exit(void)
{
	sys_env_destroy(0);
	for (;;) // never reached, but the compiler does not know that
		;
}
