#include <inc/lib.h>

const char *binaryname = "<unknown>";

// Called by entry.S.
void libmain(int argc, char **argv)
{
	thisenv = &envs[ENVX(sys_getenvid())];
	if (argc > 0)
		binaryname = argv[0];
	umain(argc, argv);
	exit();
}
