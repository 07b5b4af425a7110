// Switching between stacks, for the kernel's code that runs as a program.
// void machine_switch(void **from, void *to): save the registers that a function must keep, and the
// stack pointer in *from; go on where `to' was saved.
	.text
	.globl machine_switch
	.type machine_switch, @function
machine_switch:
	pushl %ebp
	pushl %ebx
	pushl %esi
	pushl %edi
	movl 20(%esp), %eax
	movl 24(%esp), %edx
	movl %esp, (%eax)
	movl %edx, %esp
	popl %edi
	popl %esi
	popl %ebx
	popl %ebp
	ret

	.section .note.GNU-stack, "", @progbits
