// The boot sector. The BIOS loads it to 0x7c00 and enters it in real mode on the boot CPU.
// It switches to 32-bit protected mode and calls bootmain (boot/main.c).

#include <inc/mmu.h>

	.code16
	.globl start
start:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss

	// Open address line 20, through the "fast A20" bit of system control port A. Bit 0 of
	// that port would reset the machine.
	inb $0x92, %al
	orb $0x02, %al
	andb $0xfe, %al
	outb %al, $0x92

	lgdt gdt_descriptor
	movl %cr0, %eax
	orb $CR0_PE, %al
	movl %eax, %cr0
	ljmp $GD_KT, $protected

	.code32
protected:
	movw $GD_KD, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw %ax, %fs
	movw %ax, %gs
	movl $start, %esp // the stack is below this code
	call bootmain     // returns only if there is no kernel to run

	movl $0xb8000, %edi // print the message in the top left corner of the screen
	movl $message, %esi
	movb $0x4f, %ah
1:	lodsb
	stosw
	testb %al, %al
	jnz 1b
2:	hlt
	jmp 2b

message:
	.asciz "No kernel on this disk. "

	.balign 4
gdt:
	SEG_NULL
	SEG(STA_X | STA_R, 0, 0xffffffff)
	SEG(STA_W, 0, 0xffffffff)
gdt_descriptor:
	.word . - gdt - 1
	.long gdt

	.section .note.GNU-stack, "", @progbits
