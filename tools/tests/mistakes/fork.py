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
}
