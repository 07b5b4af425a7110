// Physical page frames and page tables. Needs the kernel lock, once there is more than one CPU.
// When a page table changes, the functions here make other CPUs flush their TLBs.

#include <kern/pmap.h>

#include <inc/error.h>
#include <inc/mmu.h>
#include <inc/string.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/envstate.h>
#include <kern/kclock.h>
#include <kern/kick.h>
#include <kern/trace.h>

size_t npages;
pde_t *kern_pgdir;
struct PageInfo *pages;
uintptr_t user_mem_check_addr;

static struct PageInfo *free_list;
static uint32_t fail_countdown; // if not 0: page_alloc decrements it and fails when it becomes 0

// ---- Setting up ----

// Before there is a free list: allocate n bytes, rounded up to whole pages, from the memory after
// the kernel. Returns their kernel address; if n is 0, the address of the first byte that is not
// allocated.
static void *boot_alloc(uint32_t n)
{
	extern char end[]; // end of the kernel's image and bss, from the linker
	static char *next;

	if (!next)
		next = ROUNDUP((char *) end, PGSIZE);
	char *taken = next;
	next += ROUNDUP(n, PGSIZE);
	if (PGNUM(PADDR(next)) > npages)
		panic("the kernel does not fit into %u KB of memory", npages * (PGSIZE / 1024));
	return taken;
}

// The same, and fill the bytes with zeros.
static void *boot_alloc_zeros(uint32_t n)
{
	return memset(boot_alloc(n), 0, n);
}

// Put the frames with numbers from begin to end - 1 at the front of the free list.
static void add_free(ppn_t begin, ppn_t end)
{
	struct PageInfo *const stop = &pages[end];

	// Most of booting is done here: so several at a time.
#pragma GCC unroll 8
	for (struct PageInfo *pp = &pages[begin]; pp < stop; pp++) {
		pp->pp_ref = 0;
		pp->pp_link = pp + 1;
	}
	if (begin < end) {
		stop[-1].pp_link = free_list;
		free_list = &pages[begin];
	}
}

// Reserve the frames with numbers from begin to end - 1, which are the kernel's, or not memory, for
// ever.
static void reserve(ppn_t begin, ppn_t end)
{
	for (struct PageInfo *pp = &pages[begin]; pp < &pages[end]; pp++) {
		pp->pp_ref = 1;
		pp->pp_link = pp;
	}
}

// Set up pages[]. Unused frames go to the free list, in ascending order.
static void page_init(void)
{
	// At 40:13 in its data area, the BIOS has the size of free low memory in KB. Without a BIOS
	// that is 0, and all of it is free.
	const uint8_t *bytes = (const uint8_t *) KERNBASE + 0x413;
	uint16_t low_kb = bytes[0] | bytes[1] << 8;
	ppn_t low_end = (low_kb ? MIN(low_kb, 640) : 640) / (PGSIZE / 1024);
	ppn_t kernel_end = PGNUM(PADDR(boot_alloc(0)));
	ppn_t trace = npages - trace_frames(npages);

	reserve(trace, npages);
	add_free(kernel_end, trace);
	reserve(low_end, kernel_end);
	//{ Exercise 2: leave out the frame that other CPUs begin in
	ppn_t mpentry = PGNUM(MPENTRY_PADDR);
	add_free(mpentry + 1, low_end);
	reserve(mpentry, mpentry + 1);
	add_free(1, mpentry);
	//}
	reserve(0, 1); // the real-mode interrupt vectors and the BIOS data area
}

// Map the size bytes at kva, a table of the kernel, at va for programs to read.
static void map_for_user(uintptr_t va, const void *kva, size_t size)
{
	assert(size < PTSIZE); // so there are no 4 MB pages, which pte_of does not know
	boot_map_region(kern_pgdir, va, ROUNDUP(size, PGSIZE), PADDR(kva), PTE_U);
}

// Map each CPU's stack below KSTACKTOP. The gaps between them stay unmapped, so that a stack that
// overflows causes a fault instead of overwriting the next one.
static void mem_init_mp(void)
{
	//{ Exercise 3: map the stacks of all CPUs
	for (int cpu = 0; cpu < NCPU; cpu++)
		boot_map_region(kern_pgdir, KSTACKTOP_CPU(cpu) - KSTKSIZE, KSTKSIZE,
				PADDR(percpu_kstacks[cpu]), PTE_W);
	//}
}

// Map all physical memory at KERNBASE, the kernel's text and constants read-only.
static void map_physical_memory(void)
{
	extern char text_start[], rodata_end[]; // page aligned, from the linker
	uintptr_t start = (uintptr_t) text_start, end = (uintptr_t) rodata_end;

	boot_map_region(kern_pgdir, KERNBASE, start - KERNBASE, 0, PTE_W);
	boot_map_region(kern_pgdir, start, end - start, start - KERNBASE, 0);
	boot_map_region(kern_pgdir, end, 0 - end, end - KERNBASE, PTE_W);
}

void mem_init(void)
{
	npages = i386_detect_memory() / PGSIZE;

	kern_pgdir = boot_alloc_zeros(PGSIZE);
	kern_pgdir[PDX(UVPT)] = PADDR(kern_pgdir) | PTE_U | PTE_P;
	pages = boot_alloc(npages * sizeof(struct PageInfo));
	envs = boot_alloc_zeros(NENV * sizeof(struct Env));
	page_init();

	map_for_user(UPAGES, pages, npages * sizeof(struct PageInfo));
	map_for_user(UENVS, envs, NENV * sizeof(struct Env));
	mem_init_mp();
	map_physical_memory();
	tlb_load(thiscpu, kern_pgdir);
}

void mmu_init_percpu(void)
{
	enum { // SDM volume 2, CPUID, leaf 7
		EBX_SMEP = 1 << 7,
		EBX_SMAP = 1 << 20,
		ECX_UMIP = 1 << 2,
	};
	uint32_t max_leaf, ebx, ecx;

	cpuid(0, &max_leaf, NULL, NULL, NULL);
	if (max_leaf < 7)
		return;
	cpuid(7, NULL, &ebx, &ecx, NULL);
	lcr4(rcr4() | (ebx & EBX_SMEP ? CR4_SMEP : 0) | (ebx & EBX_SMAP ? CR4_SMAP : 0) |
	     (ecx & ECX_UMIP ? CR4_UMIP : 0));
}

// ---- Frames ----

IN_REGISTERS struct PageInfo *page_alloc(int alloc_flags)
{
	struct PageInfo *pp = free_list;

	if (!pp || (fail_countdown > 0 && --fail_countdown == 0))
		return NULL;
	free_list = pp->pp_link;
	pp->pp_link = NULL;
	if (alloc_flags & ALLOC_ZERO)
		rep_stosl(page2kva(pp), 0, PGSIZE / 4);
	return pp;
}

void page_free(struct PageInfo *pp)
{
	assert(pp->pp_ref == 0 && pp->pp_link == NULL);
	pp->pp_link = free_list;
	free_list = pp;
}

bool page_is_reserved(const struct PageInfo *pp)
{
	return pp->pp_link == pp;
}

void page_fail_nth(uint32_t n)
{
	fail_countdown = n;
}

size_t page_free_count(void)
{
	size_t n = 0;

	for (struct PageInfo *pp = free_list; pp && n <= npages; pp = pp->pp_link)
		n++; // at most npages + 1: the audit must end even if the list is a ring
	return n;
}

struct PageInfo *page_swap_free_list(struct PageInfo *list)
{
	struct PageInfo *old = free_list;

	free_list = list;
	return old;
}

// ---- Page tables ----

pte_t *pgdir_walk(pde_t *pgdir, const void *va, int create)
{
	if (pgdir[PDX(va)] & PTE_PS)
		return &pgdir[PDX(va)];
	pte_t *pte = pte_of(pgdir, va);
	if (pte || !create)
		return pte;
	struct PageInfo *table = page_alloc(ALLOC_ZERO);
	if (!table)
		return NULL;
	table->pp_ref++;
	// The entries in the table decide about the rights, so this one allows everything.
	pgdir[PDX(va)] = page2pa(table) | PTE_U | PTE_W | PTE_P;
	return pte_of(pgdir, va);
}

inline void tlb_invalidate(pde_t *pgdir, void *va)
{
	struct CpuInfo *self = thiscpu;
	bool loaded = self->cpu_pgdir == pgdir;

	if (loaded)
		invlpg(va); // [K4]
	// The directory's env has a reference to it, and so has each CPU that has it loaded: with
	// two of them, there is no other CPU.
	if (!loaded || self->cpu_pgdir_page->pp_ref > 2) // [K18]
		tlb_shoot_down(pgdir);
}

// Drop the frame that old, the former entry for va in pgdir, names.
static inline void drop(pde_t *pgdir, void *va, pte_t old)
{
	tlb_invalidate(pgdir, va);
	page_decref(pte_page(old)); // [K6]
}

// Make the page table that page_insert needs first. (Apart, so that page_insert is short.)
static __attribute__((noinline)) int insert_in_new_table(pde_t *pgdir, struct PageInfo *pp,
							 void *va, int perm)
{
	return pgdir_walk(pgdir, va, true) ? page_insert(pgdir, pp, va, perm) : -E_NO_MEM;
}

static __attribute__((noinline)) void drop_replaced(pde_t *pgdir, void *va, pte_t old)
{
	drop(pgdir, va, old);
}

IN_REGISTERS int page_insert(pde_t *pgdir, struct PageInfo *pp, void *va, int perm)
{
	pte_t *pte = pte_of(pgdir, va);

	if (!pte)
		return insert_in_new_table(pgdir, pp, va, perm);

	pte_t old = *pte;
	pp->pp_ref++; // before the old frame is dropped, because it may be the same one
	*pte = page2pa(pp) | perm | PTE_P; // [K3]
	if (old & PTE_P)
		drop_replaced(pgdir, va, old);
	return 0;
}

void page_set_rights(pde_t *pgdir, void *va, int perm)
{
	pte_t *pte = pte_of(pgdir, va), old = *pte;

	*pte = PTE_ADDR(old) | perm | PTE_P;
	if ((old ^ *pte) & PTE_SYSCALL)
		tlb_invalidate(pgdir, va);
}

struct PageInfo *page_lookup(pde_t *pgdir, void *va, pte_t **pte_store)
{
	pte_t *pte = pgdir_walk(pgdir, va, false);

	if (!pte || !(*pte & PTE_P)) {
		if (pte_store)
			*pte_store = NULL;
		return NULL;
	}
	if (pte_store)
		*pte_store = pte;
	return pte_page(*pte) + (*pte & PTE_PS ? PTX(va) : 0);
}

IN_REGISTERS void page_remove(pde_t *pgdir, void *va)
{
	pte_t *pte = pte_of(pgdir, va);

	if (!pte || !(*pte & PTE_P))
		return;
	pte_t old = *pte;
	*pte = 0;
	drop(pgdir, va, old);
}

void pgdir_free(struct PageInfo *dir)
{
	pde_t *pgdir = page2kva(dir);

	for (size_t i = 0; i < PDX(UTOP); i++)
		if (pgdir[i] & PTE_P)
			page_decref(pte_page(pgdir[i]));
	page_free(dir);
}

void boot_map_region(pde_t *pgdir, uintptr_t va, size_t size, physaddr_t pa, int perm)
{
	assert(PGOFF(va) == 0 && PGOFF(size) == 0 && PGOFF(pa) == 0);
	while (size > 0) {
		size_t step = PGSIZE;

		if (size >= PTSIZE && va % PTSIZE == 0 && pa % PTSIZE == 0) {
			step = PTSIZE;
			pgdir[PDX(va)] = pa | perm | PTE_PS | PTE_P;
		} else {
			assert(!(pgdir[PDX(va)] & PTE_PS));
			pte_t *pte = pgdir_walk(pgdir, (void *) va, true);
			if (!pte)
				panic("out of memory while mapping %08x", va);
			*pte = pa | perm | PTE_P;
		}
		va += step;
		pa += step;
		size -= step;
	}
}

void *mmio_map_region(physaddr_t pa, size_t size)
{
	//{ Exercise 1: map device registers, after those mapped so far
	static uintptr_t next = MMIOBASE;
	physaddr_t start = ROUNDDOWN(pa, PGSIZE);

	size = ROUNDUP(pa - start + size, PGSIZE);
	if (size > MMIOLIM - next)
		panic("no room to map %u bytes of device registers", size);
	boot_map_region(kern_pgdir, next, size, start, PTE_W | PTE_PCD | PTE_PWT);
	next += size;
	return (void *) (next - size + (pa - start));
	//}
}

// ---- User memory ----

int user_mem_check(struct Env *env, const void *va, size_t len, int perm)
{
	uintptr_t addr = (uintptr_t) va, last = addr + len - 1;

	if (len == 0)
		return 0;
	// The check of a range that goes beyond ULIM ends at ULIM, where it fails.
	if (last < addr || last > ULIM)
		last = MAX(addr, ULIM);
	while (user_mem_kva(env, (void *) addr, perm)) {
		if (PGNUM(addr) == PGNUM(last))
			return 0;
		addr = ROUNDDOWN(addr, PGSIZE) + PGSIZE;
	}
	user_mem_check_addr = addr;
	return -E_FAULT;
}

void user_mem_read(struct Env *env, void *dst, const void *va, size_t len)
{
	while (len > 0) {
		size_t n = MIN(len, PGSIZE - PGOFF(va));

		memcpy(dst, user_mem_kva(env, va, 0), n);
		dst = (char *) dst + n;
		va = (const char *) va + n;
		len -= n;
	}
}
