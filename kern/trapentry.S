// The entry points of the kernel, one for each trap. Then trap() goes on, in kern/trap.c.

#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/trap.h>

#include <kern/trapoffsets.h>

// One entry point for each vector. It pushes 0 if the processor has pushed no error code, and then
// the vector's number. (Only user mode makes system calls.)
#define PUSH_NO_ERROR_CODE pushl $0;
#define PUSH_ERROR_CODE
#define VECTOR(entry, number, code, privilege, name)                                               \
	.globl entry;                                                                              \
	.type entry, @function;                                                                    \
	.balign 4;                                                                                 \
	entry : PUSH_##code pushl $(number);                                                       \
	.if (number) == T_SYSCALL;                                                                 \
	jmp from_user;                                                                             \
	.else;                                                                                     \
	jmp alltraps;                                                                              \
	.endif;

	.text
#include <kern/vectors.h>

// From user mode: save all registers in the env_tf of the current env, switch to the kernel's
// segments, and call the function in trap_enter with the addresses of env_tf, in eax, and of the
// CPU's entry of cpus, in edx. It does not return. Until then esp points to the kernel's stack,
// because a non-maskable interrupt may come.
	.type alltraps, @function
alltraps:
	testb $3, TF_CS - TF_TRAPNO(%esp) // the privilege level from which the trap comes
	jz from_kernel
from_user:
	pushl %ds
	pushl %es
	pushl %edx
	pushl %eax
	movl $GD_KD, %eax
	movw %ax, %ds
	movw %ax, %es
	str %edx // thiscpu, as kern/cpu.h computes it
	shll $CPU_SHIFT, %edx
	addl $cpus - (GD_TSS0 << CPU_SHIFT), %edx
	movl CPU_ENV(%edx), %eax
	popl TF_EAX(%eax) // [K9]
	popl TF_EDX(%eax)
	popl TF_ES(%eax)
	popl TF_DS(%eax)
	popl TF_TRAPNO(%eax)
	popl TF_ERR(%eax)
	popl TF_EIP(%eax)
	popl TF_CS(%eax)
	popl TF_EFLAGS(%eax)
	popl TF_ESP(%eax)
	popl TF_SS(%eax)
	movl %edi, TF_EDI(%eax)
	movl %esi, TF_ESI(%eax)
	movl %ebp, TF_EBP(%eax)
	movl %ebx, TF_EBX(%eax)
	movl %ecx, TF_ECX(%eax)
	pushl $0 // clear the user's flags, above all DF, and AC, which would switch SMAP off
	popfl
	call *trap_enter

// From the kernel, or from virtual-8086 mode: complete a struct Trapframe on the stack, and call
// trap_elsewhere with its address.
from_kernel:
	pushl %ds
	pushl %es
	pushal
	movl $GD_KD, %eax
	movw %ax, %ds
	movw %ax, %es
	pushl $0
	popfl
	pushl %esp
	call trap_elsewhere
	addl $4, %esp
	popal
	popl %es
	popl %ds
	addl $8, %esp // number and error code
	iret

	.section .note.GNU-stack, "", @progbits
