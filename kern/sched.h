// The scheduler. Needs the kernel lock, and releases it while the CPU sleeps.

#ifndef JOS_KERN_SCHED_H
#define JOS_KERN_SCHED_H

#include <kern/cpu.h>
#include <kern/trapframe.h>

// Choose the next env for cpu, which is this CPU, and make it the current one: the next one by
// round robin, in the order of envs[] from cpu_last on. If there is none, the current env stays if
// it can go on; otherwise the CPU sleeps until there is one. If no CPU has an env to run, say so
// and enter the monitor.
IN_REGISTERS void sched_choose(struct CpuInfo *cpu);

// The same, and run it.
void sched_yield(void) __attribute__((noreturn));

// The same, on a CPU that has just started and so has no current env.
void sched_join(void) __attribute__((noreturn));

#endif
