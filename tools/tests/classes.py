"""For a class: formats of grades, and hand-ins."""

import json
import os
import tarfile
from pathlib import Path
from subprocess import DEVNULL
from xml.etree import ElementTree

from .kit import add, call, edit, enter_copy, make, need, require, require_equal, start, test

GRADE = "./grade-lab4"
PROGRAMS = "start_programs(); // the"      # where kern/init.c starts them


# ---- Formats ----

def graded(form, *arguments, status):
    """Run the grader with a format; return its standard output, which must be the result only."""
    process = start([GRADE, "--format", form, *arguments], stderr=DEVNULL)
    output = process.communicate()[0].decode("ascii")
    require_equal(process.returncode, status, "status")
    return output


def summary(form, text):
    """Return points, possible points and {test: whether it passed} from a result, and its build."""
    if form == "junit":
        suite, = ElementTree.fromstring(text)
        cases = suite.findall("testcase")
        failed = suite.findall("testcase/failure")
        errors = suite.findall("testcase/error")
        require_equal([suite.tag] + [suite.get(name) for name in ("tests", "failures", "errors")],
                      ["testsuite", *map(str, map(len, (cases, failed, errors)))], "counts")
        value = {each.get("name"): int(each.get("value")) for each in suite.find("properties")}
        return (value["score"], value["max_score"],
                {case.get("name"): case.find("failure") is None for case in cases
                 if case.get("name") != "build"}, "".join(error.text for error in errors))
    result = json.loads(text)
    tests = result["tests"]
    require_equal(sum(each["score"] for each in tests), result["score"], "sum of points")
    possible = sum(each["max_score"] for each in tests)
    if form == "json":
        require_equal(result["max_score"], possible, "points possible")
        return (result["score"], possible, {each["name"]: each["passed"] for each in tests},
                result["build"])
    for each in tests:
        require_equal(" ".join(sorted(each)), "max_score name output score status visibility",
                      "fields of a test")
        require(each["visibility"] == "visible" and isinstance(each["output"], str), "wrong fields")
        require_equal(each["status"], "passed" if each["score"] else "failed", "status of a test")
    require(isinstance(result["execution_time"], int), "no execution_time")
    return (result["score"], possible,
            {each["name"].split()[-1]: each["status"] == "passed" for each in tests},
            result["output"])


FORMATS = ("json", "gradescope", "junit")


def format_right(form):
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


def format_unbuilt(form):
    """When the build fails there is a result all the same."""
    enter_copy()
    edit("kern/init.c", "cons_init();", "cons_init()")
    points, possible, passed, build = summary(form, graded(form, status=2))
    require_equal((points, possible, len(passed), sum(passed.values())), (0, 80, 16, 0), "result")
    require("kern/init.c" in build and "error: expected" in build, "no compiler's output", build)


for name in FORMATS:
    add(f"class: format {name}", format_right, name, cost=4)
    add(f"class: format {name} when the build fails", format_unbuilt, name, cost=2)


@test("class: format misused")
def format_misuse():
    """It is said in one line."""
    enter_copy(built=False)
    require_equal(call(GRADE, "--format", "junit", "--repeat", "2", fails=True),
                  "grade-lab4: --repeat is for text, not for --format junit\n", "answer")
    require_equal(call(GRADE, "--output", "no/such", fails=True),
                  "grade-lab4: cannot write no/such: No such file or directory\n", "answer")


# ---- make handin ----

HANDIN = "jos-lab4-handin.tar.gz"


@test("class: make handin", cost=2)
def handin():
    """It packs what is committed, and nothing else: anything else is refused in one line."""
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
