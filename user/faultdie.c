// Handles its own page fault: prints the address and the error code (6: a write, from user mode),
// and ends.

#include <inc/lib.h>

static volatile int *volatile unmapped = (volatile int *) 0xdeadbeef;

static void report_and_die(struct UTrapframe *utf)
{
	uint32_t cause = utf->utf_err & (FEC_PR | FEC_WR | FEC_U);

	cprintf("i faulted at va %x, err %x\n", utf->utf_fault_va, cause);
	sys_env_destroy(0);
}

void umain(int argc, char **argv)
{
	set_pgfault_handler(report_and_die);
	*unmapped = 0;
}
