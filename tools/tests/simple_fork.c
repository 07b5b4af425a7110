// A fork as simple as can be: a loop over all pages, one system call for each mapping, and the
// stack copy-on-write like the rest. For trying tests of fork with another solution than ours.

#include "pgfault.h"

static bool present(uintptr_t va)
{
	return (uvpd[PDX(va)] & PTE_P) && (uvpt[PGNUM(va)] & PTE_P);
}

static bool resolve_cow(struct UTrapframe *utf)
{
	void *page = (void *) ROUNDDOWN(utf->utf_fault_va, PGSIZE);

	if (!(utf->utf_err & FEC_WR) || utf->utf_fault_va >= UTOP || !present(utf->utf_fault_va) ||
	    !(uvpt[PGNUM(page)] & PTE_COW))
		return false;
	if (sys_page_alloc(0, PFTEMP, PTE_U | PTE_W | PTE_P) < 0)
		return false;
	memcpy(PFTEMP, page, PGSIZE);
	if (sys_page_map(0, PFTEMP, 0, page, PTE_U | PTE_W | PTE_P) < 0)
		return false;
	sys_page_unmap(0, PFTEMP);
	return true;
}

static int duppage(envid_t child, uintptr_t va)
{
	void *page = (void *) va;
	int perm = uvpt[PGNUM(va)] & PTE_SYSCALL, r;

	if ((perm & PTE_SHARE) || !(perm & (PTE_W | PTE_COW)))
		return sys_page_map(0, page, child, page, perm);
	perm = (perm & ~PTE_W) | PTE_COW;
	r = sys_page_map(0, page, child, page, perm);
	if (r < 0)
		return r;
	return sys_page_map(0, page, 0, page, perm);
}

envid_t fork(void)
{
	int r = pgfault_install();

	if (r < 0)
		return r;
	pgfault_resolve = resolve_cow;

	envid_t child = sys_exofork();
	if (child < 0)
		return child;
	if (child == 0) {
		thisenv = &envs[ENVX(sys_getenvid())];
		return 0;
	}

	for (uintptr_t va = 0; va < USTACKTOP && r == 0; va += PGSIZE)
		if (present(va))
			r = duppage(child, va);
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

envid_t sfork(void)
{
	panic("sfork: a challenge");
}
