// Where the kernel begins: entered by boot/main.c or by a multiboot loader on the boot CPU, in
// 32-bit protected mode with paging off. Turns paging on and calls i386_init.

#include <inc/memlayout.h>
#include <inc/mmu.h>

// The kernel is linked at KERNBASE but loaded from physical address 0 up.
#define PHYSICAL(x) ((x) - KERNBASE)

// A multiboot loader searches the first 8 KB of the file for this. With no flags set, it loads the
// file by its ELF headers (Multiboot specification 0.6.96, section 3.1).
#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 0

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.text
	.globl entry
entry:
	movl $PHYSICAL(percpu_kstacks + KSTKSIZE), %esp
	call require_processor // does not return on one that is too old
	movl $PHYSICAL(entry_pgdir), %eax
	movl %eax, %cr3
	movl %cr4, %eax
	orl $CR4_PSE, %eax
	movl %eax, %cr4
	movl %cr0, %eax
	andl $~(CR0_CD | CR0_NW), %eax // caches on
	orl $(CR0_PE | CR0_PG | CR0_WP | CR0_EM), %eax // EM: until fpu_init_percpu
	movl %eax, %cr0

	movl $high, %eax // go on at the addresses for which the kernel is linked
	jmp *%eax
high:
	xorl %ebp, %ebp // backtraces end here
	movl $(percpu_kstacks + KSTKSIZE), %esp
	pushl $0
	popfl
	call i386_init // does not return

	.section .note.GNU-stack, "", @progbits
