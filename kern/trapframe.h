// The registers that a trap has saved.

#ifndef JOS_KERN_TRAPFRAME_H
#define JOS_KERN_TRAPFRAME_H

#include <inc/trap.h>
#include <inc/types.h>

#include <kern/cpu.h>

// Change tf so that it enters user mode: user segments, interrupts on, no I/O privilege, no
// virtual-8086 mode, no nested task.
void trapframe_force_user(struct Trapframe *tf);

// Load all registers from tf and enter user mode (kern/trapreturn.S). Interrupts must be off.
IN_REGISTERS void trap_return(const struct Trapframe *tf) __attribute__((noreturn));

// The function that is called for that: trap_return or, when events are recorded, trace_leave in
// kern/tracetrap.c. Set before other CPUs start, then constant.
extern IN_REGISTERS void (*trap_leave)(const struct Trapframe *tf) __attribute__((noreturn));

// Print a trap frame, or general registers, in the lab's format.
void print_trapframe(const struct Trapframe *tf);
void print_regs(const struct PushRegs *regs);

// Return the name of a trap number.
const char *trapname(uint32_t trapno);

#endif
