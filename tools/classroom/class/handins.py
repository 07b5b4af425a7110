"""The hand-ins of a folder, and what is known of each: its record, a file in the results.

A record has what read it and graded it, so that an interrupted run can go on, and a second one does
nothing twice.
"""

import hashlib
import json
import os
import re
import stat
from datetime import datetime
from pathlib import Path
from typing import Collection, List, NamedTuple, Optional

from weights import by_test

SUFFIX = re.compile(r"(.+?)\.(zip|tar|tar\.\w+|tgz|tbz2?|txz|rar|7z|bundle|patch)",
                    re.DOTALL | re.IGNORECASE)


class HandIn(NamedTuple):
    """A file or a directory that somebody has handed in."""
    name: str               # whose it is, as its name says
    path: Path

    @property
    def shown(self) -> str:
        """The name, whatever is in it, in characters that can be printed."""
        text = self.name.encode("utf-8", "backslashreplace").decode("utf-8")
        return "".join(c if c.isprintable() else "?" for c in text)

    def digest(self) -> str:
        """Return what is another one when anything in the hand-in is."""
        found = hashlib.sha256()
        for path in [self.path, *files_below(self.path)]:
            found.update(os.fsencode(os.path.relpath(path, self.path)) + b"\0")
            mode = os.stat(path).st_mode if path == self.path else os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                found.update(b"link " + os.fsencode(os.readlink(path)))
            elif stat.S_ISREG(mode):
                found.update(f"file {os.stat(path).st_size} ".encode())
                found.update(contents(path))
        return found.hexdigest()

    def time(self) -> datetime:
        """Return when the newest of its files was written."""
        files = [path for path in files_below(self.path) if not path.is_dir()] or [self.path]
        newest = max(os.lstat(path).st_mtime if path != self.path else os.stat(path).st_mtime
                     for path in files)
        return datetime.fromtimestamp(newest).astimezone()


def contents(path: Path) -> bytes:
    """Return the digest of a file, or what there is instead of it."""
    try:
        with open(path, "rb") as file:
            digest = hashlib.sha256()
            while data := file.read(1 << 20):
                digest.update(data)
            return digest.digest()
    except OSError:
        return b"cannot be read"


def files_below(top: Path) -> List[Path]:
    """Return all below a directory, in an order that is always the same."""
    return sorted(Path(here) / name for here, directories, files in os.walk(top)
                  for name in (*directories, *files))


def hand_ins(folder: Path) -> List[HandIn]:
    """Return the hand-ins in a folder: each file and directory in it that is not hidden."""
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    names = [bare_name(path) for path in paths]
    return [HandIn(path.name if names.count(name) > 1 else name, path)
            for name, path in zip(names, paths)]


def bare_name(path: Path) -> str:
    """Return a name without what says that it is an archive."""
    match = None if path.is_dir() else SUFFIX.fullmatch(path.name)
    return match[1] if match else path.name


# ---- Records ----

class Record:
    """What is known of a hand-in."""

    def __init__(self, handin: str, grader: str):
        self.handin, self.grader = handin, grader   # digests
        self.read = False           # whether it has been read
        self.refused = ""           # why it cannot be graded, if so
        self.notes: List[str] = []  # what is left out
        self.answers = ""
        self.build = ""             # what the compiler said if it failed
        self.tests: dict = {}       # what by_test() says of each

    def missing(self, wanted: Collection[str]) -> List[str]:
        """Return which of these tests are still to run."""
        return [] if self.refused else [name for name in wanted if name not in self.tests]

    def add(self, wanted: Collection[str], graded: dict) -> None:
        """Add what the autograder says of these tests."""
        self.build = graded["build"]
        self.tests.update(by_test(wanted, graded))


class Records:
    """The records of all hand-ins, in a directory."""

    def __init__(self, directory: Path):
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def _path(self, name: str) -> Path:
        raw = os.fsencode(name)
        plain = re.sub(rb"[^\w.-]", b"_", raw).decode("ascii")[:80]
        return self._directory / f"{plain}-{hashlib.sha256(raw).hexdigest()[:8]}.json"

    def load(self, name: str) -> Optional[Record]:
        """Return the record of a hand-in, if there is one that can be read."""
        try:
            stored = json.loads(self._path(name).read_text(encoding="ascii"))
            record = Record("", "")
            if stored.keys() != vars(record).keys():
                return None
            vars(record).update(stored)
            return record
        except (OSError, ValueError, AttributeError):
            return None

    def store(self, name: str, record: Record) -> None:
        """Keep a record: the whole of it, or what was there before."""
        path = self._path(name)
        unfinished = path.with_suffix(".new")
        unfinished.write_text(json.dumps(vars(record), indent=1) + "\n", encoding="ascii")
        unfinished.replace(path)
