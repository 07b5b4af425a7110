// The entry points of the kernel, one for each trap. Then trap() goes on, in kern/trap.c.

#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/trap.h>

// One entry point for each vector. It pushes 0 if the processor has pushed no error code, and then
// the vector's number.
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

// Complete the struct Trapframe (its layout is checked in kern/trapframe.c), switch to the kernel's
// segments, and call the function in trap_enter with the frame's address. It returns only if the
// trap came from the kernel.
	.type alltraps, @function
alltraps:
	pushl %ds
	pushl %es
	pushal
	movl $GD_KD, %eax
	movw %ax, %ds
	movw %ax, %es
	pushl $0 // clear the user's flags, above all DF, and AC, which would switch SMAP off
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
