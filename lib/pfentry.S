// Where the kernel enters a program after a page fault: on the exception stack, with the address of
// a struct UTrapframe in esp.

// Offsets in it (inc/trap.h).
#define UTF_REGS 8
#define UTF_EIP  40
#define UTF_ESP  48

	.text
	.globl _pgfault_upcall
_pgfault_upcall:
	//{ Exercise 10: call pgfault_dispatch, then go back to where the fault was
	movl %esp, %ebx // every register may be used: all are saved in the struct
	andl $~15, %esp // C functions expect an aligned stack
	subl $12, %esp
	pushl %ebx
	call pgfault_dispatch
	movl %ebx, %esp

	// Push the address to return to on the stack that was interrupted, so that at the end one
	// `ret' loads eip and leaves the right esp. If that stack is the exception stack itself,
	// this is the word that the kernel has left free for the purpose.
	movl UTF_EIP(%esp), %edx
	movl UTF_ESP(%esp), %ecx
	leal -4(%ecx), %ecx
	movl %edx, (%ecx)
	movl %ecx, UTF_ESP(%esp)

	// From here on no register may be changed, and after popfl no flag.
	leal UTF_REGS(%esp), %esp
	popal
	leal 4(%esp), %esp
	popfl
	popl %esp
	ret
	//}

	.section .note.GNU-stack, "", @progbits
