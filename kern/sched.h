// Who runs next.

#ifndef JOS_KERN_SCHED_H
#define JOS_KERN_SCHED_H

#include <kern/cpu.h>

// Choose the next env for cpu, this CPU, and make it the current one: the one cpu_next names, or
// round robin in the order of envs[] from the one whose turn it was here last. If there is none,
// the current env stays if it can go on; otherwise the CPU halts until there is. When no CPU has
// anything to run, say so and enter the monitor. Needs the kernel lock, which it releases while the CPU sleeps.
void sched_choose(struct CpuInfo *cpu);

// The same, and run it.
void sched_yield(void) __attribute__((noreturn));

// The same, on a CPU that has just started.
void sched_join(void) __attribute__((noreturn));

#endif
