// The boot sector. The BIOS loads it to 0x7c00 and enters it in real mode on the boot CPU.
// It switches to 32-bit protected mode and calls bootmain (boot/main.c).

#include <inc/memlayout.h>
#include <inc/mmu.h>

#define ATA_STATUS 0x1f7
#define COM1       0x3f8
#define DEBUG_EXIT 0xf4 // kern/power.c

	.code16
	.globl start
start:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds

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
	movl $start, %esp // the stack is below this code

	movl $EXTPHYSMEM, %edi // is there memory where the kernel goes?
	movl %edi, (%edi)
	cmpl %edi, (%edi)
	jne no_kernel

	// Without a drive the status of the first IDE controller is 0, without a controller 0xff.
	movw $ATA_STATUS, %dx
	inb %dx, %al
	incb %al
	cmpb $1, %al
	jbe no_kernel
	call bootmain // returns only if there is no kernel to run

no_kernel:
	movl $0xb8000, %edi // print the message on the screen and to the serial line
	movl $message, %esi
	movw $COM1, %dx
	movb $0x4f, %ah
	jmp 2f
1:	stosw
2:	lodsb
	outb %al, %dx
	cmpb $'\n', %al
	jnz 1b
	outb %al, $DEBUG_EXIT // MACHINE_REFUSED of kern/power.h
3:	hlt
	jmp 3b

message:
	.ascii "No RAM or no IDE disk: try DISKLESS=1\n"

	.balign 4
gdt: // the processor never reads its first entry, so that has the descriptor of the table
gdt_descriptor:
	.word gdt_end - gdt - 1
	.long gdt
	.word 0
	SEG(STA_X | STA_R, 0, 0xffffffff)
	SEG(STA_W, 0, 0xffffffff)
gdt_end:

	.section .note.GNU-stack, "", @progbits
