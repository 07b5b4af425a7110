"""Mistakes in exercise 12: fork."""

from mistakes.instead import SIMPLE_FORK

MISTAKES = {
    "fork marks the child's page after the parent's": (
        12, "order", "change the child's mapping first, then the parent's", *SIMPLE_FORK,
        "lib/fork.c", "	r = sys_page_map(0, page, child, page, perm);\n	if (r < 0)\n"
        "		return r;\n	return sys_page_map(0, page, 0, page, perm);",
        "	r = sys_page_map(0, page, 0, page, perm);\n	if (r < 0)\n"
        "		return r;\n	return sys_page_map(0, page, child, page, perm);"),
    "fork does not share what is to be shared": (
        12, "share", "the child does not have the same frame as the parent", *SIMPLE_FORK,
        "lib/fork.c", "(perm & PTE_SHARE) || !(perm", "!(perm"),
    "a child has no exception stack": (
        12, "stack", "does it get all pages, an exception stack, and the upcall", *SIMPLE_FORK,
        "lib/fork.c", "	if (r == 0)\n		r = sys_page_alloc(child, (void *) (UXSTACKTOP",
        "	if (r == 1)\n		r = sys_page_alloc(child, (void *) (UXSTACKTOP"),
    "a child takes its parent for itself": (
        12, "tree", "thisenv in the child is another env: set it where fork returns 0",
        *SIMPLE_FORK,
        "lib/fork.c", "		thisenv = &envs[ENVX(sys_getenvid())];\n", ""),
    "an entry is read that has no page table": (
        12, "entries", "it looks in uvpd whether there is a page table", *SIMPLE_FORK,
        "lib/fork.c", "utf->utf_fault_va >= UTOP || !present(utf->utf_fault_va) ||",
        "utf->utf_fault_va >= UTOP ||"),
    "an entry is read above UTOP": (
        12, "entries", "it looks whether the address is below UTOP",
        "lib/fork.c", "(utf->utf_err & denied_write) == denied_write && va < UTOP &&",
        "(utf->utf_err & denied_write) == denied_write &&"),
    "a fork that fails leaves its child": (
        12, "middle", "but there is a child: destroy it", *SIMPLE_FORK,
        "lib/fork.c", "	sys_env_destroy(child);\n	return r;", "	return r;"),
    "a fork that fails panics": (
        12, "middle", "a panic at lib/fork.c:[0-9]*: sys_page_map: out of memory", *SIMPLE_FORK,
        "lib/fork.c", "	r = sys_page_map(0, page, child, page, perm);\n	if (r < 0)\n"
        "		return r;\n", "	r = sys_page_map(0, page, child, page, perm);\n	if (r < 0)\n"
        "		panic(\"sys_page_map: %e\", r);\n"),
    "fork does not see that there is no exception stack": (
        12, "middle", "a child that lacks pages: look at what each system call returns",
        "lib/fork.c", "		r = sys_page_alloc(child, (void *) (UXSTACKTOP",
        "		sys_page_alloc(child, (void *) (UXSTACKTOP"),
    "a copy's frame is lost when it cannot be given away": (
        12, "middle", "fork fails and 1 frames are lost",
        "lib/fork.c", "		r = sys_page_copy(va, env, va, WRITABLE);\n",
        "		if ((r = sys_page_copy(va, 0, PFTEMP, WRITABLE)) == 0)\n"
        "			r = sys_page_map(0, PFTEMP, env, va, WRITABLE);\n"),
    "a page that was copied stays mapped at PFTEMP": (
        12, "cow", "is it still mapped at PFTEMP", *SIMPLE_FORK,
        "lib/fork.c", "	sys_page_unmap(0, PFTEMP);\n", ""),
    "a read-only page is made copy-on-write": (
        12, "readonly", "rights have changed|the child's rights are", *SIMPLE_FORK,
        "lib/fork.c", "(perm & PTE_SHARE) || !(perm & (PTE_W | PTE_COW))", "(perm & PTE_SHARE)"),
    "the parent keeps its pages writable": (
        12, "cow", "the parent has rights .* must have PTE_COW and not PTE_W", *SIMPLE_FORK,
        "lib/fork.c", "	return sys_page_map(0, page, 0, page, perm);", "	return 0;"),
    "fork takes the program's handler away": (
        12, "handler", "the program's handler has changed: fork sets only pgfault_resolve",
        *SIMPLE_FORK,
        "lib/fork.c", "	pgfault_resolve = resolve_cow;\n",
        "	pgfault_resolve = resolve_cow;\n	set_pgfault_handler(NULL);\n"),
}
