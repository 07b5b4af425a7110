// Where the other CPUs begin. boot_aps copies [mpentry_start, mpentry_end) to MPENTRY_PADDR, and a
// STARTUP interrupt makes a CPU run the copy in real mode with CS = MPENTRY_PADDR / 16. The code
// does what boot/boot.S and kern/entry.S do for the boot CPU, then calls mp_main.

#include <inc/memlayout.h>
#include <inc/mmu.h>

#define PHYSICAL(x) ((x) - KERNBASE)
// The address of a label in the copy.
#define COPIED(x)   ((x) - mpentry_start + MPENTRY_PADDR)

	.text
	.code16
	.globl mpentry_start
mpentry_start:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl COPIED(gdt_descriptor)
	movl %cr0, %eax
	orb $CR0_PE, %al
	movl %eax, %cr0
	ljmpl $GD_KT, $COPIED(protected)

	.code32
protected:
	movw $GD_KD, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	xorw %ax, %ax
	movw %ax, %fs
	movw %ax, %gs

	movl $PHYSICAL(entry_pgdir), %eax
	movl %eax, %cr3
	movl %cr4, %eax
	orl $CR4_PSE, %eax
	movl %eax, %cr4
	movl %cr0, %eax
	andl $~(CR0_CD | CR0_NW), %eax // caches on
	orl $(CR0_PE | CR0_PG | CR0_WP | CR0_EM), %eax // EM: until fpu_init_percpu
	movl %eax, %cr0
	movl $high, %eax
	jmp *%eax

	.balign 4
gdt:
	SEG_NULL
	SEG(STA_X | STA_R, 0, 0xffffffff)
	SEG(STA_W, 0, 0xffffffff)
gdt_descriptor:
	.word . - gdt - 1
	.long COPIED(gdt)

	.globl mpentry_end
mpentry_end:

// Not copied: from here on the kernel's own addresses are mapped.
high:
	movl kern_pgdir, %eax
	subl $KERNBASE, %eax
	movl %eax, %cr3

	// Find out which CPU this is by its APIC ID (SDM volume 2, CPUID, leaf 1), and use its stack.
	// It need not be the CPU that was started last: one that did not answer in time may still
	// come here.
	movl $1, %eax
	cpuid
	shrl $24, %ebx
	movl mpentry_kstacks(, %ebx, 4), %esp // [S9]
	testl %esp, %esp
	jz 1f
	xorl %ebp, %ebp
	call mp_main // does not return
1:	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
