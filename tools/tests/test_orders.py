"""Every order that a few preemptions can bring about."""

import re
import shutil
from pathlib import Path

import pytest

import test_seeds

from kit import (complaints, edit, enter, enter_copy, excerpt, keep_programs, make, need_repeats,
                 params, require, require_equal, scratch, shared_tree)
from machine import play, verify

from gradebuild import qemu_command
from gradelib import Watch, diagnose

LIMIT = 4       # seconds that a run may take, of its own; it needs less than one


def enter_orders():
    """Go to a copy of the tree with few programs, in whose obj/ is the build for orders."""
    def build():
        enter_copy(built=False)
        keep_programs(["hello", "sendpage"])
        make("-j2", "ORDER=0")

    need_repeats()
    copy = scratch() / "tree"
    shutil.copytree(shared_tree("orders", build), copy)
    enter(copy)


def search(program: str, *variables: str, fails: bool = False):
    """Try a program's orders; return the lines of the answer."""
    return complaints(make(f"explore-{program}", f"EXPLOREFLAGS=--limit {LIMIT}", *variables,
                           fails=fails))


def last_line(program: str, *variables: str):
    """Return the last line of the answer, without the time, when all goes well."""
    lines = search(program, *variables)
    return re.sub(r" \(\d+ s\)$", "", lines[-1])


TWO = "RUN=hello hello"     # one env on each CPU


@pytest.mark.parametrize("bound, runs, orders", [
    (1, 12, 6), pytest.param(2, 53, 22, marks=pytest.mark.many)])
def test_all(bound, runs, orders):
    """All orders of a case that can be counted by hand are found, and no other, in as many runs as that
    takes.

    Two envs, on CPU 0 and on CPU 1, make four system calls each: getenvid, cputs, cputs, destroy.
    At the beginning CPU 0 goes to user mode, and CPU 1 takes the lock to choose its env. Without a
    preemption, CPU 1 now does all its calls, and then CPU 0 does its own.

    With one preemption, CPU 0 does all its calls after none, one, two or three calls of CPU 1, or it
    has a tick before it begins. (There is no other tick, as no env waits any more.) These are 5.

    With two, CPU 0 makes one, two or three of its calls in any of those 4 places, and the rest after
    the calls of CPU 1: 12 orders. Or the tick comes, and all its calls are in one of the places: 4.

    While both CPUs have an env, CPU 1 has 10 moments: it takes the lock, goes to user mode, enters and
    leaves for three calls, enters for the last one, releases the lock to sleep. With the tick these
    are 11 runs with one preemption. After the first that gives each of the 4 places, CPU 0 has 8
    moments; after the tick, CPU 1 has 9, as it has asked for the lock: 41 runs with two.
    """
    enter_orders()
    require_equal(last_line("hello", TWO, f"BOUND={bound}"),
                  f"hello hello, BOUND={bound}: complete, {runs} runs, {orders} different orders, "
                  "0 runs failed", "the last line")


def test_not_all():
    """With a limit of runs, it is said how far they came."""
    enter_orders()
    lines = search("hello", TWO, "BOUND=2", "RUNS=5")
    require_equal(lines[-3:-1], ["with 0 preemptions: all 1 runs", "with 1 preemption: 4 of 11 runs"],
                  "what is said")
    require("BOUND=2: not complete, 5 runs, " in lines[-1], "wrong last line", lines[-1])


# Races, planted into a copy of the kernel; what else is asked for; and what is seen of the race.
RACES = {
    "between entry and exit": (*test_seeds.LOOK_THEN_SLEEP, "sendpage", [], "blocked|kernel panic"),
    "between accesses": (*test_seeds.READ_THEN_COUNT, "hello", [TWO, "CHECKED=1"],
                         "kernel panic|not finished|hang"),
}


@pytest.mark.parametrize("file, old, new, program, more, seen", params(
    RACES, many=("between accesses",)))
def test_finds(file, old, new, program, more, seen):
    """A planted race is found by one preemption. The command that is named shows it again, and the
    same run without a preemption does not. A picture can be made of it."""
    enter_orders()
    edit(file, old, new)
    lines = search(program, "BOUND=1", *more, fails=True)
    require(any(re.match(rf"({seen}).*: \d+ of \d+ runs\. The first, run \d+", line) for line in lines),
            "the race is not found", *excerpt(lines[-30:]))
    require(": complete, " in lines[-1], "it does not go on", lines[-1])
    again = next(line for line in lines if line.startswith("      make "))
    order = re.search(r" ORDER=([\d.t]+) AUDIT=1 EXIT=1$", again)[1]

    def output(order):
        words = qemu_command(f"RUN={program}", f"ORDER={order}", "AUDIT=1", *more)
        return play(words, Watch(limit=LIMIT, quiet=LIMIT))

    verify(output("0"))
    bad = output(order)
    require(not diagnose(bad).ok, "it is not shown again", *excerpt(bad.lines))
    require_equal(output(order).lines, bad.lines, f"the output with ORDER={order}")
    make(f"trace-{program}", f"ORDER={order}", "TRACE_MS=100", *more)
    require(f" · order {order} · " in Path(f"obj/trace/{program}-{order}.html").read_text(), "no picture")


# ---- Bad use ----

@pytest.mark.thorough
def test_bad_use():
    """It is answered by one line."""
    enter_orders()
    for words, answer in {
            "explore-hello BOUND=x": "BOUND=x is no number of preemptions up to 9. Try BOUND=2",
            "explore-hello BOUND=1 RUNS=0": "RUNS=0 is no number of runs. Try RUNS=1000",
            "explore-hello BOUND=1 CPUS=4": "ORDER and BOUND need two CPUs. Leave CPUS=4 away",
            "explore-hello BOUND=1 HOSTS=x":
                "HOSTS is for seeds, not for orders. Leave BOUND or HOSTS away",
            "explore-hello ORDER=17": "ORDER=17 is for one run. Leave it away, or use make run-X",
            "run-hello-nox ORDER=17 CPUS=1": "ORDER and BOUND need two CPUs. Leave CPUS=1 away",
            "run-hello-nox ORDER=17 SEED=7":
                "SEED does not go with ORDER and BOUND. Leave one of them away",
            "run-hello-nox ORDER=17,3":
                "ORDER=17,3 is no list of moments, one after another. Try ORDER=17.40t",
            "run-hello-nox ORDER=17.4":
                "ORDER=17.4 is no list of moments, one after another. Try ORDER=17.40t",
            "run-hello-nox BOUND=2": "BOUND is for make explore-X. ORDER=17 makes one run"}.items():
        said = complaints(make(*words.split(), "EXIT=1", fails=True))
        require_equal(said, [answer], f"the answer to {words}")
