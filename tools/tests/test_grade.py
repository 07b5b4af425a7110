"""The grader: full score here, and plain words about kernels that are broken."""

import os
import re
import signal
import sys
from pathlib import Path

from gradelib import Watch, Why, diagnose
from gradetests import CHECKS

import pytest

from grades import GRADE
from kit import (PATIENCE, ROOT, call, edit, enter_copy, excerpt, fail, make, params, require,
                 require_equal, scratch, start, wait_for)
from machine import command, play

@pytest.mark.compiler
def test_full_score():
    """All the lab's tests pass with this tree as it is built."""
    text = make("-s", "grade")
    require(text.splitlines()[-1:] == ["Score: 80/80"] and text.count(": OK (") == 16,
            "not the full score", *text.splitlines())


@pytest.mark.thorough
def test_one():
    """Only what is asked for runs and counts."""
    enter_copy()
    text = call(GRADE, "faultdie")
    require(re.fullmatch(r"faultdie: OK \(\d+\.\ds\)\nPart B score: 5/5\n\nScore: 5/5\n", text),
            "wrong report", *text.splitlines())


def test_listed():
    """What the programs of user/exercises check is graded, and nothing else of them."""
    for file in sorted((ROOT / "user/exercises").glob("ex*.c")):
        there = re.findall(r'\{"(\w+)", \w+\}', file.read_text().partition(" checks[] =")[2])
        graded = [check.name.partition(":")[2] for check in CHECKS
                  if check.says == check.name and check.name.startswith(f"{file.stem}:")]
        require_equal(sorted(graded), sorted(there), f"checks of {file.name}")


@pytest.mark.thorough
def test_unknown():
    """It names what is near, and what there is."""
    enter_copy(built=False)
    text = call(GRADE, "faultdy", fails=True)
    require(re.fullmatch(r"grade-lab4: no test 'faultdy'; did you mean .*faultdie.*\? "
                         r"The tests: dumbfork .* primes\n", text), "wrong report", text)


# What breaks a kernel: a file, a text in it and what replaces it; and what the grader says then.
BROKEN = {
    "does not build": ("kern/init.c", "cons_init();", "cons_init()", r"build failure",
                       "error: expected"),
    "panics": ("kern/init.c", "start_programs(); // the", 'panic("by a test"); // the',
               "kernel panic", "kernel panic on CPU 0 at kern/init.c:.*: by a test"),
    "does not boot": ("kern/init.c", "cons_init(); ", "for (;;) hlt(); cons_init(); ",
                      "no boot: no line `Physical memory:'", "hang"),
    "resets the machine": ("kern/init.c", "start_programs(); // the",
                           "lcr3(0); // the", "rebooted: a triple fault", "SMP: CPU 0 found"),
    "prints something else": ("user/faultdie.c", "i faulted at", "I faulted at", "wrong output",
                              "found:    I faulted at va deadbeef, err 6"),
}


@pytest.mark.parametrize("file, old, new, reason, detail", params(BROKEN, ("panics",)))
def test_broken(file, old, new, reason, detail):
    """The grader gives no points, and tells what is wrong."""
    enter_copy()
    edit(file, old, new)
    text = call(GRADE, "faultdie", fails=True)
    if reason != "build failure":
        require(re.search(r"^faultdie: FAIL \(", text, re.M) and
                "its whole output is in jos.out.faultdie" in text and
                "\nScore: 0/5\n" in text, "wrong report", *text.splitlines())
        require(os.path.exists("jos.out.faultdie"), "no jos.out.faultdie")
    require(re.search(rf"^ *{reason}", text, re.M) and re.search(detail, text),
            f"no `{reason}' and `{detail}'", *text.splitlines())


@pytest.mark.thorough
def test_lock_taken_late():
    """EX=5 looks with the checking kernel at what no other check can see."""
    enter_copy(few=True)
    edit("kern/trap.c", "	lock_kernel_by(cpu); // [K11]\n", "")
    edit("kern/trap.c", "	if (__builtin_expect(cpu->cpu_env == e, true)) { // [K13]\n",
         "	bool same = cpu->cpu_env == e;\n	lock_kernel_by(cpu);\n	if (same) {\n")
    text = make("-s", "grade", "EX=5", fails=True)
    require(re.search(r"with CHECKED=1: kern/trap.c:\d+: cpus\[0\].cpu_env is read without the kernel "
                      "lock", text) and "Score: 0/3" in text, "wrong report", *text.splitlines())


@pytest.mark.thorough
def test_hangs():
    """It is given up when it has been silent for a while."""
    enter_copy()
    edit("kern/init.c", "start_programs(); // the", "for (;;) hlt(); // the")
    make()
    verdict = diagnose(play(command("hello"), Watch(quiet=2)), ["hello, world"])
    require_equal(verdict.reason, "hang: no output for 2 s", "verdict")


@pytest.mark.thorough
def test_flood():
    """It is given up before it fills the memory."""
    verdict = diagnose(play(["yes"]), ["hello, world"])
    require_equal(verdict.reason, "too much output: more than 512 KB", "verdict")


# Programs in place of a kernel, how many seconds each may take and be silent, and why it must be
# over: one that computes a third of the time is like one on a busy host.
SLOW = {
    "computes without end": ("while True: pass", 1, Why.LATE, Why.QUIET),
    "does nothing": ("time.sleep(600)", 1, Why.LATE, Why.QUIET),
    "is kept waiting": ("""
for n in range(10):
    begin = time.process_time()
    while time.process_time() - begin < 0.08: pass
    time.sleep(0.2)""", 2, Why.ENDED),
    "is slow to echo": ("""
print("K> ", end="", flush=True)
typed = input()
time.sleep(0.8)
print(typed, "done", sep="\\n", flush=True)
time.sleep(600)""", 60, Why.STOPPED),
    "answers after a panic": ("""
print("kernel panic on CPU 0 at kern/x.c:1: y", flush=True)
time.sleep(0.8)
print("K> ", end="", flush=True)
typed = input()
time.sleep(0.8)
print(typed, "done", sep="\\n", flush=True)
time.sleep(600)""", 60, Why.STOPPED),
}


@pytest.mark.parametrize("program, seconds, whys", params(
    {name: (program, seconds, whys) for name, (program, seconds, *whys) in SLOW.items()}, SLOW))
def test_slow(program, seconds, whys):
    """Only what a run does itself is held against it, not how busy the host is."""
    run = play([sys.executable, "-SEc", f"import time\n{program}"],
               Watch(limit=seconds, quiet=seconds, grace=0.2, replies=[("K> ", "x\n")],
                     stop="done"))
    require(run.why in whys, f"it is over because it {run.why.value}")


# Programs in place of a kernel that end badly: the reason, what is shown of it, and what is not.
ENDINGS = {
    "a program panics": (r"""
print("hello, world\n[00001000] user panic in tree at user/forktree.c:9: fork: out of memory")
print("TRAP frame at 0xf0000000 from CPU 0\n  edi  0x00000000\n  esi  0x00000000")
print("  trap 0x00000003 Breakpoint\n  eip  0x00800020\n  cs   0x----001b")
print("Stack backtrace:\n" + "  ebp\n" * 20)
sys.exit(5)""", "wrong output; a program has panicked", "user/forktree.c:9: fork: out of memory", "edi"),
    "QEMU gives up": (r"""
print("hello, world")
print("qemu: fatal: Trying to execute code outside RAM or ROM at 0x000a0000", file=sys.stderr)
print("EAX=00000000 EBX=00000000\nFPR0=0000000000000000 0000", file=sys.stderr, flush=True)
os.abort()""", "QEMU gave up, because the processor had gone astray", "outside RAM or ROM", "FPR0"),
}


@pytest.mark.parametrize("program, reason, shows, hides", params(ENDINGS, ENDINGS))
def test_ending(program, reason, shows, hides):
    """What is shown is what tells why."""
    run = play([sys.executable, "-SEc", f"import os, sys\n{program}"])
    verdict = diagnose(run, ["hello, world", "bye"])
    require(verdict.reason.startswith(reason), f"the reason is `{verdict.reason}'")
    require(shows in "\n".join(verdict.details) and hides not in "\n".join(verdict.details),
            "wrong details", *verdict.details)


# Mistakes in exercises 1 to 5: the edit, the exercise, what its check says, and which checks of
# others cannot be judged.
BLAMED = {
    "an address that is not aligned": (
        ("kern/pmap.c", "next, size, start, PTE_W", "next, size, pa, PTE_W"),
        "ex1:devices", r"assertion failed: .*PGOFF\(pa\) == 0", ""),
    "no room at boot": (
        ("kern/pmap.c", "	if (size > MMIOLIM - next)\n", ""), "ex1:devices", "no room to map", "5"),
    "a frame that must not be free": (
        ("kern/pmap.c", "	reserve(mpentry, mpentry + 1);\n	add_free(1, mpentry);",
         "	add_free(1, mpentry + 1);"), "ex2:frames", "where CPUs start, is not reserved", "5"),
    "stacks that are not aligned": (
        ("kern/pmap.c", "KSTACKTOP_CPU(cpu) - KSTKSIZE, KSTKSIZE,",
         "KSTACKTOP_CPU(cpu) - KSTKSIZE + 4, KSTKSIZE,"), "ex3:stacks", r"PGOFF\(va\) == 0", "125"),
    "a selector that is not one": (
        ("kern/trap.c", "ltr(GD_TSS0 + (cpu << 3))", "ltr(GD_TSS0 + cpu)"),
        "ex4:segments", "General Protection in the kernel", "5"),
    "no task register": (
        ("kern/trap.c", "	ltr(GD_TSS0 + (cpu << 3));\n", ""),
        "ex4:segments", r"until it is loaded, thiscpu and cpunum\(\) are wrong", "1235"),
}


@pytest.mark.parametrize("change, check, says, others", params(
    BLAMED, many={*BLAMED} - {"no task register"}))
def test_blamed(change, check, says, others):
    """A mistake in one exercise makes its own check fail, and no check of another, right one. What
    cannot be judged is no success."""
    enter_copy(few=True)
    edit(*change)
    text = make("-s", "grade", "EX=1 2 3 4 5", fails=True)
    lines = text.splitlines()
    failed = set(re.findall(r"^(ex\d:\w+): FAIL", text, re.M)) - {"ex1:limit"}
    require_equal(failed, {check}, "checks that fail")
    own = text[text.index(f"{check}: FAIL"):].split("\nex")[0]
    require(re.search(says, own), f"{check} does not say `{says}'", *lines)
    found = set(re.findall(r"^ex(\d):\w+: not judged .*\n    this cannot be judged: exercise "
                           rf"{check[2]} has to be right first", text, re.M))
    require_equal(found, set(others), "exercises that cannot be judged")


# Mistakes in exercises that later ones build on: the edit, the exercise and its check that finds it,
# and checks of later exercises that fail because of that.
STOOD_ON = {
    "a page for a child that goes elsewhere": (
        ("kern/syscall.c", "		r = page_insert(dst->env_pgdir,",
         "		r = page_insert(curenv->env_pgdir,"), "ex7:map", "ex9:frame ex10:esp"),
    "an upcall that is not set": (
        ("kern/syscall.c", "	e->env_pgfault_upcall = upcall;\n", "	(void) upcall;\n"),
        "ex8:upcall", "ex9:frame ex10:esp ex11:upcall ex12:stack"),
    "an instruction that is not told": (
        ("kern/trap.c", "	utf->utf_eip = tf->tf_eip;\n", "	utf->utf_eip = 0;\n"),
        "ex9:frame", "ex10:esp ex11:handler ex12:memory"),
    "an entry that goes astray": (
        ("lib/pfentry.S", "	popfl\n	popl %esp\n", "	popl %esp\n	popfl\n"),
        "ex10:eip", "ex11:handler ex12:memory"),
    "a handler that is not stored": (
        ("lib/pgfault.c", "	_pgfault_handler = handler;\n", ""),
        "ex11:upcall", "ex10:esp ex12:handler"),
    "a child that takes its parent for itself": (
        ("lib/fork.c", "		thisenv = &envs[ENVX(sys_getenvid())];\n", ""),
        "ex12:tree", "ex15:page"),
}


@pytest.mark.parametrize("change, check, later", params(
    STOOD_ON, many=STOOD_ON))
def test_stood_on(change, check, later):
    """A check that fails because of an earlier exercise says so; that of the earlier one, what is
    wrong."""
    enter_copy()
    edit(*change)
    text = call(GRADE, check, *later.split(), fails=True)
    number = re.search(r"\d+", check)[0]
    require(f"\n{check}: FAIL" in f"\n{text}", f"{check} does not fail", *text.splitlines())
    found = re.findall(r"^(ex\d+:\w+): not judged .*\n    this cannot be judged: exercise "
                       rf"{number} has to be right first", text, re.M)
    require_equal(sorted(found), sorted(later.split()), "checks that cannot be judged")


@pytest.mark.thorough
def test_panic_status():
    """make tells a panic from a clean end."""
    enter_copy()
    edit("kern/init.c", "start_programs(); // the", 'panic("by a test"); // the')
    text = make("run-hello-nox", "EXIT=1", fails=True)
    require("*** The kernel panicked\n" in text and "by a test" in text, "no word of the panic",
            *excerpt(text.splitlines()))


def alive(pid):
    """Whether there is such a process, and not just its remains."""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except OSError:         # gone meanwhile; or no /proc here
        return not os.path.exists("/proc/self")


@pytest.mark.parametrize("number, status", params({
    "Ctrl-C": (signal.SIGINT, 130), "told to end": (signal.SIGTERM, 128 + signal.SIGTERM)}))
def test_interrupted(number, status):
    """The grader ends early and takes every QEMU with it."""
    enter_copy()
    qemu, pids = scratch() / "qemu", scratch() / "pids"
    qemu.write_text(f'#!/bin/sh\necho $$ >> {pids}\nexec {make("-s", "print-qemu").strip()} "$@"\n')
    qemu.chmod(0o755)
    grader = start([GRADE, f"QEMU={qemu}", "-j3", "primes", "stresssched", "forktree"])

    def started():
        if grader.poll() is not None:
            fail("it starts no QEMU", *excerpt(grader.stdout.read().decode().splitlines()))
        return pids.exists() and len(pids.read_text().splitlines()) >= 3

    wait_for(started, "it starts no QEMU")
    grader.send_signal(number)
    require_equal(grader.wait(PATIENCE), status, "status")
    left = [pid for pid in map(int, pids.read_text().split()) if alive(pid)]
    require_equal(left, [], "processes left")


def test_terminate():
    """A run ends when its make is told to, and nothing else is: so do the lab's own graders."""
    enter_copy()
    run = start(["make", "-s", "--no-print-directory", "run-idle-nox"])
    text = b""
    while b"new env" not in text:
        text += run.stdout.read(4096)
        require(run.poll() is None, "it has ended", *text.decode(errors="replace").splitlines())
    there = qemus()
    require(len(there) == 1, f"{len(there)} emulators run here")
    run.terminate()
    run.wait(PATIENCE)
    wait_for(lambda: not any(map(alive, there)), "QEMU has ended")


def qemus():
    """Return the process ids of the emulators that run in this directory."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if "qemu-system" in os.readlink(place / "exe") and \
                    os.readlink(place / "cwd") == os.getcwd():
                found.append(int(place.name))
        except OSError:     # gone, or not ours
            pass
    return found


def test_beside_a_run():
    """An open `make qemu' does not disturb a grader, and neither do two graders each other."""
    enter_copy()
    run = start(["make", "-s", "qemu-nox"])
    text = b""
    while b"K> " not in text:
        text += run.stdout.read(4096)
    graders = [start([GRADE, "faultdie"]) for _ in range(2)]
    for grader in graders:
        output = grader.communicate()[0].decode()
        require_equal(grader.returncode, 0, f"status: {output}")
    require(run.poll() is None, "the run has ended")
