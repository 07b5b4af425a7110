// The way into the kernel: an entry point for each trap. The other half of kern/trap.c.

#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/trap.h>

// One entry point per vector. All leave the same picture on the stack: error code (0 where the
// processor pushes none), then the vector's number.
#define PUSH_NO_ERROR_CODE pushl $0;
#define PUSH_ERROR_CODE
#define VECTOR(entry, number, code, privilege, name)                                               \
	.globl entry;                                                                              \
	.type entry, @function;                                                                    \
	.balign 4;                                                                                 \
	entry : PUSH_##code pushl $(number);                                                       \
	jmp alltraps;

	.text
#include <kern/vectors.h>

// Complete the struct Trapframe (its layout is checked in kern/trapframe.c), switch to the kernel's segments, and call trap(frame), by way of
// trap_enter. From user mode trap() does not return; from the kernel it does when nothing was wrong.
	.type alltraps, @function
alltraps:
	pushl %ds
	pushl %es
	pushal
	movl $GD_KD, %eax
	movw %ax, %ds
	movw %ax, %es
	pushl $0 // no flag of the user's holds here: not DF, nor AC, which would switch off SMAP
	popfl
	pushl %esp
	call *trap_enter
	addl $4, %esp
	popal
	popl %es
	popl %ds
	addl $8, %esp // number and error code
	iret

	.section .note.GNU-stack, "", @progbits
