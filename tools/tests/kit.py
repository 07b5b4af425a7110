"""What the tests have in common: failing, running commands, scratch copies of the tree.

A test may change the directory and the environment as it likes; what it starts ends with it, and
what it writes to a scratch directory is removed (conftest.py sees to that).
"""

import difflib
import fcntl
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Collection, List, Mapping, Sequence

import pytest

from tree import ROOT, copy_objects, copy_sources

from gradelib import DIE_WITH_US, excerpt, shown

SCRATCH = "JOS_CHECK_SCRATCH"   # the environment says by this where the scratch directories are
PATIENCE = 120                  # seconds to wait for what must come, however busy the host is

# What chooses the compiler: not only make's command line does, also the environment.
COMPILER_VARIABLES = ("CC", "LD", "AR", "NM", "OBJCOPY", "OBJDUMP", "GCCPREFIX")


def processors() -> int:
    """Return how many processors we may use."""
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# ---- Failing ----

Failed = pytest.fail.Exception


def fail(reason: str, *details: str) -> None:
    """Fail: the reason, and lines that explain it."""
    pytest.fail("\n".join([reason, *[f"  {shown(line)}" for line in details]]), pytrace=False)


def require(condition, reason: str, *details: str) -> None:
    """Fail unless condition is true."""
    if not condition:
        fail(reason, *details)


@contextmanager
def case(name: str):
    """Say of which case it was when something fails in it."""
    try:
        yield
    except Failed as failed:
        failed.msg = f"{name}: {failed.msg}"
        raise


def wait_for(condition, what: str, pause: float = 0.02, patience: float = PATIENCE):
    """Wait until a function returns something true, and return that."""
    deadline = time.monotonic() + patience
    while True:
        found = condition()
        if found:
            return found
        require(time.monotonic() < deadline, f"not within {patience} s: {what}")
        time.sleep(pause)


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
            pytest.skip(f"{tool} is not installed")


def need_to_work(*command: str) -> None:
    """Skip the test unless this command succeeds."""
    need(command[0])
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        pytest.skip(f"`{shlex.join(command)}' does not work")


def need_repeats() -> None:
    """Skip the test unless this QEMU repeats every run of several CPUs that has a seed."""
    done = subprocess.run(["perl", "tools/run/preflight.pl", "cpus=2", "seed=1",
                           "qemu=" + make("-s", "print-qemu").strip()],
                          cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(done.stderr.strip())


# ---- Running commands ----

NOTES: List[str] = []       # commands worth showing when the test fails
_STARTED: List[subprocess.Popen] = []   # the first one leads the process group of all


def note(command: Sequence[str]) -> None:
    """Remember a command, to show it when the test fails."""
    NOTES.append(shlex.join(command))


def start(command: Sequence[str], **options) -> subprocess.Popen:
    """Start a command, which ends when the test does; its output comes as one pipe of bytes."""
    note(command)
    if not _STARTED:
        _start(["cat"], 0)      # it waits until we end it
    return _start(command, _STARTED[0].pid, **{"stderr": subprocess.STDOUT, **options})


def _start(command: Sequence[str], group: int, **options) -> subprocess.Popen:
    """Start a command in a process group; 0 means a new one."""
    def prepare():
        os.setpgid(0, group)
        if DIE_WITH_US:
            DIE_WITH_US()

    _STARTED.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     preexec_fn=prepare, bufsize=0, **options))
    return _STARTED[-1]


def end_started() -> None:
    """End all that start() has started, with what that has started in its turn.

    The group's number is its leader's. Nobody else can get it before we have asked how the leader
    has ended, so we do that last.
    """
    if not _STARTED:
        return
    leader, *others = _STARTED
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + 10
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader.pid, number)
        for process in others:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0, deadline - time.monotonic()))
    leader.wait()
    for process in _STARTED:
        process.stdin.close()
        process.stdout.close()
    _STARTED.clear()


def call(*command: str, fails: bool = False, stdin: str = "") -> str:
    """Run a command to its end and return all it printed; it must succeed, or fail if so said."""
    process = start(command)
    output = process.communicate(stdin.encode())[0].decode(errors="replace")
    if (process.returncode != 0) != fails:
        fail(f"`{shlex.join(command)}' ended with status {process.returncode}",
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
    set_make_variables([word for word in make_variables()
                        if word.split("=")[0] not in COMPILER_VARIABLES])
    for name in COMPILER_VARIABLES:
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


_SCRATCH: List[Path] = []


def scratch() -> Path:
    """Return a new directory that is removed after the test."""
    _SCRATCH.append(Path(tempfile.mkdtemp(dir=os.environ[SCRATCH])))
    return _SCRATCH[-1]


def remove_scratch() -> None:
    """Remove the directories that scratch() has returned."""
    while _SCRATCH:
        shutil.rmtree(_SCRATCH.pop(), ignore_errors=True)


# Enough programs where what holds for some holds for all.
FEW = ("hello", "yield", "primes", "dumbfork", "forktree", "faultread", "testargs", "bench")


def enter_copy(built: bool = True, few: bool = False) -> None:
    """Go to a fresh copy of the tree, which is built in obj/ unless told otherwise. With few programs
    it takes much less time to compile or link them all again."""
    if built:
        copy = scratch() / "tree"
        shutil.copytree(_built_copy_with_few() if few else _built_copy(), copy)
        enter(copy)
    else:
        enter(copy_sources(scratch() / "tree"))
        if few:
            keep_programs(FEW)


def enter(tree: Path) -> None:
    """Go to a tree that is, or will be, built in its obj/."""
    os.chdir(tree)
    os.environ["OBJDIR"] = "obj"
    set_make_variables([word for word in make_variables() if not word.startswith("OBJDIR=")])


def shared_tree(name: str, build) -> Path:
    """Return the tree of this name, of which tests make copies. The first who wants it has it made:
    build() makes it in a scratch directory, and goes there."""
    shared, here = Path(os.environ[SCRATCH]) / name, os.getcwd()
    with open(shared.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            environment = dict(os.environ)
            build()
            unfinished = os.getcwd()
            os.chdir(here)
            os.environ.clear()
            os.environ.update(environment)
            os.rename(unfinished, shared)
    return shared


def _built_copy() -> Path:
    """Return the built tree that others are copied from."""
    def build():
        unfinished = copy_sources(scratch() / "tree")
        copy_objects(unfinished)
        enter(unfinished)
        make("-j2")

    return shared_tree("built", build)


def _built_copy_with_few() -> Path:
    """Return the same with few programs."""
    def build():
        enter_copy(built=False, few=True)
        make("-j2")

    return shared_tree("few", build)


def programs():
    """Return the sources of all programs, but the checks of exercises."""
    return [file for file in Path("user").rglob("*.c") if file.parent.name != "exercises"]


def keep_programs(names: Collection[str]) -> None:
    """Remove all programs from the current tree but these."""
    for file in programs():
        if file.stem not in names:
            file.unlink()


def cache_for_others(tree: Path) -> None:
    """Let ccache, if we use it, answer in this tree also where make has another environment."""
    if "CCACHE_DIR" in os.environ:
        names = os.environ["PATH"].partition(":")[0]
        settings = [f"{name} := {value}" for name, value in os.environ.items()
                    if name.startswith("CCACHE_")]
        with open(tree / "conf/env.mk", "a", encoding="ascii") as file:
            file.writelines(f"export {setting}\n" for setting in
                            [f"PATH := {names}:$(PATH)", *settings])


# ---- Cases ----

def complaints(output: str) -> List[str]:
    """Return the lines of an output that are not make's own."""
    return [line for line in output.splitlines() if not line.startswith("make")]


def complains(arguments, expected, prepare=None):
    """In a fresh copy, prepared for it, make fails and says why in these lines, and no others."""
    enter_copy()
    if prepare:
        prepare()
    output = make(*arguments, fails=True)
    lines = complaints(output)
    require(len(lines) == len(expected) and all(map(re.fullmatch, expected, lines)),
            "wrong complaint", *[f"expected: {line}" for line in expected],
            *excerpt(output.splitlines()))


def params(cases: Mapping[str, Sequence], quick: Collection[str] = (),
           many: Collection[str] = ()) -> List:
    """Return a table of cases, with their names, for pytest's parametrize: all are thorough but
    the quick ones, and those of `many', which are left to `make check-handout'."""
    return [pytest.param(*values, id=re.sub(r"[^\w.,+=/:]+", "-", name).strip("-"),
                         marks=() if name in quick else
                         pytest.mark.many if name in many else pytest.mark.thorough)
            for name, values in cases.items()]


def alike(*values, many: Collection = ()) -> List:
    """Return values for pytest's parametrize: those of `many' are left to `make check-handout'."""
    return [*[pytest.param(value, marks=pytest.mark.thorough) for value in values],
            *[pytest.param(value, marks=pytest.mark.many) for value in many]]
