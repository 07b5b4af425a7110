// Where the kernel enters a program after a page fault: on the exception stack, with esp at a
// struct UTrapframe.

// Offsets in it (inc/trap.h).
#define UTF_REGS 8
#define UTF_EIP  40
#define UTF_ESP  48

	.text
	.globl _pgfault_upcall
_pgfault_upcall:
	//{ Exercise 10: call pgfault_dispatch, then go back to where the fault was
	movl %esp, %ebx // every register may be used: the struct has them all
	andl $~15, %esp // calls are made with an aligned stack
	subl $12, %esp
	pushl %ebx
	call pgfault_dispatch
	movl %ebx, %esp

	// Put the address to return to below the interrupted stack's top, so that in the end one
	// `ret' loads both eip and the right esp. When that stack is the exception stack itself,
	// this is the word the kernel has left free for it.
	movl UTF_EIP(%esp), %edx
	movl UTF_ESP(%esp), %ecx
	leal -4(%ecx), %ecx
	movl %edx, (%ecx)
	movl %ecx, UTF_ESP(%esp)

	// From here on no register may be used for anything else, then no flag.
	leal UTF_REGS(%esp), %esp
	popal
	leal 4(%esp), %esp
	popfl
	popl %esp
	ret
	//}

	.section .note.GNU-stack, "", @progbits
