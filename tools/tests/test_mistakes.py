"""Typical mistakes in the exercises: make grade EX=N finds each, and says what it is."""

import re
from pathlib import Path

from gradetests import CHECKS

import pytest

from kit import call, edit, enter_copy, excerpt, make, params, require
from machine import Machine, command
from mistakes import MISTAKES
from mistakes.instead import SIMPLE_FORK, loop

pytestmark = pytest.mark.handout


def enter_copy_with(*edits):
    """Go to a fresh copy of the tree, and make these edits in it."""
    enter_copy()
    for file, old, new in zip(edits[0::3], edits[1::3], edits[2::3]):
        edit(file, old or Path(file).read_text(), new)


def found(exercise, check, says, edits, grade):
    """The check fails when the mistake is graded, and what is shown of it explains why."""
    enter_copy_with(*edits)
    text = grade()
    result = re.search(rf"^ex{exercise}:{check}: FAIL .*\n((?: .*\n)*)", text, re.M)
    require(result and re.search(says, result[1]), f"ex{exercise}:{check} does not say `{says}'",
            *excerpt(text.splitlines()))


@pytest.mark.thorough
@pytest.mark.parametrize("exercise, check, says, edits", params(
    {what: (*details[:3], details[3:]) for what, details in MISTAKES.items()}))
def test_found(exercise, check, says, edits):
    """The check that is named finds each. What a check says may depend on when a tick comes: where
    it has no seed, ticks are counted in instructions, so that the host has no say."""
    name = f"ex{exercise}:{check}"
    graded = next(graded for graded in CHECKS if graded.name == name)
    clock = [] if graded.seed else ["QEMUEXTRA=-icount shift=2,sleep=off"]
    found(exercise, check, says, edits, lambda: call("./grade-lab4", name, *clock, fails=True))


def test_found_by_make_grade():
    """make grade EX=N makes all checks of an exercise, that one too."""
    exercise, check, says, *edits = MISTAKES["an env that is blocked runs"]
    found(exercise, check, says, edits,
          lambda: make("-s", "grade", f"EX={exercise}", fails=True))


@pytest.mark.thorough
def test_simple():
    """What is right otherwise than ours is right: all checks pass, and all points are given."""
    enter_copy_with(*SIMPLE_FORK, *loop())
    make("-s", "grade", "EX=6 12")
    text = make("-s", "grade")
    require("Score: 80/80" in text, "not the full score", *text.splitlines())


@pytest.mark.thorough
def test_inspect_after_no_sleep():
    """inspect finds interrupts that stay on after a sleep, even if the monitor has not slept because
    its commands were there already."""
    enter_copy()
    edit("inc/x86.h", "sti; hlt; cli", "sti; hlt")
    make()
    with Machine(command("hello", end=False)) as machine:
        machine.prompt()
        machine.type("run hello\ninspect\n")
        machine.expect("^inspect: interrupts: FAIL ")
