"""Mistakes and right solutions on trial: make one in a copy of the tree, and see who says what."""

import os
import re
import shutil
from pathlib import Path
from typing import Dict, Sequence, Set, Tuple

from gradelib import PANIC, Watch
from gradetests import CHECKS, EXERCISES, TESTS, Test, exercises_below

from kit import (edit, enter, enter_copy, excerpt, keep_programs, make, require, scratch,
                 shared_tree, start)
from machine import command, play
from mistakes import MISTAKES
from mistakes.mistake import Mistake

AUDIT_FAILED = "the audit failed"     # a panic that says nothing of where
# Not where make grade would look for a checking kernel, to try it by itself.
CHECKED_OBJDIR = "obj-small-checked"
CHECKED = ["CHECKED=1", f"OBJDIR={CHECKED_OBJDIR}"]
# All checks of exercises are built at once, so that only what a mistake changes is compiled again.
ALL = f"EX={' '.join(map(str, EXERCISES))}"


def needed(test: Test) -> Set[str]:
    """Return the programs that a test needs, also to see whether an earlier exercise is wrong."""
    return {word.split(":")[0] for word in (test.run or test.name).split()}.union(
        f"ex{exercise}" for exercise in exercises_below(test.part))


PLAIN = {name for name in set().union(*map(needed, CHECKS)) if not re.match(r"ex\d", name)}
KEPT = set().union(*map(needed, [*CHECKS, *TESTS]),
                   *[mistake.program.split() for mistake in MISTAKES.values()])


# ---- The tree ----

def enter_small_copy(edits: Sequence[str]) -> None:
    """Go to a fresh copy of the tree with few programs, built twice, also for checking, and make
    edits there."""
    def build():
        enter_copy()
        keep_programs(KEPT)
        make("-s", "-j2", ALL)
        make("-s", "-j2", ALL, *CHECKED)

    shared, copy = shared_tree("small", build), scratch() / "tree"
    shutil.copytree(shared, copy)
    enter(copy)
    make_edits(edits)


def make_edits(edits: Sequence[str]) -> None:
    """Make edits in the current tree: file, text (none: all of it), text in its place, and so on."""
    for file, old, new in zip(edits[0::3], edits[1::3], edits[2::3]):
        edit(file, old or Path(file).read_text(), new)


# ---- What the checks say ----

def grade(tests: Sequence[Test]) -> Dict[str, str]:
    """Make these checks in the current tree, and return what each says that fails. There are only the
    programs that they need, and those that are no checks.

    What a check says may depend on when a tick comes: where it has no seed, ticks are counted in
    instructions, so that the host has no say.
    """
    said: Dict[str, str] = {}
    programs_needed = PLAIN.union(*map(needed, tests))
    only = f"USER_NAMES={' '.join(sorted(programs_needed))}"
    for clock in [], ["QEMUEXTRA=-icount shift=2,sleep=off"]:
        names = [test.name for test in tests if bool(test.seed) != bool(clock)]
        if names:
            process = start(["./grade-lab4", *names, ALL, only, *clock])
            text = process.communicate()[0].decode(errors="replace")
            require(process.returncode in (0, 1) and re.search("^Score: ", text, re.M),
                    "it cannot be graded", *excerpt(text.splitlines()[-15:]))
            said.update(re.findall(r"^(\S+): FAIL .*\n((?: .*\n)*)", text, re.M))
    return said


# ---- What the checking build says ----

def checked(tests: Sequence[Test], program: str = "", **how: str) -> Tuple[str, str]:
    """Build the current tree for checking, and run a program, or what these checks run. Return where
    the kernel panics, and with which words; two empty ones if it does not."""
    make("-s", "-j2", ALL, *CHECKED)
    os.environ["OBJDIR"] = CHECKED_OBJDIR
    runs = [(command(test.run, cpus=str(test.cpus), seed=test.seed or "1", end=not test.typed),
             Watch(replies=test.replies)) for test in tests]
    if program:
        runs = [(command(program, **how), Watch())]
    for words, watch in runs:
        for line in play(words, watch).lines:
            found = re.search(rf"{PANIC} \d+ at (\S+:\d+): (.*)", line)
            if found and found[2] != AUDIT_FAILED:
                return os.path.normpath(found[1]), found[2]
    return "", ""


def checked_with(mistake: Mistake, tests: Sequence[Test]) -> Tuple[str, str]:
    """Do this for a mistake that has been made, with its own program if it has one."""
    if not mistake.in_kernel:
        return "", ""       # it is the same kernel
    return checked(tests, mistake.program, cpus=mistake.cpus, seed=mistake.seed)
