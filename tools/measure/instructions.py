#!/usr/bin/env python3
"""Count the instructions that each function of the kernel and of one program executes in a run.

QEMU logs every instruction it executes, one CPU at a time; nothing is sampled, and the same run
gives the same figures. An instruction with a repeat prefix counts once for each repetition.
"""

import argparse
import bisect
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Iterable, Iterator, List, NamedTuple, Sequence, Tuple

sys.dont_write_bytecode = True

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

from tree import objdir

from gradebuild import MakeError, make, qemu_command
from gradelib import DIE_WITH_US

KERNEL, PROGRAM = "0xf0000000..0xfeffffff", "0x800000..0x8fffff"  # addresses of code
LIMIT = 120         # seconds a run may take
ICOUNT = ["-icount", "shift=0,sleep=off"]      # a tick of QEMU's clock per instruction
TOP = 25            # functions shown
SWITCH_OFF = "power_off"    # QEMU takes its time to end then: nothing is counted any more
USER = " (user)"    # comes after the names of the program's functions


class Profile(NamedTuple):
    """What a run executed: instructions and calls, each by function."""
    instructions: Counter
    entries: Counter

    @property
    def total(self) -> int:
        """All instructions that were counted."""
        return sum(self.instructions.values())


class Symbols:
    """The functions of the kernel and of a program, by address."""

    def __init__(self, program: str):
        nm = make("print-nm").split()
        found = []
        for file, mark in ((objdir() / "kern/kernel", ""), (objdir() / "user" / program, USER)):
            listing = subprocess.run([*nm, "-n", str(file)], stdout=subprocess.PIPE, check=True)
            for line in listing.stdout.decode().splitlines():
                match = re.fullmatch(r"([0-9a-f]+) [tT] (\S+)", line)
                if match:
                    found.append((int(match[1], 16), match[2] + mark))
        found.sort()
        self._starts = [address for address, _ in found]
        self._names = [name for _, name in found]

    def at(self, address: int) -> Tuple[str, bool]:
        """Return the name of the function there, and whether it begins there."""
        i = bisect.bisect_right(self._starts, address) - 1
        return self._names[i], self._starts[i] == address


def one_at_a_time(qemu: str) -> List[str]:
    """Return the options that make this QEMU log every instruction."""
    version = subprocess.run([qemu, "--version"], stdout=subprocess.PIPE, check=True)
    major, minor = map(int, re.search(rb"version (\d+)\.(\d+)", version.stdout).groups())
    single = ["-accel", "tcg,one-insn-per-tb=on"] if (major, minor) >= (8, 1) else ["-singlestep"]
    return [*single, "-d", "exec,nochain"]


def trace(run: str) -> Iterator[Tuple[str, bool]]:
    """Run programs (RUN=run) on one CPU; yield for each instruction the name of its function, and
    whether it is the function's first one."""
    command = qemu_command("CPUS=1", f"RUN={run}", disk=False)
    symbols, known = Symbols(re.split("[: ]", run)[0]), {}
    source, sink = os.pipe()
    command += [*one_at_a_time(command[0]), "-D", f"/dev/fd/{sink}", *ICOUNT,
                "-dfilter", f"{KERNEL},{PROGRAM}"]      # not the firmware
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          pass_fds=[sink], preexec_fn=DIE_WITH_US) as qemu:
        os.close(sink)
        too_late = threading.Timer(LIMIT, qemu.kill)
        too_late.start()
        with open(source, "rb") as log:
            for line in log:
                if not line.startswith(b"Trace"):
                    continue
                address = line.split(b"/", 2)[1]
                if address not in known:
                    known[address] = symbols.at(int(address, 16))
                yield known[address]
        qemu.wait()
        too_late.cancel()
    if qemu.returncode < 0:
        sys.stderr.write(f"`{run}' has not ended after {LIMIT} seconds; "
                         "this is how far it has come, which is never the same:\n")


def count(instructions: Iterable[Tuple[str, bool]], start: Sequence[str] = (),
          end: Sequence[str] = ()) -> Profile:
    """Count the instructions of a trace: from the entry of a function of start on, if there is
    one, until a function of end runs."""
    profile, counting = Profile(Counter(), Counter()), not start
    for name, first in instructions:
        plain = name.replace(USER, "")
        if plain in end or plain == SWITCH_OFF:
            counting = False
        if first and plain in start:
            counting = True
        if counting:
            profile.instructions[name] += 1
            profile.entries[name] += first
    return profile


def main() -> int:
    """Do what the command line says and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", metavar="PROGRAM", help="what to run; NAME:ARG gives it arguments")
    parser.add_argument("--from", dest="start", metavar="FUNCTION", action="append", default=[],
                        help="count from the entry of this function on")
    parser.add_argument("--to", dest="end", metavar="FUNCTION", action="append", default=[],
                        help="stop counting when this one runs; both may be given again")
    parser.add_argument("--top", type=int, default=TOP, metavar="N",
                        help="show so many functions (default %(default)s)")
    options = parser.parse_args()
    try:
        profile = count(trace(options.run), options.start, options.end)
    except MakeError as error:
        sys.stderr.write(f"instructions.py: {str(error).strip()}\n")
        return 1
    total = profile.total
    if not total:
        sys.stderr.write("instructions.py: nothing was executed between those functions\n")
        return 1
    print(f"{'instructions':>12} {'share':>6} {'entered':>8}  function")
    for name, n in profile.instructions.most_common(options.top):
        print(f"{n:>12,} {n / total:>6.1%} {profile.entries[name]:>8,}  {name}")
    print(f"{total:>12,} {'100%':>6} {'':>8}  all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
