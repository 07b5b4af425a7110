"""What tests are made of: declaring them, failing, running commands, scratch copies of the tree.

Each test is a function that returns if all is well. It runs in a process of its own, so it may
change the directory and the environment as it likes; what it starts ends with it, and what it
writes to a scratch directory is removed.
"""

import difflib
import fcntl
import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Sequence, Tuple

TOOLS = Path(__file__).resolve().parents[1]
for folder in ("common", "handout", "trace", "classroom/autograder"):
    sys.path.append(str(TOOLS / folder))

from tree import ROOT, sources, symbols

from gradebuild import objdir
from gradelib import DIE_WITH_US, excerpt

# Where tools/check.py tells the processes of the tests what they need to know.
SCRATCH, BOOTS = "JOS_CHECK_SCRATCH", "JOS_CHECK_BOOTS"

# What chooses the compiler: not only make's command line does, also the environment.
COMPILERS = ("CC", "LD", "AR", "NM", "OBJCOPY", "OBJDUMP", "GCCPREFIX")


# ---- Declaring tests ----

@dataclass(frozen=True)
class Test:
    """A test called "topic: what is tested"."""
    name: str
    function: Callable
    arguments: Tuple
    limit: float        # seconds it may take
    cost: float         # seconds it takes roughly: the longest start first

    @property
    def word(self) -> str:
        """The name as one word, for command lines."""
        return re.sub(r"[^\w.,+=/:]+", "-", self.name.replace(": ", ":")).strip("-")

    @property
    def topic(self) -> str:
        """The part of the word before the colon."""
        return self.word.partition(":")[0]

    def called(self, pattern: str) -> bool:
        """Whether pattern, a topic or a name with wildcards, means this test."""
        return pattern == self.topic or any(fnmatch.fnmatchcase(name, pattern)
                                            for name in (self.name, self.word))


TESTS: List[Test] = []


def add(name: str, function: Callable, *arguments, limit: float = 120, cost: float = 1) -> None:
    """Add the test that calls function with these arguments."""
    TESTS.append(Test(name, function, arguments, limit, cost))


def test(name: str, limit: float = 120, cost: float = 1):
    """Decorate a function that is one test."""
    def decorate(function):
        add(name, function, limit=limit, cost=cost)
        return function
    return decorate


class Failed(Exception):
    """A test has failed: the reason, and lines that explain it."""

    def __init__(self, reason: str, *details: str):
        super().__init__(reason)
        self.reason, self.details = reason, details


class Skipped(Exception):
    """A test cannot be run here: what is missing."""


def require(condition, reason: str, *details: str) -> None:
    """Fail unless condition is true."""
    if not condition:
        raise Failed(reason, *details)


def require_equal(found, expected, what: str) -> None:
    """Fail unless two values are the same; of lists, show the entries that are not."""
    if isinstance(expected, list):
        notes = [line for line in difflib.ndiff(list(map(str, expected)), list(map(str, found)))
                 if line[0] in "-+"][:20]
        details = ["expected (-) and found (+):", *notes]
    else:
        details = [f"expected: {expected}", f"found:    {found}"]
    require(found == expected, f"wrong {what}", *details)


def need(*tools: str) -> None:
    """Skip the test unless these programs are installed."""
    for tool in tools:
        if not shutil.which(tool):
            raise Skipped(f"{tool} is not installed")


def need_to_work(*command: str) -> None:
    """Skip the test unless this command succeeds."""
    need(command[0])
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise Skipped(f"`{shlex.join(command)}' does not work")


# ---- Running commands ----

NOTES: List[str] = []       # commands worth showing when the test fails
_STARTED: List[subprocess.Popen] = []   # kept, so that the pipes stay open until the test ends


def note(command: Sequence[str]) -> None:
    """Remember a command, to show it when the test fails."""
    NOTES.append(shlex.join(command))


def start(command: Sequence[str], **options) -> subprocess.Popen:
    """Start a command, which ends when the test does; its output comes as one pipe of bytes."""
    note(command)
    _STARTED.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     preexec_fn=DIE_WITH_US, bufsize=0,
                                     **{"stderr": subprocess.STDOUT, **options}))
    return _STARTED[-1]


def call(*command: str, fails: bool = False, stdin: str = "") -> str:
    """Run a command to its end and return all it printed; it must succeed, or fail if so said."""
    process = start(command)
    output = process.communicate(stdin.encode())[0].decode(errors="replace")
    if (process.returncode != 0) != fails:
        raise Failed(f"`{shlex.join(command)}' ended with status {process.returncode}",
                     *excerpt(output.splitlines()[-15:]))
    return output


def make(*arguments: str, **options) -> str:
    """Run make in the current directory: call() says how."""
    return call("make", *arguments, **options)


# ---- Variables of the make that called us ----

def make_variables() -> List[str]:
    """Return the NAME=VALUEs that each make we start finds as if on its command line."""
    return shlex.split(os.environ.get("MAKEFLAGS", "").partition("-- ")[2])


def set_make_variables(variables: Sequence[str]) -> None:
    """Let each make we start find these NAME=VALUEs, and no flags."""
    words = [re.sub(r"([\s\\])", r"\\\1", variable) for variable in variables]
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        os.environ.pop(name, None)
    if words:
        os.environ["MAKEFLAGS"] = " -- " + " ".join(words)


def choose_no_tools() -> None:
    """Forget which compiler the make that called us was to use."""
    set_make_variables([word for word in make_variables() if word.split("=")[0] not in COMPILERS])
    for name in COMPILERS:
        os.environ.pop(name, None)


# ---- Trees ----

def line_of(file: str, text: str) -> int:
    """Return the number of the one line of a source file that has this text in it."""
    lines = Path(file).read_text().splitlines()
    found = [number for number, line in enumerate(lines, 1) if text in line]
    require(len(found) == 1, f"{file} has {len(found)} lines with `{text}', not 1")
    return found[0]


def edit(file: str, old: str, new: str) -> None:
    """Replace the one occurrence of a text in a file."""
    text = Path(file).read_text()
    require(text.count(old) == 1, f"{file} has `{old}' {text.count(old)} times, not once")
    Path(file).write_text(text.replace(old, new))


def scratch() -> Path:
    """Return a new directory that is removed after the tests."""
    return Path(tempfile.mkdtemp(dir=os.environ[SCRATCH]))


def enter_copy(built: bool = True) -> None:
    """Go to a fresh copy of the tree, which is built in obj/ unless told otherwise."""
    if built:
        copy = scratch() / "tree"
        shutil.copytree(_built_copy(), copy)
    else:
        copy = _copy_sources(scratch() / "tree")
    enter(copy)


def enter(tree: Path) -> None:
    """Go to a tree that is, or will be, built in its obj/."""
    os.chdir(tree)
    os.environ["OBJDIR"] = "obj"
    set_make_variables([word for word in make_variables() if not word.startswith("OBJDIR=")])


def _copy_sources(to: Path) -> Path:
    for file in sources():
        (to / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, to / file)
    return to


def _built_copy() -> Path:
    """Return the built tree that others are copied from; the first who wants it makes it."""
    shared, here = Path(os.environ[SCRATCH]) / "built", os.getcwd()
    with open(shared.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            unfinished = _copy_sources(scratch() / "tree")
            environment = dict(os.environ)
            enter(unfinished)
            make("-j2")
            os.chdir(here)
            os.environ.clear()
            os.environ.update(environment)
            unfinished.rename(shared)
    return shared
