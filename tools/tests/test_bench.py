"""What this kernel costs: instruction counts as recorded, and the tools that count them."""

import json
import os
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

import bench
from kit import call, edit, enter_copy, make, require, require_equal
from machine import command, play, verify

from gradebuild import objdir
from gradelib import CLEAN_END


@pytest.mark.thorough
def test_counts():
    """No count is above its limit or the recorded one."""
    report = json.loads(make("-s", "bench", "BENCHFLAGS=--exact --json"))
    wrong = [f"{row['title']}: {row['problem']}" for row in report["rows"] if row["problem"]]
    require_equal(wrong, [], "figures")
    require(len(report["rows"]) > 20 and all(row["figure"] > 0 for row in report["rows"]),
            "rows missing")
    chart = xml.parse(objdir() / "bench.svg").getroot()
    require(len(list(chart.iter("{http://www.w3.org/2000/svg}rect"))) > 20, "an empty chart")


@pytest.mark.thorough
def test_slower():
    """It fails, and says which figures have risen."""
    enter_copy(few=True)
    edit("kern/syscall.c", "	return curenv->env_id;\n",
         "	for (volatile int n = 0; n < 10; n++)\n		;\n	return curenv->env_id;\n")
    edit("kern/checked.c", "	if (!self)\n		begin();\n",
         "	for (volatile int n = 0; n < 100; n++)\n		;\n	if (!self)\n		begin();\n")
    text = make("-s", "bench", "BENCHFLAGS=--exact", fails=True)
    marked = [line for line in text.splitlines() if "<--" in line]
    for title in "null system call", "null call: CHECKED=1":
        require(any(line.startswith(title) for line in marked), f"{title} is not marked",
                *text.splitlines())


# Judges these figures instead of measuring.
WITHOUT_MEASURING = """
import json, sys
sys.path.insert(0, "tools/measure")
import bench
bench.exact_figures = lambda few, many: json.load(open("figures"))
bench.checking = list
sys.exit(bench.main())
"""


@pytest.mark.thorough
def test_unknown_compiler():
    """Figures are compared with those of the compiler most like it, of which they may be 25 % above;
    it says so."""
    enter_copy(few=True)
    record = Path("tools/measure/bench-record.json")
    here = json.loads(record.read_text())["gcc 12.2.0"]     # whose figures are the limits
    Path("figures").write_text(json.dumps(here))
    for recorded, fails in (0.9, False), (0.7, True):
        most_like = {name: recorded * figure for name, figure in here.items()}
        record.write_text(json.dumps({
            "gcc 1.0": most_like, "clang 1.0": most_like, "gcc 0.9": {}, "clang 0.9": {}}))
        text = call(sys.executable, "-c", WITHOUT_MEASURING, "--exact", fails=fails)
        require(re.search(r"^Nothing is recorded for .*\. Compared with \w+ 1\.0, 25% more is "
                          r"allowed\.$", text, re.M), "wrong report", *text.splitlines())
        require_equal("% above what is recorded" in text, fails, "whether a count is too high")


def test_most_like():
    """The same brand before the same version; the nearest version, the first number first."""
    records = dict.fromkeys(["gcc 12.2.0", "gcc 14.2.0", "gcc 16.2.0", "clang 14.0.6"])
    for name, like in {"gcc 13.1.0": "gcc 12.2.0", "gcc 15.2.0": "gcc 14.2.0",
                       "gcc 99.0.0": "gcc 16.2.0", "clang 12.2.0": "clang 14.0.6",
                       "clang unknown": "clang 14.0.6", "gcc 14.3.0": "gcc 14.2.0"}.items():
        require_equal(bench.most_like(name, records), like, f"what is compared with {name}")
    require_equal(bench.most_like("gcc 12.2.0", {}), "", "what is compared with no record")


@pytest.mark.thorough
def test_instructions():
    """make instructions-X tells which functions a program's instructions are spent in; the same
    ones every time."""
    text = make("-s", "instructions-hello", "INSTRUCTIONSFLAGS=--from umain --top 1000")
    require_equal(make("-s", "instructions-hello", "INSTRUCTIONSFLAGS=--from umain --top 1000"),
                  text, "second run")
    found = {name: int(count.replace(",", "")) for count, name in
             re.findall(r"^ *([\d,]+) +[\d.]+% +[\d,]+  (.+)$", text, re.M)}
    for function in ("umain (user)", "trap", "call_cputs", "env_destroy"):
        require(found.get(function, 0) > 0, f"nothing in {function}", *text.splitlines())
    total = int(re.search(r"^ *([\d,]+) +100% +all$", text, re.M)[1].replace(",", ""))
    require_equal(sum(found.values()), total, "sum")


@pytest.mark.thorough
def test_no_program():
    """One line tells what is wrong."""
    enter_copy()
    text = make("-s", "instructions-nosuch", fails=True)
    require(re.match(r"No program is called 'nosuch'\.\nThere are: .*\nmake: ", text),
            "wrong report", *text.splitlines())


def test_one():
    """bench:0:NAME measures one operation, beside how long booting took and how long a tick is."""
    run = play(command("bench:0:null-call"))
    verify(run, [r"bench: null-call \d+", re.escape(CLEAN_END)])
    require_equal(sum(line.startswith("bench: ") for line in run.lines), 3, "number of figures")


def test_busy(monkeypatch):
    """A bad ratio of times is believed if it comes twice while the host does nothing else."""
    row = next(row for row in bench.ROWS if row.name == "primes-smp")

    def figure(figures, busy):
        seen = iter(figures)
        monkeypatch.setattr(bench, "host_is_busy", lambda: busy)
        monkeypatch.setitem(bench.TIMED, row.name, lambda: next(seen))
        return bench.timed(row)

    require_equal(figure([2.0, 0.9], False), 0.9, "a good figure after a bad one")
    require_equal(figure([2.0, 2.02], False), 2.02, "a bad figure, twice")
    require_equal(figure([2.0, 3.0, 4.0], False), None, "bad figures that differ")
    require_equal(figure([2.0, 2.0, 2.0], True), None, "bad figures on a busy host")
    require_equal(bench.problem(row, None, None, 1), "", "the problem of no figure")


def test_busy_host(monkeypatch, tmp_path):
    """Whether the host is busy is seen with one process for each processor."""
    log = tmp_path / "log"

    def perf_counter():
        with log.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return 0

    monkeypatch.setattr(bench.os, "sched_getaffinity", lambda _: {0, 1, 2})
    monkeypatch.setattr(bench.time, "perf_counter", perf_counter)
    bench.host_is_busy()
    require_equal(len(set(log.read_text().split())), 3, "number of processes")


@pytest.mark.thorough
def test_several():
    """The programs for the ratios of times print their figures."""
    for program, figure in (("work", r"work [1-9]\d* thousand ticks"),
                            ("wake", r"wake [1-9]\d* of \d+ ticks")):
        verify(play(command(f"benchsmp:{program}", cpus=4)),
               [f"benchsmp: {figure}", re.escape(CLEAN_END)])
