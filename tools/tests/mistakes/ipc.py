"""Mistakes in exercise 15: messages."""

MISTAKES = {
    "a page-table entry is read before the address is looked at": (
        15, "refused", r"kernel panic(.*\n)*.*uses an entry of a page table that is not there",
        "kern/syscall.c", "if (r == 0 && (uintptr_t) srcva < UTOP) {",
        "if (r == 0 && !(*pte_of(self->env_pgdir, srcva) & PTE_P))\n"
        "		r = -E_INVAL;\n	if (r == 0 && (uintptr_t) srcva < UTOP) {"),
    "an address that means no page is refused": (
        15, "high", "this address means no page, which is no error",
        "kern/syscall.c", "if (r == 0 && (uintptr_t) srcva < UTOP) {", "if (r == 0) {"),
    "rights are stored though no page was sent": (
        15, "half", "but no page was sent: check srcva before you store perm",
        "kern/ipc.h", "with_page ? perm : 0", "perm"),
    "rights are left from an earlier message": (
        15, "half", "but no page was sent",
        "kern/ipc.h", "	to->env_ipc_perm = with_page ? perm : 0;",
        "	if (with_page)\n		to->env_ipc_perm = perm;"),
    "a second message overwrites the first": (
        15, "once", r"from ENV_RUNNABLE to ENV_RUNNABLE(.*\n)*"
        ".*a message that arrives makes env_ipc_recving false",
        "kern/ipc.h", "	to->env_ipc_recving = false;\n", ""),
    "messages go only to children": (
        15, "anybody", "any env may send to any other",
        "kern/syscall.c", "int r = envid2env(envid, to, false);",
        "int r = envid2env(envid, to, true);"),
}
