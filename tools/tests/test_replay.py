"""Recordings: played again, and walked backwards in gdb."""

import re
from pathlib import Path

import pytest

from debugger import frames, gdb_batch, start_waiting
from kit import (complains, complaints, edit, enter_copy, excerpt, line_of, make, need, params,
                 require, require_equal)

pytestmark = pytest.mark.thorough


def test_again():
    """A replay prints what the recording did, the panics and the ends."""
    need("qemu-img")
    enter_copy()
    for program, fails in (("forktree", False), ("faultread", True)):
        recorded = make(f"record-{program}", "SEED=3", fails=fails)
        require_equal(complaints(make(f"replay-{program}", fails=fails)), complaints(recorded),
                      f"the replay of {program}")
        require("No runnable environments" in recorded, "not recorded to the end")


CULPRIT = "		envs[9].env_link = (struct Env *) 0x1234; // nobody has asked for this\n"
BEFORE_IT = "	// An env that waits to send becomes runnable when its message has been received.\n"


def test_backwards():
    """From the panic that a wild write causes much later, gdb goes back to the write: first to
    where the free list got the wild pointer, then to who had put it into that env."""
    need("gdb", "qemu-img")
    enter_copy()
    edit("kern/syscall.c", BEFORE_IT,
         "	static int calls;\n	if (++calls == 5)\n" + CULPRIT + BEFORE_IT)
    recorded = make("record-primes", fails=True)
    require("kernel panic on CPU 0: Page Fault" in recorded, "the kernel does not panic",
            *excerpt(recorded.splitlines()[-10:]))
    start_waiting("replay-primes-gdb")
    text = gdb_batch("break panic_trap", "continue", "delete",
                     "watch env_free_list", "reverse-continue", "print e - envs", "frame", "delete",
                     "watch envs[9].env_link", "reverse-continue", "backtrace 2", "reverse-stepi",
                     "info line *$pc")
    found = frames(text)
    require(("env_alloc", "kern/env.c") in found and "$1 = 9" in text
            and found[-1][0] in ("sys_env_set_status", "call_env_set_status"),
            "gdb is somewhere else", *excerpt(text.splitlines()))
    line = line_of("kern/syscall.c", CULPRIT.strip())
    require(re.search(rf'Line {line} of "kern/syscall.c"', text),
            f"gdb is not at kern/syscall.c:{line}", *excerpt(text.splitlines()))


# ---- Bad use ----

def old_qemu():
    """Put a QEMU here that is too old."""
    Path("old").write_text("#!/bin/sh\necho QEMU emulator version 4.2.1\n")
    Path("old").chmod(0o755)


def old_recording():
    """Make a recording, and then another kernel."""
    make("record-hello")
    edit("kern/init.c", "trace_init();", "trace_init(), cprintf(\"new\");")
    make()


# As in using.py, and what is done before that.
BAD_USE = {
    "no recording": (["replay-hello"],
                     [r"There is no recording of hello\. Make one: make record-hello"]),
    "four CPUs": (["record-hello", "CPUS=4"],
                  [r"record-hello works with one CPU\. Leave CPUS=4 away; SEED repeats .*"]),
    "QEMU is too old": (["record-hello", "QEMU=./old"],
                        [r"record-hello needs QEMU 5\.2 or later\. Set QEMU \(conf/env\.mk\)"],
                        old_qemu),
    "misspelt program": (["replay-helo"], [r"No program is called 'helo'; did you mean hello\?",
                                           "There are: badsegment .* yield"]),
    "the kernel has changed": (["replay-hello"],
                               [r"The kernel has changed since .*: make record-hello"],
                               old_recording),
}


@pytest.mark.parametrize("arguments, expected, prepare", params(
    {name: (*how, None)[:3] for name, how in BAD_USE.items()}))
def test_bad_use(arguments, expected, prepare):
    """Bad use is told in one line, or two."""
    complains(arguments, expected, prepare)
