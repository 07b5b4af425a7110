// Each register is restored by an instruction of its own, eax and the flags last.

//{ Exercise 10: call pgfault_dispatch, then go back to where the fault was
	movl %esp, %ebp
	subl $16, %esp
	andl $-16, %esp
	movl %ebp, (%esp)
	call pgfault_dispatch
	movl %ebp, %esp

	movl UTF_ESP(%esp), %eax
	movl UTF_EIP(%esp), %ecx
	movl %ecx, -4(%eax)
	leal -4(%eax), %eax
	movl %eax, UTF_ESP(%esp)

	movl UTF_REGS + 0(%esp), %edi
	movl UTF_REGS + 4(%esp), %esi
	movl UTF_REGS + 8(%esp), %ebp
	movl UTF_REGS + 16(%esp), %ebx
	movl UTF_REGS + 20(%esp), %edx
	movl UTF_REGS + 24(%esp), %ecx
	movl UTF_REGS + 28(%esp), %eax
	addl $UTF_EIP + 4, %esp
	popfl
	popl %esp
	ret
//}
