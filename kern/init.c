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
#include <kern/tracetrap.h>
#include <kern/trap.h>

static void go_multiprocessor(void) __attribute__((noreturn));
static void boot_aps(void);
static void join(void) __attribute__((noreturn));
static void start_programs(void);

// On the boot CPU, from kern/entry.S.
void __attribute__((noreturn)) i386_init(void)
{
	env_init_percpu();   // our own segments
	trap_init();         // from here on what goes wrong is reported
	trap_init_percpu(0); // and thiscpu works
	mmu_init_percpu();   // what protects the kernel from itself
	fpu_init_percpu();   // floating point
	cpus[0].cpu_status = CPU_KERNEL;
	pic_init();     // silence the old interrupt controllers
	cons_init();    // serial line and screen
	options_init(); // what to run

	mem_init();          // memory size, frames, the kernel's page tables
	check_memory();      // whether all that works
	double_fault_init(); // traps even when the stack has overflowed
	env_init();          // the table of environments

	mp_init();    // find the other CPUs
	lapic_init(); // this CPU's timer and its line to the others

	// Move from the boot stack to the same one between its guards, and never come back.
	call_on_stack(go_multiprocessor, KSTACKTOP_CPU(0));
}

static void __attribute__((noreturn)) go_multiprocessor(void)
{
	//{ Exercise 5: take the kernel lock before the other CPUs start
	lock_kernel(); // from here on there is more than one CPU
	//}
	trace_init();     // if wanted, a record of all that follows
	boot_aps();       // start the others; they wait for the lock
	start_programs(); // the first environments
	sched_yield();
}

// ---- The other CPUs ----

// For kern/mpentry.S: the top of the stack of the CPU with that APIC ID, 0 if it is not wanted.
uintptr_t mpentry_kstacks[256];

// How long a CPU may take to answer, and how often to look. Some need to be told twice, 200 us
// apart (MultiProcessor Specification 1.4, B.4).
enum { AP_LIMIT_US = 1000000, AP_LOOK_US = 10, AP_AGAIN_US = 200 };

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
	uint32_t us = 0;

	mpentry_kstacks[cpu->cpu_id] = KSTACKTOP_CPU(n);
	lapic_park(cpu->cpu_id);
	for (; status_of(cpu) == CPU_UNUSED && us < AP_LIMIT_US; us += AP_LOOK_US) {
		if (us == 0 || us == AP_AGAIN_US)
			lapic_startap(cpu->cpu_id, MPENTRY_PADDR);
		microdelay(AP_LOOK_US);
	}
	if (us >= AP_LIMIT_US && decide(cpu, CPU_DEAD)) {
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
	join();
}

static void __attribute__((noreturn, noinline)) join(void)
{
	cprintf("SMP: CPU %d starting\n", cpunum());
	__atomic_store_n(&thiscpu->cpu_status, CPU_KERNEL, __ATOMIC_RELEASE);
	//{ Exercise 5: wait for the kernel lock: there are envs already
	lock_kernel();
	//}
	tlb_load(thiscpu, kern_pgdir); // it is loaded, but not yet counted
	sched_join();
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
