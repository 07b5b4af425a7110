// Trap numbers, and the registers that a trap saves. For the kernel, its assembly included, and for
// programs.

#ifndef JOS_INC_TRAP_H
#define JOS_INC_TRAP_H

// Vectors 0 to 31 are the processor's own (SDM volume 3, section 6.15).
#define T_DIVIDE  0
#define T_DEBUG   1
#define T_NMI     2
#define T_BRKPT   3
#define T_OFLOW   4
#define T_BOUND   5
#define T_ILLOP   6
#define T_DEVICE  7
#define T_DBLFLT  8
#define T_TSS     10
#define T_SEGNP   11
#define T_STACK   12
#define T_GPFLT   13
#define T_PGFLT   14
#define T_FPERR   16
#define T_ALIGN   17
#define T_MCHK    18
#define T_SIMDERR 19

// System calls.
#define T_SYSCALL 48
#ifdef JOS_KERNEL
#define SYSCALL_SIZE 2 // bytes of `int $T_SYSCALL'
#endif

// Interrupt request n has the vector IRQ_OFFSET + n. Requests 0 to 15 are those of the 8259s, the
// others those of the local APIC.
#define IRQ_OFFSET   32
#define IRQ_TIMER    0
#define IRQ_KBD      1
#define IRQ_SERIAL   4
#define IRQ_SPURIOUS 7
#define IRQ_IDE      14
#define IRQ_ERROR    19
#define IRQ_KICK     20 // another CPU wants this one to enter the kernel

// Kept for code written for JOS; nothing here uses it.
#define T_DEFAULT 500

#ifndef __ASSEMBLER__

#include <inc/types.h>

// The general registers as `pusha' pushes them, lowest address first.
struct PushRegs {
	uint32_t reg_edi;
	uint32_t reg_esi;
	uint32_t reg_ebp;
	uint32_t reg_oesp; // esp during pusha; not used
	uint32_t reg_ebx;
	uint32_t reg_edx;
	uint32_t reg_ecx;
	uint32_t reg_eax;
};

// What kern/trapentry.S and the processor push on a trap, lowest address first.
struct Trapframe {
	struct PushRegs tf_regs;
	uint16_t tf_es;
	uint16_t tf_padding1;
	uint16_t tf_ds;
	uint16_t tf_padding2;
	uint32_t tf_trapno;
	// pushed by the processor (tf_err by trapentry.S where the trap has no error code)
	uint32_t tf_err;
	uintptr_t tf_eip;
	uint16_t tf_cs;
	uint16_t tf_padding3;
	uint32_t tf_eflags;
	// only if the trap came from user mode
	uintptr_t tf_esp;
	uint16_t tf_ss;
	uint16_t tf_padding4;
};
_Static_assert(sizeof(struct Trapframe) == 68, "kern/trapentry.S pushes this much");

// What the kernel pushes on a program's exception stack before it enters the page-fault upcall.
struct UTrapframe {
	uint32_t utf_fault_va; // the address that faulted
	uint32_t utf_err;      // FEC_ bits
	struct PushRegs utf_regs;
	uintptr_t utf_eip;
	uint32_t utf_eflags;
	uintptr_t utf_esp;
};
_Static_assert(offsetof(struct UTrapframe, utf_regs) == 8 &&
		       offsetof(struct UTrapframe, utf_eip) == 40 &&
		       offsetof(struct UTrapframe, utf_esp) == 48,
	       "lib/pfentry.S relies on these");

#endif
#endif
