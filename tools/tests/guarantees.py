"""What the kernel promises user programs: the hostile, self-checking programs in user/tests.

Each says `NAME: OK' if all holds; after each the kernel audits its books.
"""

import re

from gradelib import CLEAN_END, Watch

from .kit import add, require, test
from .machine import Machine, command, play, verify

AGREES = "audit: .* all agrees"

# The programs, and how many seconds they take about.
PROGRAMS = {"testargs": 1, "testtlb": 4, "teststates": 2, "testfaults": 1, "testmachine": 4,
            "testfpu": 1, "testexhaust": 2, "testipc": 1, "testleak": 1, "testfail": 1,
            "testfair": 3, "fuzz": 2}
MODELS = {"": [], " with -cpu max": ["-cpu", "max"]}

# The long mode of `make check CHECKFLAGS="long"`: what a night is for.
LONG = {"fuzz:2:1000000": 900, "testleak:100000": 1800, "testtlb:10000": 900}


def holds(run, cpus, options, limit):
    """The program finds nothing wrong, and the kernel's books agree."""
    name = run.partition(":")[0]
    watch = Watch(forbidden=[f"{name}: FAIL", "audit: (?!.* all agrees)"], limit=limit,
                  quiet=limit)
    verify(play(command(run, *options, cpus=cpus), watch),
           [f"{name}: OK", AGREES, re.escape(CLEAN_END)])


for program, seconds in PROGRAMS.items():
    for count in (1, 2, 4):
        for model, extra in MODELS.items():
            add(f"guarantees: {program}, CPUS={count}{model}", holds, program, count, extra, 100,
                limit=110, cost=seconds)
for program, limit_ in LONG.items():
    add(f"long: {program}, CPUS=4", holds, program, 4, [], limit_, limit=limit_ + 10, cost=limit_)


@test("guarantees: every allocation fails once", cost=5)
def every_allocation_fails():
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
