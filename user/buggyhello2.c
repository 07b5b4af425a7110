// Prints a string, but claims that it is a megabyte long. The kernel reports the first page that is
// missing, and prints nothing of the string.

#include <inc/lib.h>

static char greeting[] = "hello, world\n";

void umain(int argc, char **argv)
{
	sys_cputs(greeting, 1 << 20);
}
