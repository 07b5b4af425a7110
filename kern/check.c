// The self-checks of memory management. They run on the boot CPU before the others start, so
// without a lock.

#include <kern/check.h>

#include <inc/assert.h>
#include <inc/error.h>
#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/string.h>
#include <inc/x86.h>

#include <kern/cpu.h>
#include <kern/envstate.h>
#include <kern/pmap.h>

static bool all_zero(const uint32_t *words, size_t n)
{
	return repe_scasl(words, 0, words + n) == words + n;
}

// Allocate n frames and store them in pp[]. Returns the first frame of the free list before.
static struct PageInfo *take(struct PageInfo **pp, int n)
{
	for (int i = 0; i < n; i++) {
		pp[i] = page_alloc(0);
		assert(pp[i] && pp[i]->pp_ref == 0);
		for (int j = 0; j < i; j++)
			assert(pp[i] != pp[j]);
	}
	return pp[0];
}

// Free the n frames that take() has stored in pp[]. The first frame of the free list is then list
// again.
static void give_back(struct PageInfo **pp, int n, struct PageInfo *list)
{
	while (n-- > 0)
		page_free(pp[n]);
	assert(pp[0] == list);
}

// Whether the frame at pa may be allocated.
static bool allocatable(physaddr_t pa)
{
	extern char text_start[], end[];

	return pa != 0 && PGNUM(pa) < npages && pa != MPENTRY_PADDR &&
	       !(pa >= IOPHYSMEM && pa < EXTPHYSMEM) &&
	       !(pa >= PADDR(text_start) && pa < PADDR(end)) &&
	       !(pa >= PADDR(pages) && pa < PADDR(&pages[npages])) &&
	       !(pa >= PADDR(envs) && pa < PADDR(&envs[NENV]));
}

enum { SAMPLE = 192 }; // how many free frames are checked: low memory, and some above the kernel

void check_page_alloc(void)
{
	struct PageInfo *list = page_swap_free_list(NULL), *pp[3];
	int n = 0;

	assert(page_alloc(0) == NULL);
	page_swap_free_list(list); // before what may panic: the monitor's commands need it
	for (struct PageInfo *p = list; p && n < SAMPLE; p = p->pp_link, n++)
		assert(allocatable(page2pa(p)) && p->pp_ref == 0);
	assert(n == SAMPLE);
	take(pp, 3);

	// The only free frame is the one that is allocated. With ALLOC_ZERO it is filled with
	// zeros.
	struct PageInfo *rest = page_swap_free_list(NULL);
	memset(page2kva(pp[1]), 0x5a, PGSIZE);
	page_free(pp[1]);
	assert(page_alloc(ALLOC_ZERO) == pp[1]);
	assert(all_zero(page2kva(pp[1]), PGSIZE / 4));
	assert(page_alloc(0) == NULL);

	page_swap_free_list(rest);
	give_back(pp, 3, list);
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
	struct PageInfo *pp[4], *list = take(pp, 4);
	pde_t *pgdir = page2kva(pp[3]);
	struct PageInfo *rest = page_swap_free_list(NULL);

	memset(pgdir, 0, PGSIZE);

	// Nothing is mapped, and without a frame for a page table nothing can be.
	assert(page_lookup(pgdir, va, NULL) == NULL);
	assert(page_insert(pgdir, pp[0], va, PTE_W) == -E_NO_MEM);
	assert(pp[0]->pp_ref == 0);

	// With a free frame, that becomes the page table.
	page_free(pp[2]);
	assert(page_insert(pgdir, pp[0], va, PTE_W) == 0);
	assert(PTE_ADDR(pgdir[PDX(va)]) == page2pa(pp[2]) && pp[2]->pp_ref == 1);
	assert(maps(pgdir, va, pp[0], PTE_W) && pp[0]->pp_ref == 1);

	// The same frame again: its rights change, its references do not.
	assert(page_insert(pgdir, pp[0], va, PTE_U) == 0);
	assert(maps(pgdir, va, pp[0], PTE_U) && pp[0]->pp_ref == 1);

	// The same frame at two addresses, then replaced at one and removed at the other.
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

	page_swap_free_list(rest);
	give_back(pp, 4, list);
	cprintf("check_page() succeeded!\n");
}

enum { RIGHTS = PTE_U | PTE_W | PTE_P };

// Check that [va, va + size) maps [pa, pa + size) with exactly these rights.
static void check_range(uintptr_t va, size_t size, physaddr_t pa, int perm)
{
	pte_t want = pa | perm | PTE_P;

	while (size > 0) {
		pde_t pde = kern_pgdir[PDX(va)];
		size_t in_table = va % PTSIZE, step = MIN(size, PTSIZE - in_table);

		if (pde & PTE_PS) {
			assert(PTE_ADDR(pde) + in_table + (pde & RIGHTS) == want);
			want += step;
		} else {
			const pte_t *pte = pgdir_walk(kern_pgdir, (void *) va, false);
			for (size_t n = step / PGSIZE; n > 0; n--, want += PGSIZE)
				assert((*pte++ & (~0xfffU | RIGHTS)) == want);
		}
		va += step;
		size -= step;
	}
}

void check_kern_pgdir(void)
{
	extern char text_start[], rodata_end[];
	uintptr_t text = (uintptr_t) text_start, data = (uintptr_t) rodata_end;

	check_range(UENVS, ROUNDUP(NENV * sizeof(struct Env), PGSIZE), PADDR(envs), PTE_U);
	check_range(UPAGES, ROUNDUP(npages * sizeof(struct PageInfo), PGSIZE), PADDR(pages), PTE_U);
	check_range(KERNBASE, text - KERNBASE, 0, PTE_W);
	check_range(text, data - text, text - KERNBASE, 0);
	check_range(data, 0 - data, data - KERNBASE, PTE_W);
	for (int cpu = 0; cpu < NCPU; cpu++) {
		uintptr_t bottom = KSTACKTOP_CPU(cpu) - KSTKSIZE;

		check_range(bottom, KSTKSIZE, PADDR(percpu_kstacks[cpu]), PTE_W);
		// The gap below is in the same page table.
		assert(all_zero(pte_of(kern_pgdir, (void *) (bottom - KSTKGAP)), KSTKGAP / PGSIZE));
	}
	assert(all_zero(kern_pgdir, PDX(UTOP)));
	cprintf("check_kern_pgdir() succeeded!\n");
}

void check_page_installed_pgdir(void)
{
	struct PageInfo *pp[3], *list = take(pp, 3);
	volatile uint32_t *word = (uint32_t *) UTEMP;

	page_free(pp[2]); // it becomes the page table
	*(uint32_t *) page2kva(pp[0]) = 0x01010101;
	*(uint32_t *) page2kva(pp[1]) = 0x02020202;

	// Changes of the page tables have their effect at once.
	assert(page_insert(kern_pgdir, pp[0], UTEMP, PTE_W) == 0 && *word == 0x01010101);
	assert(page_insert(kern_pgdir, pp[1], UTEMP, PTE_W) == 0 && *word == 0x02020202);
	assert(pp[0]->pp_ref == 0 && pp[1]->pp_ref == 1);
	*word = 0x03030303;
	assert(*(uint32_t *) page2kva(pp[1]) == 0x03030303);
	page_remove(kern_pgdir, UTEMP);
	assert(pp[1]->pp_ref == 0);

	// Remove the page table: envs copy from this directory.
	page_decref(pte_page(kern_pgdir[PDX(UTEMP)]));
	kern_pgdir[PDX(UTEMP)] = 0;
	tlbflush();
	assert(page_alloc(0) == pp[2] && page_alloc(0) == pp[1] && page_alloc(0) == pp[0]);
	give_back(pp, 3, list);
	cprintf("check_page_installed_pgdir() succeeded!\n");
}

void check_memory(void)
{
	check_page_alloc();
	check_page();
	check_kern_pgdir();
	check_page_installed_pgdir();
}
