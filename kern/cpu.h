// What there is once per CPU. Who may write a field, and under which lock, is said in the struct.

#ifndef JOS_KERN_CPU_H
#define JOS_KERN_CPU_H

#include <inc/env.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/types.h>
#include <inc/x86.h>

// How many CPUs this build can use. Each costs KSTKSIZE bytes.
#define NCPU 8

// What a CPU is doing. It writes this itself; others act on it as kern/kick.c says.
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

	// Written by this CPU alone: cleared under the kernel lock, set under it or, by the timer's
	// interrupt, without it.
	bool cpu_resched; // at the end of this trap another env is to be chosen

	// This CPU's own business.
	bool cpu_fpu_loaded;      // the current env's floating-point registers are in this CPU
	uint32_t cpu_timer_ticks; // how often its timer has interrupted
	uint32_t cpu_random;      // what kern/seed.c draws the length of ticks from
	struct Env *cpu_next;     // an env to prefer at the next choice, if it is runnable then; or NULL

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
	struct Env *cpu_last; // the env whose turn it was last; round robin goes on after it
	bool cpu_tlb_stale;   // has to flush before it runs user code again
	bool cpu_woken;       // halted, but has been kicked; the CPU itself looks without the lock
};

// cpus[0] is the boot CPU, the others follow in the order they were found. The index is what
// the kernel calls a CPU's number.
extern struct CpuInfo cpus[NCPU];
extern int ncpu;             // CPUs found
extern int ncpu_left_out;    // CPUs found that there was no room for
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

// Add a CPU, by its local APIC ID, unless it is in the table already or there is no room.
void cpu_add(uint8_t apicid);

#endif
