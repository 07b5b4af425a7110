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
import json
import os
import pwd
import re
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import List, Tuple

sys.dont_write_bytecode = True

from submission import Sources, Submission, read_submission
from unpack import Refused

SOURCE = Path(__file__).resolve().parent
MARGIN = 20                 # seconds the grader has to end by itself when out of time
READING = 60                # seconds that we may compute to read the submission
READING_MEMORY = 1 << 30
GRADING_MEMORY = 8 << 30    # of each process: address space, of which QEMU reserves a lot
FILE_BYTES = 64 << 20       # that a file may have which is written meanwhile
PROCESSES = 1000            # that the user may have who builds and runs
OUTPUT_BYTES = 4 << 20      # that the grader may print
PUBLIC_PATH = "/usr/local/bin:/usr/bin:/bin"
NOTES = 20                  # remarks on what is left out

START_UID = os.getuid()
PRCTL, NO_NEW_PRIVILEGES = ctypes.CDLL(None).prctl, 38


# ---- The tree ----

def lay_out(tree: Path, sources: Sources, token: str) -> None:
    """Make the tree to grade: ours, with the submission's sources."""
    shutil.copytree(SOURCE / "tree", tree)
    for name, data in sources.items():
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes(data)
    for program in (tree / "user").glob("*.c"):
        program.write_text(marked(program.read_text(), program.stem, token))
    for path in [tree, *tree.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    for name in ("obj", "tmp"):
        (tree / name).mkdir()


def marked(text: str, name: str, token: str) -> str:
    """Return a program's text, changed so that it says when it begins and marks what it prints."""
    text = re.sub(r'\bcprintf\("', f'cprintf("{token} ', text)
    begin = f'\\g<0>\n\tcprintf("{token} {name} begins\\\\n");'
    text, count = re.subn(r"^void umain\(.*\)\n\{", begin, text, flags=re.M)
    if count != 1:
        raise ValueError(f"user/{name}.c has no umain")
    return text


# ---- Grading ----

def harmless_user() -> dict:
    """Return Popen's options that make a process run as nobody, if we may do so."""
    if os.getuid() != 0:
        print("autograde: not root, so the submission is built and run as this user",
              file=sys.stderr)
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


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


def run_grader(tree: Path, token: str, limit: int, tests: List[str]) -> Tuple[int, dict]:
    """Run grade-lab4 in the tree; return its exit status and its result."""
    user, python, path = harmless_user(), sys.executable, os.environ["PATH"]
    if user:
        path = PUBLIC_PATH      # ours may lead to where nobody else may go
        python = shutil.which("python3", path=path) or python
        for name in (".", "obj", "tmp"):    # where it writes
            os.chown(tree / name, user["user"], user["group"])
    command = [python, "grade-lab4", "--format", "gradescope", "-j2", "--token", token,
               "--limit", str(limit), *tests]
    environment = {"PATH": path, "LC_ALL": "C.UTF-8", "HOME": str(tree),
                   "TMPDIR": str(tree / "tmp")}
    with tempfile.TemporaryFile() as output:
        grader = subprocess.Popen(command, cwd=tree, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=output, start_new_session=True, preexec_fn=set_limits,
                                  **user)
        try:
            grader.wait(limit + MARGIN)
        except subprocess.TimeoutExpired:
            grader.terminate()      # it ends what it has started
            with suppress(subprocess.TimeoutExpired):
                grader.wait(MARGIN)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(grader.pid, signal.SIGKILL)
            grader.wait()
        text = os.pread(output.fileno(), OUTPUT_BYTES, 0)
    result = json.loads(text)
    if not isinstance(result.get("score"), int):
        raise ValueError("the grader's result has no score")
    return grader.returncode, result


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
    """Grade the submission; return an exit status and the result, whatever happens."""
    token = "t" + secrets.token_hex(8)
    try:
        sources, notes, _ = read_within_limits(options.submission)
        with tempfile.TemporaryDirectory(prefix="jos-grade-") as directory:
            os.chmod(directory, 0o755)
            lay_out(Path(directory) / "tree", sources, token)
            status, result = run_grader(Path(directory) / "tree", token, options.limit,
                                        options.tests)
        result["output"] = "\n".join(notes[:NOTES] + [result["output"]]).strip()
        return status, result
    except Refused as refused:
        return 2, nothing(f"Nothing could be graded: {refused}. Hand in what `make handin' makes, "
                          "or the directories kern, lib and inc.")
    except Exception:       # whatever it is, the student must get an answer
        traceback.print_exc()
        return 2, nothing("The autograder failed. Tell the staff; its log says why.")


# ---- The result ----

def nothing(why: str) -> dict:
    """Return the result that has no points."""
    return {"score": 0, "output": why, "output_format": "text", "visibility": "visible",
            "stdout_visibility": "hidden", "tests": []}


def write(results: Path, result: dict) -> None:
    """Replace the file with the results."""
    results.parent.mkdir(parents=True, exist_ok=True)
    unfinished = results.with_suffix(".new")
    unfinished.write_text(json.dumps(result, indent=1) + "\n", encoding="ascii")
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
    parser.add_argument("--status", action="store_true",
                        help="end with grade-lab4's exit status: 0 is the full score")
    return parser.parse_args(arguments)


def main(arguments: List[str]) -> int:
    """Do what the command line says and return the exit status."""
    options, began = parse(arguments), time.monotonic()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))     # cleans up
    write(options.results, nothing("The grading was ended from outside. Tell the staff."))
    status, result = grade(options)
    result["execution_time"] = round(time.monotonic() - began)
    write(options.results, result)
    print(f"Score: {result['score']}")
    return status if options.status else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
