// The monitor's commands about memory: how it is mapped, with which rights, and what it holds. They
// walk the page tables themselves, and read everything through the map of memory at KERNBASE.

#include <kern/mappings.h>

#include <inc/memlayout.h>
#include <inc/mmu.h>
#include <inc/stdio.h>
#include <inc/string.h>

#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/pmap.h>

// ---- Reading what is typed ----

enum { MAX_DIGITS = 10 }; // of a number with 32 bits, 0x included

// Read a number, and store it in *n. Returns whether it is one; if not, says so.
static bool read_number(const char *word, int base, uint32_t *n)
{
	char *end;

	*n = strtol(word, &end, base);
	if (*word != '-' && *word != '+' && end != word && !*end && strlen(word) <= MAX_DIGITS)
		return true;
	cprintf("'%s' is no number of 32 bits; an address is written as in C: 0xf0100000.\n", word);
	return false;
}

static bool read_address(const char *word, uintptr_t *va)
{
	return read_number(word, 0, va);
}

// Return the page directory of the env whose id, as it is printed, is the word; or the one that
// this CPU has loaded if there is no word. If that is impossible, says so and returns NULL.
static pde_t *read_directory(const char *word)
{
	struct Env *e;
	uint32_t id;

	if (!thiscpu->cpu_pgdir)
		cprintf("There are no page directories yet.\n");
	if (!word || !thiscpu->cpu_pgdir)
		return thiscpu->cpu_pgdir;
	if (!read_number(word, 16, &id))
		return NULL;
	if (id != 0 && envid2env(id, &e, false) == 0)
		return e->env_pgdir;
	cprintf("There is no environment %08x; 'envs' lists them.\n", id);
	return NULL;
}

// ---- Mappings ----

// Return the entry for va with the rights that the directory leaves, as if all pages had 4 KB; only
// PTE_PS tells that this one has not. Returns 0 if nothing is mapped, or the tables are broken.
static pte_t entry(const pde_t *pgdir, uintptr_t va)
{
	pde_t pde = pgdir[PDX(va)];
	pte_t pte = pde + (PTX(va) << PGSHIFT);

	if (!(pde & PTE_PS)) {
		if (!(pde & PTE_P) || PGNUM(pde) >= npages)
			return 0;
		pte = ((pte_t *) KADDR(PTE_ADDR(pde)))[PTX(va)];
		pte &= (pde | ~(PTE_U | PTE_W)) & ~PTE_PS;
	}
	return pte & PTE_P ? pte & ~(PTE_A | PTE_D) : 0;
}

static void print_entry(pte_t pte)
{
	static const struct {
		pte_t bit;
		char name[4];
	} flags[] = {{PTE_P, "P"},     {PTE_W, "W"},     {PTE_U, "U"},
		     {PTE_PWT, "PWT"}, {PTE_PCD, "PCD"}, {PTE_PS, "4MB"}};

	if (!pte) {
		cprintf("not mapped\n");
		return;
	}
	cprintf("physical 0x%08x ", PTE_ADDR(pte));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (pte & flags[i].bit)
			cprintf(" %s", flags[i].name);
	if (pte & PTE_AVAIL)
		cprintf(" 0x%x", pte & PTE_AVAIL);
	cprintf("\n");
}

// Print how the pages from va to last are mapped.
static void print_range(const pde_t *pgdir, uintptr_t va, uintptr_t last)
{
	for (;;) {
		uintptr_t begin = va;
		pte_t pte = entry(pgdir, va);

		while (va != last &&
		       entry(pgdir, va + PGSIZE) == (pte ? pte + (va + PGSIZE - begin) : 0))
			va += PGSIZE;
		cprintf("0x%08x-0x%08x  ", begin, va + PGSIZE - 1);
		print_entry(pte);
		if (va == last)
			return;
		va += PGSIZE;
	}
}

void show_mappings(int argc, char **argv)
{
	uintptr_t first, last;
	const pde_t *pgdir;

	if (argc < 2 || argc > 4) {
		cprintf("usage: showmappings START [END [ENV]]\n");
		return;
	}
	if (!read_address(argv[1], &first) || !read_address(argv[argc > 2 ? 2 : 1], &last) ||
	    !(pgdir = read_directory(argc > 3 ? argv[3] : NULL)))
		return;
	if (first > last)
		cprintf("The end, 0x%08x, is below the start, 0x%08x.\n", last, first);
	else
		print_range(pgdir, ROUNDDOWN(first, PGSIZE), ROUNDDOWN(last, PGSIZE));
}

// Return the bits that the letters of a word such as "+WU" name, 0 if they are not right.
static pte_t read_rights(const char *word)
{
	pte_t bits = 0;

	if (*word != '+' && *word != '-')
		return 0;
	while (*++word) {
		if (*word != 'W' && *word != 'U')
			return 0;
		bits |= *word == 'W' ? PTE_W : PTE_U;
	}
	return bits;
}

void set_rights(int argc, char **argv)
{
	pte_t bits = argc == 3 || argc == 4 ? read_rights(argv[2]) : 0, *pte;
	struct PageInfo *pp;
	uintptr_t va;
	pde_t *pgdir;

	if (!bits) {
		cprintf("usage: setperm ADDR +W|-W|+U|-U [ENV]\n");
		return;
	}
	if (!read_address(argv[1], &va) || !(pgdir = read_directory(argc > 3 ? argv[3] : NULL)))
		return;
	va = ROUNDDOWN(va, PGSIZE);
	if (va >= UTOP) {
		cprintf("0x%08x is the kernel's; only what is below 0x%08x can be changed.\n", va,
			UTOP);
		return;
	}
	pp = page_lookup(pgdir, (void *) va, &pte);
	if (pp) // in place of itself: page_insert lets all CPUs know
		page_insert(pgdir, pp, (void *) va,
			    PGOFF(argv[2][0] == '+' ? *pte | bits : *pte & ~bits));
	print_range(pgdir, va, va);
}

// ---- Contents ----

enum {
	MAX_EXAMINED = 1024,
	PER_LINE = 4,
	MIN_ID = 4, // digits of an env's id; what has fewer is meant as the N of x/N
};

// Read the word at an address, which is physical if pgdir is NULL. Returns NULL or, if it cannot be
// read, why.
static const char *read_word(const pde_t *pgdir, uint32_t at, uint32_t *word)
{
	for (int i = 0; i < 4; i++, at++) {
		pte_t pte = pgdir ? entry(pgdir, at) : PTE_ADDR(at) | PTE_P;
		physaddr_t pa = PTE_ADDR(pte) | PGOFF(at);

		if (!pte)
			return "not mapped";
		if (PGNUM(pa) >= npages || (pa >= IOPHYSMEM && pa < EXTPHYSMEM))
			return "not memory";
		((uint8_t *) word)[i] = *(const uint8_t *) KADDR(pa);
	}
	return NULL;
}

// Read the N of x/N, and store it in *n; without it, 1. QEMU's and gdb's letter x may follow.
// Returns whether that is right.
static bool read_count(const char *word, long *n)
{
	const char *slash = strchr(word, '/');
	char *end;

	*n = 1;
	if (!slash)
		return true;
	*n = strtol(slash + 1, &end, 10);
	if (end == slash + 1)
		*n = 1;
	return *n > 0 && *n <= MAX_EXAMINED && (*end == '\0' || strcmp(end, "x") == 0);
}

void examine(int argc, char **argv, bool physical)
{
	const pde_t *pgdir = NULL;
	uint32_t at;
	long n;

	if (!read_count(argv[0], &n) || argc < 2 || argc > 3 - physical ||
	    (argc == 3 && strlen(argv[2]) < MIN_ID)) {
		cprintf("usage: x/N ADDR [ENV], or xp/N ADDR: N words, at most %d\n", MAX_EXAMINED);
		return;
	}
	if (!read_address(argv[1], &at) ||
	    (!physical && !(pgdir = read_directory(argc > 2 ? argv[2] : NULL))))
		return;
	for (long i = 0; i < n; i++, at += 4) {
		uint32_t word;
		const char *why_not = read_word(pgdir, at, &word);

		if (i % PER_LINE == 0)
			cprintf("%s0x%08x:", i ? "\n" : "", at);
		why_not ? cprintf(" %s", why_not) : cprintf(" 0x%08x", word);
	}
	cprintf("\n");
}
