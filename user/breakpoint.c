// Takes a breakpoint trap, which hands the console to the kernel monitor.
// From there the program can be inspected, stepped and continued.

#include <inc/lib.h>

void umain(int argc, char **argv)
{
	breakpoint();
}
