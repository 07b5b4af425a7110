"""For a class: the autograder's bundle, with submissions of every kind."""

import json
import os
import shutil
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

from grading import judge_order

import pytest

from grades import PROGRAMS, graded, summary
from kit import (PATIENCE, ROOT, cache_for_others, call, edit, enter_copy, make, params, require,
                 require_equal, scratch, set_make_variables, start, wait_for)
from trial import PLAIN


# ---- The autograder's submissions ----

def unpack(submission, tree=ROOT, variables=(), tests=(), cached=True):
    """Put a tree's bundle, made with these variables, and a submission into an empty folder, and
    return that. If tests are named, the bundle has only the programs that these need."""
    top = scratch()
    set_make_variables([])
    bundle = top / "obj/autograder.zip"
    call("make", "-s", "-C", str(tree), "autograder", f"OBJDIR={top}/obj", *variables)
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(top / "source")
    if cached:
        cache_for_others(top / "source/tree")
    for file in (top / "source/tree/user").glob("*.c"):
        if tests and file.stem not in {*tests, *PLAIN}:
            file.unlink()
    submission = Path(submission)
    if submission.is_dir():
        shutil.copytree(submission, top / "submission", symlinks=True)
    else:
        (top / "submission").mkdir()
        shutil.copy(submission, top / "submission")
    os.environ["AUTOGRADER"] = str(top)
    return top


def autograde(*arguments, submission=".", tree=ROOT, variables=(), cached=True):
    """Run a tree's bundle in an empty folder; return the result and how many seconds it took."""
    top = unpack(submission, tree, variables, arguments, cached)
    began = time.monotonic()
    call("sh", str(top / "source/run_autograder"), *arguments)
    seconds = time.monotonic() - began
    text = (top / "results/results.json").read_text()
    if not variables:
        summary("gradescope", text)
    return json.loads(text), seconds


def require_score(result, **points):
    """The result must give just these points."""
    require_equal({each["name"].split()[-1]: each["score"] for each in result["tests"]}, points,
                  "points")
    require_equal(result["score"], sum(points.values()), "score")


@pytest.mark.thorough
def test_good():
    """A tarball of the whole tree gets all points."""
    enter_copy(built=False)
    with tarfile.open("../hand.tar.gz", "w:gz") as archive:
        archive.add(".", "jos-lab4-handin")
    result, _ = autograde(submission="../hand.tar.gz", cached=False)
    require_equal((result["score"], len(result["tests"]), result["output"]), (80, 16, ""),
                  "result")


@pytest.mark.thorough
def test_points():
    """A table of points that a teacher writes counts, by exercise: the share of its checks."""
    enter_copy(built=False)
    edit("kern/syscall.c", "int r = envid2env(envid, &e, true);\n\n\tif (r < 0)\n\t\treturn r;\n"
         "\te->env_pgfault_upcall", "int r = envid2env(envid, &e, false);\n\n\tif (r < 0)\n"
         "\t\treturn r;\n\te->env_pgfault_upcall")
    table = scratch() / "points"
    table.write_text("8 4  # of four checks one fails\ndumbfork 2.5\n")
    result, _ = autograde(variables=[f"WEIGHTS={table}"])
    require_equal([(each["name"], each["score"], each["max_score"], each["status"])
                   for each in result["tests"]],
                  [("Exercise 8", 3, 4, "failed"), ("dumbfork", 2.5, 2.5, "passed")], "tests")
    require_equal(result["score"], 5.5, "score")
    require("ex8:stranger: " in result["tests"][0]["output"], "it does not say why", str(result))
    table.write_text("16 3\n")
    text = call("make", "-s", "-C", str(ROOT), "autograder", f"OBJDIR={scratch()}",
                f"WEIGHTS={table}", fails=True)
    require(f"make autograder: {table}:1: there is no exercise, part or test `16'\n" in text,
            "wrong complaint", text)


@pytest.mark.thorough
def test_packed_oddly():
    """What Windows packs, with all that make has made, gets the points, too."""
    enter_copy()
    for file in [file for part in ("kern", "lib", "inc") for file in Path(part).iterdir()]:
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    with zipfile.ZipFile("../HANDIN.ZIP", "w") as archive:
        for file in filter(Path.is_file, Path(".").rglob("*")):
            archive.write(file, str("JOS" / file).replace("/", "\\").upper())
    result, _ = autograde("faultdie", "pingpong", submission="../HANDIN.ZIP")
    require_score(result, faultdie=5, pingpong=5)


def test_bad():
    """What does not work gets nothing, and a word why."""
    enter_copy(built=False)
    edit("kern/ipc.h", "env_ipc_value = value;", "env_ipc_value = value + 1;")
    result, _ = autograde("faultdie", "pingpong")
    require_score(result, faultdie=5, pingpong=0)
    require("expected: > " in result["tests"][1]["output"], "it does not say why", str(result))


@pytest.mark.thorough
@pytest.mark.parametrize("fill, complaint", params({
    "empty": (lambda: None, "there is no directory kern/"),
    "empty kern/": (lambda: Path("kern").mkdir(), "there is no directory kern/"),
    "damaged": (lambda: Path("x.tar.gz").write_bytes(b"\x1f\x8b\x08 damaged"), "damaged"),
    "damaged zip": (lambda: Path("x.zip").write_bytes(b"PK damaged"), "damaged")}))
def test_no_sources(fill, complaint):
    """Where there is nothing to grade, the result says so."""
    os.chdir(scratch())
    fill()
    result, _ = autograde()
    require(result["score"] == 0 and result["tests"] == [] and complaint in result["output"],
            "wrong result", str(result))


# ---- Hostile submissions ----

@pytest.mark.thorough
def test_edited():
    """Whatever a submission has apart from sources counts for nothing, and none of it runs."""
    enter_copy(built=False)
    with tempfile.TemporaryDirectory() as anywhere:     # where nobody can write, too
        os.chmod(anywhere, 0o777)
        proof = Path(anywhere) / "proof"
        edit_everything(proof)
        result, _ = autograde("faultdie", "pingpong")
        require(not proof.exists(), "something of the submission has run")
    require_score(result, faultdie=5, pingpong=0)


def edit_everything(proof):
    """Change all that is not a source of the kernel or the library, so that it makes this file."""
    run = f"$(shell touch {proof})\n"
    for file in ("GNUmakefile", "kern/Makefrag", "lib/Makefrag", "user/Makefrag", "boot/Makefrag",
                 "conf/env.mk", "conf/lab.mk", "obj/.deps"):
        Path(file).parent.mkdir(exist_ok=True)
        with open(file, "a", encoding="ascii") as makefile:
            makefile.write(run)
    for file in ("grade-lab4", "gradelib.py", "tools/grade/gradebuild.py",
                 "tools/grade/gradeformat.py", "tools/grade/gradetests.py", "sitecustomize.py",
                 "json.py", "kern/json.py"):
        Path(file).write_text(f'open("{proof}", "w")\nprint(\'{{"score": 80, "tests": []}}\')\n')
    for file in ("setup.sh", "run_autograder", "tools/setup.sh", ".git/hooks/post-checkout"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(f"#!/bin/sh\ntouch {proof}\n")
        Path(file).chmod(0o755)
    for file in ("mergedep.pl", "boot/sign.pl", "tools/build/symtab.pl"):
        Path(file).write_text(f"system 'touch {proof}';\n")
    edit("user/faultdie.c", '"i faulted', '"OK i faulted')
    Path("user/pingpong.c").write_text("this is no C\n")
    edit("kern/ipc.h", "env_ipc_value = value;", "env_ipc_value = value + 1;")


@pytest.mark.thorough
def test_told_to_end():
    """It leaves a result that says so, and nothing else."""
    enter_copy(built=False)
    top = unpack(".")
    os.environ["TMPDIR"] = str(scratch())
    os.chmod(os.environ["TMPDIR"], 0o755)
    grader = start(["sh", str(top / "source/run_autograder")])
    wait_for(lambda: list(Path(os.environ["TMPDIR"]).glob("jos-grade-*/tree/obj")),
             "the grading begins")
    grader.terminate()
    require_equal(grader.wait(PATIENCE), 143, "status")
    result = json.loads((top / "results/results.json").read_text())
    require("ended from outside" in result["output"], "wrong result", str(result))
    require_equal(os.listdir(os.environ["TMPDIR"]), [], "files left")


LATE = 60       # seconds that a result may be late on a busy host; the limits themselves are tested

# What a kernel prints that fakes faultread, and a library that fakes faultdie.
FAKE_KERNEL = ("[00000000] new env 00001000", "[00001000] user fault va 00000000 ip 00800020",
               "TRAP frame at 0xf0000000 from CPU 0", "  trap 0x0000000e Page Fault",
               "  err  0x00000004 user, read", "[00001000] free env 00001000")
FAKE_LIBRARY = "i faulted at va deadbeef, err 6"


@pytest.mark.thorough
def test_faked():
    """A kernel or a library that prints what is expected, and does nothing, gets nothing.

    The grader alone would believe it, which proves that the fakes are good.
    """
    enter_copy()
    lines = "".join(f'cprintf("{line}\\n"); ' for line in FAKE_KERNEL)
    edit("kern/init.c", PROGRAMS, f"{lines} start_programs(); // the")
    edit("lib/libmain.c", "umain(argc, argv);",
         f'if (strcmp(argv[0], "faultdie") == 0) cprintf("{FAKE_LIBRARY}\\n");')
    make("-j2")
    require_equal(summary("json", graded("json", "faultread", "faultdie", status=0))[0], 10,
                  "points for fakes without the autograder")
    result, _ = autograde("faultread", "faultdie")
    require_score(result, faultread=0, faultdie=0)


@pytest.mark.thorough
def test_faked_checks():
    """A kernel that says that an exercise is right, and a library that does, get nothing for it.

    The grader alone believes these, too.
    """
    enter_copy()
    edit("kern/pmap.c", "PTE_W | PTE_PCD | PTE_PWT", "PTE_W")
    edit("kern/init.c", PROGRAMS, 'cprintf("inspect: devices: OK\\ninspect: done\\n"); '
         "start_programs(); // the")
    edit("lib/libmain.c", "umain(argc, argv);", 'if (strcmp(argv[0], "ex8") == 0) '
         'cprintf("ex8:upcall: OK\\n"); else umain(argc, argv);')
    edit("kern/inspect.c", '"inspect: %s: FAIL "', '"inspect: %s: OK\\n"')
    checks = ("ex1:devices", "ex8:upcall")
    require_equal(summary("json", graded("json", *checks, status=0))[0], 2,
                  "points for fakes without the autograder")
    result, _ = autograde("ex8:who", *checks)
    require_score(result, **{"ex8:who": 0, "ex8:upcall": 0, "ex1:devices": 0})
    result, _ = autograde("ex2:frames", "ex7:ids")      # what is right, with an inspect of ours
    require_score(result, **{"ex2:frames": 1, "ex7:ids": 1})


@pytest.mark.thorough
def test_too_early():
    """It proves nothing, even if the program begins later."""
    must = ["x faultread begins", ".00000000. new env 00001000", ".00001000. user fault"]
    lines = ["[00000000] new env 00001000", "x faultread begins", "[00001000] user fault"]
    require(judge_order(lines, must).ok, "a right order is refused")
    verdict = judge_order([lines[0], lines[2], lines[1]], must)
    require_equal((verdict.ok, verdict.details), (False, must[2:]), "lines that come too early")


@pytest.mark.many
def test_endless():
    """A library that loops, makes envs or prints without end costs the points, and little time."""
    enter_copy(built=False)
    edit("lib/libmain.c", "umain(argc, argv);",
         'while (strcmp(argv[0], "faultdie") == 0) ; '
         'while (strcmp(argv[0], "dumbfork") == 0) fork(); '
         'while (strcmp(argv[0], "faultread") == 0) cprintf("OK\\n"); umain(argc, argv);')
    result, seconds = autograde("faultdie", "dumbfork", "faultread", "faultwrite")
    require_score(result, dumbfork=0, faultread=0, faultwrite=5, faultdie=0)
    require(seconds < 420 + LATE, f"it takes {seconds:.0f} s")


@pytest.mark.thorough
def test_endless_kernel():
    """When the time is over all that has been graded counts, the rest gets nothing."""
    enter_copy(built=False)
    edit("kern/init.c", PROGRAMS, "for (;;) hlt(); // the")
    result, seconds = autograde("--limit", "20", "dumbfork", "faultread", "faultwrite", "faultdie",
                                "faultregs", "faultalloc")
    require_equal((result["score"], len(result["tests"])), (0, 6), "points and tests")
    require(seconds < 20 + LATE, f"it takes {seconds:.0f} s")


# Files of a kernel that keep the compiler busy until its memory is used up much later, or that
# take all its memory; how long the grading may take, and what it says then.
TWICE = '#if __INCLUDE_LEVEL__ < 60\n#include "twice.h"\n#include "twice.h"\n#endif\n'
BUILD_BOMBS = {
    "time": ({"kern/twice.h": TWICE, "kern/bomb.c": TWICE}, 8,
             "not finished within 4 s"),
    "memory": ({"kern/bomb.c": '#include "/dev/zero"\n'}, 300,
               "out of memory"),
    "a file": ({"kern/bomb.S": ".data\n.fill 0x7fffffff\n"}, 300,
               "bomb.o"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("files, limit, complaint", params(BUILD_BOMBS))
def test_build_bomb(files, limit, complaint):
    """It is given up, in plain words."""
    enter_copy(built=False)
    for name, text in files.items():
        Path(name).write_text(text)
    result, seconds = autograde("--limit", str(limit), "faultdie", cached=False)
    require_score(result, faultdie=0)
    require(complaint in result["output"], f"no `{complaint}'", str(result))
    require(seconds < limit + LATE, f"it takes {seconds:.0f} s")


@pytest.mark.thorough
def test_harmless():
    """Not root, and nobody who can write our files or the results."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    enter_copy(built=False)
    with open("conf/env.mk", "a", encoding="ascii") as file:
        file.write("ifeq ($(MAKECMDGOALS),all)\n"
                   "able := $(shell for f in GNUmakefile kern kern/init.c user user/faultdie.c "
                   "obj; do test -w $$f && echo $$f; done)\n"
                   "$(error I am $(shell id -u), I can write: $(able).)\nendif\n")
    result, _ = autograde("faultdie", tree=Path.cwd(), cached=False)
    require("I am 65534, I can write: obj." in result["output"], "wrong rights", str(result))
