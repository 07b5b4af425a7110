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
	CPU_RESTING,    // the same, but is not kicked for a single env
};

// Each has cache lines of its own; a power of 2 in size, as thiscpu is used all the time.
struct __attribute__((aligned(256))) CpuInfo {
	// Set when the CPU is found, then constant.
	uint8_t cpu_id; // local APIC ID; IDs may have gaps
	struct Taskstate cpu_ts;

	// Written by this CPU alone, read by others.
	volatile uint32_t cpu_status;

	// Cleared by this CPU alone, under the kernel lock. Set by its timer, too: without.
	bool cpu_resched; // at the end of this trap another env is to be chosen

	// This CPU's own business.
	bool cpu_fpu_loaded;      // the current env's floating-point registers are in this CPU
	uint32_t cpu_timer_ticks; // how often its timer has interrupted
	uint32_t cpu_random;      // what kern/lapic.c draws the length of ticks from
	struct Env *cpu_next;     // who runs here next, if it is runnable then; NULL: nobody special

	// The same: kern/sched.c's notes on whether this CPU is of use.
	uint32_t cpu_lock_takes; // how often it has taken the kernel lock, halved at each tick,
	uint32_t cpu_waits;      // and how often it had to wait for it, or was woken in vain
	uint32_t cpu_rest;       // how many ticks it has rested the last time,
	uint32_t cpu_rest_end;   // and until which tick
	uint32_t cpu_switches;   // how often it has chosen an env
	uint32_t cpu_tick;       // since this tick

	// Protected by the kernel lock. (While the CPU is CPU_USER, cpu_env does not change, so
	// it may read that field itself.)
	struct Env *cpu_env; // the env that runs here, NULL for none
	pde_t *cpu_pgdir;    // what CR3 holds, and its frame
	struct PageInfo *cpu_pgdir_page;
	struct Env *cpu_last; // the env whose turn it was last; the round goes on behind it
	bool cpu_tlb_stale;   // has to flush before it runs user code again
	bool cpu_woken;       // halted, but has been kicked; the CPU itself looks without the lock
};

// cpus[0] is the boot CPU, the others follow in the order they were found. The index is what
// the kernel calls a CPU's number.
extern struct CpuInfo cpus[NCPU];
extern int ncpu;             // CPUs found
extern int ncpu_halted;      // those that are halted and not woken; under the kernel lock
extern physaddr_t lapicaddr; // registers of the local APICs, 0 if there are none
extern uint8_t percpu_kstacks[NCPU][KSTKSIZE];

// The stack of CPU n as mapped between guards: its top.
#define KSTACKTOP_CPU(n) (KSTACKTOP - (n) * (KSTKSIZE + KSTKGAP))
_Static_assert(NCPU *(KSTKSIZE + KSTKGAP) <= PTSIZE, "the stacks must end above MMIOLIM");

// The CPU this runs on, and its number. Each has a TSS of its own, so the task register tells:
// valid after trap_init_percpu.
#define thiscpu  ((struct CpuInfo *) ((char *) cpus + (str() - GD_TSS0) * (sizeof(*cpus) / 8)))
#define cpunum() ((int) (str() - GD_TSS0) / 8)

// How often the timer of cpu, this CPU, has interrupted.
static inline uint32_t cpu_ticks(const struct CpuInfo *cpu)
{
	return __atomic_load_n(&cpu->cpu_timer_ticks, __ATOMIC_RELAXED);
}

#define curenv (thiscpu->cpu_env) // the env that runs on this CPU

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

// Let the timer interrupt after so many ticks, 1 to 40, and then each time they have passed again.
void lapic_tick_every(uint32_t ticks);

// To be called when the timer has interrupted: tell that this is over, and, with options.seed, draw
// how long the next tick is to be.
void lapic_tick(void);

// With options.seed: how many ticks all CPUs have had, and what is called in the one that
// options.stop names. It does nothing; a breakpoint there stops every run of a seed in the same
// instant.
extern uint32_t seed_ticks;
void seed_stop(void);

// Make the CPU with that ID, which has been parked, begin in real mode at physical address addr, a
// page below 1 MB. Some have to be told twice.
void lapic_startap(uint8_t apicid, uint32_t addr);

// To be called after the last lapic_startap: a reset is an ordinary one again.
void lapic_startap_done(void);

// Put that CPU into the state in which it waits for lapic_startap.
void lapic_park(uint8_t apicid);

// Send a CPU the interrupt IRQ_KICK, or the one with that ID an NMI.
void lapic_kick(const struct CpuInfo *cpu);
void lapic_nmi(uint8_t apicid);

// Tell that the interrupt being handled is over.
void lapic_eoi(void);

// Read and clear the error status register.
uint32_t lapic_error(void);

// Wait, no less than this many microseconds.
void microdelay(uint32_t us);

// ---- kern/tlb.c: reaching other CPUs, with the kernel lock held; see also kern/tlb.h ----

// Make sure that cpu is not in user mode: interrupt it if it is, and wait until it has entered
// the kernel. It stays there until the caller releases the lock.
void cpu_kick_out(struct CpuInfo *cpu);

// Wake a halted CPU, if there is one, to look for work.
void cpu_wake_halted(void);
static inline void cpu_wake_one(void)
{
	if (ncpu_halted > 0)
		cpu_wake_halted();
}

// Wake a resting CPU, if there is one.
void cpu_wake_resting(void);

// Flush if other CPUs asked self, this CPU, to. Called each time a CPU has taken the lock.
static inline void tlb_catch_up(struct CpuInfo *self)
{
	if (self->cpu_tlb_stale) {
		self->cpu_tlb_stale = false;
		tlbflush();
	}
}

#endif
