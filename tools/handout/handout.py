#!/usr/bin/env python3
"""Write the tree that students get: this one without the solutions of the lab's exercises.

A solution stands between markers, which are comments (in Makefiles they begin with #):

    //{ Exercise 3: map the stacks of all CPUs
    //- a line that stands there in the handout
    //}

Without //- lines a call that says what is missing stands there; a //- alone is no line at all.
What is marked as "Not in the handout" is in none. Solutions of exercises before FROM stay.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path
from typing import Collection, Dict, List, NamedTuple

sys.dont_write_bytecode = True      # leave no __pycache__ in the source tree

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

from tree import ROOT, GitError, git, sources

from gradetests import EXERCISES

EXTRA = "tools/handout"         # files of a handout that this tree itself has no use for

# What gives solutions away, or tests and measures them.
LEFT_OUT = (".ci", ".github", ".pytest.ini", "tools/common/tree.py", EXTRA, "tools/measure",
            "tools/tests", "user/bench")
# Sections of README that are not for students, and make's targets that are not in a handout.
SECTIONS = ("JOS for today", "Two commands", "What it costs", "Handing out the lab",
            "What the kernel promises programs")
TARGETS = ("check", "check-all", "bench", "handout")

OPENING = re.compile(r"(\s*)(?://|#)\{ (?:Exercise (\d+)(?:: (.*))?|Not in the handout)$")
INSTEAD = re.compile(r"\s*(?://|#)-(?: (.*)|)$")
CLOSING = re.compile(r"\s*(?://|#)\}$")
CALLS = re.compile(r"\b(missing|without|note)_exercise\(|\b(exercise_is_missing|say_noted_exercises)\(")
INCLUDE = "#include <inc/exercise.h>"


class HandoutError(Exception):
    """Why there can be no handout, in one line."""


# ---- Solutions ----

class Block(NamedTuple):
    """What stands between two markers."""
    exercise: int           # 0: it is in no handout
    solution: List[str]
    instead: List[str]


class Source(NamedTuple):
    """A file, taken apart: lines, and Blocks in their places."""
    name: str
    parts: List

    @property
    def blocks(self) -> List[Block]:
        """Return the Blocks."""
        return [part for part in self.parts if isinstance(part, Block)]


def parse(name: str, text: str) -> Source:
    """Take a file apart; raise HandoutError if its markers are wrong."""
    parts: List = []
    block = call = None
    for number, line in enumerate(text.splitlines(), 1):
        opening, instead = OPENING.match(line), INSTEAD.match(line)
        if bool(opening) == (block is not None) and (opening or CLOSING.match(line)):
            raise HandoutError(f"{name}:{number}: a marker where there should be none")
        if opening:
            indent, exercise, what = opening.groups()
            if exercise and int(exercise) not in EXERCISES:
                raise HandoutError(f"{name}:{number}: there is no exercise {exercise}")
            block = Block(int(exercise or 0), [], [])
            call = f'{indent}missing_exercise({exercise}, "{what}");' if what else None
        elif block is None:
            parts.append(line)
        elif CLOSING.match(line):
            if call and not block.instead:
                block.instead.append(call.rstrip(";") if name.endswith(".S") else call)
            parts.append(block)
            block = None
        elif instead and not block.solution:
            block.instead.append(indent + instead[1] if instead[1] else "")
        else:
            block.solution.append(line)
    if block is not None:
        raise HandoutError(f"{name}: the last marker is never closed")
    return Source(name, parts)


def tidy(text: str) -> str:
    """Take away the empty lines that are too many when something has gone."""
    text = re.sub(r"\n{3,}", "\n\n", text)
    text = re.sub(r"(?<=\{\n)\n", "", text)
    return re.sub(r"\n(?=\n\}$)", "", text, flags=re.M).strip("\n") + "\n"


def with_include(text: str) -> str:
    """Include what declares missing_exercise, in its place among the other headers."""
    lines = text.split("\n")
    headers = [at for at, line in enumerate(lines) if line.startswith("#include ")]
    if not headers:     # after the first comment
        at = next(at for at, line in enumerate(lines) if not line)
        return "\n".join(lines[:at] + ["", INCLUDE] + lines[at:])
    ours = [at for at in headers if lines[at].startswith("#include <inc/")]
    if not ours or ours == headers[:1]:
        return "\n".join(lines[:headers[0] + 1] + ["", INCLUDE] + lines[headers[0] + 1:])
    at = next((at for at in ours if lines[at] > INCLUDE), ours[-1] + 1)
    return "\n".join(lines[:at] + [INCLUDE] + lines[at:])


def handed_out(source: Source, missing: Collection[int]) -> str:
    """Return a file without the solutions of these exercises."""
    lines: List[str] = []
    for part in source.parts:
        if not isinstance(part, Block):
            lines.append(part)
        elif part.exercise in missing or part.exercise == 0:
            lines += part.instead
        else:
            lines += part.solution
    text = "\n".join(lines) + "\n"
    if source.blocks:
        text = tidy(text)
    return with_include(text) if CALLS.search(text) else text


# ---- Other files ----

def students_readme(text: str, head: str) -> str:
    """Return README with another beginning, and without what is not for students."""
    sections = re.split(r"\n*^(?=.+\n[-=]+\n)", text, flags=re.M)
    return "\n\n\n".join([head.strip("\n")] + [section.strip("\n") for section in sections
                         if section and section.split("\n")[0] not in SECTIONS]) + "\n"


def students_makefile(text: str) -> str:
    """Return GNUmakefile without the help about targets that are not in a handout."""
    return re.sub(rf"^# make ({'|'.join(TARGETS)})\b.*\n", "", text, flags=re.M)


def files(missing: Collection[int]) -> Dict[str, str]:
    """Return all files of the handout that lacks these exercises: names and texts."""
    texts = {str(file): (ROOT / file).read_text(encoding="utf-8") for file in sources()}
    out = {name: handed_out(parse(name, text), missing) for name, text in texts.items()
           if not name.startswith(LEFT_OUT)}
    out["README"] = students_readme(texts["README"], texts[f"{EXTRA}/README"])
    out["GNUmakefile"] = students_makefile(out["GNUmakefile"])
    if missing:
        for name in texts:
            if name.startswith(f"{EXTRA}/") and "exercise" in name:
                out[name[len(EXTRA) + 1:]] = texts[name]
    return out


# ---- Writing it ----

def write(out: Path, missing: Collection[int]) -> None:
    """Write the handout that lacks these exercises to a directory, with a history of one commit."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise HandoutError(f"{out} exists and is not empty")
    if not shutil.which("git"):
        raise HandoutError("git is missing; a handout has a history of its own")
    for name, text in files(missing).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")
        (out / name).chmod((ROOT / name).stat().st_mode & 0o777 if (ROOT / name).exists()
                           else 0o644)
    git(out, "init", "-q", "--template=")
    git(out, "add", "-A")
    git(out, "commit", "-q", "--no-verify", "-m", "Lab 4")


def main(arguments: List[str]) -> int:
    """Do what the command line says and return the exit status."""
    parser = argparse.ArgumentParser(description="Write the tree that students get.")
    parser.add_argument("--from", dest="first", default="1", metavar="N",
                        help="solve the exercises before N (default 1); 16: all")
    parser.add_argument("--only", action="store_true", help="leave out exercise N alone")
    parser.add_argument("out", metavar="OUT", help="a directory that is empty or not there")
    options = parser.parse_args(arguments)
    try:
        if not options.first.isdecimal() or not 1 <= int(options.first) <= len(EXERCISES) + 1:
            raise HandoutError(f"FROM={options.first}: the exercises are 1 to {len(EXERCISES)}, "
                               f"and {len(EXERCISES) + 1} hands out all solutions")
        first = int(options.first)
        missing = [n for n in EXERCISES if n == first or (n > first and not options.only)]
        write(Path(options.out), missing)
    except (HandoutError, GitError, OSError) as error:
        sys.stderr.write(f"handout.py: {error}\n")
        return 2
    print(f"{options.out}: lab 4 from exercise {first} on")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
