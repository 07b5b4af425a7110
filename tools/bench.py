#!/usr/bin/env python3
"""Measure what this kernel costs, and compare with what is recorded in tools/bench-record.json.

Guest instructions are counted with QEMU's -icount on one CPU: the same build gives the same
figures every time and everywhere. What several CPUs do is measured in time, as ratios within one
run, which a busy machine can spoil a little.

Exit status: 0 all is well, 1 a figure is above its limit or more than 3 % above the recorded one,
2 nothing could be measured.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional

sys.dont_write_bytecode = True      # leave no __pycache__ in the source tree
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import benchchart
from gradelib import DIE_WITH_US, MakeError, exit_on_signals, make, qemu_command
from instructions import profile_run

RECORD = ROOT / "tools/bench-record.json"
TOLERANCE = 1.03    # how much an instruction count may rise above the recorded one
NOISE = 1.10        # how far a ratio of times may be off
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


ROWS = [
    Row("null-call", "null system call (sys_getenvid)", 150, 433, 1397),
    Row("alloc-unmap", "sys_page_alloc + sys_page_unmap", 1500, 2259),
    Row("yield-alone", "sys_yield, nobody else runnable", 200, 14800),
    Row("yield-switch", "sys_yield between two envs, per switch", 300, 15167),
    Row("fault-handler", "page fault, handler maps a page, back", 1700, 2193),
    Row("ipc-round-trip", "IPC round trip (xv6: pipe)", 1000, 16433, 27256),
    Row("cow-fault", "copy-on-write fault", 3000, 4248),
    Row("fork-256k", "fork + exit with 256 KB of touched data"),
    Row("fork-1m", "fork + exit with 1 MB of touched data", 250000, 9892002, 5791370),
    Row("fork-4m", "fork + exit with 4 MB of touched data"),
    Row("flat-null-call", f"null call among {CROWD} envs : among 2", 1.05, unit="ratio"),
    Row("flat-yield-alone", f"yield alone among {CROWD} envs : among 2", 1.05, unit="ratio"),
    Row("flat-yield-switch", f"yield switch among {CROWD} envs : among 2", 1.05, unit="ratio"),
    Row("flat-ipc-round-trip", f"IPC among {CROWD} envs : among 2", 1.05, unit="ratio"),
    Row("flat-fork-1m", f"fork among {CROWD} envs : among 2", 1.05, unit="ratio"),
    Row("fork-linear", "fork per page, 1 to 4 MB : 256 KB to 1 MB", 1.05, unit="ratio"),
    Row("boot", "reset to the first user instruction"),
    Row("boot-kernel", "  of it the kernel's own"),
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

Figures = Dict[str, float]


# ---- Running ----

def timed_run(run: str, cpus: int, icount: bool = False, until: str = ""):
    """Run programs (RUN=run); yield (seconds since the start, line) up to a line with until."""
    command = qemu_command(f"CPUS={cpus}", f"RUN={run}", "AUDIT=1")
    at = command.index("-drive")
    command[at:at + 2] = ["-kernel", str(objdir() / "kern/kernel")]
    command.remove("-snapshot")
    if icount:
        command += ["-icount", "shift=0,sleep=off"]
    begin = time.monotonic()
    qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            preexec_fn=DIE_WITH_US)
    too_late = threading.Timer(LIMIT, qemu.kill)
    too_late.start()
    try:
        for line in qemu.stdout:
            text = line.decode(errors="replace").rstrip()
            yield time.monotonic() - begin, text
            if "kernel panic" in text or (until and until in text):
                break
    finally:        # also when nobody wants to see more
        qemu.kill()
        qemu.stdout.close()
        qemu.wait()
        too_late.cancel()


def objdir() -> Path:
    """Return where the tree is built."""
    return Path(os.environ.get("OBJDIR", "obj"))


def lines_of(run: str, pattern: str, cpus: int = 1, icount: bool = False) -> List["re.Match"]:
    """Run programs to their end and return what matches pattern in their lines."""
    output = [line for _, line in timed_run(run, cpus, icount)]
    found = [match for match in (re.search(pattern, line) for line in output) if match]
    if not found:
        raise MakeError(f"`{run}' printed no `{pattern}':\n" + "\n".join(output[-10:]))
    return found


# ---- What is exact ----

def operations(others: int) -> Figures:
    """Count the instructions of operations, with so many other envs blocked."""
    return {match[1]: int(match[2])
            for match in lines_of(f"bench:{others}", r"^bench: (\S+) (\d+)$", icount=True)}


def boot() -> Figures:
    """Count the instructions of booting."""
    kernel = profile_run("hello", end=["_start"], objdir=objdir()).total
    checks = ["check_page_alloc", "check_page", "check_kern_pgdir", "check_page_installed_pgdir"]
    checking = profile_run("hello", checks, ["mem_init"], objdir()).total
    return {"boot-kernel": kernel, "boot-checks": checking / kernel}


def sizes() -> Figures:
    """Measure what the kernel takes."""
    symbols = {name: int(address, 16) for address, _, name in
               map(str.split, (objdir() / "kern/kernel.sym").read_text().splitlines())}
    used = int(lines_of("hello", r"audit: \d+ frames free, (\d+) used")[-1][1])
    loading = profile_run("hello", ["program_start"], objdir=objdir())
    return {"kernel-size": symbols["programs"] - symbols["text_start"],
            "kernel-memory": (used - HOLE_FRAMES) * FRAME_KB,
            "hello-frames": loading.entries["page_alloc"]}


def exact_figures() -> Figures:
    """Measure all that is exact."""
    few, many = operations(2), operations(CROWD)
    figures = {**few, **boot(), **sizes()}
    for row in ROWS:
        if row.name.startswith("flat-"):
            name = row.name[len("flat-"):]
            figures[row.name] = many[name] / few[name]
    figures["fork-linear"] = ((few["fork-4m"] - few["fork-1m"]) / 768 /
                              ((few["fork-1m"] - few["fork-256k"]) / 192))
    return figures


# ---- Ratios of times ----

def seconds_to(run: str, cpus: int, begin: str, end: str) -> float:
    """Return how many seconds pass between two lines of a run."""
    began = None
    for now, line in timed_run(run, cpus, until=end):
        if began is None and begin in line:
            began = now
        if end in line and began is not None:
            return now - began
    raise MakeError(f"`{run}' on {cpus} CPUs never came to `{end}'")


def primes() -> float:
    """Return how long the sieve takes on four CPUs, in terms of one."""
    times = {1: [], 4: []}
    for _ in range(15):
        for cpus, seen in times.items():
            seen.append(seconds_to("primes", cpus, "new env 00001000", ": 1877 "))
    return min(times[4]) / min(times[1])     # what else the host does can only add


def scaling() -> float:
    """Return how long computing takes on four CPUs, in terms of what this host could do."""
    times = {1: [], 4: []}
    for _ in range(3):
        for cpus, seen in times.items():
            seen.append(int(lines_of("benchsmp:work", r"work (\d+)", cpus)[0][1]))
    return min(times[4]) / (min(times[1]) / min(4, len(os.sched_getaffinity(0))))


def idle_message() -> float:
    """Return how long a message to an env takes while there are idle CPUs, in ticks."""
    begin = end = match = None
    for now, line in timed_run("benchsmp:wake", 4):
        if line == "benchsmp: begin":
            begin = now
        elif line == "benchsmp: end":
            end = now
        match = match or re.match(r"benchsmp: wake (\d+) of (\d+)", line)
    if not match:
        raise MakeError("`benchsmp:wake' printed no figure")
    return int(match[1]) / int(match[2]) * (end - begin) / TICK


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


# ---- Judging and showing ----

def compiler() -> str:
    """Return the name and version of the compiler that the tree is built with."""
    text = make("print-compiler")
    version = re.search(r"\d+\.\d+(\.\d+)?", text)
    return f"{'clang' if 'clang' in text else 'gcc'} {version[0] if version else 'unknown'}"


def problem(row: Row, figure: float, recorded: Optional[float]) -> str:
    """Return what is wrong with a figure, or nothing."""
    if row.at_most is not None and figure > row.at_most * (1 if row.exact else NOISE):
        return f"above the limit of {shown(row, row.at_most)}"
    if row.exact and row.unit == "instructions" and recorded and figure > recorded * TOLERANCE:
        return f"{figure / recorded - 1:.1%} above what is recorded"
    return ""


def shown(row: Row, figure: Optional[float]) -> str:
    """Return a figure as text."""
    if figure is None:
        return ""
    return f"{figure:.3f}" if row.unit == "ratio" else f"{figure:,.0f}"


def table(rows: List[Row], figures: Figures, recorded: Figures) -> List[str]:
    """Return the lines of the table."""
    lines = [f"{'':<50} {'this build':>11} {'recorded':>11} {'at most':>9} {'JOS':>10} {'xv6':>10}"]
    for row in rows:
        unit = "" if row.unit in ("instructions", "ratio") else f" [{row.unit}]"
        cells = [shown(row, figures[row.name]), shown(row, recorded.get(row.name)),
                 shown(row, row.at_most), shown(row, row.jos), shown(row, row.xv6)]
        line = "{:<50} {:>11} {:>11} {:>9} {:>10} {:>10}".format(row.title + unit, *cells)
        wrong = problem(row, figures[row.name], recorded.get(row.name))
        lines.append(line.rstrip() + (f"  <-- {wrong}" if wrong else ""))
    return lines


def write_results(rows: List[Row], figures: Figures, recorded: Figures, name: str) -> None:
    """Write the figures to obj/bench.json, and a chart of them to obj/bench.svg."""
    report = {"compiler": name, "rows": [
        {"name": row.name, "title": row.title.strip(), "unit": row.unit,
         "figure": round(figures[row.name], 4), "recorded": recorded.get(row.name),
         "at_most": row.at_most, "jos": row.jos, "xv6": row.xv6, "exact": row.exact,
         "problem": problem(row, figures[row.name], recorded.get(row.name)) or None}
        for row in rows]}
    (objdir() / "bench.json").write_text(json.dumps(report, indent=1) + "\n")
    bars = [(row.title, [figures[row.name], row.at_most, row.jos, row.xv6]) for row in rows
            if row.jos]
    (objdir() / "bench.svg").write_text(benchchart.svg(
        bars, ["this kernel", "at most", "a JOS lab 4 tree", "xv6"], "guest instructions"))


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
    try:
        make("-j2", "all")
        name = compiler()
        figures = exact_figures()
        for row in rows:
            if not row.exact:
                figures[row.name] = TIMED[row.name]()
    except MakeError as error:
        sys.stderr.write(f"bench.py: {str(error).strip()}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    records = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    if options.record:
        records[name] = {row.name: round(figures[row.name], 4) for row in rows if row.exact}
        RECORD.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n")
    recorded = records.get(name, {})
    write_results(rows, figures, recorded, name)
    if options.json:
        print((objdir() / "bench.json").read_text(), end="")
    else:
        print(*table(rows, figures, recorded), sep="\n")
        if not recorded:
            print(f"Nothing is recorded for {name}, so only the limits count.")
        print(f"Built with {name}. Also in {objdir()}/bench.json; a chart: {objdir()}/bench.svg")
    return 1 if any(problem(row, figures[row.name], recorded.get(row.name)) for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
