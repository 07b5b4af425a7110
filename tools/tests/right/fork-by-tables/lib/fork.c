// Table by table and page by page. Every page that is written becomes copy-on-write, the stack too.

//{ Exercise 12, helpers: the ways to give a child a page, and how to copy one
#define RW (PTE_P | PTE_U | PTE_W)
//}

//{ Exercise 12: copy the page if the fault is a write to a copy-on-write page
	uintptr_t va = utf->utf_fault_va;
	void *page = (void *) (va - PGOFF(va));

	if (va >= UTOP || (utf->utf_err & FEC_WR) == 0)
		return false;
	if ((uvpd[PDX(va)] & PTE_P) == 0)
		return false;
	if ((uvpt[PGNUM(va)] & (PTE_P | PTE_COW)) != (PTE_P | PTE_COW))
		return false;
	if (sys_page_alloc(0, PFTEMP, RW) != 0)
		return false;
	memmove(PFTEMP, page, PGSIZE);
	bool done = sys_page_map(0, PFTEMP, 0, page, RW) == 0;
	sys_page_unmap(0, PFTEMP);
	return done;
//}

//{ Exercise 12, helpers: give a child all memory of this env, in one of these ways
static int share_page(envid_t child, uint32_t number)
{
	void *page = (void *) (number * PGSIZE);
	int perm = uvpt[number] & PTE_SYSCALL;
	bool lazily = !(perm & PTE_SHARE) && (perm & (PTE_W | PTE_COW)) != 0;

	if (lazily)
		perm = (perm | PTE_COW) & ~PTE_W;
	int result = sys_page_map(0, page, child, page, perm);
	if (result == 0 && lazily)
		result = sys_page_map(0, page, 0, page, perm);
	return result;
}
//}

//{ Exercise 12: a child with the same memory, copy-on-write
	const uint32_t exception_stack = PGNUM(UXSTACKTOP) - 1;
	int result = pgfault_install();

	if (result != 0)
		return result;
	pgfault_resolve = resolve_cow;
	envid_t child = sys_exofork();
	if (child < 0)
		return child;
	if (child == 0) {
		envid_t self = sys_getenvid();
		thisenv = envs + ENVX(self);
		return 0;
	}
	for (uint32_t table = 0; table < PDX(UTOP); table++) {
		if (!(uvpd[table] & PTE_P))
			continue;
		for (uint32_t n = table * NPTENTRIES; n < (table + 1) * NPTENTRIES; n++) {
			if (n == exception_stack || !(uvpt[n] & PTE_P))
				continue;
			result = share_page(child, n);
			if (result != 0)
				goto fail;
		}
	}
	result = sys_env_set_pgfault_upcall(child, _pgfault_upcall);
	if (result != 0)
		goto fail;
	result = sys_page_alloc(child, (void *) (exception_stack * PGSIZE), RW);
	if (result != 0)
		goto fail;
	result = sys_env_set_status(child, ENV_RUNNABLE);
	if (result == 0)
		return child;
fail:
	sys_env_destroy(child);
	return result;
//}

//{ Exercise 12: a challenge, a child that shares all but its stack
	panic("sfork: a challenge");
//}
