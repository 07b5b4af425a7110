// The registers that a trap has saved. Inline function: every trap calls it.

#ifndef JOS_KERN_TRAPFRAME_H
#define JOS_KERN_TRAPFRAME_H

// For assembly: offsets in struct Trapframe and in struct CpuInfo. kern/trapframe.c checks them.
#define TF_EDI    0
#define TF_ESI    4
#define TF_EBP    8
#define TF_EBX    16
#define TF_EDX    20
#define TF_ECX    24
#define TF_EAX    28
#define TF_ES     32
#define TF_DS     36
#define TF_TRAPNO 40
#define TF_ERR    44
#define TF_EIP    48
#define TF_CS     52
#define TF_EFLAGS 56
#define TF_ESP    60
#define TF_SS     64
#define CPU_ENV   152
#define CPU_SHIFT 5 // a TSS's selector, shifted by this, is the offset of its CPU's entry in cpus

#ifndef __ASSEMBLER__

#include <inc/mmu.h>
#include <inc/trap.h>
#include <inc/types.h>

// For functions that assembly calls or that are assembly: the arguments are in eax and edx.
#define IN_REGISTERS __attribute__((regparm(2)))

// Whether a trap has come from user mode.
static inline bool trap_from_user(const struct Trapframe *tf)
{
	return (tf->tf_cs & 3) || (tf->tf_eflags & FL_VM);
}

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
#endif
