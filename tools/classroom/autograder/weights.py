"""How many points what gives: a plain file that a teacher writes. # begins a comment in it."""

import re
from pathlib import Path
from typing import Collection, Dict, Iterator, List, NamedTuple, Optional, Tuple

from gradetests import CHECKS, TESTS


class TableError(Exception):
    """What is wrong with a table, in one line."""


def words_of(path: Path) -> Iterator[Tuple[str, List[str]]]:
    """Yield the words of each line, and what to call the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise TableError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            yield f"{path}:{number}", words


def number(text: str, place: str) -> float:
    """Return a number that is not negative."""
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise TableError(f"{place}: `{text}' is no number")
    return float(text)


class Row(NamedTuple):
    """What gives points."""
    name: str               # the number of an exercise, a part of the lab, a test
    points: float           # if all its tests pass; else that share of them
    tests: List[str]


def tests_called(name: str) -> List[str]:
    """Return the tests of a part, of an exercise, or the one of this name."""
    return [test.name for test in (*TESTS, *CHECKS) if name in (test.part, test.name)]


def read_weights(path: Optional[Path]) -> List[Row]:
    """Return the rows of a table of points, `NAME POINTS' in each line; without one, the lab's."""
    if path is None:
        return [Row(test.name, test.points, [test.name]) for test in TESTS]
    rows: List[Row] = []
    for place, words in words_of(path):
        if len(words) != 2:
            raise TableError(f"{place}: a line has a name and points, as: 9 15")
        name = words[0]
        if not tests_called(name):
            raise TableError(f"{place}: there is no exercise, part or test `{name}'")
        if name in [row.name for row in rows]:
            raise TableError(f"{place}: `{name}' is there twice")
        rows.append(Row(name, number(words[1], place), tests_called(name)))
    if not rows:
        raise TableError(f"{path}: no line gives points")
    return rows


def asked_for(rows: List[Row]) -> List[str]:
    """Return all tests that give points."""
    return list(dict.fromkeys(name for row in rows for name in row.tests))


def earned(row: Row, tests: Dict[str, dict], asked: Collection[str]) -> float:
    """Return the points of a row: the share of its tests that has passed.

    tests   for each test: passed, and waits_for, the exercise that is to be done first, or 0. A
            check that waits for an exercise which is not asked for is no part of the row.
    asked   the names of all rows
    """
    found = [tests[name] for name in row.tests if name in tests]
    counted = [test for test in found
               if not test["waits_for"] or str(test["waits_for"]) in asked]
    passed = sum(test["passed"] for test in counted)
    return round(row.points * passed / len(counted), 2) if counted else 0


def by_test(wanted: Collection[str], graded: dict) -> Dict[str, dict]:
    """Return what the grader's result in JSON says of each of these tests: passed, why (not) and
    waits_for."""
    found = {each["name"]: each for each in graded["tests"]}
    tests = {}
    for name in wanted:
        each, waits = found.get(name), graded.get("waiting", {}).get(name, 0)
        why = "\n".join([each["reason"], *each["details"]]).strip() if each else \
            f"exercise {waits} has to be done first" if waits else "it has not been graded"
        tests[name] = {"passed": bool(each and each["passed"]), "why": why, "waits_for": waits}
    return tests
