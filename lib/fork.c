#include "pgfault.h"

// How a page goes from parent to child.
enum Sharing {
	COPY_LATER, // copy-on-write, as fork does
	SHARE,      // the same page in both, as sfork does
	COPY_NOW,   // a copy at once, for the stack, which both write to before anything else
};

static bool mapped(uintptr_t va)
{
	return (uvpd[PDX(va)] & PTE_P) && (uvpt[PGNUM(va)] & PTE_P);
}

// Give env a writable copy of this env's page at va, in place of its own. Returns 0 or an error.
static int copy_page(envid_t env, void *va)
{
	int r = sys_page_alloc(0, PFTEMP, PTE_U | PTE_W | PTE_P);

	if (r < 0)
		return r;
	memcpy(PFTEMP, va, PGSIZE);
	r = sys_page_map(0, PFTEMP, env, va, PTE_U | PTE_W | PTE_P);
	sys_page_unmap(0, PFTEMP);
	return r;
}

// A page-fault resolver: copy the page if the fault is a write to a copy-on-write page.
static bool resolve_cow(struct UTrapframe *utf)
{
	uintptr_t va = utf->utf_fault_va;

	return (utf->utf_err & FEC_WR) && va < UTOP && mapped(va) && (uvpt[PGNUM(va)] & PTE_COW) &&
	       copy_page(0, (void *) ROUNDDOWN(va, PGSIZE)) == 0;
}

// Give the child this env's page at va. Returns 0 or an error.
static int give_page(envid_t child, void *va, enum Sharing sharing)
{
	int pte = uvpt[PGNUM(va)], r;
	bool written = pte & (PTE_W | PTE_COW);

	if ((pte & PTE_SHARE) || !written)
		return sys_page_map(0, va, child, va, pte & PTE_SYSCALL);

	if (sharing == COPY_NOW)
		return copy_page(child, va);
	if (sharing == SHARE) {
		if (pte & PTE_COW) { // shared with somebody else so far
			r = copy_page(0, va);
			if (r < 0)
				return r;
		}
		return sys_page_map(0, va, child, va, PTE_U | PTE_W | PTE_P);
	}

	// The child first: were this env's page made copy-on-write first, a write in between would
	// give it a writable page again, which the child would then see change.
	r = sys_page_map(0, va, child, va, PTE_U | PTE_COW | PTE_P);
	if (r < 0 || (pte & PTE_COW))
		return r;
	return sys_page_map(0, va, 0, va, PTE_U | PTE_COW | PTE_P);
}

// Give the child all memory of this env but the exception stack.
static int give_memory(envid_t child, enum Sharing sharing)
{
	uintptr_t stack = USTACKTOP - PGSIZE; // lowest page of the stack

	while (mapped(stack - PGSIZE))
		stack -= PGSIZE;
	for (uintptr_t va = 0; va < USTACKTOP; va += PGSIZE) {
		if (!(uvpd[PDX(va)] & PTE_P)) {
			va = ROUNDDOWN(va, PTSIZE) + PTSIZE - PGSIZE;
		} else if (uvpt[PGNUM(va)] & PTE_P) {
			int r = give_page(child, (void *) va, va < stack ? sharing : COPY_NOW);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static envid_t fork_sharing(enum Sharing sharing)
{
	int r = pgfault_install();

	if (r < 0)
		return r;
	if (!pgfault_resolve) // in a child it is set, and writing it again would take a frame
		pgfault_resolve = resolve_cow;

	envid_t child = sys_exofork();
	if (child < 0)
		return child;
	if (child == 0) {
		thisenv = &envs[ENVX(sys_getenvid())];
		return 0;
	}

	r = give_memory(child, sharing);
	if (r == 0)
		r = sys_page_alloc(child, (void *) (UXSTACKTOP - PGSIZE), PTE_U | PTE_W | PTE_P);
	if (r == 0)
		r = sys_env_set_pgfault_upcall(child, _pgfault_upcall);
	if (r == 0)
		r = sys_env_set_status(child, ENV_RUNNABLE);
	if (r == 0)
		return child;
	sys_env_destroy(child);
	return r;
}

envid_t fork(void)
{
	return fork_sharing(COPY_LATER);
}

envid_t sfork(void)
{
	return fork_sharing(SHARE);
}
