"""The marks around the solutions of the lab's exercises, and what a handout has instead.

A mark consists of two comments (in Makefiles they begin with #):

    //{ Exercise 3: map the stacks of all CPUs
    ... the solution ...
    //}

Where exercise 3 is missing, a handout has missing_exercise(3, "map the stacks of all CPUs") there.
"Exercise 3, helper: ..." and "Exercise 3, helpers: ..." mark what only the solution uses: a handout
has nothing there. What is marked as "Not in the handout" is in none.

If a handout is to have something else in the place of a solution in kern/pmap.c, then the file
tools/handout/instead/kern/pmap.c has that, between the same two comments. If a handout is to have
something where there is no solution, the opening comment in such a file names the line before:

    //{ Exercise 3, in check_kern_pgdir() after: {
    ... what a handout has there where exercise 3 is missing ...
    //}
"""

import re
from typing import List, NamedTuple, Sequence, TypeVar, Union

from gradetests import EXERCISES

INSTEAD = "tools/handout/instead"
# Targets of make that are not in a handout.
TARGETS = ("check", "check-all", "check-machines", "bench", "handout", "mistakes", "layers",
           "grade-class", "book", "prove", "fuzz")

BEGIN = re.compile(r"\s*(?://|#)\{")
MARK = re.compile(r"(?P<indent>\s*)(?P<mark>(?://|#)\{ (?:Not in the handout|"
                  r"Exercise (?P<exercise>\d+)(?:(?P<helper>, helpers?)|"
                  r", in (?P<function>\w+)\(\) after)?: (?P<what>.+)))$")
END = re.compile(r"\s*(?://|#)\}$")

T = TypeVar("T")


class HandoutError(Exception):
    """Why there can be no handout, in one line."""


class Block(NamedTuple):
    """A mark, and the lines between its two comments."""
    place: str              # file and line
    mark: str               # the opening comment
    exercise: int           # 0: it is in no handout
    function: str           # of a line that a handout adds something after; what: that line
    what: str               # without function: what the solution does
    lines: List[str]
    instead: List[str]      # what a handout has there if it lacks the exercise


Part = Union[str, Block]    # of a file: a line, or a Block in its place


def blocks(parts: Sequence[Part]) -> List[Block]:
    """Return the Blocks of a file."""
    return [part for part in parts if isinstance(part, Block)]


def opened(place: str, line: str) -> Block:
    """Return the Block that begins with this line, without its lines."""
    found = MARK.match(line)
    if not found:
        raise HandoutError(f"{place}: a mark that cannot be read: {line.strip()}")
    exercise, what = found["exercise"], found["what"]
    if exercise and int(exercise) not in EXERCISES:
        raise HandoutError(f"{place}: there is no exercise {exercise}")
    if found["function"] and not place.startswith(INSTEAD):
        raise HandoutError(f"{place}: a mark that only files in {INSTEAD} have")
    instead = []
    if exercise and not found["helper"]:
        end = "" if place.split(":")[0].endswith(".S") else ";"
        instead = [f'{found["indent"]}missing_exercise({exercise}, "{what}"){end}']
    return Block(place, found["mark"], int(exercise or 0), found["function"], what, [], instead)


def parse(name: str, text: str) -> List[Part]:
    """Take a file apart; raise HandoutError if its marks are wrong."""
    parts: List[Part] = []
    block = None
    # Not splitlines(), for which more than a newline ends a line.
    for number, line in enumerate((text[:-1] if text.endswith("\n") else text).split("\n"), 1):
        begin, end = BEGIN.match(line), END.match(line)
        if (begin and block) or (end and not block):
            raise HandoutError(f"{name}:{number}: a mark where there should be none")
        if begin:
            block = opened(f"{name}:{number}", line)
        elif block is None:
            parts.append(line)
        elif not end:
            block.lines.append(line)
        elif "".join(block.lines).strip():
            parts.append(block)
            block = None
        else:
            raise HandoutError(f"{block.place}: a mark around nothing")
    if block:
        raise HandoutError(f"{block.place}: a mark that does not end")
    return parts


# ---- What a handout has instead ----

def parse_instead(name: str, text: str) -> List[Block]:
    """Take a file apart that says what a handout has instead; return its entries."""
    parts = parse(name, text)
    for line in parts:
        if isinstance(line, str) and not re.match(r"$|//|# ", line):
            raise HandoutError(f"{name}: a line outside of marks: {line.strip()}")
    entries = blocks(parts)
    for entry in entries:
        only([other for other in entries if other.mark == entry.mark], entry,
             f"mark `{entry.mark}'", name)
    return entries


def only(found: Sequence[T], entry: Block, what: str, where: str) -> T:
    """Return the only thing found for an entry; raise HandoutError if there are more, or none."""
    if len(found) != 1:
        raise HandoutError(f"{entry.place}: {'more than one' if found else 'no'} {what} in {where}")
    return found[0]


def line_before(name: str, parts: List[Part], entry: Block) -> int:
    """Return the index of the line of a C file that an entry is to come after."""
    text = "\n".join(part if isinstance(part, str) else "" for part in parts)
    definition = (rf"^\w[^;{{}}]*?\b{entry.function}\([^;{{}}]*\)\n"
                  r"(?P<body>\{\n(?:.*\n)*?)\}$")
    found = only(list(re.finditer(definition, text, re.M)), entry,
                 f"function {entry.function}()", name)
    return text.count("\n", 0, found.start("body")) + only(
        [at for at, line in enumerate(found["body"].splitlines()) if line.strip() == entry.what],
        entry, f"line `{entry.what}'", f"{entry.function}() in {name}")


def with_instead(name: str, parts: List[Part], entries: List[Block]) -> List[Part]:
    """Return the parts of a file, with what a handout has instead according to these entries."""
    parts = list(parts)
    for entry in entries:
        if entry.function:
            parts.insert(line_before(name, parts, entry) + 1,
                         entry._replace(lines=[], instead=entry.lines))
        else:
            at = only([at for at, part in enumerate(parts)
                       if isinstance(part, Block) and part.mark == entry.mark],
                      entry, f"mark `{entry.mark}'", name)
            parts[at] = parts[at]._replace(instead=entry.lines)
    return parts
