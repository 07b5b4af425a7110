"""List the files of a hand-in that may be hostile: a directory, an archive, archives in these.

Nothing is unpacked to the disk: what is in an archive comes as bytes. Links are not followed. What
an archive is, its first bytes say, not its name.
"""

import bz2
import gzip
import io
import lzma
import os
import re
import stat
import tarfile
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Callable, Iterator, List, NamedTuple, Tuple

PARTS = ("kern", "lib", "inc")
ARCHIVE_BYTES = 64 << 20    # that an archive may have
UNPACKED_BYTES = 256 << 20  # that all in it may have
MEMBERS = 20000             # files that an archive or a directory may have
DEPTH = 12                  # of directories in one another
MADE = re.compile(r"obj(-.*)?|__MACOSX|\..*", re.DOTALL)    # directories that machines make

COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
SUFFIX = re.compile(r".*\.(zip|tar|gz|tgz|bz2|tbz2?|xz|txz)", re.DOTALL | re.IGNORECASE)

CLEAN = "run `make clean' before you pack it"

# What cannot be read, by its first bytes, and what to say of it.
OTHERS = {
    b"Rar!\x1a\x07": "is a RAR archive, which is not read here: pack it as zip or tar.gz",
    b"7z\xbc\xaf\x27\x1c": "is a 7z archive, which is not read here: pack it as zip or tar.gz",
    b"\x28\xb5\x2f\xfd": "is packed by zstd, which is not read here: pack it as zip or tar.gz",
    b"\x1f\x9d": "is packed by compress, which is not read here: pack it as zip or tar.gz",
    b"LZIP": "is packed by lzip, which is not read here: pack it as zip or tar.gz",
    b"# v2 git bundle": "is a git bundle: it has a history, not the files",
    b"# v3 git bundle": "is a git bundle: it has a history, not the files",
    b"diff --git ": "is a patch: it says what has changed, and does not have the files",
    b"--- ": "is a patch: it says what has changed, and does not have the files",
    b"From ": "is a patch: it says what has changed, and does not have the files",
}

# What reading an archive may raise when it is not as it should be.
BROKEN = (tarfile.TarError, zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError,
          EOFError, OSError, NotImplementedError, RuntimeError, ValueError, OverflowError)


class Refused(Exception):
    """There is nothing to grade; the text says why, to the student."""


class Member(NamedTuple):
    """A file, or what else has a name."""
    path: Tuple[str, ...]               # from the top of the directory or archive it is in
    plain: bool                         # whether it is a file, and no link or device
    read: Callable[[int], bytes]        # returns at most so many of its first bytes


# What an archive has: names, whether each is a plain file, what reads it.
Found = Iterator[Tuple[str, bool, Callable[[int], bytes]]]


def quoted(name: str) -> str:
    """Return a name, whatever is in it, for a message."""
    text = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return f"`{''.join(c if c.isprintable() else '?' for c in text[-100:])}'"


def words(name: str) -> Tuple[str, ...]:
    """Return the parts of a path, also of one with backslashes; () if it leads outside."""
    name = name.replace("\\", "/")
    path = tuple(word for word in name.split("/") if word not in ("", "."))
    outside = name.startswith("/") or ".." in path or re.match("[A-Za-z]:", name)
    return () if outside else path


def listed(found: Found, notes: List[str]) -> List[Member]:
    """Return the members of an archive. Of what only a machine makes, the directory is enough."""
    members, made, outside = [], set(), []
    for count, (name, plain, read) in enumerate(found):
        if count == MEMBERS:
            raise Refused(f"has more than {MEMBERS} files: {CLEAN}")
        path = words(name)
        at = next((at for at, word in enumerate(path[:-1]) if MADE.fullmatch(word)), None)
        if name and not path and name.strip("./\\"):
            outside.append(name)
        elif at is None:
            members.append(Member(path, plain, read))
        elif path[:at + 1] not in made:
            made.add(path[:at + 1])
            members.append(Member(path[:at + 1], False, read))
    if outside and not members:
        raise Refused(f"has only paths that lead outside, as {quoted(outside[0])}: pack it from "
                      "within the directory")
    notes += [f"{quoted(name)} is left out: the path leads outside" for name in outside]
    return members


def broken(error: Exception) -> str:
    """Say what is the matter with an archive that raises this."""
    if isinstance(error, NotImplementedError):
        return f"is packed in a way that is not read here ({error}): make an ordinary zip of it"
    return f"is damaged, or has not come as a whole: {error}"


# ---- Directories ----

def file_member(path: Tuple[str, ...], file: Path) -> Member:
    """Return the member that a file on the disk is."""
    def read(size):
        # Neither follow a link nor wait for whoever writes to a pipe.
        with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened:
            return opened.read(size)

    return Member(path, stat.S_ISREG(os.lstat(file).st_mode), read)


def directory(top: Path, notes: List[str]) -> List[Member]:
    """Return the members of a directory. Below a tree, only those where sources are count."""
    members: List[Member] = []
    waiting = [((), top)]
    while waiting:
        path, here = waiting.pop(0)
        try:
            names = sorted(os.listdir(here))
        except OSError as error:
            notes.append(f"{quoted('/'.join(path))} cannot be read: {error.strerror}")
            continue
        inside = len(path) > 0 and path[-1].lower() in PARTS
        tree = set(PARTS) <= {name.lower() for name in names}
        for name in names:
            below = here / name
            member = path + tuple(word for word in name.split("\\") if word not in ("", "."))
            if not stat.S_ISDIR(os.lstat(below).st_mode):
                if ".." not in member:
                    members.append(file_member(member, below))
            elif MADE.fullmatch(name) or inside or len(path) == DEPTH:
                members.append(Member(member, False, lambda size: b""))
            elif not tree or name.lower() in (*PARTS, "doc"):
                waiting.append((member, below))
        if len(members) > MEMBERS:
            raise Refused(f"the directory has more than {MEMBERS} files: {CLEAN}")
    return members


# ---- Archives ----

def archive(name: str, data: bytes, notes: List[str]) -> List[Member]:
    """Return the members of an archive. Raises Refused, also if it is none."""
    try:
        return listed(contents(name, data), notes)
    except BROKEN as error:
        raise Refused(f"{quoted(name)} {broken(error)}") from error
    except Refused as refused:
        raise Refused(f"{quoted(name)} {refused}") from None


def contents(name: str, data: bytes) -> Found:
    """Yield what is in an archive. Raises Refused with what follows the name."""
    for magic, complaint in OTHERS.items():
        if data.startswith(magic):
            raise Refused(complaint)
    if not data:
        raise Refused("is an empty file")
    if data.startswith(b"PK") or zipfile.is_zipfile(io.BytesIO(data)):
        return zipped(data)
    for magic, opener in COMPRESSED.items():
        if data.startswith(magic):
            with opener(io.BytesIO(data)) as file:
                data = file.read(UNPACKED_BYTES + 1)
            if len(data) > UNPACKED_BYTES:
                raise Refused(f"unpacks to more than {UNPACKED_BYTES >> 20} MB: {CLEAN}")
            if not is_tar(data):
                raise Refused("is one compressed file, not an archive with directories")
    if is_tar(data):
        return tarred(data)
    raise Refused("is damaged: it is no archive, although it is called so")


def is_archive(member: Member) -> bool:
    """Whether a member may be an archive, or is packed in another way."""
    if not member.plain:
        return False
    try:
        start = member.read(512)
    except BROKEN:
        return False
    magics = (*COMPRESSED, *OTHERS, b"PK\3\4", b"PK\5\6")
    return bool(SUFFIX.fullmatch(member.path[-1]) or start.startswith(magics) or is_tar(start))


def is_tar(data: bytes) -> bool:
    """Whether data begins as a tar archive does: its header has the right checksum."""
    if not data[:512].strip(b"\0"):
        return len(data) >= 1024    # one with nothing in it
    with suppress(tarfile.TarError, ValueError):
        tarfile.TarInfo.frombuf(data[:512], "utf-8", "surrogateescape")
        return True
    return False


def tarred(data: bytes) -> Found:
    """Yield what is in a tar archive."""
    packed = tarfile.open(fileobj=io.BytesIO(data), mode="r:", errors="surrogateescape")
    files = {}
    for info in packed:
        # A file that is there under two names is a link the second time.
        file = info if info.isreg() else files.get(info.linkname) if info.islnk() else None
        if file:
            files[info.name] = file
        if not info.isdir():
            yield (info.name, file is not None,
                   lambda size, file=file: packed.extractfile(file).read(size))
    if packed.offset >= len(data) or data[packed.offset:packed.offset + 512].strip(b"\0"):
        raise EOFError("its end is missing")


def zipped(data: bytes) -> Found:
    """Yield what is in a zip archive."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise EOFError("its end is missing")
    packed = zipfile.ZipFile(io.BytesIO(data))

    def read(info, size):
        with packed.open(info) as file:
            return file.read(size)

    for info in packed.infolist():
        if info.flag_bits & 1:
            raise Refused("is encrypted: pack it without a password")
        if not info.filename.endswith(("/", "\\")):
            yield (info.filename, stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG),
                   lambda size, info=info: read(info, size))
