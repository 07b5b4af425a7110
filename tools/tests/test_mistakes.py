"""Typical mistakes in the exercises: make grade EX=N finds each, and says what it is."""

import re
from pathlib import Path

from gradetests import CHECKS
from handoutmarks import blocks, parse

import pytest

from kit import ROOT, call, edit, enter_copy, excerpt, make, params, require
from machine import Machine, command

pytestmark = pytest.mark.handout

# The round robin of exercise 6, the last of its solutions in that file, and a loop in its place.
SCHED = "kern/sched.c"
ROUND = "\n".join([block.lines for block in blocks(parse(SCHED, (ROOT / SCHED).read_text()))
                   if block.exercise == 6][-1]) + "\n"
LOOP = """\
	(void) above;
	for (int i = FIRST; i < FIRST + NENV; i++) {
		struct Env *e = &envs[(from - envs + i) % NENV];
		if (WANTED)
			return e;
	}
	return NULL;
"""


def loop(first="1", wanted="e->env_status == ENV_RUNNABLE"):
    """Return what puts a loop in the place of the round robin."""
    return SCHED, ROUND, LOOP.replace("FIRST", first).replace("WANTED", wanted)


# A fork as simple as can be, in the place of ours.
SIMPLE_FORK = "lib/fork.c", None, (ROOT / "tools/tests/simple_fork.c").read_text()


# ---- Mistakes ----

# What is wrong; the exercise, and the check of it that finds this; what that says; and where the
# mistake is: file, text, text in its place, as often as needed.
MISTAKES = {
    "the registers' place in their page is not counted": (
        1, "devices", "takes up to|is 00000000, not for",
        "kern/pmap.c", "size = ROUNDUP(pa - start + size, PGSIZE);",
        "size = ROUNDUP(size, PGSIZE);"),
    "registers are cached": (
        1, "devices", "lacks PTE_PCD or PTE_PWT: its registers are cached",
        "kern/pmap.c", "start, PTE_W | PTE_PCD | PTE_PWT", "start, PTE_W"),
    "the frame for other CPUs is given away": (
        2, "frames", "frame 00007000, where CPUs start, is not reserved",
        "kern/pmap.c", "	reserve(mpentry, mpentry + 1);\n	add_free(1, mpentry);",
        "	add_free(1, mpentry + 1);"),
    "all CPUs have the same stack": (
        3, "stacks", r"CPU 1: the entry for \w+ is \w+, not for",
        "kern/pmap.c", "PADDR(percpu_kstacks[cpu]), PTE_W", "PADDR(percpu_kstacks[0]), PTE_W"),
    "ts_esp0 is the wrong end of the stack": (
        4, "segments", r"CPU 0: ts_esp0 is \w+, but its stack begins at \w+ and goes down",
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
        5, "cpus", "takes the lock before .* CPU 0 before it starts others",
        "kern/init.c", "lock_kernel(); // from here on there is more than one CPU", "",
        "kern/init.c", "	start_programs(); // the",
        "	lock_kernel();\n	start_programs(); // the"),
    "a CPU that has slept does not take the lock again": (
        5, "cpus", "is in the kernel without the kernel lock",
        "kern/sched.c", "	//{ Exercise 5: take the kernel lock again, after sleeping\n"
        "	lock_kernel();\n", "	//{\n"),
    "the lock is released before the next env is chosen": (
        5, "lock", "CPU 0 is in the kernel without the kernel lock|releases the kernel lock",
        "kern/trap.c", "	if (cpu->cpu_resched)", "	unlock_kernel();\n	if (cpu->cpu_resched)",
        "kern/sched.c", "	sched_choose(thiscpu);", "	unlock_kernel();\n	sched_choose(thiscpu);",
        "kern/env.h", "	unlock_kernel_by(cpu);\n", ""),
    "the search begins at the current env": (
        6, "turns", "yields and goes on at once, though others are runnable: begin the search",
        *loop("0", "e->env_status == ENV_RUNNABLE || e->env_status == ENV_RUNNING")),
    "the search does not go round": (
        6, "turns", r"does not come to its end(.*\n)*.*goes on at envs.0. after the last slot",
        "kern/sched.c", "			words = q->summary;\n", ""),
    "an env that is blocked runs": (
        6, "blocked", r"status 4 to 3(.*\n)*.*returns an env only if it is ENV_RUNNABLE",
        *loop(wanted="e->env_status == ENV_RUNNABLE || e->env_status == ENV_NOT_RUNNABLE")),
    "the last slot is forgotten": (
        6, "last", "the env in slot 1023 is runnable and never runs",
        *loop(wanted="e->env_status == ENV_RUNNABLE && e < &envs[NENV - 1]")),
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
    "a program can pretend an interrupt": (
        13, "gates", "interrupt request 0 returns: give its line privilege 0",
        "kern/vectors.h", "IRQ_TIMER, NO_ERROR_CODE, KERNEL", "IRQ_TIMER, NO_ERROR_CODE, USER"),
    "interrupts stay on after sleeping": (
        13, "sleep", "look whether sti_hlt_cli comes back with interrupts off",
        "inc/x86.h", "sti; hlt; cli", "sti; hlt"),
    "the timer does not hear that it was served": (
        14, "turns", "the timer .* the CPU away.*: is .*lapic_eoi called",
        "kern/trap.c", "	cpu->cpu_waits /= 2;\n	lapic_eoi();\n",
        "	cpu->cpu_waits /= 2;\n"),
    "a tick does not end the turn": (
        14, "turns", "the timer does not take the CPU away: is cpu_resched set",
        "kern/trap.c", "	cpu->cpu_resched = true;\n", ""),
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
        15, "once", r"status 2 to 2(.*\n)*.*a message that arrives makes env_ipc_recving false",
        "kern/ipc.h", "	to->env_ipc_recving = false;\n", ""),
    "messages go only to children": (
        15, "anybody", "any env may send to any other",
        "kern/syscall.c", "int r = envid2env(envid, to, false);",
        "int r = envid2env(envid, to, true);"),
}


def enter_copy_with(*edits):
    """Go to a fresh copy of the tree, and make these edits in it."""
    enter_copy()
    for file, old, new in zip(edits[0::3], edits[1::3], edits[2::3]):
        edit(file, old or Path(file).read_text(), new)


def found(exercise, check, says, edits, grade):
    """The check fails when the mistake is graded, and what is shown of it explains why."""
    enter_copy_with(*edits)
    text = grade()
    result = re.search(rf"^ex{exercise}:{check}: FAIL .*\n((?: .*\n)*)", text, re.M)
    require(result and re.search(says, result[1]), f"ex{exercise}:{check} does not say `{says}'",
            *excerpt(text.splitlines()))


@pytest.mark.thorough
@pytest.mark.parametrize("exercise, check, says, edits", params(
    {what: (*details[:3], details[3:]) for what, details in MISTAKES.items()}))
def test_found(exercise, check, says, edits):
    """The check that is named finds each. What a check says may depend on when a tick comes: where
    it has no seed, ticks are counted in instructions, so that the host has no say."""
    name = f"ex{exercise}:{check}"
    graded = next(graded for graded in CHECKS if graded.name == name)
    clock = [] if graded.seed else ["QEMUEXTRA=-icount shift=2,sleep=off"]
    found(exercise, check, says, edits, lambda: call("./grade-lab4", name, *clock, fails=True))


def test_found_by_make_grade():
    """make grade EX=N makes all checks of an exercise, that one too."""
    exercise, check, says, *edits = MISTAKES["an env that is blocked runs"]
    found(exercise, check, says, edits,
          lambda: make("-s", "grade", f"EX={exercise}", fails=True))


@pytest.mark.thorough
def test_simple():
    """What is right otherwise than ours is right: all checks pass, and all points are given."""
    enter_copy_with(*SIMPLE_FORK, *loop())
    make("-s", "grade", "EX=6 12")
    text = make("-s", "grade")
    require("Score: 80/80" in text, "not the full score", *text.splitlines())


@pytest.mark.thorough
def test_inspect_after_no_sleep():
    """inspect finds interrupts that stay on after a sleep, even if the monitor has not slept because
    its commands were there already."""
    enter_copy()
    edit("inc/x86.h", "sti; hlt; cli", "sti; hlt")
    make()
    with Machine(command("hello", end=False)) as machine:
        machine.prompt()
        machine.type("run hello\ninspect\n")
        machine.expect("^inspect: interrupts: FAIL ")
