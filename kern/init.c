// From the first C function to the first environment, on every CPU. The boot CPU takes the kernel
// lock before it starts the others; each of those takes it before it looks for an environment.

#include <inc/stdio.h>
#include <inc/string.h>
#include <inc/x86.h>

#include <kern/check.h>
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/doublefault.h>
#include <kern/env.h>
#include <kern/fpu.h>
#include <kern/kernellock.h>
#include <kern/lapic.h>
#include <kern/mpconfig.h>
#include <kern/options.h>
#include <kern/picirq.h>
#include <kern/pmap.h>
#include <kern/programs.h>
#include <kern/sched.h>
#include <kern/seed.h>
#include <kern/tracetrap.h>
#include <kern/trap.h>

static void go_multiprocessor(void) __attribute__((noreturn));
static void boot_aps(void);
static void join(void) __attribute__((noreturn));
static void start_programs(void);

// On the boot CPU, from kern/entry.S.
void __attribute__((noreturn)) i386_init(void)
{
	env_init_percpu();   // the kernel's segments
	cons_init();         // serial line and screen
	trap_init();         // the table of traps
	trap_init_percpu(0); // from here on traps are reported, and thiscpu works
	trap_check_percpu(); // it panics if thiscpu does not work
	mmu_init_percpu();   // protection against mistakes of the kernel
	fpu_init_percpu();   // floating point
	cpus[0].cpu_status = CPU_KERNEL;
	pic_init();     // silence the old interrupt controllers
	options_init(); // what to run

	mem_init();          // memory size, frames, the kernel's page tables
	check_memory();      // self-checks of all that
	double_fault_init(); // reports that a stack has overflowed
	env_init();          // the table of environments

	mp_init();    // find the other CPUs
	lapic_init(); // this CPU's timer, and interrupts for the others

	// Go on at the stack's other address, between guards, and do not return.
	call_on_stack(go_multiprocessor, KSTACKTOP_CPU(0));
}

static void __attribute__((noreturn)) go_multiprocessor(void)
{
	seed_begin(); // a run that can be repeated begins here
	//{ Exercise 5: take the kernel lock before the other CPUs start
	lock_kernel(); // from here on there is more than one CPU [S2]
	//}
	trace_init();     // record events from here on, if asked for
	boot_aps();       // start the others; they wait for the lock
	start_programs(); // the first environments [S8]
	sched_yield();
}

// ---- The other CPUs ----

// For kern/mpentry.S: the top of the stack of the CPU with that APIC ID, 0 if it is not to run.
uintptr_t mpentry_kstacks[256];

// How long a CPU may take to answer, and how often to look whether it has. Some have to be told
// twice, 200 us apart (MultiProcessor Specification 1.4, B.4).
enum { AP_LIMIT_US = 1000000, AP_LOOK_US = 10, AP_AGAIN_US = 200 };

// Change the status of a CPU from CPU_UNUSED to another one, if it is CPU_UNUSED. Returns whether
// it was. The CPU itself does this when it answers, the boot CPU when it has waited long enough:
// only the first of them succeeds, so both know whether the CPU has answered in time.
static bool set_first_status(struct CpuInfo *cpu, uint32_t status)
{
	uint32_t unused = CPU_UNUSED;

	return __atomic_compare_exchange_n(&cpu->cpu_status, &unused, status, false, // [S1]
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static uint32_t status_of(const struct CpuInfo *cpu)
{
	return __atomic_load_n(&cpu->cpu_status, __ATOMIC_ACQUIRE);
}

// Start CPU n, and wait until it has set itself up or has not answered in time.
static void boot_ap(int n)
{
	struct CpuInfo *cpu = &cpus[n];
	uint32_t us = 0;

	mpentry_kstacks[cpu->cpu_id] = KSTACKTOP_CPU(n); // [S3]
	lapic_park(cpu->cpu_id);
	for (; status_of(cpu) == CPU_UNUSED && us < AP_LIMIT_US; us += AP_LOOK_US) { // [S5]
		if (us == 0 || us == AP_AGAIN_US)
			lapic_startap(cpu->cpu_id, MPENTRY_PADDR); // [S4]
		microdelay(AP_LOOK_US);
	}
	if (us >= AP_LIMIT_US && set_first_status(cpu, CPU_DEAD)) { // [S6]
		lapic_park(cpu->cpu_id);
		cprintf("SMP: CPU %d (APIC ID %d) does not answer\n", n, cpu->cpu_id);
	}
	while (status_of(cpu) == CPU_STARTING) // [S7]
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
	// Its stack tells its number.
	int cpu = (KSTACKTOP - read_esp()) / (KSTKSIZE + KSTKGAP);

	// Answer boot_ap, before using anything that other CPUs use. If it was too late, stop.
	if (!set_first_status(&cpus[cpu], CPU_STARTING)) // [S10]
		for (;;)
			hlt();

	env_init_percpu();     // the kernel's segments [S11]
	trap_init_percpu(cpu); // from here on traps are reported, and thiscpu works
	trap_check_percpu();   // it panics if thiscpu does not work
	mmu_init_percpu();     // protection against mistakes of the kernel
	fpu_init_percpu();     // floating point
	lapic_init();          // its timer
	join();
}

// Join the CPUs that run envs.
static void __attribute__((noreturn, noinline)) join(void)
{
	cprintf("SMP: CPU %d starting\n", cpunum());
	__atomic_store_n(&thiscpu->cpu_status, CPU_KERNEL, __ATOMIC_RELEASE); // [S12]
	//{ Exercise 5: take the kernel lock before running envs
	lock_kernel(); // [S13]
	//}
	tlb_load(thiscpu, kern_pgdir); // it is loaded, but there is no reference for that yet
	sched_join();
}

// ---- The first environments ----

// Start the programs that options.run names.
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
