// Physical page frames and page tables. All of this needs the kernel lock, once there is more than
// one CPU. Inline functions: system calls and page faults go through them.

#ifndef JOS_KERN_PMAP_H
#define JOS_KERN_PMAP_H

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/memlayout.h>
#include <inc/types.h>
#include <inc/x86.h>

#include <kern/cpu.h>

// Set at boot, then constant.
extern struct PageInfo *pages; // one entry for each frame
extern size_t npages;          // how many frames the kernel uses: numbers 0 to npages - 1
extern pde_t *kern_pgdir;      // the kernel's own page directory

// Convert a kernel virtual address to a physical address, and back. Both panic if the address is
// not in the mapping of physical memory at KERNBASE.
#define PADDR(kva) kva_to_pa(__FILE__, __LINE__, kva)
#define KADDR(pa)  pa_to_kva(__FILE__, __LINE__, pa)

static inline physaddr_t kva_to_pa(const char *file, int line, const void *kva)
{
	if ((uintptr_t) kva < KERNBASE)
		_panic(file, line, "PADDR of %p, which is not in the kernel's map of memory", kva);
	return (uintptr_t) kva - KERNBASE;
}

static inline void *pa_to_kva(const char *file, int line, physaddr_t pa)
{
	if (pa >= MAXPHYSMEM)
		_panic(file, line, "KADDR of %08x, which the kernel does not map", pa);
	return (void *) (pa + KERNBASE);
}

// Convert between a frame, its physical address, and its kernel virtual address.
static inline physaddr_t page2pa(const struct PageInfo *pp)
{
	return (physaddr_t) (pp - pages) << PGSHIFT;
}

static inline struct PageInfo *pa2page(physaddr_t pa)
{
	if (PGNUM(pa) >= npages)
		panic("frame %08x is not memory", pa);
	return &pages[PGNUM(pa)];
}

static inline void *page2kva(const struct PageInfo *pp)
{
	return (void *) (page2pa(pp) + KERNBASE);
}

// Return the frame that a present entry of a page table names.
static inline struct PageInfo *pte_page(pte_t pte)
{
	return pa2page(PTE_ADDR(pte));
}

// Switch on the protections that this CPU has: against using user memory by mistake in the kernel,
// and against programs that read the kernel's addresses from descriptor table registers.
void mmu_init_percpu(void);

// Find out the size of memory, set up the frames and the kernel's page directory, and load it. To
// be called once, before anything else here except mmu_init_percpu.
void mem_init(void);

// ---- Frames ----

enum { ALLOC_ZERO = 1 };

// Take a frame off the free list. It has no references; it is filled with zeros if alloc_flags has
// ALLOC_ZERO. Returns NULL if there is none.
IN_REGISTERS struct PageInfo *page_alloc(int alloc_flags);

// Put a frame without references on the free list.
void page_free(struct PageInfo *pp);

// Whether this frame is never free: it is the kernel's, or not memory.
bool page_is_reserved(const struct PageInfo *pp);

// Return how many frames are free.
size_t page_free_count(void);

// Make the n-th call of page_alloc from now on fail; 0: no call. For tests of running out of
// memory.
void page_fail_nth(uint32_t n);

// Replace the free list by list, and return the old one. For tests of running out of memory.
struct PageInfo *page_swap_free_list(struct PageInfo *list);

// Drop a reference to a frame. If it was the last one, free the frame.
static inline void page_decref(struct PageInfo *pp)
{
	assert(pp->pp_ref > 0);
	if (--pp->pp_ref == 0)
		page_free(pp);
}

// ---- Page tables ----

// Return the page-table entry for va, or NULL if there is no page table for it. With create, make
// the page table, and return NULL if there is no frame for it. Where a 4 MB page is mapped, this is
// the entry of the page directory, which has PTE_PS.
pte_t *pgdir_walk(pde_t *pgdir, const void *va, int create);

// The same without create, for va below ULIM, where there are no 4 MB pages.
static inline __attribute__((always_inline)) pte_t *pte_of(const pde_t *pgdir, const void *va)
{
	pde_t pde = pgdir[PDX(va)];

	return pde & PTE_P ? (pte_t *) KADDR(PTE_ADDR(pde)) + PTX(va) : NULL;
}

// Map frame pp at va with rights perm | PTE_P, in place of what was mapped there. Returns 0, or
//	-E_NO_MEM	no frame for a page table; nothing has changed
IN_REGISTERS int page_insert(pde_t *pgdir, struct PageInfo *pp, void *va, int perm);

// Return the frame mapped at va, or NULL. Unless pte_store is NULL, store there the address of its
// entry; NULL if no frame is mapped.
struct PageInfo *page_lookup(pde_t *pgdir, void *va, pte_t **pte_store);

// Unmap the frame at va, if there is one.
IN_REGISTERS void page_remove(pde_t *pgdir, void *va);

// Give the page at va, which is mapped below UTOP, the rights perm | PTE_P.
void page_set_rights(pde_t *pgdir, void *va, int perm);

// Make every CPU that may have cached the translation of va in pgdir drop it, before it runs user
// code again. To be called after a present entry has changed, and before the frame that it named is
// used for something else.
void tlb_invalidate(pde_t *pgdir, void *va);

// Free a page directory without references, and the page tables it has below UTOP. What these map
// has been freed before. But as long as a CPU has the directory loaded, it may read the tables, and
// mark entries as accessed, even if it uses no address there (SDM volume 3, section 4.10.2.3,
// "Details of TLB Use").
void pgdir_free(struct PageInfo *dir);

// Load pgdir into CR3 of self, which must be this CPU, unless it is loaded already.
static inline void tlb_load(struct CpuInfo *self, pde_t *pgdir)
{
	struct PageInfo *old = self->cpu_pgdir_page, *new;

	if (self->cpu_pgdir == pgdir)
		return;
	new = pa2page(PADDR(pgdir));
	new->pp_ref++; // [K20] a directory in CR3 is in use, even if its env has been destroyed
	lcr3(PADDR(pgdir)); // [K16]
	self->cpu_pgdir = pgdir;
	self->cpu_pgdir_page = new;
	self->cpu_tlb_stale = false;
	if (old && --old->pp_ref == 0) // [K17]
		pgdir_free(old);
}

// Map size bytes of device registers at physical address pa for ever, without caching. Neither has
// to be page-aligned. Returns the address of the byte at pa. Panics if the space for this is used
// up.
void *mmio_map_region(physaddr_t pa, size_t size);

// Map [va, va + size) to [pa, pa + size) with rights perm | PTE_P for ever, without counting
// references. All three must be page-aligned. Where they are 4 MB aligned, 4 MB pages are used.
// Panics if there is no frame for a page table.
void boot_map_region(pde_t *pgdir, uintptr_t va, size_t size, physaddr_t pa, int perm);

// ---- User memory ----

// Check that env may use [va, va + len) with rights perm | PTE_U | PTE_P: all of it must be mapped
// with these rights and below ULIM. Returns 0, or
//	-E_FAULT	user_mem_check_addr is the first address for which that is not so
int user_mem_check(struct Env *env, const void *va, size_t len, int perm);
extern uintptr_t user_mem_check_addr;

// Return the kernel's address of the byte that env has at va, or NULL if env may not use it with
// rights perm | PTE_U | PTE_P. The kernel never uses user addresses itself.
static inline __attribute__((always_inline)) void *user_mem_kva(const struct Env *env,
								const void *va, int perm)
{
	const pte_t rights = perm | PTE_U | PTE_P;

	if ((uintptr_t) va >= ULIM)
		return NULL;
	const pte_t *pte = pte_of(env->env_pgdir, va);
	if (!pte || (env->env_pgdir[PDX(va)] & *pte & rights) != rights)
		return NULL;
	return (char *) KADDR(PTE_ADDR(*pte)) + PGOFF(va);
}

// Copy len bytes at va in env, for which user_mem_check has returned 0, to dst.
void user_mem_read(struct Env *env, void *dst, const void *va, size_t len);

#endif
