"""Mistakes in exercises 9 to 11: page faults in user mode."""

MISTAKES = {
    "only the highest byte of the exception frame is checked": (
        9, "full", "8 bytes left, a frame and a word need 56.*the env must die instead",
        "kern/trap.c", "	unaligned *utf = user_mem_kva(e, (void *) frame, PTE_W);\n"
        "	if (frame < UXSTACKTOP - PGSIZE || !utf) {\n",
        "	char *last = user_mem_kva(e, (void *) (top - 1), PTE_W);\n"
        "	unaligned *utf = (unaligned *) (last + 1) - 1;\n	if (!last) {\n"),
    "no word is left free for an upcall that is interrupted": (
        9, "nested", "below the stack pointer there are one free word and the frame",
        "kern/trap.c", "nested ? tf->tf_esp - 4 :", "nested ? tf->tf_esp :"),
    "flags are changed after they have been restored": (
        10, "flags", "nothing after popfl may change flags; mov, lea, pop and ret do not",
        "lib/pfentry.S", "	popfl\n", "	popfl\n	addl $0, %esp\n"),
    "the exception stack is made again": (
        11, "twice", "gives another exception stack: allocate it only if there is none",
        "lib/pgfault.c", "if (!stack_there) {", "if (!stack_there || true) {"),
}
