#ifndef JOS_KERN_TLB_H
#define JOS_KERN_TLB_H

#include <inc/types.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/pmap.h>

// What CPUs have cached of page tables. All of it needs the kernel lock.

// Load pgdir into CR3 of self, this CPU, unless it is there.
static inline void tlb_load(struct CpuInfo *self, pde_t *pgdir)
{
	struct PageInfo *old = self->cpu_pgdir_page, *new;

	if (self->cpu_pgdir == pgdir)
		return;
	new = pa2page(PADDR(pgdir));
	new->pp_ref++; // the directory in CR3 is in use, even when its env is gone
	lcr3(PADDR(pgdir));
	self->cpu_pgdir = pgdir;
	self->cpu_pgdir_page = new;
	self->cpu_tlb_stale = false;
	if (old)
		page_decref(old);
}

// Have every other CPU that has pgdir loaded flush before its next use.
void tlb_shoot_down(const pde_t *pgdir);

// Drop what any CPU has cached of the translation of va in pgdir, before its next use. Call it
// after a present entry has changed and before the frame it named can be used otherwise.
static inline void tlb_invalidate(pde_t *pgdir, void *va)
{
	struct CpuInfo *self = thiscpu;
	bool loaded = self->cpu_pgdir == pgdir;

	if (loaded)
		invlpg(va);
	// Its env has a reference to the directory, and each CPU that has it loaded.
	if (!loaded || self->cpu_pgdir_page->pp_ref > 2)
		tlb_shoot_down(pgdir);
}

#endif
