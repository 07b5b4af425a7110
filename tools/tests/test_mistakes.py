"""Typical mistakes in the exercises: make grade EX=N finds each and says what it is, or the checking
build does. What is right otherwise than ours passes everything."""

import re

from gradetests import CHECKS

import pytest

from kit import ROOT, call, edit, enter_copy, excerpt, make, params, require, require_equal
from machine import Machine, command
from mistakes import GENERATED, MISTAKES
from mistakes.generated import EQUIVALENT, all_generated
from mistaketable import cell, names_in
from rightsolutions import RIGHT, exercises, solved
from trial import ALL, checked, checked_with, enter_small_copy, grade, make_edits

# A limit that is enough for the first, which builds what the others copy.
pytestmark = [pytest.mark.handout, pytest.mark.limit(1200)]


FEW = 4     # exercises, of which one stands for the others where the same thing is tested
# With these a run goes on until its time is over.
LONG = ("the timer does not hear that it was served", "a tick does not end the turn")


def cases(named, kind):
    """Return a table of cases for pytest's parametrize: `many' are all but the first of each kind
    that does not take long."""
    kinds = [None if name in LONG else kind(value) for name, value in named.items()]
    return [pytest.param(*case.values, id=case.id, marks=[
        pytest.mark.many if kinds[at] in [None, *kinds[:at]] else pytest.mark.thorough])
            for at, case in enumerate(params({name: [value] for name, value in named.items()}))]


def says(who, text, pattern):
    """Somebody says that by which one knows a mistake."""
    require(re.search(pattern, text), f"{who} does not say `{pattern}'", *excerpt(text.splitlines()))


# ---- Mistakes ----

@pytest.mark.parametrize("mistake", cases(
    {what: mistake for what, mistake in MISTAKES.items() if mistake.check},
    lambda mistake: mistake.exercise))
def test_found(mistake):
    """The check that is named finds it."""
    enter_small_copy(mistake.edits)
    check, = mistake.graded
    says(check.name, grade([check]).get(check.name, ""), mistake.says)


@pytest.mark.parametrize("mistake", cases(
    {what: mistake for what, mistake in MISTAKES.items() if mistake.panic},
    lambda mistake: mistake.exercise // FEW))
def test_found_when_checked(mistake):
    """The checking build finds it in the first run."""
    enter_small_copy(mistake.edits)
    says("the checking build", ": ".join(checked_with(mistake, mistake.graded)), mistake.panic)


@pytest.mark.parametrize("mistake", cases(
    GENERATED, lambda mistake: mistake.exercise // FEW))
def test_found_by_any(mistake):
    """One of the checks of the exercise finds it, or the checking build."""
    enter_small_copy(mistake.edits)
    require(grade(mistake.graded) or checked_with(mistake, mistake.graded)[0], "nobody finds it")


@pytest.mark.parametrize("mistake", cases(
    {what: all_generated()[what] for what in EQUIVALENT}, lambda mistake: None))
def test_no_difference(mistake):
    """What is said to make no difference is found by none."""
    enter_small_copy(mistake.edits)
    require_equal(grade(mistake.graded), {}, "checks that fail")


def test_found_by_make_grade():
    """make grade EX=N makes all checks of an exercise, that one too."""
    mistake = MISTAKES["an env that is blocked runs"]
    enter_copy(few=True)
    make_edits(mistake.edits)
    says("make grade", make("-s", "grade", f"EX={mistake.exercise}", fails=True), mistake.says)


@pytest.mark.thorough
def test_inspect_after_no_sleep():
    """inspect finds interrupts that stay on after a sleep, even if the monitor has not slept because
    its commands were there already."""
    enter_copy(few=True)
    edit("inc/x86.h", "sti; hlt; cli", "sti; hlt")
    make()
    with Machine(command("hello", end=False)) as machine:
        machine.prompt()
        machine.type("run hello\ninspect\n")
        machine.expect("^inspect: interrupts: FAIL ")


def test_document():
    """The document has a line for each mistake, and for each right solution."""
    text = (ROOT / "doc/mistakes.md").read_text()
    require_equal(sorted(names_in(text)), sorted(map(cell, MISTAKES)), "mistakes in doc/mistakes.md")
    require_equal(re.findall(r"^\| ([\w-]+) \| [\d, ]+ \| [^|]+ \|$", text, re.M), RIGHT,
                  "right solutions in doc/mistakes.md")
    require_equal(re.findall(r"^\| neither \| (\d+) \|$", text, re.M), ["0"], "nobody names")


# ---- Right solutions ----

@pytest.mark.thorough
def test_right_one():
    """What is right otherwise than ours is right: the checks of its exercises pass, and the checking
    build is silent. This one stands for the others in `make check-all'."""
    enter_small_copy(solved("loop-over-envs"))
    right(set(exercises("loop-over-envs")), [])


@pytest.mark.many
@pytest.mark.parametrize("name", RIGHT)
def test_right(name):
    """The same; and all other checks pass, and all points are given."""
    enter_small_copy(solved(name))
    right(set(exercises(name)), [check for check in CHECKS if check.exercise not in exercises(name)])
    require("Score: 80/80" in (text := call("./grade-lab4", ALL)), "not the full score",
            *text.splitlines())


def right(solved_here, others):
    """The checks of some exercises and other checks pass; with those of the exercises the checking
    build says nothing."""
    mine = [check for check in CHECKS if check.exercise in solved_here]
    require_equal(grade(mine + others), {}, "checks that fail")
    require_equal(checked([check for check in mine if "panic" not in check.must]), ("", ""),
                  "panic of the checking build")
