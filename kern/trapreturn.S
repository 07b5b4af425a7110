// Leaving the kernel for user mode.

#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/trap.h>

// Offsets in struct Trapframe, checked in kern/trapframe.c.
#define TF_EDI    0
#define TF_ESI    4
#define TF_EBP    8
#define TF_EBX    16
#define TF_EDX    20
#define TF_ECX    24
#define TF_EAX    28
#define TF_ES     32
#define TF_DS     36
#define TF_EIP    48
#define TF_CS     52
#define TF_EFLAGS 56
#define TF_ESP    60
#define TF_SS     64

// void trap_return(const struct Trapframe *): load all registers from the frame and so enter user
// mode. Until iret, esp points to the kernel's stack, because a non-maskable interrupt may come.
	.text
	.globl trap_return
	.type trap_return, @function
trap_return:
	movl 4(%esp), %eax
	pushl TF_SS(%eax)
	pushl TF_ESP(%eax)
	pushl TF_EFLAGS(%eax)
	pushl TF_CS(%eax)
	pushl TF_EIP(%eax)
	movw TF_ES(%eax), %es
	movl TF_EDI(%eax), %edi
	movl TF_ESI(%eax), %esi
	movl TF_EBP(%eax), %ebp
	movl TF_EBX(%eax), %ebx
	movl TF_EDX(%eax), %edx
	movl TF_ECX(%eax), %ecx
	pushl TF_EAX(%eax)
	movw TF_DS(%eax), %ds
	popl %eax
	iret

	.section .note.GNU-stack, "", @progbits
