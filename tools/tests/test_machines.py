"""make check-machines, with a stand-in for what makes and enters a machine."""

import os
from pathlib import Path

import pytest

from kit import complaints, enter_copy, make, require, require_equal, scratch

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may make machines")

# Called as unshare is. It makes an empty machine, or says what the commands of a step would say.
STAND_IN = r"""#!/bin/sh
case "$*" in
*debootstrap*)
	for directory; do case $directory in *.new) mkdir -p "$directory/etc/apt/apt.conf.d" ;; esac; done
	;;
*'make qemu'*) echo 'No runnable environments in the system!' ;;
*"CHECKFLAGS='-k \"gdb or trace\"' "*'make check'*) echo '1 passed, 0 failed' ;;
*'make check-all'*) echo '3 passed, 0 failed' ;;
*'make check'*) echo '2 passed, 1 failed'; echo 'make: *** Error'; exit 2 ;;
*'make bench'*) echo 'nothing that bench says' ;;
esac
"""


@pytest.fixture(autouse=True)
def tools(monkeypatch):
    """Have the stand-in for unshare, and no debootstrap that would make something."""
    place = scratch()
    for name in ("unshare", "debootstrap"):
        (place / name).write_text(STAND_IN)
        (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")


def check_machines(*variables: str, fails: bool = False):
    """Run it in a copy of the tree, which is in git; return the lines it says."""
    enter_copy()
    for words in ("init -q", "add README", "-c user.name=x -c user.email=x commit -q -m x"):
        require_equal(os.system(f"git {words}"), 0, f"status of git {words}")
    return complaints(make("-s", "check-machines", *variables, fails=fails))


def test_report():
    """A line for each step of each machine, what fails with its reason, and a sum."""
    lines = check_machines("MACHINES=one two", "STEPS=boot check bench check-all", fails=True)
    require_equal(lines[-1], "6 passed, 4 failed", "last line")
    for name, at in (("one", 0), ("two", 5)):
        prepare, boot, check, bench, everything = lines[at:at + 5]
        for line, step in ((prepare, "prepare"), (boot, "boot"), (everything, "check-all")):
            require(line.startswith(f"{name}: {step}: passed ("), "wrong line", line)
        require(check.startswith(f"{name}: check: failed: check ended with status 2: 2 passed, 1 "
                                 "failed, see "), "wrong line", check)
        require_equal(bench, f"{name}: bench: failed: no `^Built with'", "line")
    require(Path("obj/machines/two.logs/boot.txt").exists(), "no log")


def test_all_well():
    """Then its status is 0; the machine is used again."""
    lines = check_machines("MACHINES=one", "STEPS=boot")
    require_equal(lines[-1], "2 passed, 0 failed", "last line")
    mark = Path("obj/machines/one/mark")
    mark.touch()
    make("-s", "check-machines", "MACHINES=one", "STEPS=boot")
    require(mark.exists(), "the machine is made again")


def test_some_tests():
    """Only the tests that are asked for run there."""
    lines = check_machines("MACHINES=one", "STEPS=check", 'CHECKFLAGS=-k "gdb or trace"')
    require_equal(lines[-1], "2 passed, 0 failed", "last line")


@pytest.mark.parametrize("variable, line", [
    ("STEPS=bot", "STEPS=bot is no step. There are: boot check gdb bench check-all"),
    ("MACHINES=../etc", "MACHINES=../etc is no release of Debian. Try MACHINES=unstable")])
def test_bad_use(variable, line):
    """One line says what is wrong."""
    require_equal(check_machines(variable, fails=True), [line], "complaint")
