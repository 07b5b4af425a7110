// A fork that copies every page at once, built from nothing but system calls.
// Parent and child then count in turn, the parent to 9 and the child to 19.

#include <inc/lib.h>

extern unsigned char end[]; // first address beyond the program, set by the linker

// Panic with the failed step's name if result is an error, else return it.
static int check(const char *step, int result)
{
	if (result < 0)
		panic("%s: %e", step, result);
	return result;
}

// Give env a copy of our page at va with the same rights, if we have one there.
static void copy_page(envid_t env, uintptr_t va)
{
	void *page = (void *) va;

	// Look before reading a page table's part of uvpt: the table itself may be missing.
	if (!(uvpd[PDX(va)] & PTE_P) || !(uvpt[PGNUM(va)] & PTE_P))
		return;
	int rights = uvpt[PGNUM(va)] & PTE_SYSCALL;

	check("sys_page_alloc", sys_page_alloc(0, UTEMP, PTE_P | PTE_U | PTE_W));
	memcpy(UTEMP, page, PGSIZE);
	check("sys_page_map", sys_page_map(0, UTEMP, env, page, rights));
	check("sys_page_unmap", sys_page_unmap(0, UTEMP));
}

static envid_t dumb_fork(void)
{
	envid_t child = sys_exofork();
	if (child == 0) {
		// The copied stack still holds what thisenv was in the parent.
		thisenv = &envs[ENVX(sys_getenvid())];
		return 0;
	}

	check("sys_exofork", child);
	for (uintptr_t va = UTEXT; va < (uintptr_t) end; va += PGSIZE)
		copy_page(child, va);
	copy_page(child, USTACKTOP - PGSIZE);

	check("sys_env_set_status", sys_env_set_status(child, ENV_RUNNABLE));
	return child;
}

void umain(int argc, char **argv)
{
	bool is_parent = dumb_fork() != 0;
	const char *role = is_parent ? "parent" : "child";
	int rounds = is_parent ? 10 : 20;

	for (int round = 0; round < rounds; round++) {
		cprintf("%d: I am the %s!\n", round, role);
		sys_yield();
	}
}
