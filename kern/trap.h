// Traps: from a trap to what handles it.

#ifndef JOS_KERN_TRAP_H
#define JOS_KERN_TRAP_H

#include <inc/trap.h>

// Fill in the interrupt descriptor table.
void trap_init(void);

// On CPU number cpu, which this runs on: load the IDT, set up the CPU's TSS and load the task
// register.
void trap_init_percpu(int cpu);

// Panic if the task register of this CPU does not lead to the cpu_ts of an entry of cpus[]: thiscpu
// and cpunum() depend on it.
void trap_check_percpu(void);

// Handle a trap. If it comes from user mode, this takes the kernel lock and does not return: in the
// end it enters user mode again. If it comes from the kernel, this returns, or panics.
void trap(struct Trapframe *tf);

// The function that kern/trapentry.S calls: trap or, when events are recorded, trace_enter in
// kern/tracetrap.c. Set before other CPUs start, then constant.
extern void (*trap_enter)(struct Trapframe *tf);

#endif
