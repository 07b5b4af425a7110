// Traps: the way from a trap to what handles it, and back.

#ifndef JOS_KERN_TRAP_H
#define JOS_KERN_TRAP_H

#include <inc/trap.h>

// Fill in the interrupt descriptor table.
void trap_init(void);

// Load the IDT, and set up and load the TSS, of the CPU this runs on, which is number cpu.
void trap_init_percpu(int cpu);

// Handle a trap; called by kern/trapentry.S only. The way out of the kernel is at its end. Takes
// the kernel lock if the trap comes from user mode.
void trap(struct Trapframe *tf);

// What kern/trapentry.S calls: trap itself, unless events are recorded (kern/tracetrap.c).
extern void (*trap_enter)(struct Trapframe *tf);

#endif
