"""For a class: hand-ins as people pack them are taken, or refused with the reason that is true."""

import bz2
import gzip
import io
import os
import shutil
import struct
import tarfile
import zipfile

import pytest

from kit import params, require, require_equal, scratch

from submission import ALL_BYTES, FILE_BYTES, read_submission
from unpack import UNPACKED_BYTES, Refused

MAIN = {"kern/init.c": b"int x;\n", "lib/fork.c": b"int y;\n", "inc/lib.h": b"\n"}
KNOWN = ["kern/init.c", "kern/pmap.c", "kern/entry.S", "lib/fork.c", "inc/lib.h"]
OTHER = {**MAIN, "kern/init.c": b"int other;\n"}


# ---- Making them ----

def below(prefix, files=None):
    """Return the files in a directory."""
    return {prefix + name: data for name, data in (MAIN if files is None else files).items()}


def directory(files):
    """Return a directory with these files in it."""
    top = scratch()
    for name, data in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(data)
    return top


def zipped(files):
    """Return a zip archive of files, or of (ZipInfo, data)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarred(files, form="", infos=()):
    """Return a tar archive of files and of what else these TarInfos say."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{form}", errors="surrogateescape") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in infos:
            archive.addfile(info)
    return out.getvalue()


def link(name, kind, target=""):
    """Return what a tar archive has for a link, or a device."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def encrypted(data):
    """Return a zip archive whose members are said to be encrypted."""
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        parts = data.split(magic)
        data = magic.join([parts[0], *[part[:at - 4] + b"\1" + part[at - 3:]
                                       for part in parts[1:]]])
    return data


def method(data, number):
    """Return a zip archive whose members are said to be compressed by this method."""
    for magic, at in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        parts = data.split(magic)
        data = magic.join([parts[0], *[part[:at - 4] + struct.pack("<H", number) + part[at - 2:]
                                       for part in parts[1:]]])
    return data


# ---- What is taken ----

NOISE = {"README": b"", "kern/Makefrag": b"", "kern/._init.c": b"", "kern/deep/x.c": b"",
         "user/x.c": b"", "obj/kern/x.c": b"", ".git/kern/x.c": b"", "__MACOSX/kern/x.c": b"",
         "__MACOSX/jos/kern/._init.c": b""}
UPPER = {name.upper(): data for name, data in MAIN.items()}
BACKSLASHES = {name.replace("/", "\\"): data for name, data in below("jos/").items()}

STORED = {zipfile.ZipInfo(name): data for name, data in MAIN.items()}

# Files of a submission; a first word of each note, if there are any.
TAKEN = {
    "at the top": (MAIN,),
    "in a directory": (below("jos/"),),
    "in a directory with a blank": (below("a b/"),),
    "two levels down": (below("Alice/lab4/"),),
    "five levels down": (below("a/b/c/d/e/"),),
    "with much beside it": ({**MAIN, **NOISE},),
    "zip": ({"x.zip": zipped(below("jos/", {**MAIN, **NOISE}))},),
    "zip, two levels down": ({"x.zip": zipped(below("a/jos/"))},),
    "zip with backslashes": ({"x.zip": zipped(BACKSLASHES)},),
    "such a zip, unpacked here": (BACKSLASHES,),
    "zip with __MACOSX": ({"x.zip": zipped({**below("jos/"), **below("__MACOSX/jos/", OTHER)})},),
    "zip with obj/handout": ({"x.zip": zipped({**below("a/"), **below("obj/handout/", OTHER)})},),
    "zip without access rights": (
        {"x.zip": zipped(STORED)},),
    "tar": ({"x.tar": tarred(MAIN)},),
    "tar.gz": ({"x.tar.gz": tarred(below("jos/", {**MAIN, **NOISE}), "gz")},),
    "tgz": ({"x.tgz": tarred(MAIN, "gz")},),
    "tar.bz2": ({"x.tar.bz2": tarred(MAIN, "bz2")},),
    "tar.xz": ({"x.tar.xz": tarred(MAIN, "xz")},),
    "with ./ before each name": ({"x.tar": tarred(below("./"))},),
    "a name that is wrong": ({"handin.zip": tarred(MAIN, "xz")},),
    "a name without an end": ({"handin_1234": zipped(MAIN)},),
    "tar without such a name": ({"handin_1234": tarred(MAIN)},),
    "an archive in a directory": ({"file_17/handin.zip": zipped(MAIN), "file_17/hello.txt": b""},),
    "an archive in an archive": ({"x.zip": zipped({"jos.tar.gz": tarred(MAIN, "gz")})},),
    "upper case": ({"X.ZIP": zipped(UPPER)},),
    "upper case, in a directory": (below("JOS/", UPPER),),
    "names that are not UTF-8": (
        {"x.tar": tarred({**below("caf\udce9/"), "caf\udce9/m\udcfc.txt": b""})},),
    "a file under two names": (
        {"x.tar": tarred({"save/kern/init.c": MAIN["kern/init.c"], "lib/fork.c": b"int y;\n",
                          "inc/lib.h": b"\n"},
                         infos=[link("kern/init.c", tarfile.LNKTYPE, "save/kern/init.c")])},),
    "UTF-16": ({**MAIN, "lib/fork.c": "int y;\n".encode("utf-16")},),
    "a backup beside it": ({**below("jos/"), **below("jos-old/", OTHER)}, "`jos-old'"),
    "Copy of": ({"x.zip": zipped({**below("Copy of jos/", OTHER), **below("jos/")})},
                "`x.zip/Copy"),
    "a backup below it": ({**MAIN, **below("backup/", OTHER)},),
    "another tree below it": ({"x.zip": zipped({**MAIN, **below("x/", OTHER)})},),
    "only a backup": (below("jos.bak/"),),
    "twice the same": ({"x.zip": zipped(MAIN), "x (1).zip": zipped(below("jos/"))},),
    "an archive beside it": ({**MAIN, "old.zip": zipped(OTHER)}, "`old.zip'"),
    "a damaged archive beside it": ({"a.zip": b"PK\3\4", "b.zip": zipped(MAIN)}, "left"),
    "Init.c beside init.c": ({**MAIN, "kern/Init.c": b"other"}, "`kern/Init.c'"),
    "init (1).c alone": ({"kern/init (1).c": b"int x;\n", "lib/fork.c": b"int y;\n",
                          "inc/lib.h": b"\n"}, "`kern/init"),
    "init (1).c beside init.c": ({**MAIN, "kern/init (1).c": b"other"}, "`kern/init"),
    "names that are none": (
        {**MAIN, **{f"kern/{name}": b"" for name in ("a b.c", "$(x).c", "-o.c", "n\udce4.c")}},
        "`kern/$(x).c'", "`kern/-o.c'", "`kern/a", "`kern/n\\udce4.c'"),
    "paths that lead outside": (
        {"x.tar": tarred({**MAIN, **{name: b"" for name in (
            "/kern/x.c", "../kern/x.c", "../../kern/x.c", "kern/../x.c", "x/../kern/x.c",
            "C:/kern/x.c", "..\\kern\\x.c")}})},
        "`/kern/x.c'", "`../kern/x.c'", "`../../kern/x.c'", "`kern/../x.c'", "`x/../kern/x.c'",
        "`C:/kern/x.c'", "`..\\kern\\x.c'"),
    "links in a tar file": (
        {"x.tar": tarred(MAIN, infos=[
            link("kern/sym.c", tarfile.SYMTYPE, "/etc/passwd"),
            link("kern/hard.c", tarfile.LNKTYPE, "/etc/passwd"),
            link("kern/self.c", tarfile.LNKTYPE, "kern/self.c"),
            link("kern/device.c", tarfile.CHRTYPE), link("kern/pipe.c", tarfile.FIFOTYPE)])},
        "kern/sym.c", "kern/hard.c", "kern/self.c", "kern/device.c", "kern/pipe.c"),
}


@pytest.mark.parametrize("files, notes", params(
    {name: (files, notes) for name, (files, *notes) in TAKEN.items()}, TAKEN))
def test_taken(files, notes):
    """The sources are found, and what is left out is named."""
    read = read_submission(directory(files), KNOWN)
    require_equal(read.sources, MAIN, "sources")
    require_equal([note.split()[0] for note in read.notes], notes, "notes")


def test_file():
    """A submission may also be a file, of any name."""
    for data in (zipped(below("jos/")), tarred(MAIN, "xz")):
        top = directory({"Alice Smith_handin": data})
        require_equal(read_submission(top / "Alice Smith_handin").sources, MAIN, "sources")


def test_upper_case():
    """What the lab's tree does not have comes in lower case, and what it has is called as there."""
    files = {**UPPER, "KERN/ENTRY.S": b"", "KERN/MINE.C": b"mine"}
    read = read_submission(directory(files), KNOWN)
    require_equal(read.sources, {**MAIN, "kern/entry.S": b"", "kern/mine.c": b"mine"}, "sources")


def test_links():
    """None of them is followed, and none makes us wait."""
    top, secret = directory(MAIN), directory(below("kern/", {"x.c": b"secret"}))
    (top / "kern/link.c").symlink_to(secret / "kern/x.c")
    os.mkfifo(top / "kern/pipe.c")
    (top / "kern/directory.c").mkdir()
    read = read_submission(top)
    require_equal(read.sources, MAIN, "sources")
    require_equal([note.split()[0] for note in read.notes],
                  ["kern/directory.c", "kern/link.c", "kern/pipe.c"], "notes")
    shutil.rmtree(top / "kern")
    (top / "kern").symlink_to(secret / "kern")
    (top / "below").symlink_to(secret)
    refused(top, "none in kern/")


def test_answers():
    """The answers are read, wherever the tree is; without them the rest counts."""
    for prefix, name in (("", "doc/lab4.md"), ("a/jos/", "doc/lab4.md"), ("", "DOC/LAB4.MD")):
        files = below(prefix, {**MAIN, name: b"> Answer: 42\n"})
        for top in (directory(files), directory({"x.zip": zipped(files)})):
            require_equal(read_submission(top).answers, b"> Answer: 42\n", f"answers in {prefix}")
    require_equal(read_submission(directory(MAIN)).answers, b"", "answers")


# ---- What is refused ----

REFUSED = {
    "nothing": ({}, "it is empty"),
    "only a text": ({"hello.txt": b"hello"}, "no directory kern/ with sources in it, only "
                    "`hello.txt'"),
    "an empty archive": ({"x.zip": zipped({})}, "`x.zip': there is no directory kern/ with "
                         "sources in it: it is empty"),
    "an empty file": ({"x.zip": b""}, "`x.zip' is an empty file"),
    "only kern/": ({"x.zip": zipped({"jos/kern/init.c": b""})},
                   "`x.zip': sources are in kern/, but none in lib/ and inc/"),
    "without inc/": ({"kern/init.c": b"", "lib/fork.c": b""}, "none in inc/"),
    "loose": ({"x.zip": zipped({"pmap.c": b"", "trap.c": b""})},
              "`x.zip': the sources lie loose, not in the directories kern/, lib/ and inc/: "
              "`pmap.c', `trap.c'"),
    "kern/ is a link": ({"x.tar": tarred({"README": b""}, infos=[
        link("kern", tarfile.SYMTYPE, "../jos/kern")])}, "`kern' is a link"),
    "only .git": ({"x.zip": zipped({".git/HEAD": b"", ".git/objects/12/34": b""})},
                  "only .git in it"),
    "only obj/": ({"x.zip": zipped({"obj/kern/init.o": b""})}, "only `obj' in it"),
    "two that differ": ({"a.zip": zipped(MAIN), "b.tar.gz": tarred(OTHER, "gz")},
                        "2 trees that differ: `a.zip', `b.tar.gz'. Hand in one"),
    "two in one": ({"x.zip": zipped({**below("a/"), **below("b/", OTHER)})},
                   "2 trees that differ: `x.zip/a', `x.zip/b'"),
    "RAR": ({"x.rar": b"Rar!\x1a\x07\x01\0 and so on"}, "`x.rar' is a RAR archive, which is not "
            "read here: pack it as zip or tar.gz"),
    "7z": ({"x.7z": b"7z\xbc\xaf\x27\x1c and so on"}, "`x.7z' is a 7z archive"),
    "RAR called zip": ({"x.zip": b"Rar!\x1a\x07\x01\0 and so on"}, "is a RAR archive"),
    "zstd": ({"x.tar.zst": b"\x28\xb5\x2f\xfd and so on"}, "is packed by zstd"),
    "a git bundle": ({"x.bundle": b"# v2 git bundle\n"}, "`x.bundle' is a git bundle"),
    "a patch": ({"x.patch": b"diff --git a/kern/pmap.c b/kern/pmap.c\n"}, "`x.patch' is a patch"),
    "a mail with a patch": ({"0001-x.patch": b"From 12345 Mon Sep 17 2001\n"}, "is a patch"),
    "encrypted": ({"x.zip": encrypted(zipped(MAIN))}, "`x.zip' is encrypted: pack it without a "
                  "password"),
    "packed in an unknown way": ({"x.zip": method(zipped(MAIN), 9)}, "`x.zip' is packed in a way "
                                 "that is not read here"),
    "half a zip": ({"x.zip": zipped(MAIN)[:-60]}, "`x.zip' is damaged, or has not come as a "
                   "whole: its end is missing"),
    "half a tar.gz": ({"x.tar.gz": tarred(MAIN, "gz")[:-40]}, "`x.tar.gz' is damaged, or has not "
                      "come as a whole"),
    "half a tar.xz": ({"x.tar.xz": tarred(MAIN, "xz")[:-40]}, "`x.tar.xz' is damaged, or has not"),
    "half a tar.bz2": ({"x.tar.bz2": tarred(MAIN, "bz2")[:-40]}, "`x.tar.bz2' is damaged, or has"),
    "half a tar": ({"x.tar": tarred(MAIN)[:1024]}, "`x.tar' is damaged, or has not come as a"),
    "a zip with a wrong sum": ({"x.zip": zipped(STORED).replace(b"int x", b"int z")},
                               "`x.zip' is damaged"),
    "a web page called zip": ({"x.zip": b"<!DOCTYPE html>"}, "`x.zip' is damaged: it is no archive,"
                              " although it is called so"),
    "a compressed source": ({"pmap.c.gz": gzip.compress(b"int x;\n")},
                            "`pmap.c.gz' is one compressed file"),
    "paths that all lead outside": ({"x.tar": tarred(below("/home/a/"))},
                                    "`x.tar' has only paths that lead outside, as `/home/a/kern/"),
    "too large": ({**MAIN, **{f"kern/x{n}.c": b" " * FILE_BYTES
                              for n in range(ALL_BYTES // FILE_BYTES + 1)}}, "8 MB of them"),
}


def refused(top, complaint):
    """The submission is refused, and the complaint says this."""
    try:
        require(False, "it is read", *read_submission(top, KNOWN).sources)
    except Refused as error:
        require(complaint in str(error), f"no `{complaint}'", str(error))


@pytest.mark.parametrize("files, complaint", params(REFUSED, REFUSED))
def test_refused(files, complaint):
    """It says why, and what to do."""
    refused(directory(files), complaint)


@pytest.mark.thorough
def test_large():
    """A large source is left out; an archive that unpacks to much more than it has is refused."""
    big = {**MAIN, "kern/big.c": b" " * (FILE_BYTES + 1)}
    for files in (big, {"x.zip": zipped(big)}):
        read = read_submission(directory(files))
        require_equal((read.sources, len(read.notes)), (MAIN, 1), "sources and notes")
    zeros = bytes(UNPACKED_BYTES + 1)
    for name, data in (("x.tar.gz", gzip.compress(zeros, 1)), ("x.tar.bz2", bz2.compress(zeros))):
        refused(directory({name: data}), f"`{name}' unpacks to more than 256 MB: run `make clean'")
    many = zipped({f"x{n}": b"" for n in range(20001)})
    refused(directory({"x.zip": many}), "`x.zip' has more than 20000 files: run `make clean'")


def test_nested():
    """Archives in archives are opened only so deep."""
    data = zipped(MAIN)
    for _ in range(5):
        data = zipped({"x.zip": data})
    refused(directory({"x.zip": data}), "`x.zip/x.zip/x.zip': there is no directory kern/")
