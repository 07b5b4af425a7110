// Reaching other CPUs. All of this needs the kernel lock.

#ifndef JOS_KERN_KICK_H
#define JOS_KERN_KICK_H

#include <inc/types.h>

#include <kern/cpu.h>

// Make sure that cpu is not in user mode: interrupt it if it is, and wait until it has entered
// the kernel. It stays there until the caller releases the lock.
void cpu_kick_out(struct CpuInfo *cpu);

// Have every other CPU that has pgdir loaded flush its TLB before it next uses pgdir.
void tlb_shoot_down(const pde_t *pgdir);

// How many CPUs are halted and have not been woken.
extern int ncpu_halted;

// Wake a halted CPU, if there is one, to look for work. (Inline: a system call that wakes an env
// comes here, and mostly finds no CPU halted.)
void cpu_wake_halted(void);
static inline void cpu_wake_one(void)
{
	if (ncpu_halted > 0)
		cpu_wake_halted();
}

// Wake a resting CPU, if there is one.
void cpu_wake_resting(void);

#endif
