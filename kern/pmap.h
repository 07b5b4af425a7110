// Physical page frames and page tables. All of this needs the kernel lock, once there is more than
// one CPU. The small functions are inline because system calls and faults go through them.

#ifndef JOS_KERN_PMAP_H
#define JOS_KERN_PMAP_H

#include <inc/assert.h>
#include <inc/env.h>
#include <inc/memlayout.h>
#include <inc/types.h>
#include <inc/x86.h>

#include <kern/cpu.h>

extern struct PageInfo *pages; // one per frame
extern size_t npages;          // frames the kernel uses: frame numbers 0 to npages - 1
extern pde_t *kern_pgdir;      // the kernel's own page directory

// Kernel virtual address to physical address and back. Both panic on an address that is not in
// the mapping of physical memory at KERNBASE.
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

// The frame that a present entry names.
static inline struct PageInfo *pte_page(pte_t pte)
{
	return pa2page(PTE_ADDR(pte));
}

static inline void *page2kva(const struct PageInfo *pp)
{
	return (void *) (page2pa(pp) + KERNBASE);
}

// Switch on what this CPU has to keep the kernel from using user memory by mistake, and programs
// from reading the kernel's addresses out of its descriptor tables.
void mmu_init_percpu(void);

// Size memory, set up the frames and the kernel's page directory, and load it. To be called once,
// before anything else here.
void mem_init(void);

enum { ALLOC_ZERO = 1 };

// Take a frame off the free list, with no references; filled with zeros if alloc_flags has
// ALLOC_ZERO. Returns NULL when there is none.
struct PageInfo *page_alloc(int alloc_flags);

// Put a frame without references on the free list.
void page_free(struct PageInfo *pp);

// Whether this frame is the kernel's, or no memory, for good.
static inline bool page_is_reserved(const struct PageInfo *pp)
{
	return pp->pp_link == pp;
}

// Return how many frames are free.
size_t page_free_count(void);

// Make the n-th call of page_alloc from now on fail, once; 0: none. For tests of running out.
void page_fail_nth(uint32_t n);

// Put list in the place of the free list and return the old one. For tests of running out.
struct PageInfo *page_swap_free_list(struct PageInfo *list);

// Drop a reference; the last one frees the frame.
static inline void page_decref(struct PageInfo *pp)
{
	assert(pp->pp_ref > 0);
	if (--pp->pp_ref == 0)
		page_free(pp);
}

// Return the page-table entry for va, or NULL if its page table is missing. With create, the
// table is made, and NULL means that there was no frame for it.
pte_t *pgdir_walk(pde_t *pgdir, const void *va, int create);

// The same without create, and only where there are no 4 MB pages: below ULIM.
static inline pte_t *pte_of(const pde_t *pgdir, const void *va)
{
	pde_t pde = pgdir[PDX(va)];

	return pde & PTE_P ? (pte_t *) KADDR(PTE_ADDR(pde)) + PTX(va) : NULL;
}

// Map frame pp at va with rights perm | PTE_P, in place of what was mapped there. Returns 0, or
//	-E_NO_MEM	no frame for a page table; nothing has changed
int page_insert(pde_t *pgdir, struct PageInfo *pp, void *va, int perm);

// Return the frame mapped at va, or NULL. Its entry goes to *pte_store, if that is not NULL.
struct PageInfo *page_lookup(pde_t *pgdir, void *va, pte_t **pte_store);

// Unmap the frame at va, if there is one.
void page_remove(pde_t *pgdir, void *va);

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

// Map size bytes of device registers at physical address pa, uncached, for good. Returns
// where they are. Panics when the space for this is used up.
void *mmio_map_region(physaddr_t pa, size_t size);

// Map [va, va + size) to [pa, pa + size) for good, without counting references. All page
// aligned. Parts that are 4 MB aligned are mapped by 4 MB pages.
void boot_map_region(pde_t *pgdir, uintptr_t va, size_t size, physaddr_t pa, int perm);

// Check that env may use [va, va + len) with rights perm | PTE_U | PTE_P: all of it below ULIM and
// mapped. Returns 0, or
//	-E_FAULT	user_mem_check_addr is the first address that is wrong
int user_mem_check(struct Env *env, const void *va, size_t len, int perm);
extern uintptr_t user_mem_check_addr;

// Return the kernel's address for the byte of env's memory at va, if env may use it with rights
// perm | PTE_U | PTE_P; NULL if not. The kernel does not use user addresses: it goes through the
// frames.
static inline void *user_mem_kva(const struct Env *env, const void *va, int perm)
{
	const pte_t rights = perm | PTE_U | PTE_P;

	if ((uintptr_t) va >= ULIM)
		return NULL;
	const pte_t *pte = pte_of(env->env_pgdir, va);
	if (!pte || (env->env_pgdir[PDX(va)] & *pte & rights) != rights)
		return NULL;
	return (char *) KADDR(PTE_ADDR(*pte)) + PGOFF(va);
}

// Copy from an env's memory that user_mem_check has found good.
void user_mem_read(struct Env *env, void *dst, const void *va, size_t len);

#endif
