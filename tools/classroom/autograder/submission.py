"""Find the tree in a hand-in that may be hostile, however it is packed, and read its sources.

What counts are plain files kern/NAME, lib/NAME and inc/NAME with the names of C and assembly
sources, in a directory that has all three. Names may be in upper case. What is refused is refused
with the reason: this is what a student reads.
"""

import re
from pathlib import Path
from typing import Collection, Dict, List, NamedTuple, Optional, Tuple

from unpack import (ARCHIVE_BYTES, BROKEN, MADE, PARTS, SUFFIX, Member, Refused, archive, broken,
                    directory, file_member, is_archive, quoted)

SOURCE = re.compile(r"\w[\w.-]*\.[chS]", re.ASCII)
LOOKS_LIKE_ONE = re.compile(r"[^.].*\.[ch]|[^.].*\.s", re.DOTALL | re.IGNORECASE)
ANSWERS = "lab4.md"         # in doc/: the file with the answers to the lab's questions
COPY = re.compile(r"(.+?) ?\(\d+\)(\.\w)", re.DOTALL)      # as browsers name a second copy
BACKUP = re.compile(r"(?<![a-z])(backup|bak|old|orig|copy|kopie|copia)(?![a-z])|~$", re.IGNORECASE)

FILE_BYTES = 1 << 20        # that a source may have
ALL_BYTES = 8 << 20         # that all of them may have
FILES = 1000                # of them
NESTED = 3                  # archives in one another
ARCHIVES = 20               # that are looked into
DIFFERENT = 5               # trees of which it is seen whether they differ

# A source's name, such as kern/init.c, and what is in it.
Sources = Dict[str, bytes]


class Submission(NamedTuple):
    """What has been read."""
    sources: Sources
    notes: List[str]            # remarks on what is left out
    answers: bytes              # the file with the answers, which may be cut; b"" if there is none


class Tree(NamedTuple):
    """A directory with kern/, lib/ and inc/."""
    archive: str                # what it is in, "" for a directory
    base: Tuple[str, ...]
    members: List[Member]       # all files below base, their paths from there

    @property
    def name(self) -> str:
        """What to call it."""
        return "/".join(filter(None, (self.archive, *self.base))) or "."


def read_submission(top: Path, known: Collection[str] = ()) -> Submission:
    """Return what is to be graded of a directory or a file.

    known   the names of sources that the lab's tree has: some are meant when another is there
    """
    notes: List[str] = []
    if top.is_dir():
        members = directory(top, notes)
    elif top.is_file():
        members = [file_member((top.name,), top)]
    else:
        raise Refused("there is no submission")
    troubles: List[str] = []
    found = trees("", members, notes, troubles)
    if not found:
        raise Refused("; ".join(list(dict.fromkeys(troubles))[:3]))
    notes += [f"left out: {trouble}" for trouble in troubles]
    return chosen(found, known, notes)


# ---- Finding it ----

def trees(name: str, members: List[Member], notes: List[str], troubles: List[str],
          depth: int = 0) -> List[Tree]:
    """Return the trees among these files or, if there are none, in the archives among them.

    name    of the archive they are in
    """
    bases: Dict[Tuple[str, ...], set] = {}
    for member in members:
        if (len(member.path) > 1 and member.plain and member.path[-2].lower() in PARTS
                and LOOKS_LIKE_ONE.fullmatch(member.path[-1])):
            bases.setdefault(member.path[:-2], set()).add(member.path[-2].lower())
    whole = [base for base in bases if bases[base] == set(PARTS)]
    if whole:
        notes += [f"{quoted('/'.join(member.path))} is left out: there are sources beside it"
                  for member in members if member.plain and SUFFIX.fullmatch(member.path[-1])
                  and len(member.path) <= min(map(len, whole)) + 1]
        return [Tree(name, base, below(base, members)) for base in whole
                if not any(base[:n] in whole for n in range(len(base)))]
    packed = [member for member in members if is_archive(member)] if depth < NESTED else []
    found: List[Tree] = []
    for member in packed[:ARCHIVES]:
        inner = "/".join(filter(None, (name, *member.path)))
        try:
            found += trees(inner, opened(member, inner, notes), notes, troubles, depth + 1)
        except Refused as refused:
            troubles.append(str(refused))
    if not packed:
        where = f"{quoted(name)}: " if name else ""
        troubles.append(where + what_is_missing(members, bases))
    return found


def opened(member: Member, name: str, notes: List[str]) -> List[Member]:
    """Return what is in an archive."""
    try:
        data = member.read(ARCHIVE_BYTES + 1)
    except BROKEN as error:
        raise Refused(f"{quoted(name)} cannot be read: {error}") from error
    if len(data) > ARCHIVE_BYTES:
        raise Refused(f"{quoted(name)} has more than {ARCHIVE_BYTES >> 20} MB")
    return archive(name, data, notes)


def below(base: Tuple[str, ...], members: List[Member]) -> List[Member]:
    """Return the members below a directory, with paths from there."""
    return [member._replace(path=member.path[len(base):]) for member in members
            if member.path[:len(base)] == base]


def what_is_missing(members: List[Member], bases: Dict[Tuple[str, ...], set]) -> str:
    """Say why there is no tree among these files."""
    files = [member for member in members if member.plain]
    loose = [member.path[-1] for member in files if LOOKS_LIKE_ONE.fullmatch(member.path[-1])]
    made = [member.path[-1] for member in members
            if not member.plain and MADE.fullmatch(member.path[-1])]
    links = ["/".join(member.path) for member in members
             if not member.plain and member.path[-1].lower() in PARTS]
    if bases:
        base = max(bases, key=lambda base: len(bases[base]))
        there, missing = ([part for part in PARTS if (part in bases[base]) == there]
                          for there in (True, False))
        return (f"sources are in {' and '.join(f'{part}/' for part in there)}, but none in "
                f"{' and '.join(f'{part}/' for part in missing)} beside it: all three are needed")
    if links:
        return f"{quoted(links[0])} is a link, or no directory"
    if loose:
        return (f"the sources lie loose, not in the directories kern/, lib/ and inc/: "
                f"{some(loose)}")
    if files:
        return f"there is no directory kern/ with sources in it, only {some(names(files))}"
    if ".git" in made:
        return "there is only .git in it: a history, without the files"
    if made:
        return f"there is only {some(made)} in it, which has no sources"
    return "there is no directory kern/ with sources in it: it is empty"


def names(members: List[Member]) -> List[str]:
    """Return the names of files."""
    return ["/".join(member.path) for member in members]


def some(found: List[str]) -> str:
    """Return the first of some names, for a message."""
    return ", ".join(map(quoted, found[:5])) + (", ..." if len(found) > 5 else "")


# ---- Choosing and reading ----

def chosen(found: List[Tree], known: Collection[str], notes: List[str]) -> Submission:
    """Read the tree to grade; refuse if it is not clear which one that is."""
    fresh = [tree for tree in found if not BACKUP.search(tree.name)] or found
    notes += [f"{quoted(tree.name)} is left out: it is called a backup, {quoted(fresh[0].name)} is not"
              for tree in found if tree not in fresh]
    first, *others = [read_tree(tree, known) for tree in fresh[:DIFFERENT]]
    if len(fresh) > DIFFERENT or any(other.sources != first.sources for other in others):
        raise Refused(f"there are {len(fresh)} trees that differ: {some([t.name for t in fresh])}. "
                      "Hand in one")
    return first._replace(notes=notes + first.notes)


def read_tree(tree: Tree, known: Collection[str]) -> Submission:
    """Read the sources of a tree, and the answers."""
    notes: List[str] = []
    sources: Sources = {}
    left = ALL_BYTES
    for name, member in named(tree, known, notes):
        data = read(tree, member, name, notes)
        if data is None:
            continue
        if len(data) > FILE_BYTES:
            notes.append(f"{name} is left out: it has more than {FILE_BYTES} bytes")
        elif len(sources) == FILES or len(data) > left:
            raise Refused(f"more than {FILES} sources, or than {ALL_BYTES >> 20} MB of them")
        else:
            sources[name] = data
            left -= len(data)
    answers = [member for member in tree.members if member.path[-1].lower() == ANSWERS]
    answered = answers and read(tree, min(answers, key=lambda member: len(member.path)), ANSWERS,
                                notes)
    return Submission(sources, notes, answered or b"")


def named(tree: Tree, known: Collection[str], notes: List[str]) -> List[Tuple[str, Member]]:
    """Return the sources of a tree with the names that they are to have."""
    lower = {name.lower(): name for name in known}
    found: Dict[str, Member] = {}
    for member in tree.members:
        if (len(member.path) != 2 or member.path[0].lower() not in PARTS
                or not LOOKS_LIKE_ONE.fullmatch(member.path[1])):
            continue
        as_is, name = "/".join(member.path), proper_name(*member.path, lower)
        if not name:
            notes.append(f"{quoted(as_is)} is left out: of a source's name, make takes only "
                         "letters, digits and _ . -")
        elif name not in found or as_is == name:
            found[name] = member
    for member in tree.members:
        name = proper_name(*member.path, lower) if len(member.path) == 2 else ""
        if name in found and found[name].path != member.path:
            notes.append(f"{quoted('/'.join(member.path))} is left out: there is "
                         f"{quoted('/'.join(found[name].path))}, too")
        elif name in found and COPY.fullmatch(member.path[1]):
            notes.append(f"{quoted('/'.join(member.path))} is taken as {name}")
    return list(found.items())


def proper_name(part: str, file: str, lower: Dict[str, str]) -> str:
    """Return which name a source is to have, "" if it can have none.

    lower   the names that are known, by what they are in lower case
    """
    part, copy = part.lower(), COPY.fullmatch(file)
    if f"{part}/{file}".lower() in lower:
        return lower[f"{part}/{file}".lower()]
    if SOURCE.fullmatch(file):
        return f"{part}/{file}"
    if SOURCE.fullmatch(file.lower()):      # as in PMAP.C
        return f"{part}/{file.lower()}"
    return proper_name(part, copy[1] + copy[2], lower) if copy else ""


def read(tree: Tree, member: Member, name: str, notes: List[str]) -> Optional[bytes]:
    """Return what is in a file, cut if it is large, as UTF-8 if it says that it is UTF-16."""
    if not member.plain:
        notes.append(f"{name} is left out: it is a link, or no plain file")
        return None
    try:
        data = member.read(FILE_BYTES + 1)
    except BROKEN as error:
        if tree.archive:
            raise Refused(f"{quoted(tree.archive)} {broken(error)}") from error
        notes.append(f"{name} is left out: it cannot be read: {error.strerror}")
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").encode("utf-8")
    return data
