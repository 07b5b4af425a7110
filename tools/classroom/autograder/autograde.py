#!/usr/bin/env python3
"""Grade a submission inside a pristine tree, and write Gradescope's results.json whatever happens.

Of the submission only the sources in kern/, lib/ and inc/ are taken: what lab 4 is done in. The
grader, the user programs, the boot sector, every Makefile, script and linker script are ours, so
nothing of a submission runs outside the compiler and QEMU. As root, both run as another user, who
can write neither our files nor the results. Time, memory and output have limits.

A kernel that only prints what is expected gets nothing: the user programs put a word before each of
their lines that is another one in each grading (see grade-lab4 --token). What that does not stop:
a kernel, library or header that gets this word out of a program, from its source, its image or its
memory; one sees that when one reads it. Nor is anything secret that the compiler may read
(#include or .incbin of any file which that user can read): keep no secrets there.

Exit status: 0; with --status that of grade-lab4, or 2 if there was nothing to grade; 143 if told to
end.
"""

import argparse
import ctypes
import io
import json
import os
import pwd
import re
import resource
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import List, Optional, Tuple

sys.dont_write_bytecode = True

SOURCE = Path(__file__).resolve().parent
sys.path.append(str(SOURCE / "tree/tools/grade"))

from gradeformat import Result, Score, as_gradescope
from submission import Sources, Submission, read_submission
from unpack import Refused
from weights import Row, asked_for, by_test, earned, read_weights

MARGIN = 20                 # seconds the grader has to end by itself when out of time
LOOK = 2                    # seconds between looks whether somebody waits for the result
READING = 60                # seconds that we may compute to read the submission
READING_MEMORY = 1 << 30
GRADING_MEMORY = 8 << 30    # of each process: address space, of which QEMU reserves a lot
FILE_BYTES = 64 << 20       # that a file may have which is written meanwhile
PROCESSES = max(1000, 50 * (os.cpu_count() or 1))    # that the user may have who builds and runs
OUTPUT_BYTES = 4 << 20      # that the grader may print
PUBLIC_PATH = "/usr/local/bin:/usr/bin:/bin"
NOTES = 20                  # remarks on what is left out

START_UID = os.getuid()
PRCTL, NO_NEW_PRIVILEGES, WHEN_PARENT_ENDS = ctypes.CDLL(None).prctl, 38, 1


# ---- The tree ----

def lay_out(tree: Path, sources: Sources, checks: bool, token: str) -> None:
    """Make the tree to grade: ours, with the submission's sources, but for checks of exercises with
    what is ours in kern/."""
    shutil.copytree(SOURCE / "tree", tree)
    for name, data in sources.items():
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes(data)
    helpers = list((tree / "user/exercises").glob("*.h"))
    if checks:
        shutil.copytree(SOURCE / "checks", tree, dirs_exist_ok=True)
        helpers.append(tree / "kern/inspect.c")
    for helper in helpers:
        helper.write_text(marked(helper.read_text(), token))
    for program in (tree / "user").rglob("*.c"):
        text = program.read_text(encoding="utf-8", errors="surrogateescape")
        program.write_text(beginning(marked(text, token), program.stem, token),
                           encoding="utf-8", errors="surrogateescape")
    for path in [tree, *tree.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    for name in ("obj", "tmp"):
        (tree / name).mkdir()


def marked(text: str, token: str) -> str:
    """Return a source's text, changed so that it marks what it prints."""
    return re.sub(r'\bcprintf\("(?!\\n"\))', f'cprintf("{token} ', text)


def beginning(text: str, name: str, token: str) -> str:
    """Return a program's text, changed so that it says when it begins."""
    begin = f'\\g<0>\n\tcprintf("{token} {name} begins\\\\n");'
    text, count = re.subn(r"^void umain\(.*\)\n\{", begin, text, flags=re.M)
    if count != 1:
        raise ValueError(f"user/{name}.c has no umain")
    return text


# ---- Grading ----

def harmless_user(uid: Optional[int]) -> dict:
    """Return Popen's options that make a process run as this user or as nobody, if we may do so."""
    if os.getuid() != 0:
        print("autograde: not root, so the submission is built and run as this user",
              file=sys.stderr)
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": uid or nobody.pw_uid, "group": uid or nobody.pw_gid, "extra_groups": []}


def set_limits() -> None:
    """In a child: limit what it and its children can use up, and let none of them get more."""
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: FILE_BYTES,
              resource.RLIMIT_AS: GRADING_MEMORY}
    if os.getuid() != START_UID:    # the limit counts all the user has, wherever it comes from
        limits[resource.RLIMIT_NPROC] = PROCESSES
    for which, limit in limits.items():
        hard = resource.getrlimit(which)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(which, (limit, limit))
    PRCTL(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    PRCTL(WHEN_PARENT_ENDS, signal.SIGTERM, 0, 0, 0)    # however we end


def wait(grader: subprocess.Popen, limit: float, listened: bool) -> None:
    """Wait for the grader; end everything if nobody reads any more what we would print."""
    deadline = time.monotonic() + limit
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    while True:
        try:
            grader.wait(min(LOOK, max(0, deadline - time.monotonic())))
            return
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise
            if listened and poll.poll(0):
                sys.exit(1)


def run_grader(tree: Path, token: str, options: argparse.Namespace) -> Tuple[int, dict]:
    """Run grade-lab4 in the tree, where no other user can look; return its exit status and its
    result."""
    user, python, path = harmless_user(options.uid), sys.executable, os.environ["PATH"]
    if user:
        os.chown(tree.parent, -1, user["group"])
        tree.parent.chmod(0o710)
        path = PUBLIC_PATH      # ours may lead to where nobody else may go
        python = shutil.which("python3", path=path) or python
        for name in (".", "obj", "tmp"):    # where it writes
            os.chown(tree / name, user["user"], user["group"])
    limit = options.limit
    command = [python, "grade-lab4", "--format", "json", "-j", str(options.width),
               "--token", token, "--limit", str(limit), *options.tests]
    environment = {"PATH": path, "LC_ALL": "C.UTF-8", "HOME": str(tree),
                   "TMPDIR": str(tree / "tmp")}
    with tempfile.TemporaryFile() as output:
        grader = subprocess.Popen(command, cwd=tree, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=output, start_new_session=True, preexec_fn=set_limits,
                                  **user)
        try:
            wait(grader, limit + MARGIN, options.json)
        except subprocess.TimeoutExpired:
            grader.terminate()      # it ends what it has started
            with suppress(subprocess.TimeoutExpired):
                grader.wait(MARGIN)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(grader.pid, signal.SIGKILL)
            grader.wait()
        text = os.pread(output.fileno(), OUTPUT_BYTES, 0)
    graded = json.loads(text)
    if not isinstance(graded.get("score"), int):
        raise ValueError("the grader's result has no score")
    return grader.returncode, graded


def read_within_limits(top: Path) -> Submission:
    """Read the submission, but do not let it take all memory and time."""
    def too_long(number, frame):
        raise Refused("it takes too long to read")

    known = (SOURCE / "names.txt").read_text(encoding="ascii").split()
    signal.signal(signal.SIGPROF, too_long)
    before = resource.getrlimit(resource.RLIMIT_AS)
    signal.setitimer(signal.ITIMER_PROF, READING)
    resource.setrlimit(resource.RLIMIT_AS, (READING_MEMORY, before[1]))
    try:
        return read_submission(top, known)
    except MemoryError as error:
        raise Refused("it is too large") from error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.setitimer(signal.ITIMER_PROF, 0)


def grade(options: argparse.Namespace) -> Tuple[int, dict]:
    """Grade the submission; return an exit status and the result, whatever happens.

    The result is that of grade-lab4, and has more: refused, which says why nothing could be graded
    if so; notes on what is left out; failed, whether that is the autograder's fault.
    """
    token, notes = "t" + secrets.token_hex(8), []
    try:
        submission = read_within_limits(options.submission)
        notes = submission.notes[:NOTES]
        if options.pack:
            pack(submission, options.pack)
            return 0, result(notes, answers=submission.answers.decode("utf-8", "replace"))
        with tempfile.TemporaryDirectory(prefix="jos-grade-") as directory:
            tree = Path(directory) / "tree"
            lay_out(tree, submission.sources, any(":" in test for test in options.tests), token)
            status, graded = run_grader(tree, token, options)
        return status, {**result(notes), **graded}
    except Refused as refused:
        return 2, result(notes, f"Nothing could be graded: {refused}. Hand in what `make handin' "
                         "makes, or the directories kern, lib and inc.")
    except Exception:       # whatever it is, the student must get an answer
        traceback.print_exc()
        return 2, result(notes, "The autograder failed. Tell the staff; its log says why.", True)


def pack(submission: Submission, target: Path) -> None:
    """Write what counts of a submission to a tar file, which is a submission again."""
    with tarfile.open(target, "w") as archive:
        for name, data in submission.sources.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


# ---- The result ----

def result(notes: List[str], refused: str = "", failed: bool = False, answers: str = "") -> dict:
    """Return a result of grade() that has no points."""
    return {"score": 0, "build": "", "tests": [], "lab": "", "seconds": 0, "notes": notes,
            "refused": refused, "failed": failed, "answers": answers}


def for_gradescope(graded: dict, rows: List[Row]) -> dict:
    """Return a result of grade() as Gradescope wants it, with points by a table if there is one."""
    tests = [Result(each["name"], each["part"], each["score"], each["max_score"], each["seconds"],
                    each["reason"], each["details"]) for each in graded["tests"]]
    if rows and tests:
        tests = [in_row(row, graded, rows) for row in rows]
    score = json.loads(as_gradescope(Score(graded["lab"], tests, graded["seconds"],
                                           graded["build"])))
    score["score"] = round(score["score"], 2)
    for row, test in zip(rows, score["tests"]):
        test["name"] = f"Exercise {row.name}" if row.name.isdecimal() else row.name
    score["output"] = "\n".join(filter(None, [*graded["notes"], graded["refused"],
                                              score["output"]]))
    return score


def in_row(row: Row, graded: dict, rows: List[Row]) -> Result:
    """Return what a row of the table gives, as if it were a test."""
    tests = by_test(row.tests, graded)
    points = earned(row, tests, [each.name for each in rows])
    why = [f"{name}: {test['why']}" for name, test in tests.items() if not test["passed"]]
    full = points == row.points
    return Result(row.name, "", points, row.points, 0, "" if full else f"{points:g} of "
                  f"{row.points:g} points", [line for text in why for line in text.splitlines()])


def write(results: Path, score: dict) -> None:
    """Replace the file with the results."""
    results.parent.mkdir(parents=True, exist_ok=True)
    unfinished = results.with_suffix(".new")
    unfinished.write_text(json.dumps(score, indent=1) + "\n", encoding="ascii")
    unfinished.chmod(0o644)
    unfinished.replace(results)


def parse(arguments: List[str]) -> argparse.Namespace:
    """Parse the command line."""
    top = Path(os.environ.get("AUTOGRADER", "/autograder"))
    parser = argparse.ArgumentParser(description="Grade a submission of lab 4.")
    parser.add_argument("tests", nargs="*", metavar="TEST", help="grade only these")
    parser.add_argument("--submission", type=Path, default=top / "submission", metavar="DIRECTORY",
                        help="what to grade (default: %(default)s)")
    parser.add_argument("--results", type=Path, default=top / "results/results.json",
                        metavar="FILE", help="where the result goes (default: %(default)s)")
    parser.add_argument("--limit", type=int, default=420, metavar="SECONDS",
                        help="how long building and running may take (default: %(default)s)")
    parser.add_argument("-j", dest="width", type=int, default=2, metavar="N",
                        help="how many tests run at once (default: %(default)s)")
    parser.add_argument("--json", action="store_true",
                        help="print the result in a line of JSON, and write no file")
    parser.add_argument("--pack", type=Path, metavar="FILE",
                        help="grade nothing: write what counts of the submission to a tar file")
    parser.add_argument("--uid", type=int, metavar="N",
                        help="if we are root, build and run as this user instead of nobody")
    parser.add_argument("--status", action="store_true",
                        help="end with grade-lab4's exit status: 0 is the full score")
    options = parser.parse_args(arguments)
    options.tests = " ".join(options.tests).split()     # one word may have several
    return options


def main(arguments: List[str]) -> int:
    """Do what the command line says and return the exit status."""
    options, began = parse(arguments), time.monotonic()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))     # cleans up
    if options.json or options.pack:
        print(json.dumps(grade(options)[1]), flush=True)
        return 0
    table = SOURCE / "points.txt"
    rows = read_weights(table) if table.exists() and not options.tests else []
    options.tests = options.tests or asked_for(rows)
    write(options.results, for_gradescope(result(
        [], "The grading was ended from outside. Tell the staff."), rows))
    status, graded = grade(options)
    score = for_gradescope(graded, rows)
    score["execution_time"] = round(time.monotonic() - began)
    write(options.results, score)
    print(f"Score: {score['score']}")
    return status if options.status else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
