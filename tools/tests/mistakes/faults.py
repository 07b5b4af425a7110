"""Mistakes in exercises 9 to 11: page faults in user mode."""

MISTAKES = {
    "only the highest byte of the exception frame is checked": (
        9, "full", "8 bytes left, a frame and a word need 56.*the env must die instead",
        "kern/trap.c", "	unaligned *utf = user_mem_kva(e, (void *) frame, PTE_W);\n"
        "	if (frame < UXSTACKTOP - PGSIZE || !utf) {\n",
        "	char *last = user_mem_kva(e, (void *) (top - 1), PTE_W);\n"
        "	unaligned *utf = (unaligned *) (last + 1) - 1;\n	if (!last) {\n"),
    "the exception frame is written at its user address": (
        9, "frame", "with CHECKED=1: kern/trap.c:[0-9]+: ",
        "kern/trap.c", "	unaligned *utf = user_mem_kva(e, (void *) frame, PTE_W);\n",
        "	unaligned *utf = user_mem_kva(e, (void *) frame, PTE_W) ? (void *) frame : NULL;\n"),
    "no word is left free for an upcall that is interrupted": (
        9, "nested", "below the stack pointer there are one free word and the frame",
        "kern/trap.c", "nested ? tf->tf_esp - 4 :", "nested ? tf->tf_esp :"),
    "flags are changed after they have been restored": (
        10, "flags", "nothing after popfl may change flags; mov, lea, pop and ret do not",
        "lib/pfentry.S", "	popfl\n", "	popfl\n	addl $0, %esp\n"),
    "the exception stack is made again": (
        11, "twice", "gives another exception stack: allocate it only if there is none",
        "lib/pgfault.c", "if (!stack_there) {", "if (!stack_there || true) {"),
    "the exception frame goes into the page below": (
        9, "lower", "bytes left of the 56 needed, and a page below: .*the env must die instead",
        "kern/trap.c", "	unaligned *utf = user_mem_kva(e, (void *) frame, PTE_W);\n"
        "	if (frame < UXSTACKTOP - PGSIZE || !utf) {\n",
        "	unaligned *utf = user_mem_kva(e, (void *) frame, PTE_W);\n"
        "	if (user_mem_check(e, (void *) frame, sizeof(*utf), PTE_W) < 0) {\n"),
    "the program's handler is called directly": (
        10, "dispatch", "_pgfault_upcall must call pgfault_dispatch",
        "lib/pfentry.S", "	call pgfault_dispatch\n",
        "	movl _pgfault_handler, %eax\n	call *%eax\n"),
    "the upcall's address is not looked at": (
        9, "address", "not at the first fault: check that the upcall can be executed",
        "kern/trap.c", "	if (!user_mem_kva(e, e->env_pgfault_upcall, 0)) {\n",
        "	if (0) {\n"),
    "a read-only exception stack is written": (
        9, "stack", "read-only exception stack: .*|the kernel writes to an exception stack that",
        "kern/trap.c", "user_mem_kva(e, (void *) frame, PTE_W)",
        "user_mem_kva(e, (void *) frame, 0)"),
    "a stack pointer at the lower end is taken for a first fault's": (
        9, "nested", "below the stack pointer there are one free word and the frame",
        "kern/trap.c", "tf->tf_esp > USTACKTOP && tf->tf_esp < UXSTACKTOP;",
        "tf->tf_esp > UXSTACKTOP - 1000 && tf->tf_esp < UXSTACKTOP;"),
    "utf_esp is the new stack pointer": (
        9, "frame", "copy tf_esp before changing it",
        "kern/trap.c", "utf->utf_esp = tf->tf_esp;", "utf->utf_esp = frame;"),
    "utf_err is left out": (
        9, "frame", "utf_err is 0, not 6: copy tf_err",
        "kern/trap.c", "	utf->utf_err = tf->tf_err;\n", "	utf->utf_err = 0;\n"),
    "utf_fault_va is rounded down": (
        9, "frame", "utf_fault_va is 00a00000, not 00a00123: copy cr2 unchanged",
        "kern/trap.c", "utf->utf_fault_va = fault_va;",
        "utf->utf_fault_va = ROUNDDOWN(fault_va, PGSIZE);"),
    "a page-fault handler is set without an upcall": (
        11, "upcall", "entry point is 0x0, not _pgfault_upcall",
        "lib/pgfault.c", "	return sys_env_set_pgfault_upcall(0, _pgfault_upcall);",
        "	return 0;"),
    "there is no memory for the exception stack, and nobody notices": (
        11, "memory", r"pgfault_install\(\) returns 0, not -4 .*: return what sys_page_alloc returns",
        "lib/pgfault.c", "		if (r < 0)\n			return r;\n", "		(void) r;\n"),
    "a handler is set without memory, and nobody notices": (
        11, "panics", "returns though pgfault_install has failed: it must panic",
        "lib/pgfault.c", "	if (r < 0)\n		panic(\"set_pgfault_handler: %e\", r);\n",
        "	(void) r;\n"),
    "the upcall is not set when there is an exception stack": (
        11, "install", "does not set the entry point when there is a stack already",
        "lib/pgfault.c", "	return sys_env_set_pgfault_upcall(0, _pgfault_upcall);",
        "	return stack_there ? 0 : sys_env_set_pgfault_upcall(0, _pgfault_upcall);"),
    "the flags' offset is taken for eip's": (
        10, "eip", r"utf_eip is \w+ \(utf_eflags of the last fault, offset 44\): where did",
        "lib/pfentry.S", "#define UTF_EIP  40", "#define UTF_EIP  44"),
    "the flags' offset is taken for esp's": (
        10, "argument", r"offset 44, less 4\)(.*\n)*.*it is killed at lib/pfentry.S:\d+",
        "lib/pfentry.S", "#define UTF_ESP  48", "#define UTF_ESP  44"),
    "registers are restored from a word too low": (
        10, "registers", r"is 04080c10 \(ecx of the last fault, offset 32\)(.*\n)*.*with another register",
        "lib/pfentry.S", "	leal UTF_REGS(%esp), %esp\n	popal\n	leal 4(%esp), %esp\n",
        "	leal UTF_REGS-4(%esp), %esp\n	popal\n	leal 8(%esp), %esp\n"),
    "the fault's address is another one at a nested fault": (
        9, "deeper", "and fault_va 00a00123, but has .* and 00a00124",
        "kern/trap.c", "utf->utf_fault_va = fault_va;",
        "utf->utf_fault_va = fault_va + nested;"),
    "the handler is not stored": (
        11, "upcall", "set_pgfault_handler does not store the handler in _pgfault_handler",
        "lib/pgfault.c", "	_pgfault_handler = handler;\n", ""),
}
