"""Whose mistake a panic is: a test of one exercise may fail because of another."""

import re
from pathlib import Path
from typing import List, Tuple

from gradelib import Run, crashed_when_typed
from gradetests import ABOUT, EXERCISE_OF, TICK, Test
from gradetext import panic_lines, shown

# File, line, and maybe a function.
PLACE = re.compile(r"(?<![\w/.])(\w[\w/]*\.[chS]):(\d{1,6}):(?: (\w+)\+)?")


def blamed(test: Test, run: Run) -> Tuple:
    """Return the other exercise that a panic of the kernel is about, and the panic; or ()."""
    lines = panic_lines(run.lines, run.typed_at)
    exercise = exercise_of(lines)
    if exercise in (0, test.exercise):
        return ()
    if exercise != TICK[1] and crashed_when_typed(run):
        return ()
    return exercise, panic_gist(lines)


def exercise_of(panic: List[str]) -> int:
    """Return the exercise that a panic is about; 0 if that is not known."""
    names = functions(panic)
    if TICK[0] in names:
        return TICK[1]
    about = [exercise for words, exercise in ABOUT.items() if panic and words in panic[0]]
    return next(iter([*about, *[EXERCISE_OF[name] for name in names if name in EXERCISE_OF]]), 0)


def panic_gist(lines: List[str]) -> str:
    """Return in one line what a panic says, and where it was."""
    places = [line.strip() for line in lines[1:] if re.match(r" +[\w/]+\.[chS]:\d+: ", line)]
    where = f" ({places[0]})" if places and "kernel at" in lines[0] else ""
    return shown(lines[0][lines[0].index("kernel panic"):]) + where


def functions(lines: List[str]) -> List[str]:
    """Return the names of the functions that lines of a panic lead to, the innermost first."""
    names = []
    for line in lines:
        for file, number, name in PLACE.findall(line):
            try:
                text = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                text = []
            heads = [re.match(r"\w[\w\s*]*?\b(\w+)\([^;]*$", head) for head in text[:int(number)]]
            names += [head[1] for head in heads[::-1] if head][:1] + [name]
    return names
