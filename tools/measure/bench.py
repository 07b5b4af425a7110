#!/usr/bin/env python3
"""Measure what this kernel costs, and compare with what is recorded in bench-record.json.

Guest instructions are counted with QEMU's -icount on one CPU: the same build gives the same
figures every time and everywhere. What several CPUs do is measured in time, as ratios within one
run, as often as it takes to tell; on a busy host that may be never.

The limits are those of gcc 12. Compilers whose code is longer have what is recorded for them as
their limits. One for which nothing is recorded may have 25 % more than the one most like it.

Exit status: 0 all is well, 1 a figure is above its limit or more than 3 % above the recorded one,
2 nothing could be measured.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

sys.dont_write_bytecode = True      # leave no __pycache__ in the source tree

import benchchart
from instructions import ICOUNT, count, trace
from tree import ROOT, symbols

from gradebuild import MakeError, checking, make, objdir, qemu_command
from gradelib import Run, Watch, exit_on_signals, play

RECORD = Path(__file__).with_name("bench-record.json")
TOLERANCE = 1.03    # how much an instruction count may rise above the recorded one
OTHER_COMPILER = 1.25   # the same if only another version of the compiler is recorded
NOISE = 1.10        # how far a ratio of times may be off
AGREE = 0.05        # how far two of them that agree
BUSY = 1.15         # how much longer computing takes on a busy host
ATTEMPTS = 3        # at a ratio of times
LIMIT = 60          # seconds a run may take
CROWD = 1000        # other envs in the measurement of flatness
FRAME_KB, HOLE_FRAMES = 4, 97   # the PC's hole for devices and BIOS is not the kernel's doing
TICK = 0.01         # seconds


class Row(NamedTuple):
    """One figure: how it is called, and what it is compared with; None for nothing."""
    name: str
    title: str
    at_most: Optional[float] = None
    jos: Optional[int] = None       # as measured in a published tree of JOS lab 4
    xv6: Optional[int] = None       # as measured in xv6 for x86
    unit: str = "instructions"
    exact: bool = True


BOOT = Row("boot", "reset to the first user instruction")

ROWS = [
    Row("null-call", "null system call (sys_getenvid)", 110, 433, 1397),
    Row("alloc-unmap", "sys_page_alloc + sys_page_unmap", 1440, 2259),
    Row("yield-alone", "sys_yield, nobody else runnable", 170, 14800),
    Row("yield-switch", "sys_yield between two envs, per switch", 255, 15167),
    Row("fault-handler", "page fault, handler maps a page, back", 1520, 2193),
    Row("ipc-round-trip", "IPC round trip (xv6: pipe)", 900, 16433, 27256),
    Row("ipc-one-call", "the same, by one ipc_send_recv each", 640),
    Row("cow-fault", "copy-on-write fault", 1620, 4248),
    Row("fork-256k", "fork + exit with 256 KB of touched data"),
    Row("fork-1m", "fork + exit with 1 MB of touched data", 110000, 9892002, 5791370),
    Row("fork-4m", "fork + exit with 4 MB of touched data"),
    Row("flat-null-call", f"null call among {CROWD} envs : among 2", 1.05, unit="ratio"),
    Row("flat-yield-alone", f"yield alone among {CROWD} envs : among 2", 1.05, unit="ratio"),
    Row("flat-yield-switch", f"yield switch among {CROWD} envs : among 2", 1.05, unit="ratio"),
    Row("flat-ipc-round-trip", f"IPC among {CROWD} envs : among 2", 1.05, unit="ratio"),
    Row("flat-fork-1m", f"fork among {CROWD} envs : among 2", 1.05, unit="ratio"),
    Row("fork-linear", "fork per page, 1 to 4 MB : 256 KB to 1 MB", 1.05, unit="ratio"),
    *[Row(f"checked-{name}", f"{operation}: CHECKED=1 : plain", 8, unit="ratio")
      for name, operation in {
          "null-call": "null call", "alloc-unmap": "page_alloc + page_unmap",
          "yield-alone": "yield alone", "yield-switch": "yield switch",
          "fault-handler": "page fault, handler", "ipc-round-trip": "IPC round trip",
          "cow-fault": "copy-on-write fault", "fork-1m": "fork + exit with 1 MB"}.items()],
    BOOT,
    Row("boot-kernel", "  of it the kernel's own", 450000),
    Row("boot-checks", "  the self-checks' share of the kernel's own", 0.10, unit="ratio"),
    Row("kernel-size", "kernel text and constants", 64 * 1024, unit="bytes"),
    Row("kernel-memory", "memory the kernel keeps, 128 MB, 1 CPU", 1024 + 256 + 32, unit="KB"),
    Row("hello-frames", "frames a hello env takes", 12, unit="frames"),
    Row("primes-smp", "primes to 1877, CPUS=4 : CPUS=1", 1.0, unit="ratio", exact=False),
    Row("scaling", "four computing envs, CPUS=4 : ideal on this host", 1.25, unit="ratio",
        exact=False),
    Row("idle-message", "message to an env on an idle CPU : tick", 0.25, unit="ratio",
        exact=False),
    Row("grade", "make grade : one test at a time", 1.0, unit="ratio", exact=False),
]

Figures = Dict[str, Optional[float]]


# ---- Running ----

def run(program: str, *options: str, cpus: int = 1, stop: str = "",
        variables: Sequence[str] = ()) -> Run:
    """Run a program to its end, or to a line that matches stop. The options are for QEMU, the
    variables for make."""
    command = qemu_command(f"CPUS={cpus}", f"RUN={program}", "AUDIT=1", *variables, disk=False)
    return play([*command, *options], Watch(stop=stop, limit=LIMIT, quiet=LIMIT))


def found(done: Run, pattern: str) -> List[Tuple["re.Match", float]]:
    """Return what matches pattern in the lines of a run, and after how many seconds each came."""
    matches = [(match, seconds) for line, seconds in zip(done.lines, done.times)
               if (match := re.search(pattern, line))]
    if not matches:
        raise MakeError("\n".join([f"no `{pattern}' from {' '.join(done.command)}",
                                   f"({done.why.value}):", *done.lines[-10:], done.errors]))
    return matches


# ---- What is exact ----

def operations(others: int, variables: Sequence[str] = ()) -> Figures:
    """Count the instructions of operations, with so many other envs blocked."""
    return {match[1]: int(match[2]) for match, _ in
            found(run(f"bench:{others}", *ICOUNT, variables=variables),
                  r"^bench: (\S+) (\d+)$")}


def hello() -> Figures:
    """Count the instructions of booting, and the frames that a program takes."""
    instructions = list(trace("hello"))
    kernel = count(instructions, end=["_start"]).total
    checks = ["check_page_alloc", "check_page", "check_kern_pgdir", "check_page_installed_pgdir"]
    return {"boot-kernel": kernel,
            "boot-checks": count(instructions, checks, ["check_memory"]).total / kernel,
            "hello-frames": count(instructions, ["program_start"]).entries["page_alloc"]}


def sizes() -> Figures:
    """Measure what the kernel takes."""
    address = symbols()
    used = int(found(run("hello"), r"audit: \d+ frames free, (\d+) used")[-1][0][1])
    return {"kernel-size": address["programs"] - address["text_start"],
            "kernel-memory": (used - HOLE_FRAMES) * FRAME_KB}


def other_compiler() -> List[str]:
    """Return what to tell make for a build with clang, if that is another compiler than ours and is
    there; else nothing."""
    if "clang" in make("print-compiler") or not shutil.which("clang"):
        return []
    return ["CC=clang", "LD=ld", f"OBJDIR={objdir()}-clang"]


def nanoseconds(cpus: int) -> Figures:
    """Measure how long operations take on this host, in nanoseconds of one of its processors. The
    kernel says how many ticks of the time-stamp counter a tick of its timer is."""
    ticks = {match[1]: int(match[2]) for match, _ in
             found(run("bench:2", cpus=cpus), r"^bench: (\S+) (\d+)$")}
    return {name: figure / ticks["tick"] * TICK * 1e9 for name, figure in ticks.items()}


def exact_figures(few: Figures, many: Figures) -> Figures:
    """Measure all that is exact; operations with few and many other envs have been."""
    checked = operations(2, checking())
    figures = {**few, **hello(), **sizes()}
    for row in ROWS:
        if row.name.startswith("flat-"):
            name = row.name[len("flat-"):]
            figures[row.name] = many[name] / few[name]
        if row.name.startswith("checked-"):
            name = row.name[len("checked-"):]
            figures[row.name] = checked[name] / few[name]
    figures["fork-linear"] = ((few["fork-4m"] - few["fork-1m"]) / 768 /
                              ((few["fork-1m"] - few["fork-256k"]) / 192))
    return figures


# ---- Ratios of times ----

def primes() -> float:
    """Return how long the sieve takes on four CPUs, in terms of one."""
    times = {1: [], 4: []}
    for _ in range(6):
        for cpus, seen in times.items():
            sieve = run("primes", cpus=cpus, stop=".*: 1877 ")
            seen.append(found(sieve, ": 1877 ")[0][1] - found(sieve, "new env 00001000")[0][1])
    return min(times[4]) / min(times[1])     # what else the host does can only add


def scaling() -> float:
    """Return how long computing takes on four CPUs, in terms of what this host could do."""
    times = {1: [], 4: []}
    for _ in range(4):
        for cpus, seen in times.items():
            seen.append(int(found(run("benchsmp:work", cpus=cpus), r"work (\d+)")[0][0][1]))
    return min(times[4]) / (min(times[1]) / min(4, len(os.sched_getaffinity(0))))


def idle_message() -> float:
    """Return how long a message to an env takes while there are idle CPUs, in ticks."""
    done = run("benchsmp:wake", cpus=4)
    match, _ = found(done, r"^benchsmp: wake (\d+) of (\d+)")[0]
    seconds = found(done, "^benchsmp: end")[0][1] - found(done, "^benchsmp: begin")[0][1]
    return int(match[1]) / int(match[2]) * seconds / TICK


def grade() -> float:
    """Return how long make grade takes, in terms of running one test after the other."""
    def seconds(*flags):
        begin = time.monotonic()
        done = subprocess.run([sys.executable, str(ROOT / "grade-lab4"), *flags], check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            raise MakeError("grade-lab4 does not give the full score")
        return time.monotonic() - begin
    return seconds() / seconds("-j", "1")


TIMED: Dict[str, Callable[[], float]] = {
    "primes-smp": primes, "scaling": scaling, "idle-message": idle_message, "grade": grade,
}


def host_is_busy() -> bool:
    """Return whether other work takes processors of this host from us: computing on all of them at
    once takes longer than what is computed."""
    def compute() -> int:
        child = os.fork()
        if child == 0:
            begin = time.perf_counter()
            while time.process_time() < 0.3:
                pass
            os._exit(time.perf_counter() - begin > 0.3 * BUSY)
        return child
    children = [compute() for _ in os.sched_getaffinity(0)]
    return any([os.waitpid(child, 0)[1] for child in children])


def timed(row: Row) -> Optional[float]:
    """Measure a ratio of times; None if the host is too busy to tell. A good figure counts at once,
    for other work only makes figures worse; a bad one only if it comes again while nothing else
    runs."""
    figures: List[float] = []
    for _ in range(ATTEMPTS):
        busy = host_is_busy()
        figure = TIMED[row.name]()
        if row.at_most is None or figure <= row.at_most * NOISE:
            return figure
        if busy or host_is_busy():
            continue
        if any(abs(figure / other - 1) < AGREE for other in figures):
            return figure
        figures.append(figure)
    return None


# ---- Judging and showing ----

def compiler(variables: Sequence[str] = ()) -> str:
    """Return the name and version of the compiler that the tree is built with."""
    text = make("print-compiler", *variables)
    version = re.search(r"\d+\.\d+(\.\d+)?", text)
    return f"{'clang' if 'clang' in text else 'gcc'} {version[0] if version else 'unknown'}"


def most_like(name: str, records: Dict[str, Figures]) -> str:
    """Return the compiler among those of the records that is most like this one; "" for none."""
    def distance(other: str):
        (brand, *version), (other_brand, *other_version) = (re.split("[ .]", each)
                                                             for each in (name, other))
        return (brand != other_brand,
                [abs(int(one) - int(two)) for one, two in zip(version, other_version)
                 if one.isdigit() and two.isdigit()])
    return min(records, key=distance, default="")


def limit(row: Row, recorded: Optional[float], tolerance: float) -> Optional[float]:
    """Return how large a figure may be, given what is recorded for this compiler, with TOLERANCE,
    or for another one, with OTHER_COMPILER."""
    if row.at_most is None or not row.exact or row.unit not in ("instructions", "bytes"):
        return row.at_most      # a compiler has no part in it
    return max(row.at_most, recorded or 0) * (tolerance if tolerance != TOLERANCE else 1)


def problem(row: Row, figure: Optional[float], recorded: Optional[float],
            tolerance: float) -> str:
    """Return what is wrong with a figure, or nothing. Other arguments are those of limit()."""
    if figure is None:
        return ""
    at_most = limit(row, recorded, tolerance)
    if at_most is not None and figure > at_most * (1 if row.exact else NOISE):
        return f"above the limit of {shown(row, at_most)}"
    if row.exact and row.unit == "instructions" and recorded and figure > recorded * tolerance:
        return f"{figure / recorded - 1:.1%} above what is recorded"
    return ""


def shown(row: Row, figure: Optional[float]) -> str:
    """Return a figure as text."""
    if figure is None:
        return ""
    return f"{figure:.3f}" if row.unit == "ratio" else f"{figure:,.0f}"


def table(rows: List[Row], figures: Figures, recorded: Figures, beside: Dict[str, Figures],
          problems: Dict[str, str]) -> List[str]:
    """Return the lines of the table. What is beside the figures has a column each, by its title."""
    head = ["this build", "recorded", *beside, "at most", "JOS", "xv6"]
    lines = [f"{'':<50} " + " ".join(f"{title:>11}" for title in head)]
    for row in rows:
        unit = "" if row.unit in ("instructions", "ratio") else f" [{row.unit}]"
        figure = figures[row.name]
        cells = [shown(row, figure) if figure is not None else "?",
                 shown(row, recorded.get(row.name)),
                 *[shown(row, column.get(row.name)) for column in beside.values()],
                 shown(row, row.at_most), shown(row, row.jos), shown(row, row.xv6)]
        line = f"{row.title + unit:<50} " + " ".join(f"{cell:>11}" for cell in cells)
        wrong = problems[row.name] or ("the host is too busy to tell" if figure is None else "")
        lines.append(line.rstrip() + (f"  <-- {wrong}" if wrong else ""))
    return lines


def report(rows: List[Row], figures: Figures, recorded: Figures, beside: Dict[str, Figures],
           problems: Dict[str, str], name: str) -> str:
    """Return the figures of a build with the compiler of this name as JSON."""
    return json.dumps({"compiler": name, "rows": [
        {"name": row.name, "title": row.title.strip(), "unit": row.unit,
         "figure": None if figures[row.name] is None else round(figures[row.name], 4),
         "recorded": recorded.get(row.name),
         **{title: round(column[row.name], 1) for title, column in beside.items()
            if row.name in column},
         "at_most": row.at_most, "jos": row.jos, "xv6": row.xv6, "exact": row.exact,
         "problem": problems[row.name] or None}
        for row in rows]}, indent=1) + "\n"


def chart(rows: List[Row], figures: Figures) -> str:
    """Return a chart of the figures that there are of JOS too."""
    return benchchart.svg([(row.title, [figures[row.name], row.at_most, row.jos, row.xv6])
                           for row in rows if row.jos],
                          ["this kernel", "its limit in make bench", "a JOS lab 4 tree", "xv6"],
                          "guest instructions")


def growth(by: Dict[str, Figures], unit: str) -> str:
    """Return a chart of how much operations cost with more of something."""
    return benchchart.svg([(row.title, [figures[row.name] for figures in by.values()])
                           for row in ROWS[:ROWS.index(BOOT)] if row.unit == "instructions"],
                          list(by), unit)


def parse() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exact", action="store_true", help="only what is counted, no times")
    parser.add_argument("--json", action="store_true",
                        help="print the figures as JSON instead of the table")
    parser.add_argument("--record", action="store_true",
                        help="record the counts of this build for its compiler")
    return parser.parse_args()


def main() -> int:
    """Do what the command line says and return the exit status."""
    options = parse()
    exit_on_signals()
    os.chdir(ROOT)
    rows = [row for row in ROWS if row.exact or not options.exact]
    beside: Dict[str, Figures] = {}
    charts: Dict[str, str] = {}
    try:
        make("-j2", "all")
        make("-j2", "all", *checking())
        name, other = compiler(), other_compiler()
        crowds = {n: operations(n) for n in ([2, CROWD] if options.exact else [2, 10, 100, CROWD])}
        figures = exact_figures(crowds[2], crowds[CROWD])
        if not options.exact:
            figures.update({row.name: timed(row) for row in rows if not row.exact})
            times = {cpus: nanoseconds(cpus) for cpus in (1, 2, 4)}
            beside["ns here"] = times[1]
            charts["bench-envs.svg"] = growth(
                {f"{n + 1:,} envs": each for n, each in crowds.items()}, "guest instructions")
            charts["bench-cpus.svg"] = growth(
                {f"CPUS={cpus}": each for cpus, each in times.items()}, "nanoseconds")
        charts["bench.svg"] = chart(rows, figures)
        if other and not options.exact:
            make("-j2", "all", *other)
            beside[compiler(other)] = operations(2, other)
    except MakeError as error:
        sys.stderr.write(f"bench.py: {str(error).strip()}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    records = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    if options.record:
        records[name] = {row.name: round(figures[row.name], 4) for row in rows if row.exact}
        RECORD.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n")
    like = most_like(name, records)
    recorded = records.get(like, {})
    problems = {row.name: problem(row, figures[row.name], recorded.get(row.name),
                                  TOLERANCE if like == name else OTHER_COMPILER) for row in rows}
    text = report(rows, figures, recorded, beside, problems, name)
    (objdir() / "bench.json").write_text(text)
    for chart_name, image in charts.items():
        (objdir() / chart_name).write_text(image)
    if options.json:
        print(text, end="")
    else:
        print(*table(rows, figures, recorded, beside, problems), sep="\n")
        if like != name:
            print(f"Nothing is recorded for {name}. Compared with {like or 'the limits'}, "
                  f"{OTHER_COMPILER - 1:.0%} more is allowed.")
        print(f"Built with {name}. Also in {objdir()}/bench.json; charts: "
              + " ".join(f"{objdir()}/{each}" for each in charts))
    return 1 if any(problems.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
