"""Typical mistakes in the exercises: make grade EX=N finds each, and says what it is."""

import re

from .kit import add, edit, enter_copy, excerpt, make, require, test

# Next_runnable as a student may write it: the loop goes over CANDIDATES, and takes what is WANTED.
LOOP = """\
	for (int i = 1; i <= NENV; i++) {
		struct Env *e = &envs[(from - envs + i) % NENV];
		if (e->env_status == ENV_RUNNABLE)
			return e;
	}
	return NULL;
"""


# ---- Mistakes ----

# What is wrong; the exercise, and the check of it that finds this; what that says; and where the
# mistake is: file, text, text in its place, as often as needed.
MISTAKES = {
    "the registers' place in their page is not counted": (
        1, "devices", "takes up to|is 00000000, not for",
        "kern/pmap.c", "size = ROUNDUP(pa - start + size, PGSIZE);",
        "size = ROUNDUP(size, PGSIZE);"),
    "registers are cached": (
        1, "devices", "lacks PTE_PCD or PTE_PWT: a cache is in between",
        "kern/pmap.c", "start, PTE_W | PTE_PCD | PTE_PWT", "start, PTE_W"),
    "the frame for other CPUs is given away": (
        2, "frames", "frame 00007000, where CPUs start, is for anybody to take",
        "kern/pmap.c", "	reserve(mpentry, mpentry + 1);\n	add_free(1, mpentry);",
        "	add_free(1, mpentry + 1);"),
    "all CPUs have the same stack": (
        3, "stacks", r"CPU 1: the entry for \w+ is \w+, not for",
        "kern/pmap.c", "PADDR(percpu_kstacks[cpu]), PTE_W", "PADDR(percpu_kstacks[0]), PTE_W"),
    "ts_esp0 is the wrong end of the stack": (
        4, "segments", r"CPU 0: ts_esp0 is \w+, its stack begins at \w+ and goes down",
        "kern/trap.c", "c->cpu_ts.ts_esp0 = KSTACKTOP_CPU(cpu);",
        "c->cpu_ts.ts_esp0 = KSTACKTOP_CPU(cpu) - KSTKSIZE;"),
    "all CPUs have the same descriptor": (
        4, "segments", r"CPU 1: the task register has 28, not 30",
        "kern/trap.c", "gdt[(GD_TSS0 >> 3) + cpu] = ", "gdt[GD_TSS0 >> 3] = ",
        "kern/trap.c", "ltr(GD_TSS0 + (cpu << 3));", "ltr(GD_TSS0);"),
    "a CPU loads what another one describes": (
        4, "segments", r"kernel panic[^|]*(\|.*\s+)*look whether each CPU writes its own",
        "kern/trap.c", "gdt[(GD_TSS0 >> 3) + cpu] = ", "gdt[GD_TSS0 >> 3] = "),
    "a CPU that joins does not take the lock": (
        5, "cpus", "without the kernel lock|takes the lock before",
        "kern/init.c", "	lock_kernel();\n	//}\n	tlb_load", "	//}\n	tlb_load"),
    "the lock is taken when other CPUs run already": (
        5, "cpus", "takes the lock before .* and CPU 0 before it starts others",
        "kern/init.c", "lock_kernel(); // from here on there is more than one CPU", "",
        "kern/init.c", "	start_programs(); // the",
        "	lock_kernel();\n	start_programs(); // the"),
}


def found(exercise, check, says, *edits):
    """The check fails, and what is shown of it explains why."""
    enter_copy()
    for file, old, new in zip(edits[0::3], edits[1::3], edits[2::3]):
        edit(file, old, new)
    text = make("-s", "grade", f"EX={exercise}", fails=True)
    result = re.search(rf"^ex{exercise}:{check}: FAIL .*\n((?: .*\n)*)", text, re.M)
    require(result and re.search(says, result[1]), f"ex{exercise}:{check} does not say `{says}'",
            *excerpt(text.splitlines()))


for what, details in MISTAKES.items():
    add(f"handout: when {what}", found, *details, cost=8)
