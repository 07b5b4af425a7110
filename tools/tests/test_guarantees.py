"""What the kernel promises user programs: the hostile, self-checking programs in user/tests.

Each says `NAME: OK' if all holds; after each the kernel audits its books.
"""

import re

from gradelib import CLEAN_END, Watch

import pytest

from kit import ROOT, params, require, require_equal
from machine import Machine, command, play, verify

pytestmark = pytest.mark.compiler
AGREES = "audit: .* all agrees"

# The programs, and the number of CPUs on which make check has them.
PROGRAMS = {"testargs": 1, "testtlb": 4, "teststates": 2, "testfaults": 1, "testmachine": 1,
            "testfpu": 2, "testexhaust": 1, "testipc": 4, "testleak": 1, "testfail": 2,
            "testfair": 4, "fuzz": 2}

# What testfair counts, turns of a CPU, must not depend on what else the host does: so it has a
# seed, and as ticks then differ in length, more turns for an average. Not on two CPUs: there one
# rests for most of a run with a seed (kern/sched.c), which leaves no turns to compare.
FAIR = {1: ("testfair:400", "1"), 2: ("testfair:40", ""), 4: ("testfair:400", "1")}

# Many more rounds: what make check-all leaves out.
LONG = {"fuzz:2:1000000": 900, "testleak:100000": 1800, "testtlb:10000": 900}


def holds(run, *options, cpus, limit, seed="", keep=1 << 20):
    """The program finds nothing wrong, and the kernel's books agree."""
    name = run.partition(":")[0]
    watch = Watch(forbidden=[f"{name}: FAIL", "audit: (?!.* all agrees)"], limit=limit,
                  quiet=limit, patience=10 * limit, keep=keep)
    verify(play(command(run, *options, cpus=cpus, seed=seed), watch),
           [f"{name}: OK", AGREES, re.escape(CLEAN_END)])


def run_of(program, cpus):
    """Return what to run for a program, and with which seed."""
    return FAIR[cpus] if program == "testfair" else (program, "")


@pytest.mark.parametrize("program, cpus", params(
    {f"{program}, CPUS={cpus}": (program, cpus) for program in PROGRAMS for cpus in (1, 2, 4)},
    [f"{program}, CPUS={cpus}" for program, cpus in PROGRAMS.items()]))
def test_holds(program, cpus):
    """Each program says OK on 1, 2 and 4 CPUs."""
    run, seed = run_of(program, cpus)
    holds(run, cpus=cpus, limit=100, seed=seed)


@pytest.mark.thorough
@pytest.mark.parametrize("program", PROGRAMS)
def test_holds_on_newest_cpu(program):
    """And on a CPU that has all QEMU knows, of which the kernel uses SMEP and SMAP."""
    cpus = PROGRAMS[program]
    run, seed = run_of(program, cpus)
    holds(run, "-cpu", "max", cpus=cpus, limit=100, seed=seed)


def test_all_are_there():
    """Whoever adds a program to user/tests adds it here."""
    require_equal(sorted(file.stem for file in (ROOT / "user/tests").glob("*.c")),
                  sorted(PROGRAMS), "programs")


@pytest.mark.long
@pytest.mark.limit(20000)
@pytest.mark.parametrize("run, limit", LONG.items())
def test_holds_for_long(run, limit):
    """The same, many more times."""
    holds(run, cpus=4, limit=limit, keep=1 << 30)


@pytest.mark.thorough
def test_every_allocation_fails():
    """Whatever allocation fails, the call that it hits says so and has changed nothing."""
    with Machine(command("hello", cpus=2, end=False)) as machine:
        machine.prompt()
        for n in range(1, 1000):
            machine.answer(f"fail {n}")
            machine.type("run testfail\n")
            machine.prompt()
            said = machine.text[machine.text.rindex("run testfail"):]
            require("testfail: OK" in said or "Cannot start testfail" in said,
                    f"wrong when allocation {n} fails", *said.splitlines()[-20:])
            books = machine.answer("audit")
            require(re.match(AGREES, books[-1]), f"the books are wrong after allocation {n} failed",
                    *books)
            if "out of memory" not in said:
                break
        require(n > 15, f"only {n} allocations are made")
