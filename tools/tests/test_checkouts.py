"""Trees as people have them: with the line ends of Windows, copies of files, other encodings."""

import os
import re
import sys
from pathlib import Path

from gradelib import CLEAN_END

import pytest

from debugger import frames, start_waiting
from kit import (call, complaints, enter, enter_copy, excerpt, make, need, params,
                 require, require_equal, scratch)
from machine import command, play, verify
from tree import sources

# ---- Line ends ----

GIT = ["git", "-c", "user.name=S", "-c", "user.email=s@localhost"]


@pytest.mark.thorough
def test_attributes():
    """git writes no CRLF, even where it is told to; nor does it in a handout."""
    need("git")
    enter_copy(built=False)
    make("-s", "handout", "FROM=3", "OUT=handout")
    call("git", "init", "-q")
    call(*GIT, "add", ".")
    call(*GIT, "commit", "-qm", "all")
    for tree in (".", "handout"):
        copy = scratch() / "copy"
        call("git", "clone", "-q", "-c", "core.autocrlf=true", tree, str(copy))
        require_equal([str(file) for file in copy.rglob("*") if file.is_file()
                       and ".git" not in file.parts and b"\r" in file.read_bytes()], [],
                      f"files with CR in a copy of {tree}")


@pytest.mark.thorough
def test_crlf():
    """A tree that has CRLF all the same works; setup.sh says how to get rid of it."""
    need("git", "gdb")
    enter_copy(built=False, few=True)
    files = [file for file in map(Path, map(str, sources())) if file.exists()]
    for file in files:
        if file.name != ".gitattributes":
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    os.environ.update(DISPLAY="", WAYLAND_DISPLAY="")
    lines = call("sh", "tools/setup.sh").splitlines()
    require(len(lines) == 1 and "(CRLF)" in lines[0], "wrong words", *excerpt(lines))
    make("-j2")
    verify(play(command("hello")), ["hello, world", re.escape(CLEAN_END)])
    call(sys.executable, "grade-lab4", "faultread")
    _, port = start_waiting("run-hello-nox-gdb")
    text = make("gdb", f"GDBPORT={port}", stdin="break env_create\ncontinue\nbacktrace\nkill\n")
    require(("env_create", "kern/env.c") in frames(text), "gdb has not stopped there",
            *excerpt(text.splitlines()))
    call("git", "init", "-q")
    call(*GIT, "add", ".")
    call(*GIT, "commit", "-qm", "all")
    make("handin")
    call("sh", "-c", re.search(r"git ls-files.*", lines[0])[0])
    require_equal([str(file) for file in files if b"\r" in file.read_bytes()], [], "files with CR")


# ---- Names ----

# Names that copies get, and others that make cannot work with.
NAMES = ["user/hello copy.c", "user/hello (1).c", "user/it's.c", "user/x$y.c", "user/a,b.c",
         "user/tests/a b.c", "kern/Copy of pmap.c", "kern/a#b.c", "lib/a%b.c", "lib/a:b.c",
         "lib/a=b.c", "boot/a\\b.c", 'kern/a"b.c', "kern/a*b.c", "kern/a;b.S", "user/my programs"]


@pytest.mark.parametrize("name", params({name: [name] for name in NAMES}, ("user/hello copy.c",)))
def test_name(name):
    """It is told in one line which file it is, before anything is built."""
    enter_copy()
    if "." in name:
        Path(name).write_text("int x;\n")
    else:
        Path(name).mkdir()
    lines = make(fails=True).splitlines()
    require(len(lines) == 1 and f" {name}: make cannot work with such a " in lines[0],
            "wrong complaint", *lines)


# What else is no source, how it comes there, and what is said.
ODD = {
    "kern/foo.C": ("touch", "a source in C ends in .c, one in assembly language in .S"),
    "kern/foo.s": ("touch", "a source in C ends in .c, one in assembly language in .S"),
    "kern/foo.c": ("mkdir", "this is a directory"),
    "lib/foo.c": ("ln -s nothing", "this is a link to nothing"),
    "kern/trap.S": ("touch", "another source differs only in .c and .S"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", ODD)
def test_odd(name):
    """The same for other files that are no sources."""
    how, says = ODD[name]
    enter_copy()
    call(*how.split(), name)
    lines = make(fails=True).splitlines()
    require(len(lines) == 1 and name.partition(".")[0] in lines[0] and says in lines[0],
            "wrong complaint", *lines)


@pytest.mark.thorough
def test_ignored():
    """What editors leave is no source."""
    enter_copy()
    for name in ("kern/pmap.c~", "kern/#pmap.c#", "kern/.pmap.c.swp", "user/hello.c.orig",
                 "user/a b.txt"):
        Path(name).write_text("no C\n")
    Path("kern/.#pmap.c").symlink_to("somebody@somewhere.1234:5678")
    require("+" not in make(), "something is made")


COPY = (r"{0} and {1} both define \w+, and \d+ more\. If one is a copy, move it away or end its "
        r"name in another way than \.c")


@pytest.mark.thorough
@pytest.mark.parametrize("copy, of", [("kern/pmap-old.c", "kern/pmap.c"),
                                      ("lib/fork2.c", "lib/fork.c")])
def test_copy(copy, of):
    """A copy of a source is told in one line; ld would take one of them, or say a lot."""
    enter_copy()
    Path(copy).write_text(Path(of).read_text())
    lines = [line for line in complaints(make(fails=True)) if not line.startswith("+")]
    require(len(lines) == 1 and re.fullmatch(COPY.format(*sorted([copy, of])), lines[0]),
            "wrong complaint", *lines)


@pytest.mark.thorough
def test_paths():
    """The path of the tree may have spaces and quotes, and be a link."""
    enter_copy()
    here, odd = Path.cwd(), scratch() / "it's a \"tree\""
    here.rename(odd)
    link = scratch() / "link"
    link.symlink_to(odd)
    for tree in (odd, link):
        enter(tree)
        os.utime("user/hello.c")
        text = make("run-hello-nox", "EXIT=1")
        require("hello, world" in text, "it does not run", *excerpt(text.splitlines()))
        call(sys.executable, "grade-lab4", "faultread")


# ---- Encodings ----

@pytest.mark.thorough
def test_encoding():
    """Comments in GBK, names of files in GBK: handouts and hand-ins have them as they are."""
    need("git")
    enter_copy(few=True)
    comment = "// 你好\f\n".encode("gbk")
    changed = [Path(name) for name in ("kern/pmap.c", "inc/env.h", "user/hello.c")]
    for file in changed:
        file.write_bytes(file.read_bytes() + comment)
    name = os.fsdecode("你好.txt".encode("gbk"))
    Path(name).write_text("hello\n")
    call("git", "init", "-q")
    call("git", "add", ".")
    make("-s", "handout", "FROM=3", "OUT=handout")
    for file in changed:
        require((Path("handout") / file).read_bytes().endswith(comment), f"{file} has changed")
    require((Path("handout") / name).exists(), "a file is missing")
    make("-j2")
    require_equal(complaints(make()), [], "output of another make")


# ---- Installing ----

@pytest.mark.thorough
@pytest.mark.parametrize("install, status", [(0, 0), (1, 1)])
def test_broken_source(install, status):
    """apt-get cannot read one of its sources: what is needed is installed all the same."""
    enter_copy(built=False)
    tools = Path("bin")
    tools.mkdir()
    (tools / "id").write_text("#!/bin/sh\necho 0\n")
    (tools / "make").symlink_to("/nonexistent")
    (tools / "apt-get").write_text(
        "#!/bin/sh\ncase $1 in\nupdate) exit 100 ;;\n"
        f"*) [ {install} = 0 ] && for tool in perl python3 qemu-system-i386 qemu-img gdb gcc ld "
        f"objdump make; do ln -sf /bin/true {tools.resolve()}/$tool; done\nexit {install} ;;\nesac\n")
    for name in ("sh", "env", "tr", "sed", "grep", "uname", "ln"):
        (tools / name).symlink_to(call("sh", "-c", f"command -v {name}").strip())
    for tool in tools.iterdir():
        if not tool.is_symlink():
            tool.chmod(0o755)
    text = call(str(tools / "env"), "-i", f"PATH={tools.resolve()}", "sh", "tools/setup.sh",
                fails=status != 0)
    require("apt-get could not read all lists of packages; trying without" in text
            and ("All is there now." in text) == (status == 0), "wrong words",
            *excerpt(text.splitlines()))
