#!/usr/bin/env python3
"""Try every mistake, and write who names it: doc/mistakes.md, for `make mistakes'.

usage: mistaketable.py FILE             write the document
       mistaketable.py --only PATTERN   show the rows of the mistakes with such names
"""

import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from multiprocessing import Pool
from pathlib import Path
from typing import List, NamedTuple, Sequence

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve()
sys.path[1:1] = [str(HERE.parents[up] / name) for up, name in
                 ((2, "."), (1, "grade"), (1, "common"), (1, "handout"))]

import kit
from mistakes import GENERATED, MISTAKES
from mistakes.generated import EQUIVALENT
from rightsolutions import RIGHT, about, exercises
from trial import checked_with, enter_small_copy, grade

LONG = 110          # letters of what a check or a panic says
ROW = re.compile(r"^\| ([^|]*) \| (\d+) \| [^|]* \| [^|]* \|$", re.M)


class Row(NamedTuple):
    """What was said of a mistake; empty where nothing was."""
    what: str
    exercise: int
    check: str          # the first check that finds it
    says: str           # all that this shows
    place: str          # where the checking build panics: file, function
    panic: str


# ---- Trying ----

def function_of(place: str) -> str:
    """Return the file of a file:line, and the function there."""
    file, line = place.split(":")
    lines = Path(file).read_text().splitlines()[:int(line)]
    names = [found[1] for text in lines if (found := re.match(r"\w[^;={}]*?(\w+)\(", text))]
    return f"{file}, {names[-1]}" if names else file


def tried(what: str) -> Row:
    """Make a mistake, and return what is said of it."""
    mistake = MISTAKES[what]
    os.chdir(kit.ROOT)
    try:
        enter_small_copy(mistake.edits)
        said = grade(mistake.graded)
        found = [test for test in mistake.graded if test.name in said] or mistake.graded
        place, panic = checked_with(mistake, found[:2])
        check = found[0].name if said else ""
        return Row(what, mistake.exercise, check, said.get(check, ""), place and function_of(place),
                   panic)
    finally:
        kit.end_started()
        os.chdir(kit.ROOT)
        kit.remove_scratch()


def all_tried(names: Sequence[str]) -> List[Row]:
    """Try these mistakes, some at a time."""
    os.environ[kit.SCRATCH] = tempfile.mkdtemp(prefix="jos-mistakes-")
    try:
        with Pool(kit.processors()) as pool:
            return pool.map(tried, names, 1)
    finally:
        shutil.rmtree(os.environ[kit.SCRATCH], ignore_errors=True)


# ---- Telling ----

def gist(says: str) -> str:
    """Return the first line of what a check says or, where that says little, what comes after it."""
    lines = [line.strip() for line in says.splitlines()]
    advice = [line for line in lines if line.startswith("look whether")]
    if lines[0] in ("kernel panic", "it does not come to its end") and len(lines) > 1:
        panics = [re.sub(r".*kernel panic on CPU \d+(?: at|:) ", "", line) for line in lines[1:2]]
        lines[0] = f"{lines[0]}: {advice[0] if advice else panics[0]}"
    return lines[0]


def cell(text: str) -> str:
    """Return a text as it can stand in a table, not too long, and without numbers of lines."""
    text = re.sub(r"(\w\.[chS]):\d+", r"\1", " ".join(text.split()))
    text = text if len(text) <= LONG else text[:LONG].rpartition(" ")[0] + " ..."
    return re.sub(r"(\*|<(?=[\w/!]))", r"\\\1", text.replace("|", "/").replace("`", "'"))


def line(row: Row) -> str:
    """Return the line of the table for a mistake."""
    check = f"{row.check}: {gist(row.says)}" if row.check else ""
    place = f"{row.place}: {row.panic}" if row.place else ""
    return f"| {cell(row.what)} | {row.exercise} | {cell(check) or '-'} | {cell(place) or '-'} |"


def names_in(document: str) -> List[str]:
    """Return the mistakes that a document has lines for, as cell() writes their names."""
    return [found[1] for found in ROW.finditer(document)]


def table(rows: Sequence[Row]) -> str:
    """Return the lines for some mistakes, below a head."""
    return "\n".join(["| mistake | exercise | `make grade EX=n` says | `CHECKED=1` names |",
                      "| --- | --- | --- | --- |",
                      *map(line, sorted(rows, key=lambda row: row.exercise))])


def document(rows: Sequence[Row]) -> str:
    """Return the whole document."""
    named = Counter((bool(row.check), bool(row.place)) for row in rows)
    by_hand = [row for row in rows if row.what not in GENERATED]
    by_machine = [row for row in rows if row.what in GENERATED]
    no_difference = "\n".join(f"- {cell(what)}: {why}." for what, why in EQUIVALENT.items())
    right = "\n".join(f"| {name} | {', '.join(map(str, exercises(name)))} | {about(name)} |"
                      for name in RIGHT)
    return f"""\
# Mistakes, and who names them

Typical mistakes in the exercises are kept in `tools/tests/mistakes/`, right solutions in other styles
than ours in `tools/tests/right/`. `make check-handout` tries all of them. `make mistakes` tries the
mistakes, too, and writes this document; `make mistakes ONLY=lock` shows those with such names.

For each mistake one knows whether `make grade EX=n` names it, and whether the checking build does
([checking.md](checking.md)): that is, whether the kernel panics at a file and line.

| named by | mistakes |
| --- | --- |
| `make grade EX=n` and `CHECKED=1` | {named[True, True]} |
| `make grade EX=n` alone | {named[True, False]} |
| `CHECKED=1` alone | {named[False, True]} |
| neither | {named[False, False]} |

## Made by hand

{table(by_hand)}

## Made by machine

From the marks in the sources: each condition of the system calls of exercises 7, 8 and 15 is left
out, and each instruction of `_pgfault_upcall` is left out, or changes places with the next one.

{table(by_machine)}

These make no difference:

{no_difference}

## Right solutions

All of these pass all checks, have the full score, and the checking build is silent.

| style | exercises | what it is |
| --- | --- | --- |
{right}
"""


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and return the exit status."""
    if len(arguments) == 2 and arguments[0] == "--only":
        names = [what for what in MISTAKES if re.search(arguments[1], what)]
        print(table(all_tried(names)) if names else f"no mistake has such a name: {arguments[1]}")
        return 0 if names else 2
    text = document(all_tried(list(MISTAKES)))
    Path(arguments[0]).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
