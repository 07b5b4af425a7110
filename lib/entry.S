// Where a user program begins. The kernel enters it with argc and argv on the stack.

#include <inc/memlayout.h>

// The kernel's read-only tables, as C sees them.
	.globl envs, pages, uvpt, uvpd
	.set envs, UENVS
	.set pages, UPAGES
	.set uvpt, UVPT
	.set uvpd, UVPT + (UVPT >> 12) * 4 // the directory's own place among the page tables

	.text
	.globl _start
_start:
	xorl %ebp, %ebp // backtraces end here
	popl %eax
	popl %edx
	andl $~15, %esp // calls are made with an aligned stack (System V ABI, i386, 2.2.2)
	subl $8, %esp
	pushl %edx
	pushl %eax
	call libmain // does not return

	.section .note.GNU-stack, "", @progbits
