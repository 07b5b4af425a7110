// The console of a program: one system call for each byte. Keeps no state.

#include <inc/lib.h>

void cputchar(int c)
{
	char byte = c;

	sys_cputs(&byte, 1);
}

int getchar(void)
{
	int c;

	while ((c = sys_cgetc()) == 0)
		sys_yield();
	return c;
}

int iscons(int fd)
{
	return 1;
}
