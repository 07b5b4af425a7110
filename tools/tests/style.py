"""The tree itself: nothing generated in it, files of a size that fits in the head."""

import os
import re
import sys
from pathlib import Path

from .kit import Skipped, call, enter_copy, make, require_equal, test
from tree import in_git, sources

SUFFIXES = (".c", ".h", ".S", ".py", ".js", ".css", ".html")
LINES = 450     # that a file may have; fewer is better
TARGETS = """make qemu qemu-nox qemu-gdb run- gdb grade check clean""".split()


@test("style: no generated file is tracked")
def tracked():
    """What .gitignore names is not in git."""
    if not in_git():
        raise Skipped("not in git")
    require_equal(call("git", "ls-files", "-ci", "--exclude-standard").splitlines(), [],
                  "tracked files that are generated")


@test("style: the files of a tree that is not in git")
def not_in_git():
    """They are those of this tree, nothing that is generated."""
    expected = sources()
    enter_copy()
    make(".gdbinit")
    listed = call(sys.executable, "-c",
                  "import sys; sys.path.append('tools/common'); sys.dont_write_bytecode = True; "
                  "from tree import sources; print(*sources(), sep='\\n')")
    require_equal(listed.splitlines(), list(map(str, expected)), "files")


@test("style: length of files")
def length():
    """No source file is long."""
    files = [file for file in sources() if file.suffix in SUFFIXES]
    require_equal([f"{file}: {count}" for file in files
                   if (count := len(file.read_text().splitlines())) >= LINES], [], "long files")


@test("style: README names the targets of make")
def readme():
    """Each target a newcomer needs is in it."""
    if not os.path.exists("README"):
        raise Skipped("there is no README")
    text = Path("README").read_text()
    require_equal([target for target in TARGETS
                   if not re.search(rf"(?<![\w-]){target}(?![\w-])" if target[-1] != "-"
                                    else rf"\b{target}\w", text)], [], "targets missing")


@test("style: scripts are executable and parse")
def scripts():
    """perl and Python agree with every script."""
    for file in sources():
        if file.suffix == ".pl":
            call("perl", "-c", str(file))
        elif file.suffix == ".py" or file.name.startswith("grade-"):
            compile(file.read_text(), str(file), "exec")
    require_equal([name for name in ("grade-lab4", "tools/check.py")
                   if not os.access(name, os.X_OK)], [], "scripts that are not executable")
