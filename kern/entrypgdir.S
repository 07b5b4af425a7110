// The page directory with which every CPU begins.

#include <inc/memlayout.h>
#include <inc/mmu.h>

// It maps the first 16 MB of memory at their physical addresses and at KERNBASE, by pages of 4 MB.
	.section .data.entry_pgdir, "aw"
	.balign PGSIZE
	.globl entry_pgdir
entry_pgdir:
	.set frame, 0
	.rept 4
	.long frame + PTE_P + PTE_W + PTE_PS
	.set frame, frame + PTSIZE
	.endr
	.fill (KERNBASE >> PDXSHIFT) - 4, 4, 0
	.set frame, 0
	.rept 4
	.long frame + PTE_P + PTE_W + PTE_PS
	.set frame, frame + PTSIZE
	.endr
	.fill NPDENTRIES - (KERNBASE >> PDXSHIFT) - 4, 4, 0

	.section .note.GNU-stack, "", @progbits
