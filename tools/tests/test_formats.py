"""For a class: formats of grades, and hand-ins."""

import os
import tarfile
from pathlib import Path

import pytest

from grades import GRADE, PROGRAMS, graded, summary
from kit import call, edit, enter_copy, make, need, params, require, require_equal

FORMATS = ("json", "gradescope", "junit")


@pytest.mark.parametrize("form", params({form: [form] for form in FORMATS}))
def test_right(form):
    """A result says what passes and what fails, also in a file, and <&\" do no harm."""
    enter_copy()
    text = graded(form, "faultdie", "dumbfork", status=0)
    require_equal(summary(form, text), (10, 10, {"faultdie": True, "dumbfork": True}, ""), "result")
    edit("user/faultdie.c", "i faulted at", "I <&> \\\\001 faulted at")
    text = graded(form, "faultdie", "dumbfork", "--output", "result", status=1)
    require_equal(text, "", "stdout")
    text = Path("result").read_text()
    require_equal(summary(form, text), (5, 10, {"faultdie": False, "dumbfork": True}, ""), "result")
    require("wrong output" in text, "it does not say why", text)


@pytest.mark.parametrize("form", params({form: [form] for form in FORMATS}))
def test_unbuilt(form):
    """When the build fails there is a result all the same."""
    enter_copy()
    edit("kern/init.c", "cons_init();", "cons_init()")
    points, possible, passed, build = summary(form, graded(form, status=2))
    require_equal((points, possible, len(passed), sum(passed.values())), (0, 80, 16, 0), "result")
    require("kern/init.c" in build and "error: expected" in build, "no compiler's output", build)


@pytest.mark.thorough
def test_misuse():
    """Misuse is said in one line."""
    enter_copy(built=False)
    require_equal(call(GRADE, "--format", "junit", "--repeat", "2", fails=True),
                  "grade-lab4: --repeat is for text, not for --format junit\n", "answer")
    require_equal(call(GRADE, "--output", "no/such", fails=True),
                  "grade-lab4: cannot write no/such: No such file or directory\n", "answer")


# ---- make handin ----

HANDIN = "jos-lab4-handin.tar.gz"


def test_handin():
    """make handin packs what is committed; if there is anything else it refuses in one line."""
    need("git")
    enter_copy(built=False)
    for name in ("AUTHOR", "COMMITTER"):
        os.environ[f"GIT_{name}_NAME"] = os.environ[f"GIT_{name}_EMAIL"] = "somebody"
    os.environ["GIT_CEILING_DIRECTORIES"] = os.path.dirname(os.getcwd())

    def refused(what):
        lines = [line for line in make("-s", "handin", fails=True).splitlines()
                 if not line.startswith("make: ***")]
        require(len(lines) == 1 and lines[0].startswith(f"make handin: {what}"), "wrong answer",
                *lines)
        require(not Path(HANDIN).exists(), "it packs all the same")

    refused("this is not a git repository. Run: git init")
    call("git", "init", "-q")
    refused("nothing is committed yet. Run: git add")
    call("git", "add", "-A")
    call("git", "commit", "-qm", "all")
    Path("kern/new.c").touch()
    refused("there are files git does not know")
    call("git", "add", "kern/new.c")
    refused("there are changes that are not committed")
    call("git", "commit", "-qm", "new")
    edit("kern/init.c", PROGRAMS, "// the")
    refused("there are changes that are not committed")
    call("git", "checkout", "-q", "kern/init.c")
    make("handin")
    with tarfile.open(HANDIN) as packed:
        names = {info.name for info in packed if info.isfile()}
    require_equal(sorted(names), sorted(f"jos-lab4-handin/{name}" for name in
                                        call("git", "ls-files").splitlines()), "names")
    make("handin")      # its own result is no reason to refuse
