// A function for each kind of argument returns an error; entries are found by pgdir_walk. Pages are
// looked at first, environments last.

//{ Exercise 7, helpers: check the arguments of the calls below
static int check_page(const void *va)
{
	if ((uintptr_t) va & (PGSIZE - 1))
		return -E_INVAL;
	return (uintptr_t) va < UMIN || (uintptr_t) va >= UTOP ? -E_INVAL : 0;
}

static int check_rights(int perm)
{
	int needed = PTE_P | PTE_U;

	if (perm & ~(int) PTE_SYSCALL)
		return -E_INVAL;
	return (~perm & needed) ? -E_INVAL : 0;
}

// The same for the challenges' calls.
static bool user_page_ok(const void *va)
{
	return !check_page(va);
}

static bool user_perm_ok(int perm)
{
	return !check_rights(perm);
}

static int shareable_page(struct Env *e, void *va, int perm, pte_t **store)
{
	int r = check_rights(perm);

	if (r == 0)
		r = check_page(va);
	if (r != 0)
		return r;
	*store = pgdir_walk(e->env_pgdir, va, false);
	if (*store == NULL)
		return -E_INVAL;
	return (**store & PTE_P) && ((**store & PTE_W) || !(perm & PTE_W)) ? 0 : -E_INVAL;
}
//}

//{ Exercise 7: make a child with our registers, in which this returns 0
	struct Env *self = curenv, *child;
	int error = env_alloc(&child, self->env_id);

	if (error != 0)
		return error;
	struct Trapframe registers = self->env_tf;
	registers.tf_regs.reg_eax = 0;
	child->env_tf = registers;
	fpu_copy(child);
	return child->env_id;
//}

//{ Exercise 7: make an env runnable, or stop it
	struct Env *e;

	if (status != ENV_NOT_RUNNABLE && status != ENV_RUNNABLE)
		return -E_INVAL;
	if (envid2env(envid, &e, true) < 0)
		return -E_BAD_ENV;
	if (e->env_ipc_recving)
		return -E_INVAL;
	if (status == ENV_NOT_RUNNABLE)
		env_interrupt(e);
	bool stopped = e->env_status == ENV_NOT_RUNNABLE;
	if (status == ENV_NOT_RUNNABLE && !stopped)
		env_set_state(e, status);
	else if (status == ENV_RUNNABLE && stopped && e->env_sending_to == NULL)
		env_set_state(e, status);
	return 0;
//}

//{ Exercise 7: map a new page, filled with zeros
	struct PageInfo *fresh;
	struct Env *e;
	int error;

	if ((error = check_page(va)) != 0 || (error = check_rights(perm)) != 0 ||
	    (error = envid2env(envid, &e, true)) != 0)
		return error;
	if (!(fresh = page_alloc(ALLOC_ZERO)))
		return -E_NO_MEM;
	if ((error = page_insert(e->env_pgdir, fresh, va, perm)) != 0)
		page_free(fresh);
	return error;
//}

//{ Exercise 7, helper: map one page, for several of the calls below
static int map_page(struct Env *src, void *srcva, struct Env *dst, void *dstva, int perm)
{
	pte_t *entry;

	if (check_page(dstva) != 0 || shareable_page(src, srcva, perm, &entry) != 0)
		return -E_INVAL;
	return page_insert(dst->env_pgdir, pa2page(PTE_ADDR(*entry)), dstva, perm);
}
//}

//{ Exercise 7: map a page of one env in another one
	struct Env *dst, *src;

	if (envid2env(dstid, &dst, true) < 0 || envid2env(srcid, &src, true) < 0)
		return -E_BAD_ENV;
	return map_page(src, srcva, dst, dstva, perm);
//}

//{ Exercise 7: unmap a page
	struct Env *e;

	if (check_page(va) != 0)
		return -E_INVAL;
	if (envid2env(envid, &e, true) < 0)
		return -E_BAD_ENV;
	page_remove(e->env_pgdir, va);
	return 0;
//}

//{ Exercise 15: wait for a message
	bool wants_page = dstva < (void *) UTOP;

	if (wants_page && check_page(dstva) < 0)
		return -E_INVAL;
	curenv->env_ipc_dstva = dstva;
	curenv->env_ipc_recving = true;
	if (curenv->env_last_sender && ipc_take(curenv))
		return 0;
	env_set_state(curenv, ENV_NOT_RUNNABLE);
	return 0;
//}
