// From the first C function to the first environment, on every CPU.

#include <inc/assert.h>
#include <inc/string.h>

#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/fpu.h>
#include <kern/options.h>
#include <kern/picirq.h>
#include <kern/pmap.h>
#include <kern/programs.h>
#include <kern/sched.h>
#include <kern/spinlock.h>
#include <kern/trap.h>

static void boot_aps(void);
static void start_programs(void);

// On the boot CPU, from kern/entry.S.
void __attribute__((noreturn)) i386_init(void)
{
	env_init_percpu();   // our own segments
	trap_init();         // from here on what goes wrong is reported
	trap_init_percpu(0); // and thiscpu works
	mmu_init_percpu();   // what protects the kernel from itself
	fpu_init_percpu();   // floating point
	thiscpu->cpu_status = CPU_KERNEL;
	pic_init();     // silence the old interrupt controllers
	cons_init();    // serial line and screen
	options_init(); // what to run

	mem_init();          // memory size, frames, the kernel's page tables
	double_fault_init(); // traps even when the stack has overflowed
	env_init();          // the table of environments

	mp_init();    // find the other CPUs
	lapic_init(); // this CPU's timer and its line to the others

	lock_kernel();    // from here on there is more than one CPU
	boot_aps();       // start the others; they wait for the lock
	start_programs(); // the first environments

	// Move from the boot stack to the same one between its guards, and never come back.
	call_on_stack(sched_yield, KSTACKTOP_CPU(0));
}

// ---- The other CPUs ----

// For kern/mpentry.S: the top of the stack of the CPU with that APIC ID, 0 if it is not wanted.
uintptr_t mpentry_kstacks[256];

enum { AP_TRIES = 10000, AP_TRY_US = 100 }; // how long a CPU may take to answer

// Move a CPU that is CPU_UNUSED to another status, once: whoever starts it and the CPU itself
// agree in this way on whether it has answered in time.
static bool decide(struct CpuInfo *cpu, uint32_t status)
{
	uint32_t unused = CPU_UNUSED;

	return __atomic_compare_exchange_n(&cpu->cpu_status, &unused, status, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static uint32_t status_of(const struct CpuInfo *cpu)
{
	return __atomic_load_n(&cpu->cpu_status, __ATOMIC_ACQUIRE);
}

// Start CPU n and wait until it runs, or does not.
static void boot_ap(int n)
{
	struct CpuInfo *cpu = &cpus[n];
	int tries = AP_TRIES;

	mpentry_kstacks[cpu->cpu_id] = KSTACKTOP_CPU(n);
	lapic_startap(cpu->cpu_id, MPENTRY_PADDR);
	while (status_of(cpu) == CPU_UNUSED && --tries > 0)
		microdelay(AP_TRY_US);
	if (tries == 0 && decide(cpu, CPU_DEAD)) {
		lapic_park(cpu->cpu_id);
		cprintf("SMP: CPU %d (APIC ID %d) does not answer\n", n, cpu->cpu_id);
	}
	while (status_of(cpu) == CPU_STARTING)
		pause();
}

static void boot_aps(void)
{
	extern char mpentry_start[], mpentry_end[];

	memcpy(KADDR(MPENTRY_PADDR), mpentry_start, mpentry_end - mpentry_start);
	for (int n = 1; n < ncpu; n++)
		boot_ap(n);
	lapic_startap_done();
}

// On every other CPU, from kern/mpentry.S.
void __attribute__((noreturn)) mp_main(void)
{
	// It is on the stack of its own.
	int cpu = (KSTACKTOP - read_esp()) / (KSTKSIZE + KSTKGAP);

	// Tell boot_ap, before anything is touched that others use; unless it has given up.
	if (!decide(&cpus[cpu], CPU_STARTING))
		for (;;)
			hlt();

	env_init_percpu();     // our own segments
	trap_init_percpu(cpu); // traps; and thiscpu works
	mmu_init_percpu();     // what protects the kernel from itself
	fpu_init_percpu();     // floating point
	lapic_init();          // its timer
	cprintf("SMP: CPU %d starting\n", cpu);
	__atomic_store_n(&thiscpu->cpu_status, CPU_KERNEL, __ATOMIC_RELEASE);
	lock_kernel();
	tlb_load(kern_pgdir); // it is loaded, but not yet counted
	sched_yield();
}

// ---- The first environments ----

static void start_programs(void)
{
	static char names[sizeof(options.run)];
	char *name = names;

	strcpy(names, options.run);
	while (*name) {
		char *end = strfind(name, ' ');
		bool last = *end == '\0';

		*end = '\0';
		if (*name)
			program_start(name);
		name = last ? end : end + 1;
	}
}
