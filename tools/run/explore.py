#!/usr/bin/env python3
"""Run a program under many seeds, side by side, and say with which ones it goes wrong.

A run is bad if the kernel panics, if it does not end, if it ends with environments blocked, if the
kernel's books are wrong, if the program says so itself (a user panic, or a line `NAME: FAIL'; or no
line `NAME: OK' where other seeds give one), or if the lines that the grader expects are not there.
An interrupted search goes on where it was, if the kernel is the same.

Exit status: 0 no run was bad, 1 some were, 2 nothing could be run, 130 interrupted.
"""

import argparse
import os
import re
import shlex
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Dict, List, Tuple

sys.dont_write_bytecode = True      # leave no __pycache__ in the source tree
ROOT = Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT), str(ROOT / "tools/grade"), str(ROOT / "tools/common")]

from gradebuild import MakeError, as_built, make, objdir, qemu_command, snapshot
from gradeformat import Console
from gradelib import CLEAN_END, Verdict, Watch, exit_on_signals
from gradetests import TESTS, patterns
from hosts import HostsError, host_file
from seedhosts import run_seeds_on_hosts
from seedruns import SEED, Outcome, image_of, run_seeds, task_of
from seedskept import Kept

SHOWN = 10      # seeds of which the command is shown, for each thing that goes wrong
ALWAYS_BAD = [r"audit: (?!.* all agrees)", r"\d+ blocked for ever", r"\[\w{8}\] user panic in "]


# ---- Running ----

def expectations(name: str, limit: float) -> Tuple[List[str], Watch]:
    """Return the lines a program must print, and what to look out for."""
    test = next((test for test in TESTS if test.name == name), None)
    bad = [*ALWAYS_BAD, f"{name}: FAIL"]
    if not test:
        return [re.escape(CLEAN_END)], Watch(forbidden=bad, limit=limit, quiet=limit)
    bad += patterns(test.mustnot)
    return patterns(test.must), Watch("".join(patterns(test.stop)), bad,
                                      limit=limit, quiet=limit)


def require_verdict(name: str, outcomes: List[Outcome]) -> List[Outcome]:
    """Where some runs print `NAME: OK', those that do not are bad."""
    if not any(outcome.says_good for outcome in outcomes):
        return outcomes
    return [outcome._replace(verdict=Verdict(False, f"no line `{name}: OK'", []))
            if outcome.verdict.ok and not outcome.says_good else outcome for outcome in outcomes]


class Progress:
    """The status line."""

    def __init__(self, console, total: int):
        self._console, self._total = console, total
        self._done = self._bad = 0

    def add(self, outcome: Outcome) -> None:
        """Count a seed, and show it."""
        self._done += 1
        self._bad += not outcome.verdict.ok
        self({})

    def __call__(self, running) -> None:
        """Show it, given parallel()'s {position: Run}."""
        longest = max((run.seconds for run in running.values()), default=0)
        self._console.status(f"{self._done} of {self._total} seeds, {self._bad} bad"
                             + (f"; the longest now {longest:.0f} s" if running else ""))


# ---- The command line ----

def seed_range(text: str) -> range:
    """Return the seeds that `200', the first 200, or `5-9' means."""
    found = re.fullmatch(r"(?:(\d{1,9})-)?(\d{1,9})", text)
    first, last = (int(found[1] or 1), int(found[2])) if found else (1, 0)
    if first > last:
        raise argparse.ArgumentTypeError(
            f"SEEDS={text} is no range of seeds. Try SEEDS=200 or SEEDS=5-9")
    return range(first, last + 1)


def job_count(text: str) -> int:
    """Return how many runs at once a text means."""
    if not re.fullmatch(r"[1-9]\d{0,2}", text):
        raise argparse.ArgumentTypeError(f"JOBS={text} is no number of runs at once. Try JOBS=4")
    return int(text)


def new_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser of what all searches have on their command lines."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.error = lambda message: sys.exit(f"{message.partition(': ')[2] or message}")
    parser.add_argument("run", metavar="PROGRAM", help="what to run; NAME:ARG gives it arguments")
    parser.add_argument("-j", dest="width", type=job_count, default=os.cpu_count() or 1, metavar="N",
                        help="how many run at once (default: one per core, %(default)s)")
    parser.add_argument("--limit", type=float, default=60, metavar="SECONDS",
                        help="what takes longer hangs (default %(default)s)")
    return parser


def parse(arguments: List[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = new_parser(__doc__)
    parser.add_argument("--seeds", type=seed_range, default="100", metavar="N | A-B",
                      help="the seeds: the first N (default %(default)s), or A to B")
    parser.add_argument("--cpus", default="4", metavar="N", help="CPUs (default %(default)s)")
    parser.add_argument("--hosts", metavar="FILE", help="machines that run it, for GNU parallel")
    return parser.parse_args(arguments)


def first_name(run: str) -> str:
    """Return the name of the first program of those to run."""
    return re.split("[ :]", run)[0]


def make_command(target: str, run: str, *variables: str) -> str:
    """Return the command that makes a target such as run-{}-nox for what was run."""
    name = first_name(run)
    words = [target.format(name), *([f"RUN={shlex.quote(run)}"] if name != run else []), *variables]
    return as_built(" ".join(["make", *words]))


def again(options: argparse.Namespace, seed: int) -> str:
    """Return the command that repeats the run with a seed."""
    return make_command("run-{}-nox", options.run, f"CPUS={options.cpus}", f"SEED={seed}", "AUDIT=1",
                        "EXIT=1")


def report(options: argparse.Namespace, outcomes: List[Outcome], seconds: float) -> List[str]:
    """Return the lines that say what was found."""
    bad: Dict[str, List[Outcome]] = {}
    for outcome in outcomes:
        if not outcome.verdict.ok:
            bad.setdefault(outcome.verdict.reason, []).append(outcome)
    lines = []
    for reason, some in bad.items():
        lines.append(f"{reason}: {len(some)} of {len(outcomes)} seeds. With seed {some[0].seed}:")
        lines += [f"    {detail}" for detail in some[0].verdict.details]
        lines += ["    again:"] + [f"      {again(options, outcome.seed)}"
                                   for outcome in some[:SHOWN]]
        if len(some) > SHOWN:
            lines.append("      and with seeds " + " ".join(str(o.seed) for o in some[SHOWN:]))
    different = len({outcome.output for outcome in outcomes})
    failed = sum(map(len, bad.values()))
    return lines + [f"{options.run}, CPUS={options.cpus}: {len(outcomes) - failed} seeds passed, "
                    f"{failed} failed; {different} different outputs ({seconds:.0f} s)"]


def main(arguments: List[str]) -> int:
    """Do what the command line says and return the exit status."""
    options = parse(arguments)
    exit_on_signals()
    with snapshot() as variable:
        return explore(options, variable)


def explore(options: argparse.Namespace, variable: str) -> int:
    """Run the program under all seeds, given a variable for make, and return the exit status."""
    console = Console(sys.stdout)
    name, begin = first_name(options.run), time.monotonic()
    progress, status, place = Progress(console, len(options.seeds)), 0, objdir() / "explore"
    kept = None
    try:
        hosts = options.hosts and host_file(options.hosts)
        console.status("building")
        make("all", variable)
        line = qemu_command(f"CPUS={options.cpus}", f"RUN={options.run}", f"SEED={SEED}", "AUDIT=1",
                            variable)
        image = image_of(line)
        task = task_of(line, image, *expectations(name, options.limit), f"{name}: OK")
        place.mkdir(exist_ok=True)
        kept = Kept(place, task, Path(image))
        for seed in set(kept.outcomes).intersection(options.seeds):
            progress.add(kept.outcomes[seed])
        to_do = [seed for seed in options.seeds if seed not in kept.outcomes]
        with closing(run_seeds_on_hosts(task, Path(image), to_do, hosts, place / "log") if hosts else
                     run_seeds(task, Path(image), to_do, options.width, progress)) as outcomes:
            for outcome in outcomes:
                kept.add(outcome)
                progress.add(outcome)
        kept.forget()
    except (MakeError, HostsError) as error:
        console.say(*str(error).splitlines()[-20:])
        return 2
    except KeyboardInterrupt:
        status = 130
    known = kept.outcomes if kept else {}
    outcomes = [known[seed] for seed in options.seeds if seed in known]
    found = require_verdict(name, outcomes)
    console.say(*report(options, found, time.monotonic() - begin))
    if status:
        console.say("The same command goes on")
    return status or int(any(not outcome.verdict.ok for outcome in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
