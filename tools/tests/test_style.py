"""The tree itself: nothing generated in it, files of a size that fits in the head."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from kit import call, enter_copy, make, need, require_equal
from tree import in_git, sources

SUFFIXES = (".c", ".h", ".S", ".py", ".js", ".css", ".html")
LINES = 450     # that a file may have; fewer is better
TARGETS = "make qemu qemu-nox qemu-gdb run- gdb grade check clean".split()


def test_tracked():
    """What .gitignore names is not in git."""
    if not in_git():
        pytest.skip("not in git")
    require_equal(call("git", "ls-files", "-ci", "--exclude-standard").splitlines(), [],
                  "tracked files that are generated")


def test_not_in_git():
    """They are those of this tree, nothing that is generated."""
    expected = sources()
    enter_copy()
    make(".gdbinit")
    listed = call(sys.executable, "-c",
                  "import sys; sys.path.append('tools/common'); sys.dont_write_bytecode = True; "
                  "from tree import sources; print(*sources(), sep='\\n')")
    require_equal(listed.splitlines(), list(map(str, expected)), "files")


def test_length():
    """No source file is long."""
    files = [file for file in sources() if file.suffix in SUFFIXES]
    require_equal([f"{file}: {count}" for file in files
                   if (count := len(file.read_text().splitlines())) >= LINES], [], "long files")


def test_readme():
    """Each target a newcomer needs is in it."""
    if not os.path.exists("README"):
        pytest.skip("there is no README")
    text = Path("README").read_text()
    require_equal([target for target in TARGETS
                   if not re.search(rf"(?<![\w-]){target}(?![\w-])" if target[-1] != "-"
                                    else rf"\b{target}\w", text)], [], "targets missing")


def test_scripts():
    """perl agrees with every script, and those one calls by name are executable."""
    for file in sources():
        if file.suffix == ".pl":
            call("perl", "-c", str(file))
    require_equal([name for name in ("grade-lab4", ".ci/run") if not os.access(name, os.X_OK)], [],
                  "scripts that are not executable")


# ---- What other programs think of it ----

# clang-format's verdict depends on its version. Files that are formatted by hand: what is aligned
# in them makes a table.
CLANG_FORMAT = 14
BY_HAND = {"inc/mmu.h", "kern/cpu.h"}


def test_clang_format():
    """C code looks as .clang-format says."""
    formatter = next(filter(shutil.which, (f"clang-format-{CLANG_FORMAT}", "clang-format")), "")
    if not formatter or f"version {CLANG_FORMAT}." not in call(formatter, "--version"):
        pytest.skip(f"clang-format {CLANG_FORMAT} is not installed")
    files = [str(file) for file in sources()
             if file.suffix in (".c", ".h") and str(file) not in BY_HAND
             and not str(file).startswith(("tools/handout/instead", "tools/tests/right"))]  # parts
    text = call(formatter, "-n", *files)
    require_equal(sorted(set(re.findall(r"^(\S+):\d+:\d+: warning: code should be", text, re.M))),
                  [], "files with another format")


def test_pyflakes():
    """Python code has no names that are not defined, or not used."""
    need("pyflakes3")
    scripts = [str(file) for file in sources()
               if file.suffix == ".py" or file.name.startswith("grade-")]
    call("pyflakes3", *scripts)


def test_cppcheck():
    """The kernel and the library have nothing of what cppcheck calls an error, or a warning.
    (Programs that are hostile on purpose have. It is wrong about symbols from a linker script,
    which may be compared, and about conditions that a function has checked for its caller, which
    compilers see through.)"""
    need("cppcheck")
    call("cppcheck", "-q", "--error-exitcode=1", "--enable=warning,performance", "--std=c11",
         "--platform=unix32", "--suppress=comparePointers", "--suppress=uninitvar",
         "--suppress=nullPointerRedundantCheck", "-I.", "-DJOS_KERNEL", "-D__attribute__(x)=",
         "boot", "kern", "lib")
