#!/usr/bin/env python3
"""Run a program on two CPUs in every order that a few preemptions can bring about.

A preemption is a moment at which the other CPU goes on, or a tick comes; kern/order.c says what the
moments are, and when CPUs take turns anyway. First the program runs without a preemption, then with
one at each moment, then with two, and so on. Left out are preemptions that change nothing: the
other CPU sleeps, or no env waits for the tick. Two runs are the same order if the holders of the
kernel lock do the same one after another: which CPU, for which env, called by what, with which
result; with CHECKED=1, if also the accesses outside the lock are the same. A preemption more is added
to the first run of each order.

What a bad run is, explore.py says. Exit status: 0 no run was bad, 1 some were, 2 nothing could be
run, 130 interrupted.
"""

import argparse
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Dict, List, NamedTuple, Set, Tuple

import explore      # first: it says where the other modules are
from explore import SHOWN, expectations, make_command
from gradebuild import MakeError, make, qemu_command, snapshot
from gradeformat import Console
from gradelib import Run, Verdict, Watch, diagnose, exit_on_signals, parallel

MOST = 9            # preemptions
NUMBER_BYTES = 5    # as in kern/order.c, which also has the following
ENTER, LEAVE, TAKE, LEFT, ACCESS = range(5)
KIND, OTHER_READY, ENV_WAITS = 0x0f, 0x10, 0x20

Order = Tuple[str, ...]     # the preemptions: numbers of moments, with a t for a tick


class Moment(NamedTuple):
    """What a CPU has told at a moment."""
    number: int
    kind: int
    env: int
    what: int
    value: int
    cpu: int


class Outcome(NamedTuple):
    """An order, and what has become of its run."""
    order: Order
    verdict: Verdict
    lines: List[str]
    moments: List[Moment]


# ---- What has happened ----

def read_moments(data: bytes) -> List[Moment]:
    """Return the moments that the kernel has told the debug port, in order."""
    found = []
    for cpu in (0, 1):
        digits = [byte & 0x7f for byte in data if byte >> 7 == cpu]
        numbers = [sum(digit << 7 * place for place, digit in enumerate(digits[at:at + NUMBER_BYTES]))
                   for at in range(0, len(digits), NUMBER_BYTES)]
        size = len(Moment._fields) - 1
        found += [Moment(*numbers[at:at + size], cpu=cpu)
                  for at in range(0, len(numbers) - size + 1, size)]
    return sorted(found)


def effect(moments: List[Moment]) -> Tuple:
    """Return what tells an order from others: what holders of the lock have done and, if that was told,
    which code has accessed memory without it; one after another."""
    begun: Dict[int, Moment] = {}
    done = []
    for moment in moments:
        kind = moment.kind & KIND
        if kind in (ENTER, TAKE):
            begun[moment.cpu] = moment
        elif kind in (LEAVE, LEFT):
            cause = begun.pop(moment.cpu, None)
            done.append((moment.cpu, cause and (cause.env, cause.what, cause.value), kind,
                         moment.env, moment.value))
        else:
            done.append((moment.cpu, moment.value))
    return tuple(done)


def choices(moments: List[Moment], order: Order) -> List[Order]:
    """Return the orders with one preemption more, after the last one."""
    last = int(order[-1].rstrip("t")) if order else 0
    more = []
    for moment in moments:
        if moment.number <= last:
            continue
        if moment.kind & OTHER_READY:
            more.append((*order, f"{moment.number}"))
        if moment.kind & ENV_WAITS and moment.kind & KIND == LEAVE:
            more.append((*order, f"{moment.number}t"))
    return more


# ---- Running ----

def as_text(order: Order) -> str:
    """Return what ORDER is for make."""
    return ".".join(order) or "0"


def try_order(order: Order, command: List[str], told: Path, must: List[str], watch: Watch):
    """A job for parallel(): run the command, which makes the file told, and return an Outcome."""
    run = yield Run(command, watch)
    moments = read_moments(told.read_bytes()) if told.exists() else []
    told.unlink(missing_ok=True)
    return Outcome(order, diagnose(run, must), run.lines, moments)


class Search:
    """All orders of a program, those with fewer preemptions first."""

    def __init__(self, options: argparse.Namespace, console: Console):
        self._options, self._console = options, console
        self._effects: Set[Tuple] = set()
        self.bad: List[Tuple[int, Outcome]] = []    # with the number of the run
        self.runs = 0
        self.levels: List[Tuple[int, int]] = []     # runs with 0, 1, ... preemptions, of how many

    @property
    def different(self) -> int:
        """How many orders there were."""
        return len(self._effects)

    @property
    def complete(self) -> bool:
        """Whether all has been tried."""
        return (len(self.levels) == self._options.bound + 1 and
                all(done == due for done, due in self.levels))

    def _show(self, running) -> None:
        longest = max((run.seconds for run in running.values()), default=0)
        self._console.status(f"{self.runs} runs, {self.different} orders, {len(self.bad)} bad; "
                             f"the longest now {longest:.0f} s")

    def _note(self, outcome: Outcome) -> List[Order]:
        """Count a run; return the orders that come from it."""
        self.runs += 1
        what = effect(outcome.moments)
        new = what not in self._effects
        self._effects.add(what)
        if not outcome.verdict.ok:
            self.bad.append((self.runs, outcome))
            return []
        return choices(outcome.moments, outcome.order) if new else []

    def run(self, command: List[str], mark: str, must: List[str], watch: Watch) -> None:
        """Try them, given a command in which an order takes the place of the mark."""
        level: List[Order] = [()]
        with tempfile.TemporaryDirectory() as place:
            for _ in range(self._options.bound + 1):
                jobs = []
                for order in level[:self._options.runs - self.runs]:
                    told = Path(place, as_text(order))
                    words = [word.replace(mark, as_text(order)) for word in command]
                    jobs.append(try_order(order, [*words, "-debugcon", f"file:{told}"], told, must,
                                          watch))
                self.levels.append((0, len(level)))
                level, due = [], len(level)
                with closing(parallel(jobs, self._options.width, tick=self._show)) as outcomes:
                    for done, outcome in enumerate(outcomes, 1):
                        level += self._note(outcome)
                        self.levels[-1] = done, due
                if len(jobs) < due:
                    break


# ---- The command line ----

def bound(text: str) -> int:
    """Return how many preemptions BOUND allows."""
    if not text.isdecimal() or int(text) > MOST:
        raise argparse.ArgumentTypeError(f"BOUND={text} is no number of preemptions up to {MOST}. "
                                         "Try BOUND=2")
    return int(text)


def run_count(text: str) -> int:
    """Return how many runs RUNS allows."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"RUNS={text} is no number of runs. Try RUNS=1000")
    return int(text)


def parse(arguments: List[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = explore.new_parser(__doc__)
    parser.add_argument("--bound", type=bound, default="2", metavar="N",
                        help="preemptions in a run, at most (default %(default)s)")
    parser.add_argument("--runs", type=run_count, default="1000", metavar="N",
                        help="how many runs, at most (default %(default)s)")
    return parser.parse_args(arguments)


def report(options: argparse.Namespace, search: Search, seconds: float) -> List[str]:
    """Return the lines that say what was found."""
    reasons: Dict[str, List[Tuple[int, Outcome]]] = {}
    for number, outcome in search.bad:
        reasons.setdefault(outcome.verdict.reason, []).append((number, outcome))
    lines = []
    for reason, some in reasons.items():
        number, first = some[0]
        lines.append(f"{reason}: {len(some)} of {search.runs} runs. The first, run {number}, with "
                     f"ORDER={as_text(first.order)}:")
        lines += [f"    {detail}" for detail in first.verdict.details]
        lines += ["    again:"]
        lines += ["      " + make_command("run-{}-nox", options.run, f"ORDER={as_text(outcome.order)}",
                                          "AUDIT=1", "EXIT=1") for _, outcome in some[:SHOWN]]
        if len(some) > SHOWN:
            lines.append("      and " + " ".join(as_text(o.order) for _, o in some[SHOWN:]))
        lines += ["    drawn:", "      " + make_command(
            "trace-{}", options.run, f"ORDER={as_text(first.order)}")]
    for preemptions, (done, due) in enumerate(search.levels):
        lines.append(f"with {preemptions} preemption{'s' * (preemptions != 1)}: "
                     f"{'all' if done == due else f'{done} of'} {due} runs")
    return lines + [f"{options.run}, BOUND={options.bound}: "
                    f"{'complete' if search.complete else 'not complete'}, {search.runs} runs, "
                    f"{search.different} different orders, {len(search.bad)} runs failed "
                    f"({seconds:.0f} s)"]


def main(arguments: List[str]) -> int:
    """Do what the command line says and return the exit status."""
    options = parse(arguments)
    exit_on_signals()
    console, begin = Console(sys.stdout), time.monotonic()
    search, status = Search(options, console), 0
    with snapshot() as variable:
        try:
            console.status("building")
            must, watch = expectations(explore.first_name(options.run), options.limit)
            make("all", variable)
            mark = "ORDER-HERE"
            line = qemu_command(f"RUN={options.run}", f"ORDER={mark}", "AUDIT=1", variable)
            search.run(line, mark, must, watch)
        except MakeError as error:
            console.say(*str(error).splitlines()[-20:])
            return 2
        except KeyboardInterrupt:
            status = 130
    console.say(*report(options, search, time.monotonic() - begin))
    return status or int(bool(search.bad))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
