// The page directory that a CPU begins with.

#include <inc/memlayout.h>
#include <inc/mmu.h>

// Page directory of the first instructions on every CPU: the first 16 MB of memory, at their
// physical address and at KERNBASE, in pages of 4 MB.
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
