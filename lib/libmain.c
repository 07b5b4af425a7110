// The first C function of a program: sets thisenv and binaryname, then calls umain.

#include <inc/lib.h>

const char *binaryname = "<unknown>";

// Called by lib/entry.S.
void libmain(int argc, char **argv)
{
	envid_t self = sys_getenvid();

	thisenv = envs + ENVX(self);
	if (argc > 0 && argv[0])
		binaryname = argv[0];
	umain(argc, argv);
	exit();
}
