"""The layers of kern/: no file uses one above it, and the picture shows what is."""

from pathlib import Path

import pytest

from gradebuild import objdir

from kit import ROOT, call, edit, enter_copy, make, params, require, require_equal

LAYERS = "tools/build/layers.py"
PICTURE = "doc/layers.svg"


def check(*flags, **options):
    """Check the layers of the current tree; return what is said."""
    nm = make("-s", "print-nm").strip()
    return call("python3", LAYERS, "--objects", str(objdir() / "kern"), "--nm", nm, *flags,
                **options).splitlines()


def test_layers():
    """All is as kern/LAYERS says, and drawn."""
    enter_copy()
    check("--draw", PICTURE)
    require(Path(PICTURE).read_text() == (ROOT / PICTURE).read_text(),
            f"{PICTURE} is not what there is now: make layers draws it again")


# What breaks the layers: a file, a text in it and what stands there instead; and what is said.
BROKEN = {
    "a call upwards": (
        "kern/kick.c", "int ncpu_halted;", "void monitor(void *);\nvoid (*up)(void *) = monitor;\n"
        "int ncpu_halted;", "kern/kick uses kern/monitor, which is above it: monitor"),
    "a header from above": (
        "kern/kick.c", "#include <kern/lapic.h>", "#include <kern/env.h>\n#include <kern/lapic.h>",
        "kern/kick uses kern/env, which is above it: #include in kick.c"),
    "a call in the same layer": (
        "kern/syscall.c", "#include <kern/trapframe.h>",
        "#include <kern/sched.h>\n#include <kern/trapframe.h>",
        "kern/syscall uses kern/sched, which is in the same layer: #include in syscall.c"),
    "a file without a layer": (
        "kern/LAYERS", "envstate\n", "", "kern/envstate is in no layer"),
    "a layer without a file": (
        "kern/LAYERS", "envstate\n", "envstate\nghost\n", "ghost is in a layer, but not in kern/"),
    "an exception for nothing": (
        "kern/LAYERS", "upward: inspect trap\n", "upward: inspect trap\nupward: cga trap\n",
        "an exception that nobody needs: upward cga trap"),
}


@pytest.mark.parametrize("file, old, new, complaint", params(BROKEN))
def test_broken(file, old, new, complaint):
    """It is told in one line."""
    enter_copy()
    edit(file, old, new)
    make()
    lines = check(fails=True)
    require_equal(lines[:-1], [complaint], "complaints")
