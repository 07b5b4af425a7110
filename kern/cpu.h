// What there is once per CPU. The struct says for each field which CPU may write it and under which
// lock. Macros and an inline function: every trap and message uses them.

#ifndef JOS_KERN_CPU_H
#define JOS_KERN_CPU_H

#include <inc/env.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/types.h>
#include <inc/x86.h>

// For functions that assembly calls, or that are assembly, or that are called very often: the first
// three arguments are in eax, edx and ecx.
#define IN_REGISTERS __attribute__((regparm(3)))

// How many CPUs this build can use. Each takes KSTKSIZE bytes of memory.
#define NCPU 8

// What a CPU is doing. It sets this itself; others use it as kern/kick.c says.
enum {
	CPU_UNUSED = 0, // not started
	CPU_DEAD,       // did not answer when it was started
	CPU_STARTING,   // has answered and sets itself up
	CPU_KERNEL,     // holds the kernel lock or waits for it
	CPU_USER,       // runs, or is about to run, user code; enters the kernel when kicked
	CPU_HALTED,     // sleeps without an env; looks for one to run when kicked
	CPU_RESTING,    // the same, but is not kicked (kern/sched.c)
};

// Each CPU's entry has cache lines of its own, and a power of 2 as its size, so that thiscpu is
// computed fast.
struct __attribute__((aligned(256))) CpuInfo {
	// Set when the CPU is found or set up, then constant.
	uint8_t cpu_id; // local APIC ID; IDs may have gaps
	struct Taskstate cpu_ts;

	// Written by this CPU alone, read by others. From CPU_KERNEL it changes under the kernel lock.
	volatile uint32_t cpu_status;

	// Written by this CPU alone: cleared under the kernel lock; set under it, or without it by
	// the interrupt of the timer.
	bool cpu_resched; // at the end of this trap, choose another env

	// Used by this CPU alone.
	bool cpu_fpu_loaded;      // the current env's floating-point registers are in this CPU
	uint32_t cpu_timer_ticks; // how often its timer has interrupted
	uint32_t cpu_random;      // the state of its random numbers (kern/seed.c)
	struct Env *cpu_next;     // the next env, if no other is runnable at the next choice; or NULL

	// Used by this CPU alone, for kern/sched.c.
	uint32_t cpu_tick; // the last tick in which it has chosen an env
	bool cpu_hindered; // it had better rest

	// Protected by the kernel lock. (While the CPU is CPU_USER, cpu_env does not change.)
	struct Env *cpu_env; // the env that runs here or NULL; when not CPU_KERNEL, its CPU reads
			     // it without the lock
	pde_t *cpu_pgdir;    // the page directory in CR3, and its frame
	struct PageInfo *cpu_pgdir_page;
	struct Env *cpu_last; // the env chosen last by round robin, which goes on after it
	uint32_t cpu_charged; // when the current env was charged last, by the time-stamp counter
	bool cpu_tlb_stale;   // has to flush its TLB before it runs user code again
	bool cpu_woken;       // was halted and has been kicked; its CPU reads it without the lock
};

// cpus[0] is the boot CPU; the others follow in the order in which they were found. The index is
// the CPU's number.
extern struct CpuInfo cpus[NCPU];

// Set when the CPUs are found, then constant.
extern int ncpu;             // how many entries are used
extern int ncpu_left_out;    // how many more CPUs there are, for which there was no room
extern physaddr_t lapicaddr; // registers of the local APICs, 0 if there are none
extern uint32_t tick_length; // in ticks of the time-stamp counter, the same on all CPUs

extern uint8_t percpu_kstacks[NCPU][KSTKSIZE];

// The top of the stack of CPU n, where it is mapped between guards.
#define KSTACKTOP_CPU(n) (KSTACKTOP - (n) * (KSTKSIZE + KSTKGAP))
_Static_assert(NCPU *(KSTKSIZE + KSTKGAP) <= PTSIZE, "the stacks must end above MMIOLIM");

// The CPU that this runs on, and its number. Each CPU has a TSS of its own, so both can be computed
// from the task register. Valid after trap_init_percpu.
#define thiscpu  ((struct CpuInfo *) ((char *) cpus + (str() - GD_TSS0) * (sizeof(*cpus) / 8)))
#define cpunum() ((int) (str() - GD_TSS0) / 8)

#define bootcpu (&cpus[0]) // kept for code written for JOS; nothing here uses it

// How often the timer of cpu, which is this CPU, has interrupted.
static inline uint32_t cpu_ticks(const struct CpuInfo *cpu)
{
	return __atomic_load_n(&cpu->cpu_timer_ticks, __ATOMIC_RELAXED);
}

#define curenv (thiscpu->cpu_env) // the env that runs on this CPU

// Add a CPU, by its local APIC ID, unless it is in the table already or there is no room.
void cpu_add(uint8_t apicid);

#endif
