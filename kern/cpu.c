// The table of CPUs, and their kernel stacks. kern/mpconfig.c and kern/acpi.c fill the table before
// the other CPUs start; then each field is protected as struct CpuInfo says. Uses nothing else of
// the kernel.

#include <kern/cpu.h>

struct CpuInfo cpus[NCPU];
int ncpu = 1; // the boot CPU
int ncpu_left_out;
physaddr_t lapicaddr;
uint32_t tick_length = 10000000; // without a local APIC there are no ticks
uint8_t percpu_kstacks[NCPU][KSTKSIZE] __attribute__((aligned(PGSIZE)));

enum { APIC_BROADCAST = 0xff }; // stands for all CPUs, so no CPU has it as its ID

void cpu_add(uint8_t apicid)
{
	if (apicid == APIC_BROADCAST)
		return;
	for (int i = 0; i < ncpu; i++)
		if (cpus[i].cpu_id == apicid)
			return;
	if (ncpu == NCPU)
		ncpu_left_out++;
	else
		cpus[ncpu++].cpu_id = apicid;
}
