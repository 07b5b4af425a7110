// Whether the processor can run this kernel. Used before paging is on.

#include <inc/memlayout.h>
#include <inc/mmu.h>

#define PHYSICAL(x) ((x) - KERNBASE)

// SDM volume 2, CPUID, leaf 1, edx. The compiler uses cmov.
#define CPUID_PSE  (1 << 3)
#define CPUID_CMOV (1 << 15)
#define REQUIRED   (CPUID_PSE | CPUID_CMOV)

#define COM1         0x3f8
#define SCREEN       0xb8000
#define WHITE_ON_RED 0x4f

// kern/power.h and kern/power.c
#define MACHINE_REFUSED 10
#define DEBUG_EXIT      0xf4

// Return if the boot CPU has what the kernel needs. If not, say so on the screen and the serial line,
// and stop. Changes all registers but esp.
	.text
	.globl require_processor
require_processor:
	// There is cpuid if FL_ID can be changed (SDM volume 1, section 20.1.2, "Identification of
	// Earlier IA-32 Processors").
	pushfl
	popl %ecx
	movl %ecx, %eax
	xorl $FL_ID, %eax
	pushl %eax
	popfl
	pushfl
	popl %eax
	xorl %ecx, %eax
	testl $FL_ID, %eax
	jz too_old

	movl $1, %eax
	cpuid
	notl %edx
	testl $REQUIRED, %edx
	jnz too_old
	ret

too_old:
	cld
	movl $SCREEN, %edi
	movl $PHYSICAL(message), %esi
	movw $COM1, %dx
	movb $WHITE_ON_RED, %ah
1:	lodsb
	testb %al, %al
	jz 2f
	outb %al, %dx
	cmpb $' ', %al
	jb 1b
	stosw
	jmp 1b
2:	movb $MACHINE_REFUSED, %al
	outb %al, $DEBUG_EXIT
3:	hlt
	jmp 3b

	.section .rodata
message:
	.asciz "This processor is too old: JOS needs a Pentium Pro or a later one. In QEMU leave -cpu away.\r\n"

	.section .note.GNU-stack, "", @progbits
