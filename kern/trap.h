// Traps: setting them up, and the functions to which kern/trapentry.S goes.

#ifndef JOS_KERN_TRAP_H
#define JOS_KERN_TRAP_H

#include <inc/trap.h>

#include <kern/trapframe.h>

struct CpuInfo;

// Fill in the interrupt descriptor table.
void trap_init(void);

// On CPU number cpu, which this runs on: load the IDT, set up the CPU's TSS and load the task
// register.
void trap_init_percpu(int cpu);

// Panic if the task register of this CPU does not lead to the cpu_ts of an entry of cpus[]: thiscpu
// and cpunum() depend on it.
void trap_check_percpu(void);

// Handle a trap from user mode, on the CPU that cpu stands for. All registers are in tf, the env_tf
// of its current env. Takes the kernel lock. In the end user mode is entered again.
IN_REGISTERS void trap(struct Trapframe *tf, struct CpuInfo *cpu) __attribute__((noreturn));

// The function that kern/trapentry.S calls for that: trap or, when events are recorded, trace_enter
// in kern/tracetrap.c. Set before other CPUs start, then constant.
extern IN_REGISTERS void (*trap_enter)(struct Trapframe *tf, struct CpuInfo *cpu)
	__attribute__((noreturn));

// Handle a trap from the kernel, or from virtual-8086 mode, whose registers are on the stack. In
// the former case this returns, or panics.
void trap_elsewhere(const struct Trapframe *tf);

#endif
