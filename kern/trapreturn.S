// Leaving the kernel for user mode.

#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/trap.h>

#include <kern/trapoffsets.h>

// void trap_return(const struct Trapframe *): load all registers from the frame, whose address is in
// eax, and so enter user mode. Until iret, esp points to the kernel's stack, because a non-maskable
// interrupt may come.
	.text
	.globl trap_return
	.type trap_return, @function
trap_return:
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
	movw TF_DS(%eax), %ds
	movl %ss:TF_EAX(%eax), %eax
	iret

	.section .note.GNU-stack, "", @progbits
