// The frame is found by another register, and the stack is not aligned. Sums are made where flags may
// still change.

//{ Exercise 10: call pgfault_dispatch, then go back to where the fault was
	movl %esp, %esi
	cld
	pushl %esi
	call pgfault_dispatch
	addl $4, %esp

	movl UTF_ESP(%esi), %edi
	subl $4, %edi
	movl UTF_EIP(%esi), %eax
	movl %edi, UTF_ESP(%esi)
	movl %eax, (%edi)
	addl $UTF_REGS, %esp
	popal
	addl $4, %esp
	popfl
	movl (%esp), %esp
	ret
//}
