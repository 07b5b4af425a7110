#include <kern/check.h>

#include <inc/assert.h>
#include <inc/error.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/string.h>

#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/pmap.h>

// Take n frames into pp[].
static void take(struct PageInfo **pp, int n)
{
	for (int i = 0; i < n; i++) {
		pp[i] = page_alloc(0);
		assert(pp[i] && pp[i]->pp_ref == 0);
		for (int j = 0; j < i; j++)
			assert(pp[i] != pp[j]);
	}
}

// Whether the kernel may hand out this frame at all.
static bool allocatable(physaddr_t pa)
{
	extern char text_start[], end[];

	return pa != 0 && PGNUM(pa) < npages && pa != MPENTRY_PADDR &&
	       !(pa >= IOPHYSMEM && pa < EXTPHYSMEM) &&
	       !(pa >= PADDR(text_start) && pa < PADDR(end)) &&
	       !(pa >= PADDR(pages) && pa < PADDR(&pages[npages])) &&
	       !(pa >= PADDR(envs) && pa < PADDR(&envs[NENV]));
}

void check_page_alloc(void)
{
	size_t free = page_free_count();
	struct PageInfo *list = page_swap_free_list(NULL);
	struct PageInfo *pp[3];

	// Every free frame is one that may be used, and all but the kernel's are free.
	for (struct PageInfo *p = list; p; p = p->pp_link)
		assert(allocatable(page2pa(p)) && p->pp_ref == 0);
	assert(free > npages / 2);

	assert(page_alloc(0) == NULL);
	page_swap_free_list(list);

	take(pp, 3);
	assert(page_free_count() == free - 3);

	// The only free frame is the one that comes, and it comes cleared if asked for.
	list = page_swap_free_list(NULL);
	memset(page2kva(pp[1]), 0x5a, PGSIZE);
	page_free(pp[1]);
	assert(page_alloc(ALLOC_ZERO) == pp[1]);
	for (size_t i = 0; i < PGSIZE; i++)
		assert(((char *) page2kva(pp[1]))[i] == 0);
	assert(page_alloc(0) == NULL);

	page_swap_free_list(list);
	for (int i = 0; i < 3; i++)
		page_free(pp[i]);
	assert(page_free_count() == free);
	cprintf("check_page_alloc() succeeded!\n");
}

// Whether va is mapped to pp in pgdir with exactly these rights.
static bool maps(pde_t *pgdir, void *va, struct PageInfo *pp, int perm)
{
	pte_t *pte;

	return page_lookup(pgdir, va, &pte) == pp &&
	       (*pte & (PTE_U | PTE_W | PTE_P)) == (pte_t) (perm | PTE_P);
}

void check_page(void)
{
	char *const va = (char *) UTEXT;
	size_t free = page_free_count();
	struct PageInfo *dir = page_alloc(ALLOC_ZERO), *pp[3];
	pde_t *pgdir = page2kva(dir);

	take(pp, 3);
	struct PageInfo *list = page_swap_free_list(NULL);

	// Nothing is there, and without a frame for a page table nothing can be.
	assert(page_lookup(pgdir, va, NULL) == NULL);
	assert(page_insert(pgdir, pp[0], va, PTE_W) == -E_NO_MEM);
	assert(pp[0]->pp_ref == 0);

	// With one, it serves as the table.
	page_free(pp[2]);
	assert(page_insert(pgdir, pp[0], va, PTE_W) == 0);
	assert(PTE_ADDR(pgdir[PDX(va)]) == page2pa(pp[2]) && pp[2]->pp_ref == 1);
	assert(maps(pgdir, va, pp[0], PTE_W) && pp[0]->pp_ref == 1);

	// The same frame again: rights change, references do not.
	assert(page_insert(pgdir, pp[0], va, PTE_U) == 0);
	assert(maps(pgdir, va, pp[0], PTE_U) && pp[0]->pp_ref == 1);

	// Twice at different places; then replaced at one and removed at the other.
	assert(page_insert(pgdir, pp[0], va + PGSIZE, 0) == 0 && pp[0]->pp_ref == 2);
	assert(page_insert(pgdir, pp[1], va, 0) == 0);
	assert(maps(pgdir, va, pp[1], 0) && pp[0]->pp_ref == 1 && pp[1]->pp_ref == 1);
	page_remove(pgdir, va + PGSIZE);
	assert(page_lookup(pgdir, va + PGSIZE, NULL) == NULL);
	page_remove(pgdir, va + PGSIZE);
	assert(page_alloc(0) == pp[0] && page_alloc(0) == NULL);

	page_remove(pgdir, va);
	page_decref(pp[2]);
	assert(page_alloc(0) == pp[2] && page_alloc(0) == pp[1] && page_alloc(0) == NULL);

	page_swap_free_list(list);
	for (int i = 0; i < 3; i++)
		page_free(pp[i]);
	page_free(dir);
	assert(page_free_count() == free);
	cprintf("check_page() succeeded!\n");
}

// Check that [va, va + size) maps [pa, pa + size) with exactly these rights; with pa = -1, that
// it is not mapped.
static void check_range(uintptr_t va, size_t size, physaddr_t pa, int perm)
{
	const int rights = PTE_U | PTE_W | PTE_P;

	for (size_t off = 0; off < size; off += PGSIZE) {
		pde_t pde = kern_pgdir[PDX(va + off)];
		pte_t entry = 0;

		if (pde & PTE_PS)
			entry = pde + (((va + off) % PTSIZE) & ~0xfff);
		else if (pde & PTE_P)
			entry = ((pte_t *) KADDR(PTE_ADDR(pde)))[PTX(va + off)];

		if (pa == (physaddr_t) -1)
			assert(!(entry & PTE_P));
		else
			assert(PTE_ADDR(entry) == pa + off &&
			       (int) (entry & rights) == (perm | PTE_P));
	}
}

void check_kern_pgdir(void)
{
	extern char text_start[], rodata_end[];
	const physaddr_t unmapped = -1;
	uintptr_t text = (uintptr_t) text_start, data = (uintptr_t) rodata_end;

	check_range(UENVS, NENV * sizeof(struct Env), PADDR(envs), PTE_U);
	check_range(UPAGES, npages * sizeof(struct PageInfo), PADDR(pages), PTE_U);
	check_range(KERNBASE, text - KERNBASE, 0, PTE_W);
	check_range(text, data - text, text - KERNBASE, 0);
	check_range(data, 0 - data, data - KERNBASE, PTE_W);
	for (int cpu = 0; cpu < NCPU; cpu++) {
		uintptr_t bottom = KSTACKTOP_CPU(cpu) - KSTKSIZE;

		check_range(bottom, KSTKSIZE, PADDR(percpu_kstacks[cpu]), PTE_W);
		check_range(bottom - KSTKGAP, KSTKGAP, unmapped, 0);
	}
	for (size_t i = 0; i < PDX(UTOP); i++)
		assert(kern_pgdir[i] == 0);
	cprintf("check_kern_pgdir() succeeded!\n");
}

void check_page_installed_pgdir(void)
{
	size_t free = page_free_count();
	struct PageInfo *pp[2];
	volatile uint32_t *word = (uint32_t *) UTEMP;

	take(pp, 2);
	*(uint32_t *) page2kva(pp[0]) = 0x01010101;
	*(uint32_t *) page2kva(pp[1]) = 0x02020202;

	// What is read and written follows the page tables at once.
	assert(page_insert(kern_pgdir, pp[0], UTEMP, PTE_W) == 0 && *word == 0x01010101);
	assert(page_insert(kern_pgdir, pp[1], UTEMP, PTE_W) == 0 && *word == 0x02020202);
	assert(pp[0]->pp_ref == 0 && pp[1]->pp_ref == 1);
	*word = 0x03030303;
	assert(*(uint32_t *) page2kva(pp[1]) == 0x03030303);
	page_remove(kern_pgdir, UTEMP);
	assert(pp[1]->pp_ref == 0);

	// Leave no page table behind: envs copy from this directory.
	page_decref(pa2page(PTE_ADDR(kern_pgdir[PDX(UTEMP)])));
	kern_pgdir[PDX(UTEMP)] = 0;
	tlbflush();
	assert(page_free_count() == free);
	cprintf("check_page_installed_pgdir() succeeded!\n");
}
