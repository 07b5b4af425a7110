#ifndef JOS_KERN_TRAP_H
#define JOS_KERN_TRAP_H

#include <inc/env.h>
#include <inc/mmu.h>
#include <inc/trap.h>

#include <kern/cpu.h>

extern struct Segdesc gdt[]; // kern/env.c

// Fill in the interrupt descriptor table.
void trap_init(void);

// The selector of the task for double faults, behind those of the CPUs, and how to set it up:
// when the kernel's page directory is complete.
#define GD_DOUBLE_FAULT (GD_TSS0 + (NCPU << 3))
void double_fault_init(void);

// Load the IDT, and set up and load the TSS, of the CPU this runs on, which is number cpu.
void trap_init_percpu(int cpu);

// Handle a trap; called by kern/trapentry.S only. The way out of the kernel is at its end.
void trap(struct Trapframe *tf);

// Whether a trap has come from user mode.
static inline bool trap_from_user(const struct Trapframe *tf)
{
	return (tf->tf_cs & 3) || (tf->tf_eflags & FL_VM);
}

// Load all registers from tf and enter user mode.
void trap_return(const struct Trapframe *tf) __attribute__((noreturn));

// What is called for these two: themselves, unless there is a trace (kern/trace.c).
extern void (*trap_enter)(struct Trapframe *tf);
extern void (*trap_leave)(const struct Trapframe *tf) __attribute__((noreturn));

// Make tf one that enters user mode, whatever else it says: user segments, interrupts on, no I/O
// privilege, no virtual 8086 mode, no nested task.
void trapframe_force_user(struct Trapframe *tf);

// Print a trap frame, the lab's way.
void print_trapframe(const struct Trapframe *tf);
void print_regs(const struct PushRegs *regs);

// The name of a trap number.
const char *trapname(uint32_t trapno);

#endif
