// Where a user program begins: the kernel enters it with argc and argv on the stack. Also the
// addresses at which programs see the kernel's tables.

#include <inc/memlayout.h>

// The kernel's tables, which are read-only for programs.
	.globl envs, pages, uvpt, uvpd
	.set envs, UENVS
	.set pages, UPAGES
	.set uvpt, UVPT
	.set uvpd, UVPT + (UVPT >> 12) * 4 // the directory is itself one of the page tables

	.text
	.globl _start
_start:
	xorl %ebp, %ebp // backtraces end here
	popl %eax
	popl %edx
	andl $~15, %esp // C functions expect an aligned stack (System V ABI, i386, 2.2.2)
	subl $8, %esp
	pushl %edx
	pushl %eax
	call libmain // does not return

	.section .note.GNU-stack, "", @progbits
