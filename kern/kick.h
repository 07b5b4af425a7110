// Reaching other CPUs. All of this needs the kernel lock.

#ifndef JOS_KERN_KICK_H
#define JOS_KERN_KICK_H

#include <inc/types.h>

#include <kern/cpu.h>

// Make sure that cpu is not in user mode. If it is, interrupt it and wait until it has entered the
// kernel. It stays there until the caller releases the lock.
void cpu_kick_out(struct CpuInfo *cpu);

// Make every other CPU that has pgdir loaded flush its TLB before it runs user code again.
void tlb_shoot_down(const pde_t *pgdir);

// How many CPUs are halted, or were until now, and have not been woken.
extern int ncpu_halted;

// Wake a halted CPU, if there is one, so that it looks for an env to run. (Inline: every system
// call that makes an env runnable comes here, and mostly no CPU is halted.)
void cpu_wake_halted(void);
static inline void cpu_wake_one(void)
{
	if (ncpu_halted > 0)
		cpu_wake_halted();
}

#endif
