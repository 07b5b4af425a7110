"""Handing out the lab: no solution is left, and what is missing is said in one line."""

import os
import re
import sys
from pathlib import Path

from gradelib import CLEAN_END, PROMPT, Watch, missing_exercise
from gradetests import EXERCISES, TESTS

import handout

import pytest

from compilers import COMPILERS
from kit import (ROOT, alike, call, choose_no_tools, complaints, edit, enter, enter_copy, excerpt,
                 keep_programs, make, need, need_repeats, need_to_work, params, require,
                 require_equal, scratch)
from machine import command, play, verify
from named import unmarked

pytestmark = pytest.mark.handout

SAYS = r"Exercise (\d+) is missing: (\S+):(\d+) \((.+)\)"

# A program that comes to where an exercise is missing, when those before it are solved; on how
# many CPUs; which exercise it names, and where.
FIRST = {
    1: ("hello", 1, "1 kern/pmap.c"), 2: ("hello", 1, "2 kern/pmap.c"),
    3: ("hello", 1, "3 kern/pmap.c"), 4: ("hello", 1, "4 kern/trap.c"),
    5: ("hello", 1, "5 kern/init.c"), 6: ("hello", 1, "6 kern/sched.c"),
    7: ("dumbfork", 1, "7 kern/syscall.c"), 8: ("faultbadhandler", 1, "8 kern/syscall.c"),
    9: ("faultread", 1, "9 kern/trap.c"),
    10: ("faultdie", 1, "11 lib/pgfault.c"),    # a program needs 11 before it gets to 10
    11: ("faultdie", 1, "11 lib/pgfault.c"), 12: ("forktree", 1, "12 lib/fork.c"),
    13: ("stresssched", 4, "13 kern/sched.c"), 14: ("spin", 1, "14 kern/trap.c"),
    15: ("sendpage", 2, "15 lib/ipc.c"),
}


def hand_out(first, *flags):
    """Write the handout from this exercise on, look whether it gives solutions away, go there."""
    tree = scratch() / "handout"
    call(sys.executable, str(ROOT / "tools/handout/handout.py"), "--from", str(first), *flags,
         str(tree))
    enter(tree)
    no_solution_left([n for n in EXERCISES if n == first or (n > first and not flags)])


def build_handout(first, *flags, keep=()):
    """The same, and build it, without a warning; if programs are named, no others.

    What is as in this tree has been compiled already.
    """
    hand_out(first, *flags)
    if keep:
        keep_programs(keep)
    new = texts(Path("."))
    enter_copy()
    old = texts(Path("."))
    for name in [*old, *new]:
        if name not in new:
            Path(name).unlink(missing_ok=True)
        elif new[name] != old.get(name):
            Path(name).write_text(new[name])
            os.utime(name)
    build()


def build(*variables):
    """Build the current tree, without a warning."""
    output = make("-j2", *variables)
    odd = [line for line in output.splitlines() if not re.match(r"\+ |boot sector: \d+ of", line)]
    require(not odd, "make says more than what it does", *odd)


def texts(tree):
    """Return the texts of a tree's files by their names."""
    return {str(path.relative_to(tree)): path.read_text() for path in sorted(tree.rglob("*"))
            if path.is_file() and not re.match(r"\.git/|obj", str(path.relative_to(tree)))}


# ---- What is left of a solution ----

def marked():
    """Return the lines of solutions as (exercise, line), and the set of all other lines."""
    solution, others = [], set()
    for directory in ("boot", "kern", "lib", "inc", "user", handout.INSTEAD):
        for path in sorted(filter(Path.is_file, (ROOT / directory).rglob("*"))):
            exercise = 0
            for line in path.read_text().splitlines():
                line = unmarked(line).strip()       # as the book shows it
                begin = re.match(r"//\{ Exercise (\d+)", line)
                if begin and directory != handout.INSTEAD:
                    exercise = int(begin[1])
                elif line == "//}":
                    exercise = 0
                elif exercise:
                    solution.append((exercise, line))
                else:
                    others.add(line)
    return solution, others


def no_solution_left(missing):
    """No line of these exercises is anywhere in the current tree, nor any mark."""
    solution, others = marked()
    require(len({exercise for exercise, _ in solution}) == 15 and len(solution) > 400,
            f"only {len(solution)} lines of solutions are marked")
    others.update(line for exercise, line in solution if exercise not in missing)
    secrets = {line for exercise, line in solution if exercise in missing and line not in others
               and len(line) >= 12}
    long = {secret for secret in secrets if len(secret) >= 30
            and not any(secret in line for line in others)}
    for name, text in texts(Path(".")).items():
        lines = text.splitlines()
        left = [f"{name}:{at}: {line}" for at, line in enumerate(lines, 1)
                if unmarked(line).strip() in secrets]
        left += [f"{name}: {secret}" for secret in long if secret in text]
        left += [f"{name}:{at}: {line}" for at, line in enumerate(lines, 1)
                 if re.match(r"\s*(//|#)([{}-]( |$))", line)]
        require(not left, "something of a solution is left", *left[:10])


def missing_in(run):
    """Return what says what is missing, as re.match has found it: one line of each env at most."""
    found = [match for line in run.lines for match in [re.match(SAYS, line)] if match]
    require(found, "nothing says what is missing", *excerpt(run.lines[-10:]))
    require(len({match[1] for match in found}) == 1, "it names several exercises",
            *excerpt(run.lines[-10:]))
    return found[0]


def says(run, exercise, file):
    """A run ends, and says that this exercise is missing, and the line of the file where it is."""
    found = missing_in(run)
    require_equal((found[1], found[2]), (exercise, file), "exercise and file")
    line = Path(found[2]).read_text().splitlines()[int(found[3]) - 1]
    require(re.search(rf"_exercise\({exercise}, \"{re.escape(found[4])}\"\)", line),
            f"that is not in line {found[3]} of {found[2]}", line)
    require(run.status is not None, f"the run {run.why.value}")


def one_line(first):
    """On several CPUs, too, the kernel names the one exercise that stops it, and ends."""
    for program in ("hello", FIRST[first][0]):
        run = play(command(program, cpus="4"), Watch(limit=30))
        if any(re.match(SAYS, line) for line in run.lines):
            require(missing_in(run)[1] in (FIRST[first][2].split()[0], "13"), "another exercise",
                    *excerpt(run.lines[-10:]))
        require(run.status is not None, f"{program} {run.why.value}")


# The points of parts A, B and C when an exercise is done; before the first of these there are none.
POINTS = {7: (5, 0, 0), 9: (5, 25, 0), 11: (5, 45, 0), 12: (5, 50, 0), 14: (5, 50, 10),
          15: (5, 50, 25)}


def scored(done):
    """The grader gives the points for what is done, and names what is missing."""
    parts = next((POINTS[last] for last in range(done, 0, -1) if last in POINTS), (0, 0, 0))
    # Without 14 the first tick stops the kernel; with a seed that does not depend on the host.
    flags = ["GRADEFLAGS=SEED=1"] if done == 13 else []
    text = make("-s", "grade", *flags, fails=sum(parts) < 80)
    require_equal([line for line in text.splitlines() if re.search(r"[Ss]core: ", line)],
                  [*[f"Part {part} score: {found}/{full}"
                     for part, found, full in zip("ABC", parts, (5, 50, 25))],
                   f"Score: {sum(parts)}/80"], "scores")
    require(done == 15 or re.search(rf"FAIL .*\n    {SAYS}$", text, re.M),
            "the grader does not say what is missing", *text.splitlines())


def waits(exercise, other):
    """Nothing of the exercise can be judged before another one is done: that is no success."""
    text = make("-s", "grade", f"EX={exercise}", fails=True)
    require(text.count(f": exercise {other} has to be done first") > 1 and "Score: 0/0" in text,
            f"it does not wait for {other}", *text.splitlines())


def closely(exercise, well):
    """All checks of the exercise pass that do not wait for a later one; or they do not."""
    text = make("-s", "grade", f"EX={exercise}", fails=not well)
    score = re.search(r"^Score: (\d+)/(\d+)$", text, re.M)
    require(score and (score[1] == score[2]) == well, "wrong score", *text.splitlines())
    require(well or re.search(r"FAIL .*\n    ", text), "no reason", *text.splitlines())


@pytest.mark.parametrize("before", ["", PROMPT])
def test_said_anywhere(before):
    """What is missing is found, also when a tick meets it after the monitor's prompt."""
    said = "Exercise 14 is missing: kern/trap.c:148 (end the turn)"
    require_equal(missing_exercise(["one", before + said, "two"]), said, "what is missing")
    require_equal(missing_exercise(["one", f"x {said}"]), "", "what is missing")


@pytest.mark.parametrize("first", alike(1, 16, many=range(2, 16)))
def test_handed_out(first):
    """A handout without these exercises: all of it that can be looked at in one build."""
    build_handout(first, keep=["hello", "yield", FIRST.get(first, ["hello"])[0],
                               *[graded.name for graded in TESTS]])
    scored(first - 1)
    if first == 16:
        require(not list(Path(".").rglob("exercise.*")), "it has exercise.h without exercises")
        verify(play(command("hello")), ["hello, world", re.escape(CLEAN_END)])
        closely("6 12", True)
        return
    program, cpus, place = FIRST[first]
    says(play(command(program, cpus=str(cpus)), Watch(limit=30)), *place.split())
    if first < 10:      # what the kernel lacks, not the library
        one_line(first)
    if first == 11:
        waits(10, 11)
    elif first > 1:
        closely(first - 1, True)
    else:
        what = re.search(r'missing_exercise\(1, "(.{20})', Path("kern/pmap.c").read_text())[1]
        said = f"Exercise 1 is missing: kern/pmap.c:... ({what}"
        text = make("run-hello-nox", "EXIT=1", fails=True)
        require("*** An exercise is missing" in text and "panicked" not in text,
                "that an exercise is missing is not the normal case", *text.splitlines())
        for name in ("README", "doc/lab4.md"):
            require(said in Path(name).read_text(), f"{name} does not say `{said}'")
    if first == 10:
        waits(10, 11)
    else:
        closely(first, False)


@pytest.mark.many
def test_panics_by_itself():
    """A mistake in an exercise is said where what comes later is missing, too."""
    build_handout(2, keep=["hello"])
    edit("kern/pmap.c", "next, size, start, PTE_W", "next, size, pa, PTE_W")
    text = make("-s", "grade", "EX=1", fails=True)
    require(re.search(r"^ex1:devices: FAIL .*\n    kernel panic\n.*PGOFF\(pa\) == 0", text, re.M),
            "it does not say which assertion failed", *text.splitlines())


@pytest.mark.thorough
def test_ten():
    """When 11 is done, a fault leads to 10."""
    build_handout(10, "--only", keep=["faultdie"])
    says(play(command("faultdie")), "10", "lib/pfentry.S")


@pytest.mark.many
def test_with_clang():
    """All that stands in for solutions builds without a warning there too."""
    variables, probes = COMPILERS["clang and lld"]
    for probe in probes:
        need_to_work(*probe)
    hand_out(1)
    keep_programs(["hello"])
    choose_no_tools()
    build(*variables)
    says(play(command("hello")), "1", "kern/pmap.c")


@pytest.mark.thorough
def test_tools():
    """What students look at their kernels with works there."""
    need_repeats()
    hand_out(16)
    make("-s", "autograder")
    keep_programs(["hello"])
    make("trace-hello", "TRACE_MS=100")
    require(Path("obj/trace/hello.html").exists(), "no picture")
    make("explore-hello", "SEEDS=2")


# ---- The tree as such ----

def test_history():
    """One commit of all files, whatever git is told; nothing that tests or measures solutions."""
    home = scratch()
    (home / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n[commit]\n\tgpgsign = true\n"
                                     "[core]\n\thooksPath = /nowhere\n\tautocrlf = true\n")
    os.environ.update(HOME=str(home), GIT_DIR="/nowhere", GIT_AUTHOR_DATE="nonsense")
    hand_out(1)
    for name in ("GIT_DIR", "GIT_AUTHOR_DATE"):
        del os.environ[name]
    (home / ".gitconfig").unlink()
    require_equal(call("git", "log", "--format=%an %s").splitlines(), ["JOS Lab 4"], "history")
    require_equal(call("git", "status", "--porcelain", "--ignored"), "", "status")
    names = call("git", "ls-files").splitlines()
    unwanted = [name for name in names
                if re.search(r"^\.(ci|github|pytest)|tools/tests|handout|measure|/bench|^obj", name)]
    require_equal(unwanted, [], "files that should not be there")
    wanted = ["README", "README.zh", "doc/lab4.md", "doc/zh/lab4.md", "tools/grade/zh.json",
              "doc/book/13-wrong.md", "doc/kernel.md", "doc/layers.svg", "grade-lab4",
              "gradelib.py", "tools/grade/gradebuild.py", "user/tests/testfaults.c",
              "tools/run/explore.py", "inc/exercise.h", "kern/exercise.c", "lib/exercise.c"]
    require_equal([name for name in wanted if name not in names], [], "files missing")
    require(os.access("grade-lab4", os.X_OK), "grade-lab4 cannot be run")
    targets = re.compile(r"make (check|bench|handout|instructions|layers|mistakes)|"
                         r"tools/(tests|measure|handout)")
    require_equal([f"{name}: {line}" for name, text in texts(Path(".")).items()
                   for line in text.splitlines() if targets.search(line)
                   and name != "tools/setup.sh"], [], "stray references")
    # A document is named by its path, or by a link in another document.
    named = {(name, document) for name, text in texts(Path(".")).items()
             for document in re.findall(r"\bdoc/\w[\w-]*\.\w+", text)
             + [os.path.normpath(f"{Path(name).parent}/{link}")
                for link in re.findall(r"\]\(([\w./-]+\.\w+)\)", text) if name.endswith(".md")]}
    require_equal(sorted(f"{name}: {document}" for name, document in named
                         if document not in names), [], "documents that are not there")
    pictures = {f"doc/{picture}" for path in Path("doc").glob("lab4*.md")
                for picture in re.findall(r"\((book/pictures/\S+)\)", path.read_text())}
    require_equal([name for name in sorted(pictures) if name not in names or
                   "<style>" not in Path(name).read_text()], [], "pictures without their style")


@pytest.mark.thorough
def test_formatted():
    """Where a file of this tree is formatted, what is handed out of it is too."""
    need("clang-format")
    hand_out(1)
    other = [path for path in sorted(Path(".").rglob("*.[ch]"))
             if (ROOT / path).exists() and path.read_text() != (ROOT / path).read_text()]
    require(len(other) > 8, "nothing is left out", *map(str, other))
    odd = [str(path) for path in other if changed(path) and not changed(ROOT / path)]
    require_equal(odd, [], "files with another format")


def changed(path):
    """Whether clang-format would change a file."""
    return call("clang-format", str(path)) != path.read_text()


NEW = "OUT=/nowhere/handout"


@pytest.mark.parametrize("arguments, complaint", params({
    "FROM=99": (["FROM=99", NEW], r"handout.py: FROM=99: the exercises are 1 to 15, .*"),
    "FROM=x": (["FROM=x", NEW], r"handout.py: FROM=x: the exercises are 1 to 15, .*"),
    "FROM=0": (["FROM=0", NEW], r"handout.py: FROM=0: the exercises are 1 to 15, .*"),
    "a full OUT": (["OUT=kern"], r"handout.py: kern exists and is not empty"),
    "a file as OUT": (["OUT=README"], r"handout.py: README exists and is not empty")}))
def test_refused(arguments, complaint):
    """Bad use gets one plain line."""
    lines = complaints(make("-s", "handout", *arguments, fails=True))
    require(len(lines) == 1 and re.fullmatch(complaint, lines[0]), "wrong complaint", *lines)


@pytest.mark.thorough
def test_no_git():
    """It says so, and writes nothing."""
    bin_ = scratch() / "bin"
    bin_.mkdir()
    (bin_ / "python3").symlink_to(sys.executable)
    out = scratch() / "handout"
    text = call(str(bin_ / "python3"), "-c",
                f"import os, sys; os.environ['PATH'] = {str(bin_)!r}; "
                f"sys.argv = ['handout.py', {str(out)!r}]; sys.path.insert(0, 'tools/handout'); "
                "import handout; sys.exit(handout.main(sys.argv[1:]))", fails=True)
    require_equal(text, "handout.py: git is missing; a handout has a history of its own\n",
                  "complaint")
    require(not out.exists(), "it has written something")


@pytest.mark.thorough
def test_checking():
    """A handout has the checking build, too: with exercises missing, it says so."""
    hand_out(6)
    keep_programs(["hello"])
    build("CHECKED=1", "OBJDIR=obj-checked")
    text = make("-s", "run-hello-nox", "CHECKED=1", "OBJDIR=obj-checked", "EXIT=1", fails=True)
    require("Exercise 6 is missing: kern/sched.c" in text, "wrong report", *text.splitlines())
    edit("kern/init.c", "	lock_kernel(); // [S13]\n	tlb_load(", "	tlb_load(")
    text = make("-s", "run-hello-nox", "CHECKED=1", "OBJDIR=obj-checked", "EXIT=1", "CPUS=2",
                fails=True)
    require("cpus[1].cpu_pgdir_page is read without the kernel lock" in text, "not named",
            *text.splitlines())
