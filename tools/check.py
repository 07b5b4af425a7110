#!/usr/bin/env python3
"""Run the tests of this tree, many at a time: those of tools/tests.

Exit status: 0 nothing failed, 1 something did, 2 nothing could be tested, 130 interrupted.
"""

import argparse
import os
import shlex
import signal
import sys
import tempfile
import traceback
from contextlib import closing
from typing import List, NamedTuple

sys.dont_write_bytecode = True      # leave no __pycache__ in the source tree

from tests import kit      # finds the modules of the other tools
from tests import (boot, programs, guarantees, console, panics, benchmarks, building, using,
                    foreign, debugger, grading, classes, autograding, handing, marks, mistakes,
                    seeds, replaying, tracing, style)
from gradebuild import MakeError, make
from gradelib import Run, Watch, exit_on_signals, parallel, shown

PASSED, FAILED, SKIPPED = 0, 1, 77      # how the process of a test tells what happened
MARGIN = 10                             # seconds it has to end by itself when out of time


class Result(NamedTuple):
    """What became of a test."""
    test: kit.Test
    status: int
    seconds: float
    lines: List[str]


# ---- One test, in a process of its own ----

def out_of_time(number, frame):
    """Handle the signal that comes when a test has taken too long."""
    raise kit.Failed("not finished in time", *traceback.format_stack(frame)[-1].splitlines())


def end_the_rest() -> None:
    """End what the test has started and left behind: the rest of our process group."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGTERM)


def run_here(test: kit.Test) -> int:
    """Run a test and print what there is to say; return a status."""
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(int(test.limit))
    os.chdir(kit.ROOT)
    try:
        test.function(*test.arguments)
        return PASSED
    except kit.Skipped as skipped:
        print(skipped)
        return SKIPPED
    except kit.Failed as failed:
        lines = [failed.reason, *[f"  {shown(line)}" for line in failed.details]]
    except Exception:       # a test that is wrong, or met what nobody thought of
        lines = traceback.format_exc().splitlines()[-12:]
    finally:
        end_the_rest()
    print(*lines, *[f"ran: {command}" for command in kit.NOTES[-3:]], sep="\n")
    return FAILED


# ---- All of them ----

def job(test: kit.Test):
    """A job for parallel(): start a test's process, and return the Result."""
    limit = test.limit + MARGIN
    run = yield Run([sys.executable, os.path.abspath(__file__), "--inside", test.name],
                    Watch(limit=limit, quiet=limit, grace=limit))
    lines = run.lines + run.errors.splitlines()
    if run.status not in (PASSED, FAILED, SKIPPED):
        lines.insert(0, f"its process {run.why.value}, status {run.status}")
    return Result(test, run.status, run.seconds, lines)


def show(result: Result, verbose: bool) -> None:
    """Print the lines about one test."""
    test, seconds = result.test, f"({result.seconds:.1f}s)"
    if result.status == PASSED:
        print(f"ok {test.name} {seconds}")
    elif result.status == SKIPPED:
        print(f"skipped {test.name}: {' '.join(result.lines)}")
    else:
        print(f"FAIL {test.name} {seconds}")
        print(*[f"    {line}" for line in result.lines], sep="\n")
        again = ["make", "check", *kit.make_variables(), f"CHECKFLAGS={test.word}"]
        print(f"    again: {shlex.join(again)}")
    if verbose and result.status == PASSED and result.lines:
        print(*[f"    {line}" for line in result.lines], sep="\n")
    sys.stdout.flush()


def run_tests(tests: List[kit.Test], width: int, verbose: bool) -> int:
    """Run tests and print the results; return the exit status."""
    count = {PASSED: 0, FAILED: 0, SKIPPED: 0}
    jobs, costs = [job(test) for test in tests], [test.cost for test in tests]
    with tempfile.TemporaryDirectory(prefix="jos-check-") as scratch:
        os.environ[kit.SCRATCH] = scratch
        with closing(parallel(jobs, width, costs)) as results:
            for result in results:
                show(result, verbose)
                count[result.status if result.status in count else FAILED] += 1
    print(f"{count[PASSED]} passed, {count[FAILED]} failed"
          + (f", {count[SKIPPED]} skipped" if count[SKIPPED] else ""))
    return 1 if count[FAILED] else 0


# ---- The command line ----

def parse(arguments: List[str]) -> argparse.Namespace:
    """Parse the command line; .tests are the tests to run."""
    parser = argparse.ArgumentParser(description="Run the tests of this tree side by side.")
    parser.add_argument("names", nargs="*", metavar="TEST",
                        help="run only these: topics, or names as -l shows them, with wildcards "
                        "(default: all but the topics `long', which takes an hour, and "
                        "`handout')")
    parser.add_argument("-j", dest="width", type=int, default=os.cpu_count() or 1, metavar="N",
                        help="how many tests run at once (default: one per core, %(default)s)")
    parser.add_argument("-l", "--list", action="store_true", help="list the tests")
    parser.add_argument("-v", "--verbose", action="store_true",
                        help="show what tests that pass have to say, too")
    parser.add_argument("--boots", type=int, default=20, metavar="N",
                        help="boot N times in a row where that is tested (default %(default)s)")
    parser.add_argument("--inside", metavar="TEST", help=argparse.SUPPRESS)
    options = parser.parse_intermixed_args(arguments)
    for name in options.names:
        if not any(test.called(name) for test in kit.TESTS):
            topics = " ".join(dict.fromkeys(test.topic for test in kit.TESTS))
            sys.stderr.write(f"check.py: no test is called {name!r}. The topics: {topics}. "
                             "-l lists the tests\n")
            sys.exit(2)
    options.tests = [test for test in kit.TESTS
                     if (any(map(test.called, options.names)) if options.names
                         else test.topic not in ("long", "handout"))]
    return options


def main(arguments: List[str]) -> int:
    """Do what the command line says and return the exit status."""
    options = parse(arguments)
    if options.inside:
        return run_here(next(test for test in kit.TESTS if test.name == options.inside))
    if options.list:
        print(*[test.word for test in options.tests], sep="\n")
        return 0

    exit_on_signals()
    os.chdir(kit.ROOT)
    os.environ[kit.BOOTS] = str(options.boots)
    kit.set_make_variables(kit.make_variables())    # and no -j that is not for us
    try:
        make(f"-j{max(2, options.width)}", "all")
        return run_tests(options.tests, options.width, options.verbose)
    except MakeError as error:
        print("FAIL build", *[f"    {line}" for line in str(error).splitlines()[-20:]], sep="\n")
        print("0 passed, 1 failed")
        return 2
    except KeyboardInterrupt:
        print("interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
