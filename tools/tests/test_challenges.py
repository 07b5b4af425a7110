"""The programs that check the challenges of doc/lab4-challenges.md: each says OK with a solution,
and says what is missing without."""

import re
import shutil

import pytest

from challengesolutions import EXCEPTIONS, PRIORITY
from kit import ROOT, edit, enter_copy, excerpt, keep_programs, make, require, require_equal
from machine import command, play
from rightsolutions import solved
from trial import make_edits

pytestmark = [pytest.mark.thorough, pytest.mark.limit(600)]

# For each program what is run, and on how many CPUs.
HERE = {"tryblocking": ("1", "4"), "tryfork": ("1", "4"), "trysfork": ("1", "4")}
TO_DO = {"trypriority": ("1",), "tryexceptions": ("1", "4"), "trymatrix": ("1", "4")}
WITH = {"trymatrix": "matrix trymatrix"}

# What is said where nothing has been done.
SAYS = {
    "tryblocking": "sys_ipc_send returns -3 (invalid parameter)",
    "tryfork": "system calls about pages, not 60 or fewer",
    "trysfork": "sfork: a challenge",
    "trypriority": "there is no sys_env_set_priority in lib/syscall.c",
    "tryexceptions": "there is no set_exception_handler in lib/pgfault.c",
    "trymatrix": "no other program runs: write user/matrix.c",
}


def said(program, run, cpus):
    """Return the line that a program ends with."""
    lines = play(command(run, cpus=cpus)).lines
    own = [line for line in lines if re.match(rf"{program}: (OK$|not there yet: )", line)]
    require(len(own) == 1, f"{program} does not say one thing", *excerpt(lines[-20:]))
    return own[0]


def all_ok(names):
    """Each program is content, on one CPU and on several."""
    for program, counts in names.items():
        for cpus in counts:
            require_equal(said(program, WITH.get(program, program), cpus), f"{program}: OK",
                          f"what it says on {cpus} CPUs")


def none_there(names):
    """Each program says what is missing."""
    for program in names:
        line = said(program, program, "1")
        require(line.startswith(f"{program}: not there yet: ") and SAYS[program] in line,
                f"it does not say `{SAYS[program]}'", line)


def test_done():
    """What this tree has itself is found, what it lacks is not."""
    enter_copy()
    all_ok(HERE)
    none_there(TO_DO)


def test_solved():
    """With a solution, the other programs are content, too."""
    enter_copy()
    for file, old, new in PRIORITY + EXCEPTIONS:
        edit(file, old, new)
    shutil.copy(ROOT / "tools/tests/challenges/matrix.c", "user/matrix.c")
    keep_programs([*TO_DO, "matrix"])
    make("-j2")
    all_ok(TO_DO)


def test_none_done():
    """Where no challenge is done, none is there."""
    enter_copy()
    make_edits(solved("calls-with-gotos"))
    keep_programs([*HERE, *TO_DO])
    make("-j2")
    none_there(SAYS)
