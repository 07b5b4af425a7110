"""Mistakes in exercises 7 and 8: the system calls for envs and pages."""

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
}
