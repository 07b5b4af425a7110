"""This tree: its files, its kernel as built, git. Who imports this can import the grader, too."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tools/grade")]

from gradebuild import objdir

# How the names of generated files begin, where there is no git that knows.
GENERATED = re.compile(r"(\.git|\.gdbinit)(/|$)|obj|jos\.out|.*__pycache__/")


class GitError(Exception):
    """Why git has not done what it should, in one line."""


def git(where: Path, *arguments: str) -> str:
    """Run git without regard to what its user has configured; return its output."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")
    who = ("-c", "user.name=JOS", "-c", "user.email=jos@localhost", "-c", "safe.directory=*")
    try:
        done = subprocess.run(["git", *who, *arguments], cwd=where, env=clean, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except FileNotFoundError as error:
        raise GitError("git is missing") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or ["it failed"]
        raise GitError(f"git {arguments[0]}: {said[-1]}") from error
    return os.fsdecode(done.stdout)


def in_git() -> bool:
    """Return whether git is installed and knows this tree."""
    try:
        return bool(git(ROOT, "ls-files", "GNUmakefile"))
    except GitError:
        return False


def sources() -> List[Path]:
    """Return the files of this tree that are not generated, relative to it."""
    if in_git():
        names = git(ROOT, "ls-files", "-coz", "--exclude-standard").split("\0")[:-1]
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")]
        names = [name for name in names if not GENERATED.match(name)]
    return [Path(name) for name in sorted(names) if (ROOT / name).is_file()]


def copy_sources(to: Path) -> Path:
    """Copy the files of this tree that are not generated to a directory; return that."""
    for file in sources():
        (to / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, to / file)
    return to


def copy_objects(to: Path) -> None:
    """Copy what make has built of this tree to obj in a copy of its sources, if make builds it in
    obj: that it is called so matters to make."""
    def others(directory: str, names: List[str]) -> List[str]:
        if directory != str(ROOT / "obj"):
            return []
        return [name for name in names if name not in ("boot", "kern", "lib", "user", ".deps")
                and not name.startswith(".vars.")]

    if ROOT / objdir() == ROOT / "obj":
        shutil.copytree(ROOT / "obj", to / "obj", ignore=others)


def symbols() -> Dict[str, int]:
    """Return the addresses of the kernel's symbols."""
    lines = (objdir() / "kern/kernel.sym").read_text().splitlines()
    return {name: int(address, 16) for address, _, name in map(str.split, lines)}
