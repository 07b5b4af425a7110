"""The models of the protocols between CPUs: they are about the kernel as it is, they hold, and each
planted mistake is found."""

import sys

import pytest

import models
import places
import planted

from kit import ROOT, call, edit, enter_copy, make, need, require, require_equal


def test_marks():
    """Each step of a model has one place in the kernel, which has not changed since they were
    compared."""
    require_equal(places.complaints(), [], "marks")


def test_mistakes_fit():
    """What a mistake changes is there once, and is changed."""
    for name, mistake in planted.MISTAKES.items():
        text = (places.MODELS / f"{mistake.model}.pml").read_text()
        for old, new in mistake.edits:
            require_equal(text.count(old), 1, f"count of what `{name}' changes")
            text = text.replace(old, new)


def test_document():
    """The document names all mistakes."""
    text = (ROOT / "doc/models.md").read_text()
    require_equal([name for name in planted.MISTAKES if f"| {name} | " not in text], [],
                  "mistakes that doc/models.md lacks")


@pytest.mark.thorough
def test_some():
    """Each model holds with as few CPUs as it can have, and a mistake in it is found."""
    need("spin", "gcc")
    for name in "lock", "halt", "start":    # kick has too many orders for a short test
        found = models.run(models.Search(name, 2))
        require(found.wrong is None, f"{name}: {found.wrong}", *found.steps)
    for name in "lock", "kick", "halt", "start":
        mistake = next(each for each in planted.MISTAKES.values() if each.model == name)
        found = models.run(models.Search(name, mistake.cpus, mistake.options, mistake.edits))
        require(found.wrong and found.steps, f"{name}: the mistake is not found")


@pytest.mark.many
def test_prove():
    """All models hold, all mistakes are found, and the document says so."""
    need("spin", "gcc")
    enter_copy(built=False)
    call(sys.executable, "tools/models/models.py", "--write", "doc/models.md")
    if "6.5.2" in call("spin", "-V"):      # another version may search in another order
        call("diff", str(ROOT / "doc/models.md"), "doc/models.md")


@pytest.mark.thorough
def test_changed():
    """What has changed at a mark is told, with the step to look at; and so is a lost mark."""
    need("spin", "gcc")
    enter_copy(built=False)
    edit("kern/kick.c", "ncpu_halted--;", "ncpu_halted -= 1;")
    edit("kern/trap.c", " // [K13]", "")
    text = make("prove", "ONLY=without a kick", fails=True)
    require("what [H3] marks has changed: is step [H3] of tools/models/halt.pml still right?" in text
            and "0 places in kern/ have the mark [K13], not one" in text, "it is not told",
            *text.splitlines())
    require("CPU 1" in text and "marks CPU" in text, "no steps are shown", *text.splitlines()[-9:])
