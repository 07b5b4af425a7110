"""Mistakes in exercises 7 and 8: the system calls for envs and pages."""

from mistakes.instead import LOOKUP_FIRST, loop

MISTAKES = {
    "a child runs at once": (
        7, "exofork", "it has no memory yet, so it must be ENV_NOT_RUNNABLE",
        "kern/syscall.c", "	return child->env_id;", "	env_set_state(child, ENV_RUNNABLE);\n"
        "	return child->env_id;"),
    "a child gets its parent's result": (
        7, "exofork", "the child's eax is 7: the child must get the result 0",
        "kern/syscall.c", "	child->env_tf.tf_regs.reg_eax = 0;\n", ""),
    "a read-only page is given away writable": (
        7, "map", "the source has it read-only: check PTE_W in its entry",
        "kern/syscall.c", " || ((perm & PTE_W) && !(*pte & PTE_W)))", ")"),
    "rights are not looked at": (
        7, "alloc", "perm 0 returns 0, .*: PTE_U and PTE_P must be there",
        "kern/syscall.c", "if (!user_page_ok(va) || !user_perm_ok(perm))\n		return -E_INVAL;\n\n"
        "	struct", "if (!user_page_ok(va))\n		return -E_INVAL;\n\n	struct"),
    "anybody may set anybody's upcall": (
        8, "stranger", "only the env itself and its parent may",
        "kern/syscall.c", "	int r = envid2env(envid, &e, true);\n\n	if (r < 0)\n		return r;\n"
        "	e->env_pgfault_upcall", "	int r = envid2env(envid, &e, false);\n\n	if (r < 0)\n"
        "		return r;\n	e->env_pgfault_upcall"),
    "a status is set past the run queue": (
        7, "states", r"audit: (.*\n)*.*sets env_status by env_set_state only", *loop(),
        "kern/syscall.c", "!e->env_sending_to)\n		env_set_state(e, ENV_RUNNABLE);",
        "!e->env_sending_to)\n		e->env_status = status;"),
    "an env is stopped past the run queue": (
        7, "states", r"audit: (.*\n)*.*sets env_status by env_set_state only", *loop(),
        "kern/syscall.c", "			env_set_state(e, ENV_NOT_RUNNABLE);",
        "			e->env_status = status;"),
    "an env is stopped while another CPU runs it": (
        7, "elsewhere", "goes on running on another CPU .*: call env_interrupt first",
        "kern/syscall.c", "	if (status == ENV_NOT_RUNNABLE) {\n		env_interrupt(e);\n",
        "	if (status == ENV_NOT_RUNNABLE) {\n"),
    "a child has other floating-point registers": (
        7, "fpu", "control word is 37f, not b7f .*: call fpu_copy",
        "kern/syscall.c", "	fpu_copy(child);\n", ""),
    "an entry is read before it is known that there is a page": (
        7, "map", r"kernel panic(.*\n)*.*at all its helpers return, before it uses any",
        *LOOKUP_FIRST),
    "a bit outside PTE_SYSCALL is let through": (
        7, "alloc", "perm 87 returns 0, .*: it has a bit that is not in PTE_SYSCALL",
        "kern/syscall.c", " && (perm & ~PTE_SYSCALL) == 0;", ";"),
    "the entry that an earlier call has found is used": (
        7, "map", "maps that which the caller has at the same address: look it up in each call",
        "kern/syscall.c", "	pte_t *pte = pte_of(e->env_pgdir, va);\n	if (!pte || !(*pte & PTE_P) || (",
        "	static pte_t *pte;\n	static void *found;\n	if (va != found || !pte)\n"
        "		pte = pte_of(e->env_pgdir, found = va);\n	if (!pte || !(*pte & PTE_P) || ("),
    "a child has other flags": (
        7, "exofork", "the child's eip, esp or eflags is not the parent's: copy its env_tf",
        "kern/syscall.c", "	child->env_tf.tf_regs.reg_eax = 0;\n",
        "	child->env_tf.tf_regs.reg_eax = 0;\n	child->env_tf.tf_eflags = FL_IF;\n"),
    "a page is scrubbed when it may be free": (
        7, "unmap", r"with CHECKED=1: \S+: \w+ is written, but its frame is free",
        "kern/syscall.c", "	page_remove(e->env_pgdir, va);\n	return 0;",
        "	pte_t *pte = pte_of(e->env_pgdir, va);\n"
        "	char *page = pte && (*pte & PTE_P) ? page2kva(pte_page(*pte)) : NULL;\n"
        "	page_remove(e->env_pgdir, va);\n	if (page)\n		memset(page, 0, PGSIZE);\n"
        "	return 0;"),
    "a page is mapped below UMIN": (
        7, "alloc", "what is below UMIN is never mapped",
        "kern/syscall.c", "(uintptr_t) va >= UMIN && ", ""),
    "a page is mapped above UTOP": (
        7, "alloc", "what is not below UTOP is the kernel's",
        "kern/syscall.c", " && (uintptr_t) va < UTOP && PGOFF", " && PGOFF"),
    "the first address above user memory is accepted": (
        7, "alloc", r"kernel panic(.*\n)*.*ex7:alloc: tries sys_page_alloc address eec00000",
        "kern/syscall.c", "(uintptr_t) va < UTOP && PGOFF", "(uintptr_t) va <= UTOP && PGOFF"),
    "an address in the middle of a page is accepted": (
        7, "alloc", "it is not the start of a page",
        "kern/syscall.c", " && PGOFF(va) == 0;", ";"),
    "a new page has what was in its frame": (
        7, "alloc", "a new page is not zeroed",
        "kern/syscall.c", "page_alloc(ALLOC_ZERO)", "page_alloc(0)"),
    "a frame is lost when there is no page table": (
        7, "limits", "has lost the last frame: .*call page_free if page_insert fails",
        "kern/syscall.c", "	if (r < 0)\n		page_free(pp);\n", ""),
    "a child has none of its parent's registers": (
        7, "exofork", "the child's general registers are not the parent's: copy its env_tf",
        "kern/syscall.c", "	child->env_tf = curenv->env_tf;\n", ""),
    "any status is accepted": (
        7, "status", r"sys_env_set_status\(child, 0\) returns 0, .*only ENV_RUNNABLE and",
        "kern/syscall.c", "(status != ENV_RUNNABLE && status != ENV_NOT_RUNNABLE) || ", ""),
    "a child may change its parent's memory": (
        7, "run", "a child may not change its parent: envid2env checks that",
        "kern/syscall.c", "	int r = envid2env(envid, &e, true);\n\n	if (r < 0)\n		return r;\n"
        "	if (!user_page_ok(va) || !user_perm_ok(perm))",
        "	int r = envid2env(envid, &e, false);\n\n	if (r < 0)\n		return r;\n"
        "	if (!user_page_ok(va) || !user_perm_ok(perm))"),
    "anybody's page may be mapped": (
        7, "stranger", r"sys_page_map\(id.* neither the caller nor its child",
        "kern/syscall.c", "int r = envid2env(srcid, &src, true);\n\n	if (r == 0)\n"
        "		r = envid2env(dstid, &dst, true);\n	return r < 0",
        "int r = envid2env(srcid, &src, false);\n\n	if (r == 0)\n"
        "		r = envid2env(dstid, &dst, true);\n	return r < 0"),
    "a page may be mapped in anybody": (
        7, "stranger", r"sys_page_map\(0, page, id.* neither the caller nor its child",
        "kern/syscall.c", "		r = envid2env(dstid, &dst, true);\n	return r < 0",
        "		r = envid2env(dstid, &dst, false);\n	return r < 0"),
    "anybody's page may be unmapped": (
        7, "stranger", r"sys_page_unmap\(id.* neither the caller nor its child",
        "kern/syscall.c", "	int r = envid2env(envid, &e, true);\n\n	if (r < 0)\n		return r;\n"
        "	if (!user_page_ok(va))\n",
        "	int r = envid2env(envid, &e, false);\n\n	if (r < 0)\n		return r;\n"
        "	if (!user_page_ok(va))\n"),
    "anybody may stop anybody": (
        7, "stranger", r"sys_env_set_status\(id.* neither the caller nor its child",
        "kern/syscall.c", "	int r = envid2env(envid, &e, true);\n\n	if (r < 0)\n		return r;\n"
        "	if ((status",
        "	int r = envid2env(envid, &e, false);\n\n	if (r < 0)\n		return r;\n"
        "	if ((status"),
    "a child has its parent's upcall": (
        8, "inherit", "sys_exofork must not copy that, because the child has no exception stack",
        "kern/syscall.c", "	fpu_copy(child);\n",
        "	fpu_copy(child);\n	child->env_pgfault_upcall = curenv->env_pgfault_upcall;\n"),
    "the caller's upcall is set": (
        8, "upcall", "env_pgfault_upcall of the child is 0x0, not",
        "kern/syscall.c", "	e->env_pgfault_upcall = upcall;",
        "	curenv->env_pgfault_upcall = upcall;"),
    "an env that stops itself goes on": (
        7, "itself", "a child that stops itself goes on running",
        "kern/syscall.c", "			env_set_state(e, ENV_NOT_RUNNABLE);",
        "			env_set_state(e, ENV_NOT_RUNNABLE);\n		if (e == curenv)\n"
        "			env_set_state(e, ENV_RUNNABLE);"),
    "a child's page is unmapped in the caller": (
        7, "unmap", "unmaps the caller's: call page_remove with the child's page directory",
        "kern/syscall.c", "	page_remove(e->env_pgdir, va);", "	page_remove(curenv->env_pgdir, va);"),
    "a child's page is left by sys_page_unmap": (
        7, "map", "sys_page_unmap of a child's page does not unmap it: call page_remove with the",
        "kern/syscall.c", "	page_remove(e->env_pgdir, va);", "	page_remove(curenv->env_pgdir, va);"),
    "a child's new page is mapped in the caller": (
        7, "alloc", "sys_page_alloc of a child's page maps it in the caller: call page_insert with",
        "kern/syscall.c", "	r = page_insert(e->env_pgdir, pp, va, perm);",
        "	r = page_insert(curenv->env_pgdir, pp, va, perm);"),
    "a page for a child is mapped in the caller": (
        7, "map", "sys_page_map into a child maps it in the caller: call page_insert with",
        "kern/syscall.c", "		r = page_insert(dst->env_pgdir,", "		r = page_insert(curenv->env_pgdir,"),
    "a child's page is looked for in the caller": (
        7, "map", "from a child: look the page up in its page directory, not in the caller's",
        "kern/syscall.c", "pte_of(e->env_pgdir, va)", "pte_of(curenv->env_pgdir, va)"),
}
