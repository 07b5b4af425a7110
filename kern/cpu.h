#ifndef JOS_KERN_CPU_H
#define JOS_KERN_CPU_H

#include <inc/env.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/types.h>
#include <inc/x86.h>

// How many CPUs this build can use. Each costs KSTKSIZE bytes.
#define NCPU 8

// What a CPU is doing. It writes this itself; others act on it as kern/tlb.c says.
enum {
	CPU_UNUSED = 0, // not started
	CPU_DEAD,       // did not answer when it was started
	CPU_STARTING,   // has answered and sets itself up
	CPU_KERNEL,     // holds the kernel lock or waits for it
	CPU_USER,       // runs, or is about to run, user code; enters the kernel when kicked
	CPU_HALTED,     // sleeps without an env; looks for work when kicked
};

struct CpuInfo {
	// Set when the CPU is found, then constant.
	uint8_t cpu_id; // local APIC ID; IDs may have gaps
	struct Taskstate cpu_ts;

	// Written by this CPU alone, read by others.
	volatile uint32_t cpu_status;

	// This CPU's own business.
	bool cpu_resched;    // its env gives up its turn at the end of this trap
	bool cpu_fpu_loaded; // the current env's floating-point registers are in this CPU

	// Protected by the kernel lock. (While the CPU is CPU_USER, cpu_env does not change, so
	// it may read that field itself.)
	struct Env *cpu_env; // the env that runs here, NULL for none
	pde_t *cpu_pgdir;    // what CR3 holds
	uint32_t cpu_last;   // index of the env that ran here last
	bool cpu_tlb_stale;  // has to flush before it runs user code again
	bool cpu_woken;      // halted, but has been kicked; the CPU itself looks without the lock
};

// cpus[0] is the boot CPU, the others follow in the order they were found. The index is what
// the kernel calls a CPU's number.
extern struct CpuInfo cpus[NCPU];
extern int ncpu;             // CPUs found
extern physaddr_t lapicaddr; // registers of the local APICs, 0 if there are none
extern uint8_t percpu_kstacks[NCPU][KSTKSIZE];

// The stack of CPU n as mapped between guards: its top.
#define KSTACKTOP_CPU(n) (KSTACKTOP - (n) * (KSTKSIZE + KSTKGAP))
_Static_assert(NCPU *(KSTKSIZE + KSTKGAP) <= PTSIZE, "the stacks must end above MMIOLIM");

// Return the number of the CPU this runs on. Each CPU has a TSS of its own, so the task
// register tells. Valid after trap_init_percpu.
static inline int cpunum(void)
{
	return (str() - GD_TSS0) >> 3;
}

#define thiscpu (&cpus[cpunum()])
#define curenv  (thiscpu->cpu_env) // the env that runs on this CPU

// ---- kern/mpconfig.c and kern/acpi.c: finding the CPUs, before there is more than one ----

// Find the CPUs; fills cpus[], ncpu and lapicaddr.
void mp_init(void);

// Add a CPU to cpus[], unless it is there already or there is no room. For mp_init's helpers.
void mp_add_cpu(uint8_t apicid);

// Call mp_add_cpu for every usable CPU in the ACPI tables and set lapicaddr.
// Returns whether there was such a table.
bool acpi_find_cpus(void);

// Return whether the len bytes at p add up to 0 modulo 256, as every firmware table's do.
bool mp_checksum_ok(const void *p, size_t len);

// ---- kern/lapic.c: the local APIC of the CPU it is called on ----

// Enable it and start the timer, about 100 interrupts a second.
void lapic_init(void);

// Make the CPU with that ID begin in real mode at physical address addr, a page below 1 MB.
void lapic_startap(uint8_t apicid, uint32_t addr);

// To be called after the last lapic_startap: a reset is an ordinary one again.
void lapic_startap_done(void);

// Put that CPU back into the state in which it waits for lapic_startap.
void lapic_park(uint8_t apicid);

// Send that CPU an interrupt, or an NMI.
void lapic_ipi(uint8_t apicid, int vector);
void lapic_nmi(uint8_t apicid);

// Tell that the interrupt being handled is over.
void lapic_eoi(void);

// Read and clear the error status register.
uint32_t lapic_error(void);

// Wait, no less than this many microseconds.
void microdelay(uint32_t us);

// ---- kern/tlb.c: reaching other CPUs, with the kernel lock held ----

// Make sure that cpu is not in user mode: interrupt it if it is, and wait until it has entered
// the kernel. It stays there until the caller releases the lock.
void cpu_kick_out(struct CpuInfo *cpu);

// Wake a halted CPU, if there is one, to look for work.
void cpu_wake_one(void);

// Drop what any CPU has cached of the translation of va in pgdir, before its next use. Call it
// after a present entry has changed and before the frame it named can be used otherwise.
void tlb_invalidate(pde_t *pgdir, void *va);

// Flush if other CPUs asked this one to. Called each time a CPU has taken the lock.
void tlb_catch_up(void);

// Load pgdir into CR3, unless it is there.
void tlb_load(pde_t *pgdir);

#endif
