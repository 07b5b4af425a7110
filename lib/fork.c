// fork and sfork, made from system calls alone. Parent and child share pages copy-on-write, so the
// library's variables are copied like all others.

#include "pgfault.h"

//{ Exercise 12, helpers: the ways to give a child a page, and how to copy one
enum { WRITABLE = PTE_U | PTE_W | PTE_P, COPIED_LATER = PTE_U | PTE_COW | PTE_P };

// How a page goes from parent to child.
enum Sharing {
	COPY_LATER, // copy-on-write, as fork does
	SHARE,      // the same page in both, as sfork does
	COPY_NOW,   // a copy at once: for the stack, because both write to it at once
};
//}

// A page-fault resolver: copy the page if the fault is a write to a copy-on-write page.
static bool resolve_cow(struct UTrapframe *utf)
{
	//{ Exercise 12: copy the page if the fault is a write to a copy-on-write page
	const uint32_t denied_write = FEC_WR | FEC_PR; // and so there is a page
	uintptr_t va = utf->utf_fault_va;
	void *page = (void *) ROUNDDOWN(va, PGSIZE);

	return (utf->utf_err & denied_write) == denied_write && va < UTOP &&
	       (uvpt[PGNUM(va)] & PTE_COW) && sys_page_copy(page, 0, page, WRITABLE) == 0;
	//}
}

//{ Exercise 12, helpers: give a child all memory of this env, in one of these ways
static bool mapped(uintptr_t va)
{
	return (uvpd[PDX(va)] & PTE_P) && (uvpt[PGNUM(va)] & PTE_P);
}

// Map n pages of this env, from va on, also in env at the same addresses, with rights perm in both.
// Returns 0 or an error.
static int share_pages(envid_t env, char *va, size_t n, int perm)
{
	while (n > 0) {
		int done = sys_page_share(0, va, env, va, perm, n);

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
		r = sys_page_copy(va, env, va, WRITABLE);
	return r;
}

// Give the child n pages of this env, from va on, whose entries have all the bits of pte. Returns 0
// or an error.
static int give_pages(envid_t child, char *va, size_t n, pte_t pte, enum Sharing sharing)
{
	if ((pte & PTE_SHARE) || !(pte & (PTE_W | PTE_COW)))
		return share_pages(child, va, n, pte);
	if (sharing == COPY_NOW)
		return copy_pages(child, va, n);
	if (sharing == COPY_LATER)
		return share_pages(child, va, n, COPIED_LATER);
	int r = pte & PTE_COW ? copy_pages(0, va, n) : 0; // another env may have it too
	return r < 0 ? r : share_pages(child, va, n, WRITABLE);
}

// Give the child what this env has mapped in [va, end). Consecutive pages whose entries are equal
// are given together. Returns 0 or an error.
static int give_range(envid_t child, uintptr_t va, uintptr_t end, enum Sharing sharing)
{
	int r = 0;

	while (va < end && r == 0) {
		uintptr_t stop = MIN(ROUNDDOWN(va, PTSIZE) + PTSIZE, end); // of this page table

		if (uvpd[PDX(va)] & PTE_P)
			va = PGSIZE * (repe_scasl(&uvpt[PGNUM(va)], 0, &uvpt[PGNUM(stop)]) - uvpt);
		else
			va = stop;
		if (va == stop)
			continue;

		size_t first = PGNUM(va), next = first;
		pte_t pte = uvpt[first] & PTE_SYSCALL;
		while (++next < PGNUM(stop) && (uvpt[next] & PTE_SYSCALL) == pte)
			;
		r = give_pages(child, (char *) va, next - first, pte, sharing);
		va = next * PGSIZE;
	}
	return r;
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
		r = sys_page_alloc(child, (void *) (UXSTACKTOP - PGSIZE), WRITABLE);
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
