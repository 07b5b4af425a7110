// Each call makes its checks itself, by page_lookup, and leaves by one return. No challenge is done.

//{ Exercise 7, helpers: check the arguments of the calls below
static bool bad_page(void *va)
{
	uintptr_t at = (uintptr_t) va;

	return at % PGSIZE || at < UMIN || at > UTOP - PGSIZE;
}

static bool bad_rights(int perm)
{
	return !(perm & PTE_P) || !(perm & PTE_U) || (perm | PTE_SYSCALL) != PTE_SYSCALL;
}
//}

//{ Exercise 7: make a child with our registers, in which this returns 0
	struct Env *new;
	envid_t result = env_alloc(&new, curenv->env_id);

	if (result == 0) {
		memcpy(&new->env_tf, &curenv->env_tf, sizeof(struct Trapframe));
		new->env_tf.tf_regs.reg_eax = 0;
		fpu_copy(new);
		result = new->env_id;
	}
	return result;
//}

//{ Exercise 7: make an env runnable, or stop it
	struct Env *e;
	int result = envid2env(envid, &e, 1);

	if (result < 0)
		return result;
	if (e->env_ipc_recving)
		return -E_INVAL;
	switch (status) {
	case ENV_RUNNABLE:
		if (e->env_status == ENV_NOT_RUNNABLE)
			env_set_state(e, ENV_RUNNABLE);
		return 0;
	case ENV_NOT_RUNNABLE:
		env_interrupt(e);
		if (e->env_status == ENV_RUNNABLE || e->env_status == ENV_RUNNING)
			env_set_state(e, ENV_NOT_RUNNABLE);
		return 0;
	default:
		return -E_INVAL;
	}
//}

//{ Exercise 8: set the env's page-fault entry point
	struct Env *target = NULL;

	if (envid2env(envid, &target, 1) != 0)
		return -E_BAD_ENV;
	target->env_pgfault_upcall = upcall;
	return 0;
//}

//{ Exercise 7: map a new page, filled with zeros
	struct Env *e;
	struct PageInfo *page = NULL;
	int result = -E_INVAL;

	if (bad_rights(perm))
		goto out;
	if (bad_page(va))
		goto out;
	result = envid2env(envid, &e, 1);
	if (result < 0)
		goto out;
	result = -E_NO_MEM;
	page = page_alloc(ALLOC_ZERO);
	if (!page)
		goto out;
	result = page_insert(e->env_pgdir, page, va, perm);
	if (result < 0)
		page_free(page);
out:
	return result;
//}

//{ Exercise 7, helper: map one page, for several of the calls below
// nothing: sys_page_map does it itself
//}

//{ Exercise 7: map a page of one env in another one
	struct Env *from, *into;
	struct PageInfo *page;
	pte_t *entry;
	int result;

	result = envid2env(srcid, &from, 1);
	if (result < 0)
		goto out;
	result = envid2env(dstid, &into, 1);
	if (result < 0)
		goto out;
	result = -E_INVAL;
	if (bad_page(srcva) || bad_page(dstva) || bad_rights(perm))
		goto out;
	page = page_lookup(from->env_pgdir, srcva, &entry);
	if (!page)
		goto out;
	if ((perm & PTE_W) > (*entry & PTE_W))
		goto out;
	result = page_insert(into->env_pgdir, page, dstva, perm);
out:
	return result;
//}

//{ Exercise 7: a challenge, map several pages in one call
	return -E_INVAL;
//}

//{ Exercise 7: a challenge, allocate, copy and map in one call
	return -E_INVAL;
//}

//{ Exercise 7: unmap a page
	struct Env *e;
	int result = bad_page(va) ? -E_INVAL : envid2env(envid, &e, 1);

	if (result == 0)
		page_remove(e->env_pgdir, va);
	return result;
//}

//{ Exercise 15, helper: a challenge, for what follows
// nothing: there is no such call
//}

//{ Exercise 15, helper: check the arguments of both calls that send
// nothing: only one call sends
//}

//{ Exercise 15: send to an env that waits in sys_ipc_recv
	struct Env *receiver;
	struct PageInfo *page = NULL;
	pte_t *entry;
	int result = envid2env(envid, &receiver, 0);

	if (result < 0)
		goto out;
	if (srcva < (void *) UTOP) {
		result = -E_INVAL;
		if (bad_page(srcva) || bad_rights(perm))
			goto out;
		page = page_lookup(curenv->env_pgdir, srcva, &entry);
		if (!page || ((perm & PTE_W) && (*entry & PTE_W) == 0))
			goto out;
	}
	result = -E_IPC_NOT_RECV;
	if (!receiver->env_ipc_recving)
		goto out;
	if ((uintptr_t) receiver->env_ipc_dstva >= UTOP)
		page = NULL;
	if (page) {
		result = page_insert(receiver->env_pgdir, page, receiver->env_ipc_dstva, perm);
		if (result < 0)
			goto out;
	}
	receiver->env_ipc_perm = page ? perm : 0;
	receiver->env_ipc_from = curenv->env_id;
	receiver->env_ipc_value = value;
	receiver->env_ipc_recving = false;
	receiver->env_tf.tf_regs.reg_eax = 0;
	env_set_state(receiver, ENV_RUNNABLE);
	result = 0;
out:
	return result;
//}

//{ Exercise 15: a challenge, wait for the receiver in the kernel
	return -E_INVAL;
//}

//{ Exercise 15: a challenge, send and wait for the answer in one call
	return -E_INVAL;
//}

//{ Exercise 15: wait for a message
	if (dstva < (void *) UTOP && bad_page(dstva))
		return -E_INVAL;
	curenv->env_ipc_dstva = dstva;
	curenv->env_ipc_recving = true;
	env_set_state(curenv, ENV_NOT_RUNNABLE);
	return 0;
//}
