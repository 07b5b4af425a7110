"""Read the sources of a submission that may be hostile: a directory, or an archive in one.

What counts are plain files kern/NAME, lib/NAME and inc/NAME with the names of C and assembly
sources, at the top or in a directory below it. Nothing else is even read, links are not followed,
and an archive is never unpacked: its members come as bytes.
"""

import os
import re
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

PARTS = ("kern", "lib", "inc")
SOURCE = re.compile(r"\w[\w.-]*\.[chS]", re.ASCII)
ARCHIVE = re.compile(r".*\.(tar|tar\.gz|tgz|zip)", re.DOTALL)

FILE_BYTES = 1 << 20        # that a source may have
ALL_BYTES = 8 << 20         # that all of them may have
FILES = 1000                # of them
UNPACKED_BYTES = 256 << 20  # that an archive may have
MEMBERS = 20000             # that an archive may have


# What reading an archive may raise.
BROKEN_ARCHIVE = (tarfile.TarError, zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError,
                  OSError, NotImplementedError, RuntimeError, ValueError)


class Member(NamedTuple):
    """A member of an archive."""
    name: str
    plain: bool                         # whether it is a file, and no link or device
    read: Callable[[int], bytes]        # returns at most so many of its first bytes


class Refused(Exception):
    """There is nothing to grade; the text says why, to the student."""


# A source's name, such as kern/init.c, and what is in it; or why it is not taken.
Sources, Notes = Dict[str, bytes], List[str]


def read_submission(top: Path) -> Tuple[Sources, Notes]:
    """Return the sources of a submission and remarks on what is left out."""
    notes: Notes = []
    if not top.is_dir():
        raise Refused("there is no submission")
    names = sorted(os.listdir(top))
    below = [top / name for name in names if is_directory(top / name)]
    for base in [top, *below]:
        if is_directory(base / "kern"):
            sources = collect(directory_files(base, notes), notes)
            if sources:
                return sources, notes
    for name in names:
        if ARCHIVE.fullmatch(name) and stat.S_ISREG(os.lstat(top / name).st_mode):
            sources = collect(archive_files(top / name, notes), notes)
            if sources:
                return sources, notes
    raise Refused("there is no directory kern/ with sources in it, and no tar or zip file")


def is_directory(path: Path) -> bool:
    """Whether path is a directory, and not a link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def collect(files: Iterator[Tuple[str, bytes]], notes: Notes) -> Sources:
    """Return what is acceptable of these files."""
    sources: Sources = {}
    left = ALL_BYTES
    for name, data in files:
        if len(data) > FILE_BYTES:
            notes.append(f"{name} is left out: it has more than {FILE_BYTES} bytes")
        elif len(sources) == FILES or len(data) > left:
            raise Refused(f"more than {FILES} sources, or than {ALL_BYTES >> 20} MB of them")
        else:
            sources[name] = data
            left -= len(data)
    return sources


def directory_files(base: Path, notes: Notes) -> Iterator[Tuple[str, bytes]]:
    """Yield name and contents, which may be cut, of each source in a directory."""
    for part in PARTS:
        if not is_directory(base / part):
            continue
        for name in sorted(os.listdir(base / part)):
            if not SOURCE.fullmatch(name):
                continue
            # Neither follow a link nor wait for whoever writes to a pipe.
            try:
                handle = os.open(base / part / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                notes.append(f"{part}/{name} is left out: it cannot be read, or is a link")
                continue
            if stat.S_ISREG(os.fstat(handle).st_mode):
                with open(handle, "rb") as file:
                    yield f"{part}/{name}", file.read(FILE_BYTES + 1)
            else:
                os.close(handle)
                notes.append(f"{part}/{name} is left out: it is no plain file")


def archive_files(path: Path, notes: Notes) -> Iterator[Tuple[str, bytes]]:
    """Yield the same for an archive: for the first of its directories that has sources in kern/."""
    try:
        with zipfile.ZipFile(path) if path.suffix == ".zip" else tarfile.open(path) as archive:
            members = zip_members(archive) if path.suffix == ".zip" else tar_members(archive)
            found = [(base, name, plain, read) for full, plain, read in members
                     for base, name in [split_name(full)] if name]
            first = next((base for base, name, *_ in found if name.startswith("kern/")), None)
            for base, name, plain, read in found:
                if base == first and plain:
                    yield name, read(FILE_BYTES + 1)
                elif base == first:
                    notes.append(f"{name} is left out: it is no plain file")
    except BROKEN_ARCHIVE as error:
        raise Refused(f"{path.name!r} is damaged: {error}") from error


def split_name(full: str) -> Tuple[str, str]:
    """Split the name of a member that is a source: x/kern/init.c into x and kern/init.c."""
    words = [word for word in full.split("/") if word != "."]
    good = (len(words) in (2, 3) and words[-2] in PARTS and SOURCE.fullmatch(words[-1])
            and words[0] not in ("", ".."))
    return ("/".join(words[:-2]), "/".join(words[-2:])) if good else ("", "")


def tar_members(archive: tarfile.TarFile) -> List[Member]:
    """Return the members of a tar file."""
    members, size = [], 0
    for info in archive:
        size += info.size
        if len(members) == MEMBERS or size > UNPACKED_BYTES:
            raise Refused("the archive is too large")
        members.append(Member(info.name, info.isreg(),
                              lambda n, info=info: archive.extractfile(info).read(n)))
    return members


def zip_members(archive: zipfile.ZipFile) -> List[Member]:
    """Return the members of a zip file."""
    def read(info, size):
        with archive.open(info) as file:
            return file.read(size)

    infos = archive.infolist()
    if len(infos) > MEMBERS:
        raise Refused("the archive is too large")
    return [Member(info.filename, stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG),
                   lambda n, info=info: read(info, n)) for info in infos]
