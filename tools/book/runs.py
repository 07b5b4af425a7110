"""The runs that the book shows: done in copies of the built tree, and compared with what stands there.

What a run prints is remembered by all it can depend on.
"""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, List, NamedTuple

from chapters import ROOT, Block, Chapter, Problem
from memory import Memory
from named import unmarked
from sessions import SessionError, commands, differences, lines_of, run
from tree import copy_objects, copy_sources, sources

from gradebuild import make

# With which the runs in the book were made. Others may print other addresses and another order.
MADE_WITH = ("12.2", "7.2")     # gcc, QEMU
LIMIT = 120                     # seconds that a run may take, however busy the host is
PARTS = ("boot", "conf", "inc", "kern", "lib", "tools", "user", "GNUmakefile", "mergedep.pl",
         "gradelib.py", "grade-lab4")   # what runs depend on
NO_PART = ("tools/book", "tools/tests", "tools/handout")


class Section(NamedTuple):
    """The runs of one section: its changes of the tree hold until its end."""
    chapter: Chapter
    blocks: List[Block]     # diff and console

    @property
    def is_checked(self) -> bool:
        """Whether it uses the checking build."""
        return any("CHECKED=1" in block.body for block in self.blocks)

    @property
    def what(self) -> str:
        """All that decides what the runs do, apart from the tree and the tools."""
        return json.dumps([block.body if block.language == "diff" else
                           [(command.command, command.typed) for command in commands(block.body)]
                           for block in self.blocks])


def sections(chapter: Chapter) -> List[Section]:
    """Return the sections of a chapter that have runs."""
    by_place: Dict[str, List[Block]] = {}
    for block in chapter.blocks:
        if block.language in ("diff", "console"):
            by_place.setdefault(chapter.section_at(block.line, 2).number, []).append(block)
    return [Section(chapter, blocks) for blocks in by_place.values()
            if any(block.language == "console" for block in blocks)]


# ---- Changes ----

def _replace(tree: Path, file: str, old: List[str], new: List[str]) -> None:
    """Replace lines of a file, which are in it exactly once, with or without marks of models."""
    if not file or not (tree / file).is_file():
        raise SessionError(f"there is no {file or 'line --- FILE before the change'}")
    lines = (tree / file).read_text(encoding="utf-8").split("\n")
    shown = list(map(unmarked, lines))
    found = [at for at in range(len(lines)) if shown[at:at + len(old)] == old]
    if not old or len(found) != 1:
        raise SessionError(f"{file} has the lines with - {len(found) if old else 0} times, not once",
                           *old)
    lines[found[0]:found[0] + len(old)] = new
    (tree / file).write_text("\n".join(lines), encoding="utf-8")


def change(tree: Path, diff: str) -> None:
    """Make the change that a diff block shows: in each file, lines with - are replaced by those with
    + after them."""
    file: str = ""
    old: List[str] = []
    new: List[str] = []
    for line in [*diff.splitlines(), "--- "]:
        if line.startswith("--- ") or (line.startswith("-") and new):
            if old or new:
                _replace(tree, file, old, new)
            old, new = [], []
        if line.startswith("--- "):
            file = line[4:].strip()
        elif line[:1] in ("-", "+"):
            (old if line[0] == "-" else new).append(line[1:])
        elif line.strip():
            raise SessionError(f"a line without - or +: {line}")


# ---- The tree and the tools ----

def _version(words: List[str]) -> str:
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0]


class Tools(NamedTuple):
    """What runs are made with."""
    compiler: str
    qemu: str

    @property
    def as_recorded(self) -> bool:
        """Whether these are the ones that the book's runs were made with."""
        gcc, qemu = MADE_WITH
        return f" {gcc}." in self.compiler and "clang" not in self.compiler \
            and f"version {qemu}." in self.qemu


def tools() -> Tools:
    """Ask make for the compiler and QEMU."""
    return Tools(make("print-compiler").strip(),
                 _version([make("print-qemu").strip(), "--version"]))


def state_of_tree(used: Tools) -> str:
    """Return a hash of all that runs depend on, but what they are."""
    state = hashlib.sha256(repr(used).encode())
    for file in sources():
        name = str(file)
        if file.parts[0] in PARTS and not name.startswith(NO_PART):
            state.update(name.encode() + b"\0" + (ROOT / file).read_bytes() + b"\0")
    return state.hexdigest()


def _environment() -> Dict[str, str]:
    """Return the environment of a run: the make in it knows the variables on our make's command line,
    but builds in its own obj."""
    given = shlex.split(os.environ.get("MAKEFLAGS", "").partition("-- ")[2])
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "OBJDIR", "RUN", "ONLY",
                                   "READ", "SEED", "CPUS", "DISPLAY", "WAYLAND_DISPLAY")}
    kept = [word for word in given if word.split("=")[0] in
            ("CC", "LD", "AR", "NM", "OBJCOPY", "OBJDUMP", "GCCPREFIX", "QEMU", "PYTHON")]
    if kept:
        environment["MAKEFLAGS"] = " -- " + " ".join(kept)
    return environment


def _link_or_copy(old: str, new: str) -> None:
    """Give a file to another tree. What is built need not be copied: make never writes to such a file,
    but makes a new one. That does not hold for its notes (.vars, .lock) and for sources."""
    if "/obj" in old and not Path(old).name.startswith("."):
        os.link(old, new)
    else:
        shutil.copy2(old, new)


class Trees:
    """Copies of the built tree, for one section each; with the checking build where that is used."""

    def __init__(self, checked: bool) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="jos-book-")
        self._count = 0
        self._built = copy_sources(Path(self._place.name) / "built")
        copy_objects(self._built)
        for variables in [[], ["CHECKED=1"]] if checked else [[]]:
            subprocess.run(["make", "-s", "-j2", *variables], cwd=self._built, env=_environment(),
                           check=True, stdout=subprocess.DEVNULL)

    def new(self, section: Section) -> Path:
        """Return a new copy for a section."""
        self._count += 1
        copy = Path(self._place.name) / f"tree{self._count}"
        shutil.copytree(self._built, copy, copy_function=_link_or_copy, ignore=None if
                        section.is_checked else shutil.ignore_patterns("obj-checked"))
        return copy

    def remove(self) -> None:
        """Remove all copies."""
        self._place.cleanup()


# ---- Running ----

class Results(NamedTuple):
    """What the commands of a section have printed: a status and lines for each; and the error that
    has ended them: a block's place in the section, a line in it, what and why."""
    printed: List
    error: List


def _do(section: Section, tree: Path) -> Results:
    """Do what a section shows."""
    printed: List = []
    for at, block in enumerate(section.blocks):
        line = 0
        try:
            if block.language == "diff":
                change(tree, block.body)
                continue
            for command in commands(block.body):
                line = command.line + 1
                status, text = run(command, tree, _environment(), LIMIT)
                printed.append([status, lines_of(text)])
        except SessionError as error:
            return Results(printed, [at, line, error.reason, *error.details])
    return Results(printed, [])


def results_of(wanted: List[Section], memory: Memory) -> List[Results]:
    """Return what the runs of these sections print; do those that are not remembered."""
    files = [memory.file(section.what, "json") for section in wanted]
    missing = [(section, file) for section, file in zip(wanted, files) if not file.exists()]
    if missing:
        trees = Trees(any(section.is_checked for section, _ in missing))
        try:
            copies = [(section, trees.new(section), file) for section, file in missing]
            with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
                list(pool.map(lambda each: memory.store(
                    each[2], json.dumps(_do(*each[:2])).encode()), copies))
        finally:
            trees.remove()
    found = [Results(*json.loads(file.read_text(encoding="utf-8"))) for file in files]
    for file, results in zip(files, found):
        if results.error:       # try again the next time
            file.unlink(missing_ok=True)
    return found


# ---- Comparing ----

def _may_fail(section: Section, expected: List[str]) -> bool:
    return any(block.language == "diff" for block in section.blocks) or \
        any("*** " in line and not line.startswith("*** To leave") for line in expected)


def compare(section: Section, results: Results, used: Tools) -> List[Problem]:
    """Return where other lines were printed than are shown."""
    name, found, printed = section.chapter.name, [], list(results.printed)
    for block in section.blocks:
        for command in commands(block.body) if block.language == "console" else []:
            if not printed:
                break
            line, (status, lines) = block.line + 1 + command.line, printed.pop(0)
            different = differences(lines, command.expected)
            if different and used.as_recorded:
                found.append(Problem(name, line, f"`{command.command}' prints other lines than "
                                     "are shown (-)", different))
            elif different:
                found.append(Problem(name, line, f"`{command.command}' prints other lines with "
                                     f"{used.compiler} and {used.qemu}", [], False))
            elif status and not _may_fail(section, command.expected):
                found.append(Problem(name, line, f"`{command.command}' ends with status {status}, "
                                     "and none of the lines shown says so (*** ...)"))
    if results.error:
        at, line, reason, *details = results.error
        found.append(Problem(name, section.blocks[at].line + line, reason, details))
    return found


def problems(book: List[Chapter], memory: Memory, used: Tools) -> List[Problem]:
    """Do the runs of these chapters, or recall them; return where they are not as they are shown."""
    wanted = [section for chapter in book for section in sections(chapter)]
    results = results_of(wanted, memory)
    return [problem for pair in zip(wanted, results) for problem in compare(*pair, used)]
