"""Mistakes in exercise 15: messages."""

SEND = """\
	int r = syscall4(SYS_ipc_send, to, val, (uint32_t) (pg ? pg : NO_PAGE), perm);

	if (r < 0)
		panic("ipc_send to %08x: %e", to, r);"""

MISTAKES = {
    "a page-table entry is read before the address is looked at": (
        15, "refused", r"kernel panic(.*\n)*.*uses an entry of a page table that is not there",
        "kern/syscall.c", "if (r == 0 && (uintptr_t) srcva < UTOP) {",
        "if (r == 0 && !(*pte_of(self->env_pgdir, srcva) & PTE_P))\n"
        "		r = -E_INVAL;\n	if (r == 0 && (uintptr_t) srcva < UTOP) {"),
    "a receiver does not wait": (
        15, "value", "the receiver can run before a message comes: sys_ipc_recv makes it",
        "kern/syscall.c", "		env_set_state(self, ENV_NOT_RUNNABLE);\n	return 0;",
        "		thiscpu->cpu_resched = true;\n	return 0;"),
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
    "bits outside PTE_SYSCALL are sent": (
        15, "refused", "rights f returns 0, .*perm has a bit outside PTE_SYSCALL",
        "kern/syscall.c", " && (perm & ~PTE_SYSCALL) == 0;", ";"),
    "a page is not looked at if the receiver wants none": (
        15, "refused", "to a receiver that wants no page: srcva is not the start of a page",
        "kern/syscall.c", "if (r == 0 && (uintptr_t) srcva < UTOP) {",
        "if (r == 0 && (uintptr_t) srcva < UTOP && (uintptr_t) (*to)->env_ipc_dstva < UTOP) {"),
    "a page goes where an earlier one was wanted": (
        15, "half", "which sys_ipc_recv stores also if it means no page",
        "kern/syscall.c", "	self->env_ipc_dstva = dstva;",
        "	if ((uintptr_t) dstva < UTOP)\n		self->env_ipc_dstva = dstva;"),
    "a message is stored before its page is looked at": (
        15, "refused", "a call that fails stores value 4711, sender 00001000, .*: check all first",
        "kern/syscall.c", "	*pp = NULL;\n	if (r == 0 && (",
        "	*pp = NULL;\n	if (r == 0) {\n		(*to)->env_ipc_value = 4711;\n"
        "		(*to)->env_ipc_from = self->env_id;\n	}\n	if (r == 0 && ("),
    "a message is stored before it is known that somebody waits": (
        15, "once", "a message to an env that does not wait has been stored all the same",
        "kern/syscall.c", "	*pp = NULL;\n	if (r == 0 && (",
        "	*pp = NULL;\n	if (r == 0)\n		(*to)->env_ipc_value = 1;\n	if (r == 0 && ("),
    "a receiver is lost when there is no memory": (
        15, "memory", "the receiver does not wait any more.*: page_insert fails",
        "kern/ipc.h", "		if (r < 0)\n			return r;\n",
        "		if (r < 0) {\n			to->env_ipc_recving = false;\n			return r;\n		}\n"),
    "a page that could not be mapped counts as sent": (
        15, "memory", "without a frame for the receiver's page table returns 0, not -4",
        "kern/ipc.h", "		if (r < 0)\n			return r;\n", "		(void) r;\n"),
    "a page is received below UMIN": (
        15, "where", r"sys_ipc_recv\(00000000\) waits instead of returning -3 .*: dstva is below UMIN",
        "kern/syscall.c", "	if ((uintptr_t) dstva < UTOP && !user_page_ok(dstva))",
        "	if ((uintptr_t) dstva < UTOP && PGOFF(dstva) != 0)"),
    "a page is received in the middle of a page": (
        15, "where", "waits instead of returning -3 .*: dstva is not the start of a page",
        "kern/syscall.c", "	if ((uintptr_t) dstva < UTOP && !user_page_ok(dstva))",
        "	if ((uintptr_t) dstva < UMIN)"),
    "the sender is not told": (
        15, "value", "env_ipc_from is 00000000, not the sender 00001000",
        "kern/ipc.h", "	to->env_ipc_from = from->env_id;\n", ""),
    "the value is not told": (
        15, "value", "env_ipc_value is 00000000, not what was sent",
        "kern/ipc.h", "	to->env_ipc_value = value;\n", ""),
    "ipc_send returns when it fails": (
        15, "panics", "ipc_send to an env that does not exist returns, .*: it panics then",
        "lib/ipc.c", "	if (r < 0)\n		panic(\"ipc_send to %08x: %e\", to, r);",
        "	(void) r;"),
    "ipc_send tries again whatever the error": (
        15, "panics", "neither returns nor panics: only after -7 .* may it try again",
        "lib/ipc.c", SEND, "	while (sys_ipc_try_send(to, val, pg ? pg : NO_PAGE, perm) < 0)\n		sys_yield();"),
    "ipc_recv leaves old values when it fails": (
        15, "library", "when sys_ipc_recv fails, ipc_recv returns -3, stores 00001001 and",
        "lib/ipc.c", "	if (from)\n		*from = r < 0 ? 0 : thisenv->env_ipc_from;\n",
        "	if (from && r == 0)\n		*from = thisenv->env_ipc_from;\n"),
    "ipc_recv takes NULL for an address": (
        15, "library", "NULL means no page, and to sys_ipc_recv an address at or above UTOP does",
        "lib/ipc.c", "received(syscall1(SYS_ipc_recv, (uint32_t) (pg ? pg : NO_PAGE)), from",
        "received(syscall1(SYS_ipc_recv, (uint32_t) pg), from"),
    "rights on an earlier page are left": (
        15, "half", "but the receiver wanted no page: store 0 then",
        "kern/ipc.h", "	to->env_ipc_perm = with_page ? perm : 0;",
        "	if (with_page || !pp)\n		to->env_ipc_perm = pp ? perm : 0;"),
    "ipc_recv stores a sender for which there is no place": (
        15, "library", "destroyed by a page fault, .*stores nothing where it is given NULL",
        "lib/ipc.c", "	if (from)\n		*from = r", "	*from = r"),
    "ipc_recv stores rights for which there is no place": (
        15, "library", "destroyed by a page fault, .*stores nothing where it is given NULL",
        "lib/ipc.c", "	if (perm)\n		*perm = r", "	*perm = r"),
    "ipc_recv takes NULL for an address, beside another env": (
        15, "anybody", r"\A +ipc_recv\(&from, NULL, NULL\) fails: NULL means no page",
        "lib/ipc.c", "received(syscall1(SYS_ipc_recv, (uint32_t) (pg ? pg : NO_PAGE)), from",
        "received(syscall1(SYS_ipc_recv, (uint32_t) pg), from"),
    "ipc_send does not yield": (
        15, "library", "ipc_send tries again at once: it calls sys_yield in between",
        "lib/ipc.c", SEND, "	int r;\n\n	while ((r = sys_ipc_try_send(to, val, pg ? pg : NO_PAGE,"
        " perm)) == -E_IPC_NOT_RECV)\n		;\n	if (r < 0)\n		panic(\"ipc_send: %e\", r);"),
}
