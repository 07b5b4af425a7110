"""Mistakes in exercise 12: fork."""

from mistakes.instead import SIMPLE_FORK

# The last steps of SIMPLE_FORK.
STACK = """\
	if (r == 0)
		r = sys_page_alloc(child, (void *) (UXSTACKTOP - PGSIZE), PTE_U | PTE_W | PTE_P);
"""
UPCALL = "	if (r == 0)\n		r = sys_env_set_pgfault_upcall(child, _pgfault_upcall);\n"
RUN = "	if (r == 0)\n		r = sys_env_set_status(child, ENV_RUNNABLE);\n"

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
    "a child may run before its upcall is set": (
        12, "order", "makes the child runnable before it gives it the upcall", *SIMPLE_FORK,
        "lib/fork.c", RUN, "", "lib/fork.c", UPCALL, RUN + UPCALL),
    "a child may run before it has an exception stack": (
        12, "order", "makes the child runnable before it gives it an exception stack", *SIMPLE_FORK,
        "lib/fork.c", RUN, "", "lib/fork.c", UPCALL, UPCALL + RUN,
        "lib/fork.c", STACK, "", "lib/fork.c", RUN, RUN + STACK),
    "a child may run before it has its memory": (
        12, "order", r"makes the child runnable before it gives it the page at \w+", *SIMPLE_FORK,
        "lib/fork.c", RUN, "", "lib/fork.c", UPCALL, "",
        "lib/fork.c", STACK, "", "lib/fork.c", "	for (uintptr_t va = 0;",
        STACK + UPCALL + RUN + "	for (uintptr_t va = 0;"),
    "a page that is not copy-on-write is copied": (
        12, "handler", "not called for a write to a read-only page without PTE_COW", *SIMPLE_FORK,
        "lib/fork.c", "!present(utf->utf_fault_va) ||\n	    !(uvpt[PGNUM(page)] & PTE_COW))",
        "!present(utf->utf_fault_va))"),
    "a page that is not there is copied": (
        12, "handler", "is called for 0 of 2 faults where no page is: for those resolve_cow returns",
        *SIMPLE_FORK,
        "lib/fork.c", "	if (!(utf->utf_err & FEC_WR) || utf->utf_fault_va >= UTOP",
        "	if (!present(utf->utf_fault_va))\n"
        "		return sys_page_alloc(0, page, PTE_U | PTE_W | PTE_P) == 0;\n"
        "	if (!(utf->utf_err & FEC_WR) || utf->utf_fault_va >= UTOP"),
    "fork reads entries of page tables that are not there": (
        12, "memory", "look whether uvpd is asked first", *SIMPLE_FORK,
        "lib/fork.c", "		if (present(va))\n", "		if (uvpt[PGNUM(va)] & PTE_P)\n"),
}
