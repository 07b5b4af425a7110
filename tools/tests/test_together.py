"""Any number of makes, machines, debuggers and graders work side by side in one tree."""

import fcntl
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from compilers import COMPILE
from debugger import read_until
from kit import (PATIENCE, call, choose_no_tools, complaints, enter_copy, excerpt, make, need,
                 need_repeats, need_to_work, require, require_equal, start, wait_for)
from machine import command, play, verify

WAITS = ".*Another make is at work in obj: this one waits for it\n"

# A compiler that stops at kern/init.c until there is a file `go'.
WAITING_COMPILER = """#!/bin/sh
case "$*" in
*kern/init.c*)
	>came
	while [ ! -e go ]; do sleep 0.05; done ;;
esac
exec gcc "$@"
"""

# One that is killed there with the make that called it, when it has written half an object.
KILLED_COMPILER = """#!/bin/sh
case "$*" in
*kern/init.c*)
	while [ "$1" != -o ]; do shift; done
	echo half an object > "$2"
	kill -9 0 ;;
esac
exec gcc "$@"
"""


def ends(process, status=0):
    """Wait for the end of a process; return the rest of its output."""
    output = process.communicate(timeout=PATIENCE)[0].decode(errors="replace").replace("\r", "")
    require_equal(process.returncode, status, f"status, after this output:\n{output}\n")
    return output


def with_compiler(text):
    """Go to a copy of the tree that is built with a compiler that is this script."""
    need_to_work("gcc", "-m32", *COMPILE)
    enter_copy(built=False, few=True)
    choose_no_tools()
    Path("cc").write_text(text)
    Path("cc").chmod(0o755)
    make("-j2", "CC=./cc", "obj/lib/libjos.a")


# ---- Building ----

def test_two_makes():
    """The second waits, says so, and finds all done. `make clean' waits, too."""
    with_compiler(WAITING_COMPILER)
    first = start(["make", "-j2", "CC=./cc"])
    wait_for(Path("came").exists, "the compiler")
    second = start(["make", "CC=./cc"])
    said = read_until(second, WAITS)
    cleaner = start(["make", "clean"])
    read_until(cleaner, WAITS)
    require(Path("obj/lib/libjos.a").exists(), "it was removed while the first one builds")
    cleaner.terminate()
    cleaner.wait(PATIENCE)
    Path("go").touch()
    require("+ ld kern/kernel" in ends(first), "nothing was built")
    steps = [line for line in (said + ends(second)).splitlines() if line.startswith("+")]
    require_equal(steps, [], "steps of the second make")


@pytest.mark.thorough
def test_clean_between():
    """One that waited for `make clean' makes all again, in a directory that is new."""
    with_compiler(WAITING_COMPILER)
    lock = open("obj/.lock", "wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    second = start(["make", "-j2"])
    read_until(second, WAITS)
    shutil.rmtree("obj")
    lock.close()
    require("+ mk kern/kernel.img" in ends(second), "nothing was built")


@pytest.mark.thorough
def test_killed():
    """Make is killed while it has the lock and a compiler writes. The next one builds all right."""
    need("setsid")
    with_compiler(KILLED_COMPILER)
    process = start(["setsid", "-w", "make", "CC=./cc"])
    process.communicate(timeout=PATIENCE)
    Path("cc").write_text('#!/bin/sh\nexec gcc "$@"\n')
    make("-j2", "CC=./cc")
    verify(play(command("hello")), ["hello, world"])


@pytest.mark.thorough
def test_not_writable():
    """What nobody can write to needs no lock: what is there is run."""
    if os.geteuid() == 0:
        need_to_work("setpriv", "--reuid=65534", "--clear-groups", "true")
        other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    else:
        other = []
    enter_copy()
    for place in (Path().resolve().parent, Path().resolve()):
        place.chmod(0o755)
    if not other:
        call("chmod", "-R", "a-w", "obj")
    text = call(*other, "make", "run-hello-nox", "EXIT=1", "HOME=/")
    require("hello, world" in text, "it did not run", *excerpt(text.splitlines()))
    call("chmod", "-R", "u+w", "obj")
    Path("file").touch()
    text = make("OBJDIR=file/obj", fails=True)
    require("Cannot make the directory file/obj: " in text and len(complaints(text)) == 1,
            "wrong complaint", *excerpt(text.splitlines()))


# ---- Graders ----

@pytest.mark.thorough
def test_graders():
    """Each grades what it has built, also when another one builds something else meanwhile."""
    enter_copy()
    grader = start(["make", "grade", "EX=9", "GRADEFLAGS=-j1"])
    text = read_until(grader, "^ex9:without: OK")
    other = ends(start(["make", "grade", "EX=3"]))
    text += ends(grader)
    for number, said in (3, other), (9, text):
        require(re.search(rf"^Exercise {number}: (\d+)/\1$", said, re.M), "wrong score",
                *excerpt(said.splitlines()))
    require_equal([str(file) for file in Path("obj").glob("snapshot*")], [], "files that are left")


@pytest.mark.thorough
def test_output_elsewhere():
    """When the grader cannot write the output of a failed test to this directory, perhaps because
    it belongs to somebody else, it goes to obj/."""
    enter_copy()
    Path("user/faultread.c").write_text("#include <inc/lib.h>\nvoid umain(int argc, char **argv)\n"
                                        "{\n\tcprintf(\"wrong\\n\");\n}\n")
    Path("jos.out.faultread").mkdir()
    text = call(sys.executable, "grade-lab4", "faultread", fails=True)
    require("its whole output is in obj/jos.out.faultread\n" in text, "it is not said where it is",
            *excerpt(text.splitlines()))
    require("wrong\n" in Path("obj/jos.out.faultread").read_text(), "it is not there")
    require_equal(sorted(map(str, Path().glob("jos.out*"))), ["jos.out.faultread"], "files")


# ---- Traces and recordings ----

@pytest.mark.thorough
def test_traces():
    """Two of one program with two seeds: each has its own files, as it has alone."""
    need_repeats()
    enter_copy()
    files = [Path(f"obj/trace/hello-{seed}.{kind}") for seed in (1, 2)
             for kind in ("bin", "html", "json")]
    for tracer in [start(["make", "trace-hello", f"SEED={seed}"]) for seed in (1, 2)]:
        ends(tracer)
    together = [file.read_bytes() for file in files]
    require(Path("obj/trace/hello.bin").read_bytes() in together, "hello.bin is neither of them")
    for seed in (1, 2):
        make("trace-hello", f"SEED={seed}")
    require(together == [file.read_bytes() for file in files], "alone they are others")
    require_equal(len(list(Path("obj/trace").iterdir())), 9, "number of files")


@pytest.mark.thorough
def test_recordings():
    """While one is made nobody else makes or uses it; replays of it go on side by side."""
    need("qemu-img")
    enter_copy()
    first = start(["make", "record-idle"])
    read_until(first, "SMP: CPU 0 found")
    for target in ("record-idle", "replay-idle"):
        text = make(target, fails=True)
        require(re.search("^idle is being recorded .*somewhere else. End that first$", text, re.M),
                "wrong complaint", *excerpt(text.splitlines()))
    first.stdin.write(b"\x01x")
    ends(first)
    recorded = make("record-forktree")
    replays = [start(["make", "replay-forktree"]) for _ in range(2)]
    for replay in replays:
        require_equal(ends(replay), recorded, "a replay")
    require_equal([file.name for file in Path("obj/replay").glob("forktree.*")
                   if file.suffix not in (".log", ".qcow2", ".cksum", ".command", ".lock")], [],
                  "files that are left")


# ---- Debuggers ----

def test_debuggers():
    """Each machine that waits has a port of its own, and each gdb a machine; the youngest first."""
    need("gdb")
    enter_copy()
    for program in ("hello", "yield"):
        read_until(start(["make", f"run-{program}-nox-gdb"]), "make gdb")
    debuggers = []
    for program in ("yield", "hello"):
        debugger = start(["make", "-s", "gdb"])
        debugger.stdin.write(b"break program_start\ncontinue\nprint command\n")
        text = read_until(debugger, r"\$1 = .*\n")
        require(f'"{program}"' in text, "gdb has attached to another machine",
                *excerpt(text.splitlines()))
        debuggers.append(debugger)
    text = make("gdb", fails=True)
    require("Each machine that waits has a gdb already. Start another: make qemu-gdb\n" in text,
            "wrong complaint", *excerpt(text.splitlines()))
    debuggers[1].stdin.write(b"kill\nquit\n")
    ends(debuggers[1])
    read_until(start(["make", "run-primes-nox-gdb"]), "make gdb")
    text = make("gdb", stdin="break program_start\ncontinue\nprint command\nkill\nquit\n")
    require('"primes"' in text, "gdb has attached to another machine", *excerpt(text.splitlines()))
