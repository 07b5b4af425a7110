"""The checking build: it is silent on this kernel, and names the line of each mistake."""

import os
import re
import shutil
from pathlib import Path

from gradelib import CLEAN_END

import pytest

from kit import (SCRATCH, case, edit, enter, enter_copy, line_of, make, params, require,
                 scratch)
from machine import command, play, verify

pytestmark = pytest.mark.xdist_group("checked")     # one after the other: they share a build


def build():
    """Build the checking kernel, in the tree's own obj/, which has the user programs already."""
    make("-j2", "CHECKED=1", "OBJDIR=obj")


def enter_checked():
    """Go to a fresh copy of the tree with a checking kernel."""
    shared = Path(os.environ[SCRATCH]) / "checked"
    if not shared.exists():
        enter_copy()
        build()
        shutil.copytree(".", shared)
    copy = scratch() / "tree"
    shutil.copytree(shared, copy)
    enter(copy)


def panic_of(program, cpus="1", seed=""):
    """Run a program; return where the kernel panics, and with which words."""
    run = play(command(program, cpus=cpus, seed=seed))
    found = [match for line in run.lines
             if (match := re.search(r"kernel panic on CPU \d+ at (\S+:\d+): (.*)", line))]
    require(found, "no panic", *run.lines[-10:])
    return found[0][1], found[0][2]


# What is wrong: file, text, text in its place; program and number of CPUs that show it; where
# the panic is: a file, and a text in the line; and what it says.
MISTAKES = {
    "the boot CPU does not take the lock": (
        "kern/init.c", "lock_kernel(); // from here on", "// from here on", "hello", "1",
        "kern/init.c", "memcpy(KADDR(MPENTRY_PADDR)",
        "memory at f00070.. is written without the kernel lock"),
    "another CPU does not take the lock": (
        "kern/init.c", "	lock_kernel();\n	//}\n	tlb_load", "	//}\n	tlb_load", "hello", "2",
        "kern/pmap.h", "*old = self->cpu_pgdir_page",
        r"cpus\[1\].cpu_pgdir_page is read without the kernel lock"),
    "a trap does not take the lock": (
        "kern/trap.c", "	lock_kernel_by(cpu);\n", "", "hello", "1",
        "kern/spinlock.c", "panic(", "CPU 0 releases the kernel lock, which no CPU holds"),
    "a CPU that has slept does not take the lock": (
        "kern/sched.c", "after sleeping\n	lock_kernel();", "after sleeping", "primes", "2",
        "kern/sched.c", "ncpu_halted -= ", "ncpu_halted is read without the kernel lock"),
    "the lock is released early": (
        "kern/env.h", "	__atomic_store_n(&cpu->cpu_status, CPU_USER",
        "	unlock_kernel_by(cpu);\n	cpu->cpu_env->env_runs++;\n	lock_kernel_by(cpu);\n"
        "	__atomic_store_n(&cpu->cpu_status, CPU_USER", "hello", "1",
        "kern/env.h", "cpu->cpu_env->env_runs++;",
        r"envs\[0\].env_runs is read without the kernel lock"),
    "a field of another CPU is used without the lock": (
        "kern/trap.c", "	cpu->cpu_timer_ticks++;\n", "	cpus[1].cpu_timer_ticks++;\n", "primes", "1",
        "kern/trap.c", "cpus[1].cpu_timer_ticks++;",
        r"cpus\[1\].cpu_timer_ticks is read without the kernel lock"),
    "the console's variables are used without its lock": (
        "kern/console.c", "	spin_unlock(&cons_lock);\n",
        "	spin_unlock(&cons_lock);\n	line_open = false;\n", "hello", "2",
        "kern/console.c", "line_open = false;", "line_open is written without the console lock"),
    "an index is too large": (
        "kern/sched.c", "w = __builtin_ctz(words);", "w = RUN_BITS + __builtin_ctz(words);",
        "hello", "1", "kern/sched.c", "bits = q->words[w];",
        r"index 32 of an array of type 'uint32_t \[32\]'"),
    "a shift is too wide": (
        "kern/envstate.h", "run_queue.summary |= 1U << i / RUN_BITS;",
        "run_queue.summary |= 1U << (i / RUN_BITS + 32);", "hello", "1",
        "kern/envstate.h", "run_queue.summary |= 1U", "1 of type 'unsigned int' is shifted by 32"),
    "a sum is too large": (
        "kern/env.c", "	e->env_runs = 0;\n",
        "	e->env_runs = 0;\n	e->env_cpunum = INT32_MAX;\n	e->env_cpunum += 1;\n", "hello", "1",
        "kern/env.c", "e->env_cpunum += 1;", r"2147483647 \+ 1 overflows type 'int'"),
    "a bool is neither true nor false": (
        "kern/env.c", "	e->env_runs = 0;\n",
        "	e->env_runs = 0;\n	memset(&e->env_ipc_recving, 7, 1);\n"
        "	e->env_runs += e->env_ipc_recving;\n",
        "hello", "1",
        "kern/env.c", "e->env_runs += e->env_ipc_recving;", "7 is no value of type '_Bool'"),
    "an address is not aligned": (
        "kern/env.c", "	e->env_runs = 0;\n",
        "	e->env_runs = 0;\n	*(uint32_t *) ((char *) &e->env_runs + 1) = 0;\n", "hello", "1",
        "kern/env.c", "((char *) &e->env_runs + 1) = 0;",
        r"\w+ is not aligned for type 'uint32_t', which needs 4"),
    "a null pointer is followed": (
        "kern/env.c", "	e->env_runs = 0;\n",
        "	e->env_runs = 0;\n	*(e->env_runs ? &e->env_runs : NULL) = 0;\n", "hello", "1",
        "kern/env.c", "? &e->env_runs : NULL) = 0;", "a null pointer to type 'uint32_t' is used"),
}

@pytest.mark.parametrize("file, old, new, program, cpus, where, text, words", params(
    MISTAKES, ("a trap does not take the lock",)))
def test_named(file, old, new, program, cpus, where, text, words):
    """A mistake is named, with the line where it is."""
    enter_checked()
    edit(file, old, new)
    build()
    place, said = panic_of(program, cpus, "7")
    require(re.search(words, said), "other words", said)
    require(place == f"{where}:{line_of(where, text)}", "another place", place)


PROGRAMS = ("hello", "forktree", "dumbfork", "pingpong", "sendpage", "faultalloc", "tour", "testipc",
            "testfork", "testfaults", "testfpu", "testtlb", "teststates", "testslots", "testfail",
            "testexhaust")


@pytest.mark.thorough
def test_silent():
    """This kernel has none of the mistakes."""
    enter_checked()
    for program in PROGRAMS:
        for cpus in "1", "4":
            with case(f"{program} on {cpus} CPUs"):
                verify(play(command(program, cpus=cpus, seed="7")), [re.escape(CLEAN_END)])


def test_other_builds():
    """No other build has anything of it."""
    enter_copy()
    require(not list(Path("obj").rglob("checked*")), "kern/checked.c is compiled")
    require("__tsan" not in Path("obj/kern/kernel.sym").read_text(), "calls of checks")
