"""Runs that can be repeated, and the search among them."""

import json
import os
import re
import signal
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from debugger import gdb_batch, start_waiting
from kit import (PATIENCE, complains, edit, enter_copy, excerpt, make, need, need_repeats, params,
                 processors, require, require_equal, scratch, start, wait_for)
from machine import command, play, verify
from sshhosts import Hosts

from gradebuild import qemu_command
from gradelib import Watch

TIMES = 30      # one run in ten has been seen to differ


def output(program: str, seed: int):
    """Run a program on four CPUs with a seed; return what is printed."""
    run = play(command(program, cpus=4, seed=seed))
    verify(run)
    return run.lines


def test_same():
    """Four CPUs do the same with the same seed, and something else with another one."""
    need_repeats()
    for program in ("stresssched", "testipc"):
        first = output(program, 7)
        require_equal(output(program, 7), first, f"the output of {program} with the same seed")
        require(output(program, 8) != first, f"another seed gives the same output of {program}")


def recorded(program: str, *options: str, cpus: int = 4) -> bytes:
    """Run a program with seed 7; return the record of what each CPU does, and when."""
    file = scratch() / "trace"
    verify(play([*qemu_command(f"CPUS={cpus}", f"RUN={program}", "EXIT=1", "SEED=7",
                               f"TRACE={file}"), *options]))
    return file.read_bytes()


@pytest.mark.parametrize("options", params({
    "no HPET": [["-machine", "hpet=off"]], "another device": [["-device", "pci-testdev"]]}, ("no HPET",)))
def test_whatever_the_firmware_does(options):
    """A run with several CPUs is the same, to the instruction, after a firmware that has taken more
    or less time."""
    need_repeats()
    require(recorded("forktree", *options) == recorded("forktree"), "another record")


@pytest.mark.many
@pytest.mark.parametrize("cpus", [2, 4])
def test_many_times(cpus):
    """The same run, so often and so many at once that a QEMU shows it which repeats not every
    run."""
    need_repeats()
    with ThreadPoolExecutor(2 * processors()) as pool:
        records = list(pool.map(lambda _: recorded("hello", cpus=cpus), range(TIMES)))
    different = Counter(records).most_common()
    require_equal([count for _, count in different], [TIMES], "numbers of equal runs")


REFUSED = "QEMU 11 does not repeat every run of several CPUs with a seed; 7.2 and 10.0 do."


@pytest.mark.parametrize("version, cpus, words, refused", [
    ("11.1.3", 4, "run-hello-nox SEED=7", True), ("11.1.3", 2, "explore-hello SEEDS=1", True),
    ("11.1.3", 4, "run-hello-nox", False), ("11.1.3", 1, "run-hello-nox SEED=7", False),
    ("10.0.13", 4, "run-hello-nox SEED=7", False)])
def test_unsteady(version, cpus, words, refused):
    """Where a run with a seed may differ all the same, make does not begin it, and names versions."""
    qemu = scratch() / "qemu"
    qemu.write_text(f"#!/bin/sh\necho QEMU emulator version {version}\n")
    qemu.chmod(0o755)
    said = make("-s", *words.split(), f"QEMU={qemu}", f"CPUS={cpus}", fails=refused)
    require((REFUSED in said) == refused, "wrong answer", *said.splitlines())


def at_tick(seed: int):
    """Under gdb, stop a run of stresssched in its tick 1500; return which CPU is there, with its
    registers, counts and env, and what has been printed. The other CPUs run on for an instant, and
    may print."""
    need_repeats()
    enter_copy()
    process, _ = start_waiting("run-stresssched-nox-gdb", "CPUS=4", f"SEED={seed}", "STOP=1500",
                               "AUDIT=1", "EXIT=1")
    state = gdb_batch("break seed_stop", "continue", "thread", "info registers", "backtrace",
                      "print cpus[$_thread - 1]", "print *cpus[$_thread - 1].cpu_env")
    printed = process.communicate(timeout=PATIENCE)[0].decode().replace("\r", "").splitlines()
    return state[state.index("seed_stop ("):], printed[printed.index(FIRST_LINE):-8]


FIRST_LINE = "check_page_alloc() succeeded!"


@pytest.mark.thorough
def test_first_stop():
    """A breakpoint leaves the run before it as it is without gdb."""
    need("gdb")
    whole = output("stresssched", 7)
    state, printed = at_tick(7)
    require_equal(at_tick(7)[0], state, "the state at the first stop")
    begin = whole.index(FIRST_LINE)
    require_equal(printed, whole[begin:begin + len(printed)], "the output up to there")
    require(any("new env 00001005" in line for line in printed), "nothing has happened", *printed)
    require(at_tick(8)[0] != state, "another seed gives the same state")


# ---- The search ----

def explore(program: str, *variables: str, fails: bool = False):
    """Search for what goes wrong with a program; return the lines of the answer."""
    need_repeats()
    return make(f"explore-{program}", *variables, fails=fails).splitlines()


@pytest.mark.thorough
def test_nothing():
    """With no seed does anything go wrong."""
    for program in ("stresssched", "testipc", "hello"):
        last = explore(program, "SEEDS=4")[-1]
        require(re.match(rf"{program}, CPUS=4: 4 seeds passed, 0 failed; \d+ different outputs",
                         last), "wrong last line", last)


# Two races: in a file, other lines in the place of some.
READ_THEN_COUNT = (
    "kern/kernellock.h",
    "__atomic_fetch_add(&kernel_lock.next_ticket, 1, __ATOMIC_SEQ_CST);",
    "kernel_lock.next_ticket;\n"
    "\t__atomic_store_n(&kernel_lock.next_ticket, ticket + 1, __ATOMIC_RELAXED);")
LOOK_THEN_SLEEP = (
    "kern/syscall.c", """\
	if (!self->env_last_sender || !ipc_take(self))
		env_set_state(self, ENV_NOT_RUNNABLE);
""", """\
	bool taken = self->env_last_sender && ipc_take(self);
	unlock_kernel();
	lock_kernel();
	if (!taken)
		env_set_state(self, ENV_NOT_RUNNABLE);
""")

# Races, each planted into a copy of the kernel, the program that is to meet it within so many
# seeds, and what is seen of it.
RACES = {
    "the lock is dropped before others know that user code may run here": (
        "kern/env.h", """\
	__atomic_store_n(&cpu->cpu_status, CPU_USER, __ATOMIC_RELEASE); // [K14]
	//{ Exercise 5: release the kernel lock, going to user mode
	unlock_kernel_by(cpu); // [K15]
""", """\
	unlock_kernel_by(cpu);
	__atomic_store_n(&cpu->cpu_status, CPU_USER, __ATOMIC_RELEASE);
	//{
""", "teststates", 4, "kernel panic"),
    "a CPU that has a page table loaded is not kicked": (
        "kern/kick.c", """\
		if (in_user_mode(cpu))     // [K1]
			lapic_kick(cpu);
	}
""", """\
	}
	return;
""", "testtlb", 4, "wrong output"),
    "a ticket for the lock is read and then counted up": (
        *READ_THEN_COUNT, "stresssched", 6, "not finished within|hang|kernel panic|wrong output", 5),
    "a message comes between the look whether there is one and the sleep": (
        *LOOK_THEN_SLEEP, "primes", 4, "blocked|kernel panic|wrong output"),
}


@pytest.mark.parametrize("file, old, new, program, seeds, seen, limit", params(
    {what: (*race, 15)[:7] for what, race in RACES.items()},
    many=["a ticket for the lock is read and then counted up",    # nothing goes on: that takes long
          "the lock is dropped before others know that user code may run here"]))
def test_finds(file, old, new, program, seeds, seen, limit):
    """The search finds a planted race, and the command it names shows it again."""
    enter_copy()
    edit(file, old, new)
    make()
    lines = explore(program, f"SEEDS={seeds}", f"EXPLOREFLAGS=--limit {limit}", fails=True)
    require(any(re.match(rf"({seen}).*: \d+ of {seeds} seeds", line) for line in lines),
            "the race is not found", *excerpt(lines[-30:]))
    again = next(line.split() for line in lines if line.startswith("      make run-"))
    require_equal(again[1], f"run-{program}-nox", "the target of the command")
    seed = next(word for word in again if word.startswith("SEED="))
    words = command(program, cpus=4, seed=seed[5:])
    watch = Watch(limit=limit, quiet=limit)
    require_equal(play(words, watch).lines, play(words, watch).lines, f"the output with {seed}")


@pytest.mark.thorough
def test_hosts():
    """Other machines run the seeds. What they lose is said, and run the next time, here too. One with
    another QEMU is refused."""
    enter_copy(few=True)
    hosts = Hosts(2)
    hosts.write("hosts")
    for at in range(2):
        hosts.lose(at, "11,12,13")
    search = ["CPUS=1", "SEEDS=1-21"]
    lost = explore("hello", *search, "HOSTS=hosts", fails=True)
    require(any(line.startswith("10 seeds have run nowhere; ") for line in lost), "no word", *lost)
    require_equal(hosts.used(), [0, 1], "hosts used")
    require_equal([os.listdir(hosts.home(at)) for at in range(2)], [[], []], "files left")
    require_equal(len(kept().read_text().splitlines()), 11, "seeds that are kept")
    said = explore("hello", *search)[-1]
    require(re.match(r"hello, CPUS=1: 21 seeds passed, 0 failed; \d+ different outputs", said), said)
    require(not kept(), "what is over is kept")
    other = Path("qemu-other")
    other.write_text(f'#!/bin/sh\n[ "$1" != --version ] || exec echo "QEMU emulator version 7.2.99"\n'
                     f'exec {make("-s", "print-qemu").strip()} "$@"\n')
    other.chmod(0o755)
    text = "\n".join(explore("hello", *search, "HOSTS=hosts", f"QEMU={other.resolve()}", fails=True))
    require("a host has no qemu-other, and not QEMU 7.2.99: its runs would be others" in text,
            "no complaint", *text.splitlines())


def kept():
    """Return the file of the search that goes on, or None."""
    return next(Path("obj/explore").glob("[0-9a-f]" * 16), None)


@pytest.mark.thorough
def test_goes_on():
    """A search that was interrupted goes on where it was, with the same report."""
    need_repeats()
    enter_copy(few=True)
    process = start([sys.executable, "tools/run/explore.py", "hello", "--seeds", "1-30", "-j", "1",
                     "--cpus", "1"])
    wait_for(lambda: kept() and len(kept().read_text().splitlines()) > 2, "some seeds have run")
    process.send_signal(signal.SIGINT)
    text = process.communicate(timeout=PATIENCE)[0].decode()
    require("The same command goes on" in text, "it does not say how to go on", *text.splitlines())
    lines = kept().read_text().splitlines(keepends=True)
    require(2 < len(lines) < 30, f"{len(lines)} seeds are kept")
    # Let the first have gone wrong, to see that it is not run again; the last line is not whole.
    wrong = json.loads(lines[0])
    wrong[1] = [False, "it was so before", []]
    kept().write_text(json.dumps(wrong) + "\n" + "".join(lines[1:-1]) + lines[-1][:20])
    text = "\n".join(explore("hello", "CPUS=1", "SEEDS=1-30", "JOBS=2", fails=True))
    require("it was so before: 1 of 30 seeds" in text and "29 seeds passed, 1 failed" in text,
            "it does not go on", *text.splitlines())
    require(not kept(), "what is over is kept")


# ---- Bad use ----

@pytest.mark.thorough
def test_no_range():
    """The answer to a mistyped range is one line."""
    for text in ("abc", "9-3", "1-", "-5"):
        complains(["explore-hello", f"SEEDS={text}"],
                  [rf"SEEDS={text} is no range of seeds\. Try SEEDS=200 or SEEDS=5-9"])
    for text, complaint in (("JOBS=0", r"JOBS=0 is no number of runs at once\. Try JOBS=4"),
                            ("HOSTS=none", "HOSTS=none: there is no such file")):
        complains(["explore-hello", *text.split()], [complaint])
