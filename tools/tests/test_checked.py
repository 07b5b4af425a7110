"""The checking build: it is silent on this kernel, and names the line of each mistake."""

import os
import re
import shutil
from pathlib import Path

from gradelib import CLEAN_END

import pytest

from debugger import frames, gdb_batch, start_waiting
from kit import (SCRATCH, case, edit, enter, enter_copy, line_of, make, params, require,
                 scratch)
from machine import command, play, verify
from test_build import ONLY_CHECKED, ONLY_ORDERS

pytestmark = pytest.mark.xdist_group("checked")     # one after the other: they share a build


def build():
    """Build the checking kernel, in the tree's own obj/, which has the user programs already."""
    make("-j2", "CHECKED=1", "OBJDIR=obj")


def shared():
    """Return a copy of the tree, with a checking kernel, that all tests here use."""
    tree = Path(os.environ[SCRATCH]) / "checked"
    if not tree.exists():
        enter_copy()
        build()
        shutil.copytree(".", tree)
    return tree


def enter_checked():
    """Go to a fresh copy of the tree with a checking kernel."""
    copy = scratch() / "tree"
    shutil.copytree(shared(), copy)
    enter(copy)


PANIC_LINE = r"kernel panic on CPU \d+ at (\S+:\d+): (.*)"


def panic_of(program, cpus="1", seed=""):
    """Run a program; return where the kernel panics, with which words, and what follows."""
    lines = play(command(program, cpus=cpus, seed=seed)).lines
    at = next((at for at, line in enumerate(lines) if re.search(PANIC_LINE, line)), None)
    require(at is not None, "no panic", *lines[-10:])
    return (*re.search(PANIC_LINE, lines[at]).groups(), lines[at + 1:])


# What is wrong: file, text, text in its place; program and number of CPUs that show it; where
# the panic is: a file, and a text in the line; what it says; and perhaps another edit.
MISTAKES = {
    "the boot CPU does not take the lock": (
        "kern/init.c", "lock_kernel(); // from here on", "// from here on", "hello", "1",
        "kern/init.c", "memcpy(KADDR(MPENTRY_PADDR)",
        "memory at f00070.. is written without the kernel lock"),
    "another CPU does not take the lock": (
        "kern/init.c", "	lock_kernel(); // [S13]\n	//}\n	tlb_load", "	//}\n	tlb_load", "hello", "2",
        "kern/pmap.h", "*old = self->cpu_pgdir_page",
        r"cpus\[1\].cpu_pgdir_page is read without the kernel lock"),
    "a trap does not take the lock": (
        "kern/trap.c", "	lock_kernel_by(cpu); // [K11]\n", "", "hello", "1",
        "kern/trap.c", "if (__builtin_expect(cpu->cpu_env == e, true)) {",
        r"cpus\[0\].cpu_env is read without the kernel lock"),
    "a trap takes the lock late": (
        "kern/trap.c", "	lock_kernel_by(cpu); // [K11]\n	//}", "	//}", "hello", "1",
        "kern/trap.c", "if (__builtin_expect(cpu->cpu_env == e, true)) {",
        r"cpus\[0\].cpu_env is read without the kernel lock",
        "kern/trap.c", "			trap_dispatch(e, trapno);\n	}\n",
        "			trap_dispatch(e, trapno);\n	}\n	lock_kernel_by(cpu);\n"),
    "a trap takes the lock early": (
        "kern/trap.c", "	__atomic_store_n(&cpu->cpu_status, CPU_KERNEL, __ATOMIC_RELEASE); // [K10]\n"
        "	//{ Exercise 5: take the kernel lock, coming from user mode\n	lock_kernel_by(cpu); // [K11]\n",
        "	lock_kernel_by(cpu);\n"
        "	__atomic_store_n(&cpu->cpu_status, CPU_KERNEL, __ATOMIC_RELEASE);\n	//{\n",
        "hello", "1", "kern/trap.c", "cpu_status, CPU_KERNEL",
        "CPU 0 comes from user mode with the kernel lock"),
    "the boot CPU takes the lock late": (
        "kern/init.c", "	lock_kernel(); // from here on there is more than one CPU [S2]\n	//}\n"
        "	trace_init();     // record events from here on, if asked for\n"
        "	boot_aps();       // start the others; they wait for the lock\n",
        "	//}\n	trace_init();\n	boot_aps();\n	lock_kernel();\n", "hello", "1",
        "kern/init.c", "memcpy(KADDR(MPENTRY_PADDR)",
        "memory at f00070.. is written without the kernel lock"),
    "another CPU takes the lock late": (
        "kern/init.c", "	lock_kernel(); // [S13]\n	//}\n	tlb_load(thiscpu, kern_pgdir);",
        "	//}\n	tlb_load(thiscpu, kern_pgdir);\n	lock_kernel();", "hello", "2",
        "kern/pmap.h", "*old = self->cpu_pgdir_page",
        r"cpus\[1\].cpu_pgdir_page is read without the kernel lock"),
    "a CPU that has slept takes the lock late": (
        "kern/sched.c", "after sleeping\n	lock_kernel(); // [H14]\n	//}\n"
        "	ncpu_halted -= !rest && !cpu->cpu_woken; // [H15]\n",
        "after sleeping\n	//}\n	ncpu_halted -= !rest && !cpu->cpu_woken;\n"
        "	lock_kernel();\n", "primes", "2",
        "kern/sched.c", "ncpu_halted -= ", "ncpu_halted is read without the kernel lock"),
    "a CPU that goes to sleep releases the lock early": (
        "kern/sched.c", "	cpu->cpu_status = rest ?", "	unlock_kernel();\n	cpu->cpu_status = rest ?",
        "hello", "2", "kern/sched.c", "cpu->cpu_status = rest ?",
        r"cpus\[\d\].cpu_status is written without the kernel lock"),
    "a CPU that goes to sleep does not release the lock": (
        "kern/sched.c", "going to sleep\n	unlock_kernel();", "going to sleep", "hello", "2",
        "kern/sched.c", "while (!__atomic_load_n(&cpu->cpu_woken, __ATOMIC_RELAXED) &&",
        r"CPU \d sleeps with the kernel lock"),
    "the same, with another loop": (
        "kern/sched.c", "going to sleep\n	unlock_kernel();", "going to sleep\n"
        "	while (!cpu->cpu_woken)\n		sti_hlt_cli();", "hello", "2",
        "kern/sched.c", "while (!cpu->cpu_woken)", r"CPU \d sleeps with the kernel lock"),
    "the lock is not released on the way to user mode": (
        "kern/env.h", "	unlock_kernel_by(cpu); // [K15]\n", "", "hello", "1",
        "kern/trap.c", "cpu_status, CPU_KERNEL",
        "CPU 0 comes from user mode with the kernel lock"),
    "the lock is released just before the CPU reacts to kicks": (
        "kern/env.h",
        "	__atomic_store_n(&cpu->cpu_status, CPU_USER, __ATOMIC_RELEASE); // [K14]\n"
        "	//{ Exercise 5: release the kernel lock, going to user mode\n"
        "	unlock_kernel_by(cpu); // [K15]\n",
        "	unlock_kernel_by(cpu);\n"
        "	__atomic_store_n(&cpu->cpu_status, CPU_USER, __ATOMIC_RELEASE);\n	//{\n", "hello", "1",
        "kern/env.h", "cpu_status, CPU_USER",
        r"cpus\[0\].cpu_status is written without the kernel lock"),
    "a CPU that has slept does not take the lock": (
        "kern/sched.c", "after sleeping\n	lock_kernel();", "after sleeping", "primes", "2",
        "kern/sched.c", "ncpu_halted -= ", "ncpu_halted is read without the kernel lock"),
    "the lock is released early": (
        "kern/env.h", "	__atomic_store_n(&cpu->cpu_status, CPU_USER",
        "	unlock_kernel_by(cpu);\n	cpu->cpu_env->env_runs++;\n	lock_kernel_by(cpu);\n"
        "	__atomic_store_n(&cpu->cpu_status, CPU_USER", "hello", "1",
        "kern/env.h", "cpu->cpu_env->env_runs++;",
        r"cpus\[0\].cpu_env is read without the kernel lock"),
    "a field of another CPU is used without the lock": (
        "kern/trap.c", "	cpu->cpu_timer_ticks++;\n", "	cpus[1].cpu_timer_ticks++;\n", "primes", "1",
        "kern/trap.c", "cpus[1].cpu_timer_ticks++;",
        r"cpus\[1\].cpu_timer_ticks is read without the kernel lock"),
    "the console's variables are used without its lock": (
        "kern/console.c", "	spin_unlock(&cons_lock);\n",
        "	spin_unlock(&cons_lock);\n	line_open = false;\n", "hello", "2",
        "kern/console.c", "line_open = false;", "line_open is written without the console lock"),
    "an index is too large": (
        "kern/sched.c", "w = __builtin_ctz(words);\n		bits",
        "w = RUN_BITS + __builtin_ctz(words);\n		bits",
        "hello", "1", "kern/sched.c", "bits = q->words[w];",
        r"index 32 of an array of type 'uint32_t \[32\]'"),
    "a shift is too wide": (
        "kern/envstate.h", "q->summary |= 1U << i / RUN_BITS;",
        "q->summary |= 1U << (i / RUN_BITS + 32);", "hello", "1",
        "kern/envstate.h", "q->summary |= 1U", "1 of type 'unsigned int' is shifted by 32"),
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
    "what is above the stack is written": (
        "kern/env.c", "	e->env_runs = 0;\n",
        "	e->env_runs = 0;\n	*(volatile uint32_t *) (KSTACKTOP + e->env_runs) = 0;\n", "hello", "1",
        "kern/env.c", "(KSTACKTOP + e->env_runs) = 0;",
        "f0000000 is written: nothing is there, above CPU 0's stack"),
    "what another CPU has above its stack is read": (
        "kern/sched.c", "	begin_tick(thiscpu);\n	sched_yield();",
        "	begin_tick(thiscpu);\n"
        "	if (*(volatile uint32_t *) KSTACKTOP_CPU(cpunum()))\n		cpus[0].cpu_woken = true;\n"
        "	sched_yield();", "hello", "2",
        "kern/sched.c", "KSTACKTOP_CPU(cpunum())", "efff0000 is read: that is the stack of CPU 0"),
    "a null pointer is called": (
        "kern/env.c", "	e->env_runs = 0;\n",
        "	e->env_runs = 0;\n	void (*volatile nowhere)(void) = NULL;\n	nowhere();\n", "hello", "1",
        "kern/env.c", "	nowhere();", "Page Fault in the kernel at 00000000"),
    "an instruction is not there": (
        "kern/env.c", "	e->env_runs = 0;\n", "	e->env_runs = 0;\n	asm volatile(\"ud2\");\n",
        "hello", "1", "kern/env.c", 'asm volatile("ud2");', "Invalid Opcode in the kernel at f0"),
    "a field of the run queue is used without the lock": (
        "kern/trap.c", "	cpu->cpu_timer_ticks++;\n",
        "	cpu->cpu_timer_ticks++;\n	run_queue.words[1] = 0;\n", "primes", "1",
        "kern/trap.c", "run_queue.words[1] = 0;",
        r"run_queue\.words is written without the kernel lock"),
}

# Those with the lock that are found as another one is.
MANY = ("the boot CPU does not take the lock", "a trap takes the lock late",
        "the boot CPU takes the lock late", "another CPU takes the lock late",
        "a CPU that has slept does not take the lock",
        "a CPU that goes to sleep releases the lock early", "the same, with another loop",
        "the lock is released just before the CPU reacts to kicks")


@pytest.mark.parametrize("file, old, new, program, cpus, where, text, words, more", params(
    {what: (*details[:8], details[8:]) for what, details in MISTAKES.items()},
    ("a trap does not take the lock",), MANY))
def test_named(file, old, new, program, cpus, where, text, words, more):
    """A mistake is named, with the line where it is, which is in the backtrace, too."""
    enter_checked()
    edit(file, old, new)
    if more:
        edit(*more)
    build()
    place, said, rest = panic_of(program, cpus, "7")
    require(re.search(words, said), "other words", said)
    require(place == f"{where}:{line_of(where, text)}", "another place", place)
    require(any(f"{place}: " in line for line in rest), "not in the backtrace", *rest[:10])


# Programs that do most of what can be done, and others.
BUSY = ("testtlb:50", "tour", "testipc", "testfork", "testfaults", "testslots", "testfail")
OTHERS = ("hello", "forktree", "dumbfork", "pingpong", "sendpage", "faultalloc", "testfpu",
          "teststates", "testexhaust")


@pytest.mark.parametrize("cpus, programs", params(
    {"busy": ("4", BUSY), "others": ("4", OTHERS), "one CPU": ("1", BUSY + OTHERS)},
    many=["others", "one CPU"]))
def test_silent(cpus, programs):
    """This kernel has none of the mistakes."""
    enter_checked()
    for program in programs:
        with case(f"{program} on {cpus} CPUs"):
            verify(play(command(program, cpus=cpus, seed="7")), [re.escape(CLEAN_END)])


# A mistake for tests of what else can be done with a checking kernel, and what that says.
MISTAKE = ("kern/trap.c", "	lock_kernel_by(cpu); // [K11]\n", "")
SAYS = r"kern/trap\.c:\d+: cpus\[0\]\.cpu_env is read without the kernel lock"


@pytest.mark.thorough
def test_uses():
    """Whatever runs a kernel runs a checking one, too."""
    enter_checked()
    # Seeds on one CPU: not every QEMU repeats a run of several.
    for target, cpus in ("run-hello-nox", 2), ("trace-hello", 2), ("explore-hello", 1):
        make(target, "CHECKED=1", "EXIT=1", "SEEDS=2", f"CPUS={cpus}")
    make("grade", "EX=5", "CHECKED=1")
    process, _ = start_waiting("qemu-nox-gdb", "CHECKED=1", "RUN=hello")
    text = gdb_batch("break env_destroy", "continue", "envs", "cpus")
    require("00001000" in text and "CPU" in text, "no commands of gdb", *text.splitlines())
    process.wait()

    edit(*MISTAKE)
    for target, *flags in (["run-hello-nox", "EXIT=1"], ["explore-hello", "SEEDS=1", "CPUS=1"],
                           ["grade", "EX=9"], ["grade", "GRADEFLAGS=dumbfork"]):
        with case(target):
            text = make("-s", target, "CHECKED=1", *flags, fails=True)
            require(re.search(f"kernel panic on CPU 0 at {SAYS}", text), "not named",
                    *text.splitlines())
            require(target == "run-hello-nox" or
                    re.search(r"(again:\n|to see it:|, see:) +make CHECKED=1 ", text),
                    "it does not say how to see it again", *text.splitlines())
    process, _ = start_waiting("qemu-nox-gdb", "CHECKED=1", "RUN=hello")
    text = gdb_batch("break checked_panic", "continue", "backtrace")
    require(("trap", "kern/trap.c") in frames(text), "no backtrace", *text.splitlines())
    process.wait()


def test_grade():
    """make grade says that CHECKED=1 may help; once a checking kernel has been built, whether it
    does."""
    hint = r'CHECKED=1 names the line: make grade CHECKED=1 GRADEFLAGS="dumbfork"\n'
    tree = shared()
    enter_copy()
    edit(*MISTAKE)
    text = make("-s", "grade", "GRADEFLAGS=dumbfork", fails=True)
    require(re.search(rf"^Score: 0/5\n.*{hint}", text, re.M), "no hint", *text.splitlines())
    shutil.copytree(tree / "obj", "obj-checked")
    text = make("-s", "grade", "GRADEFLAGS=dumbfork", fails=True)
    require(re.search(rf"^Score: 0/5\nCHECKED=1 names the line in 1 of the 1 that failed:\n    {SAYS}$",
                      text, re.M), "no line", *text.splitlines())
    file, old, new = MISTAKE
    edit(file, "	//{ Exercise 5: take the kernel lock, coming from user mode\n",
         "	//{ Exercise 5: take the kernel lock, coming from user mode\n" + old)
    edit("user/dumbfork.c", "I am the", "I was the")
    text = make("-s", "grade", "GRADEFLAGS=dumbfork", fails=True)
    require("\nCHECKED=1 names the line in 0 of the 1 that failed.\n" in text, "wrong report",
            *text.splitlines())


def test_no_hint():
    """It does not say so where CHECKED=1 cannot help: a check has said what is wrong."""
    enter_copy()
    edit("kern/syscall.c", "	e->env_pgfault_upcall = upcall;\n", "")
    text = make("-s", "grade", "GRADEFLAGS=ex8:upcall ex10:esp", fails=True)
    require("ex8:upcall: FAIL" in text and "ex10:esp: not judged" in text and "CHECKED=1" not in text,
            "wrong report", *text.splitlines())


@pytest.mark.thorough
def test_in_a_tick():
    """What is wrong in a tick is not held against the exercise whose check it has interrupted."""
    enter_checked()
    edit("kern/trap.c", "	cpu->cpu_timer_ticks++;\n",
         "	cpu->cpu_timer_ticks++;\n	run_queue.words[1] = 0;\n")
    text = make("-s", "grade", "GRADEFLAGS=ex12:tree ex14:turns", "CHECKED=1", fails=True)
    require(re.search(r"^ex12:tree: not judged .*\n.* exercise 14 has to be right first", text, re.M) and
            re.search(r"^ex14:turns: FAIL .*\n(.*\n)*.*: run_queue.words is written without the kernel",
                      text, re.M), "wrong report", *text.splitlines())


def test_other_builds():
    """Without CHECKED and ORDER, the image is the same byte for byte as if there were no such builds."""
    enter_copy()
    image = Path("obj/kern/kernel.img")
    before = image.read_bytes()
    for file in [*(Path("kern", name) for name in ONLY_CHECKED + ONLY_ORDERS), *Path("kern").glob("checked*.h"),
                 Path("tools/build/shared.py")]:
        file.unlink()
    for file in [*Path("obj/kern").rglob("*.o"), Path("obj/kern/kernel"), image]:
        file.unlink()
    make("-j2")
    require(image.read_bytes() == before, "the image is another one")
