"""What the kernel promises user programs: the hostile, self-checking programs in user/tests.

Each says `NAME: OK' if all holds; after each the kernel audits its books.
"""

import re

from gradelib import CLEAN_END, STATUS_CLEAN, Watch

import pytest

from kit import ROOT, alike, params, require, require_equal
from machine import Machine, command, play, verify

pytestmark = pytest.mark.compiler
AGREES = "audit: .* all agrees"

# The programs, and the number of CPUs on which make check has them.
PROGRAMS = {"testargs": 1, "testtlb": 4, "teststates": 2, "testfaults": 1, "testmachine": 1,
            "testfpu": 2, "testexhaust": 1, "testipc": 4, "testleak": 1, "testfail": 2,
            "testfair": 4, "testcharge": 1, "testchildren": 1, "testfork": 1, "testslots": 4,
            "testprint": 1, "fuzz": 2}

# Those in which time matters.
OF_TIME = ["testfair", "testcharge", "testchildren"]

# Programs that have tests of their own below.
OTHERS = ["testbreak", "testlong"]

# Those that use the kernel's addresses, and have it use theirs.
NEWEST = ("testargs", "testfaults", "testipc")

# What takes an hour: for a night.
LONG = {"fuzz:2:1000000": 900, "testleak:100000": 1800, "testtlb:10000": 900}


def holds(run, *options, cpus, limit):
    """The program finds nothing wrong, the kernel's books agree, and nothing is left that waits."""
    name = run.partition(":")[0]
    watch = Watch(forbidden=[f"{name}: FAIL", "audit: (?!.* all agrees)"], limit=limit,
                  quiet=limit)
    done = play(command(run, *options, cpus=cpus), watch)
    verify(done, [f"{name}: OK", AGREES, re.escape(CLEAN_END)])
    require_equal(done.status, STATUS_CLEAN, "status")


@pytest.mark.parametrize("program, cpus", params(
    {f"{program}, CPUS={cpus}": (program, cpus) for program in PROGRAMS for cpus in (1, 2, 4)},
    [f"{program}, CPUS={cpus}" for program, cpus in PROGRAMS.items()]))
def test_holds(program, cpus):
    """Each program says OK on 1, 2 and 4 CPUs."""
    # On one CPU shares of time are exact if time is counted in instructions.
    icount = "-icount shift=4,sleep=off".split() if cpus == 1 and program in OF_TIME else []
    holds(program, *icount, cpus=cpus, limit=100)


@pytest.mark.parametrize("program", alike(*NEWEST, many={*PROGRAMS} - {*NEWEST}))
def test_holds_on_newest_cpu(program):
    """And on a CPU that has all QEMU knows, of which the kernel uses SMEP and SMAP."""
    holds(program, "-cpu", "max", cpus=PROGRAMS[program], limit=100)


def test_all_are_there():
    """Whoever adds a program to user/tests adds it here."""
    require_equal(sorted(file.stem for file in (ROOT / "user/tests").glob("*.c")),
                  sorted([*PROGRAMS, *OTHERS]), "programs")


@pytest.mark.long
@pytest.mark.limit(10000)
@pytest.mark.parametrize("run, limit", LONG.items())
def test_holds_for_long(run, limit):
    """The same, many more times."""
    holds(run, cpus=4, limit=limit)


def test_fuzz_seed():
    """With this seed the fuzzer makes children that it never starts: they end with it."""
    holds("fuzz:14", cpus=1, limit=100)


@pytest.mark.parametrize("cpus", [1, pytest.param(4, marks=pytest.mark.thorough)])
def test_large_env_ends(cpus):
    """The kernel lock is held for a fraction of a tick, even when an env with a million mappings
    ends. (Time is counted in instructions.)"""
    icount = "-rtc base=2020-01-01,clock=vm -icount shift=0,sleep=off,align=off".split()
    verify(play(command("testlong", *icount, cpus=cpus, disk=False), Watch(limit=200, quiet=200)),
           ["testlong: OK", AGREES, re.escape(CLEAN_END)])


def test_new_program_in_used_slot():
    """A program has no flags or registers of the one that had its slot before."""
    with Machine(command("testslots:dirty", end=False)) as machine:
        machine.prompt()
        machine.type("run testslots:clean\n")
        machine.prompt()
        require("testslots: OK" in machine.text, "not as new", *machine.text.splitlines()[-10:])


BREAKPOINTS = 60


@pytest.mark.parametrize("instruction", ["int3", "int"])
def test_breakpoints_are_not_lost(instruction):
    """An env that is stopped on another CPU while it waits there with a breakpoint comes to the
    same breakpoint again, once."""
    with Machine(command(f"testbreak:{BREAKPOINTS}:{instruction}", cpus=2, end=False)) as machine:
        for _ in range(BREAKPOINTS):
            machine.prompt()
            machine.type("continue\n")
        machine.expect("^testbreak: OK$")
        require_equal(machine.text.count("  trap 0x00000003 Breakpoint"), BREAKPOINTS,
                      "number of breakpoints")


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
