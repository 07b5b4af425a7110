// fork and sfork, made from system calls alone. Parent and child share pages copy-on-write, so the
// library's variables are copied like all others. While a page is copied, the copy is at PFTEMP.

#include "pgfault.h"

//{ Exercise 12, helpers: the ways to give a child a page, and how to copy one
// How a page goes from parent to child.
enum Sharing {
	COPY_LATER, // copy-on-write, as fork does
	SHARE,      // the same page in both, as sfork does
	COPY_NOW,   // a copy at once: for the stack, because both write to it at once
};

// Map a writable copy of this env's page at va at the same address in env. Returns 0 or an error.
static int copy_page(envid_t env, void *va)
{
	int r = sys_page_alloc(0, PFTEMP, PTE_U | PTE_W | PTE_P);

	if (r < 0)
		return r;
	rep_movsl(PFTEMP, va, PGSIZE / 4);
	r = sys_page_move(PFTEMP, env, va, PTE_U | PTE_W | PTE_P);
	if (r < 0)
		sys_page_unmap(0, PFTEMP);
	return r;
}
//}

// A page-fault resolver: copy the page if the fault is a write to a copy-on-write page.
static bool resolve_cow(struct UTrapframe *utf)
{
	//{ Exercise 12: copy the page if the fault is a write to a copy-on-write page
	const uint32_t denied_write = FEC_WR | FEC_PR; // and so there is a page
	uintptr_t va = utf->utf_fault_va;

	return (utf->utf_err & denied_write) == denied_write && va < UTOP &&
	       (uvpt[PGNUM(va)] & PTE_COW) && copy_page(0, (void *) ROUNDDOWN(va, PGSIZE)) == 0;
	//}
}

//{ Exercise 12, helpers: give a child all memory of this env, in one of these ways
static bool mapped(uintptr_t va)
{
	return (uvpd[PDX(va)] & PTE_P) && (uvpt[PGNUM(va)] & PTE_P);
}

// Map n pages of this env, from va on, also in env at the same addresses. Returns 0 or an error.
static int map_pages(envid_t env, char *va, size_t n, int perm)
{
	while (n > 0) {
		int done = sys_page_map_run(0, va, env, va, perm, n);

		if (done < 0)
			return done;
		va += done * PGSIZE;
		n -= done;
	}
	return 0;
}

// Copy n pages of this env, from va on, to the same addresses in env. Returns 0 or an error.
static int copy_pages(envid_t env, char *va, size_t n)
{
	int r = 0;

	for (; n > 0 && r == 0; n--, va += PGSIZE)
		r = copy_page(env, va);
	return r;
}

// Give the child n pages of this env, from va on, whose entries have all the bits of pte. Returns 0
// or an error.
static int give_pages(envid_t child, char *va, size_t n, pte_t pte, enum Sharing sharing)
{
	int r;

	if ((pte & PTE_SHARE) || !(pte & (PTE_W | PTE_COW)))
		return map_pages(child, va, n, pte);
	if (sharing == COPY_NOW)
		return copy_pages(child, va, n);
	if (sharing == SHARE) {
		r = pte & PTE_COW ? copy_pages(0, va, n) : 0; // another env may have it too
		return r < 0 ? r : map_pages(child, va, n, PTE_U | PTE_W | PTE_P);
	}

	// The child's mapping comes first. In the other order, a write by this env between the two
	// calls would give it a writable page again. The child would get the same page, and see
	// what this env writes to it later.
	r = map_pages(child, va, n, PTE_U | PTE_COW | PTE_P);
	if (r < 0 || (pte & PTE_COW))
		return r;
	return map_pages(0, va, n, PTE_U | PTE_COW | PTE_P);
}

// Give the child what this env has mapped in [va, end). Consecutive pages whose entries are equal
// are given together. Returns 0 or an error.
static int give_range(envid_t child, uintptr_t va, uintptr_t end, enum Sharing sharing)
{
	while (va < end) {
		uintptr_t table_end = MIN(ROUNDDOWN(va, PTSIZE) + PTSIZE, end);

		if (!(uvpd[PDX(va)] & PTE_P)) {
			va = table_end;
			continue;
		}
		const volatile pte_t *first = &uvpt[PGNUM(va)], *stop = &uvpt[PGNUM(table_end)];
		const volatile pte_t *entry = first;
		pte_t pte = *first & PTE_SYSCALL;
		while (++entry < stop && (*entry & PTE_SYSCALL) == pte)
			;
		size_t n = entry - first;
		int r = pte & PTE_P ? give_pages(child, (char *) va, n, pte, sharing) : 0;
		if (r < 0)
			return r;
		va += n * PGSIZE;
	}
	return 0;
}

// Give the child all memory of this env except the exception stack. Returns 0 or an error.
static int give_memory(envid_t child, enum Sharing sharing)
{
	uintptr_t stack = USTACKTOP - PGSIZE; // lowest page of the stack

	while (mapped(stack - PGSIZE))
		stack -= PGSIZE;
	int r = give_range(child, UMIN, stack, sharing);
	if (r == 0)
		r = give_range(child, stack, USTACKTOP, COPY_NOW);
	// Nothing is mapped between the stacks, unless the program has done that.
	return r < 0 ? r : give_range(child, USTACKTOP, UXSTACKTOP - PGSIZE, sharing);
}

static envid_t fork_sharing(enum Sharing sharing)
{
	int r = pgfault_install();

	if (r < 0)
		return r;
	if (!pgfault_resolve) // a child has it already, and a write would copy the page
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
//}

envid_t fork(void)
{
	//{ Exercise 12: a child with the same memory, copy-on-write
	return fork_sharing(COPY_LATER);
	//}
}

envid_t sfork(void)
{
	//{ Exercise 12: a challenge, a child that shares all but its stack
	return fork_sharing(SHARE);
	//}
}
