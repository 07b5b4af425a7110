"""Building: exactly what must be is built again, in any order, with every compiler."""

import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from gradelib import CLEAN_END, Watch
from gradetests import EXERCISES

import pytest

from compilers import COMPILE, COMPILERS
from kit import (ROOT, alike, call, choose_no_tools, edit, enter_copy, make, need, need_to_work,
                 params, programs, require, require_equal, scratch)
from machine import command, play, verify

# ---- What make says it does ----

KERNEL = ["ld kern/kernel", "mk kern/kernel.img", "symbols kern/kernel"]
PROGRAMS = ["as kern/programtable.S", *KERNEL]      # when a user program has changed
BOOT = ["ld boot/boot", "mk kern/kernel.img"]
# Files of lib/ that the kernel has, too.
IN_KERNEL = ("int64.c", "printfmt.c", "readline.c", "string.c")
# Files of kern/ that are compiled with CHECKED=1 only.
ONLY_CHECKED = ("checked.c", "checkednames.c", "undefined.c")
# The same with ORDER or BOUND only.
ONLY_ORDERS = ("order.c",)


class Source(NamedTuple):
    """A source file, as compiled for one of boot, kern, lib, user."""
    file: Path
    part: str

    @property
    def step(self):
        """What make says when it compiles the file."""
        return f"{'cc' if self.file.suffix == '.c' else 'as'} {self.file}"


def all_sources():
    """Return all Sources in the current tree."""
    files = [file for part in ("boot", "kern", "lib") for suffix in ("c", "S")
             for file in Path(part).glob(f"*.{suffix}") if file.name not in ONLY_CHECKED + ONLY_ORDERS]
    files += programs()
    return ([Source(file, file.parts[0]) for file in files] +
            [Source(Path("lib") / name, "kern") for name in IN_KERNEL])


def includes(file):
    """Return the headers that a file includes, directly or not."""
    found, todo = set(), [file]
    while todo:
        here = todo.pop()
        for bracket, name in re.findall(r'^#include (<|")([^>"]+)', here.read_text(), re.M):
            header = Path(name if bracket == "<" else os.path.normpath(here.parent / name))
            if header.exists() and header not in found:
                found.add(header)
                todo.append(header)
    return found


def links(part, files):
    """Return the steps that are due when these files of a part have been compiled."""
    link_users = [f"ld user/{file.stem}" for file in (files if part == "user" else programs())]
    archive = [] if files == {Path("lib/entry.S")} else ["ar lib/libjos.a"]
    return {"boot": BOOT, "kern": KERNEL, "user": link_users + PROGRAMS,
            "lib": archive + link_users + PROGRAMS}[part]


def steps(sources, extra=()):
    """Return all steps that compiling these Sources brings about, and extra ones, sorted."""
    linking = set(extra)
    for part in {source.part for source in sources}:
        linking.update(links(part, {source.file for source in sources if source.part == part}))
    return sorted([source.step for source in sources] + list(linking))


def remade(*arguments):
    """Run make; return the steps it says it does, sorted."""
    output = make("-j2", "V=0", *arguments)
    return sorted(line[2:] for line in output.splitlines() if line.startswith("+ "))


# ---- Again ----

def test_again():
    """A second make does nothing, also one that is to show its commands."""
    enter_copy(few=True)
    for arguments in ((), ("V=1",)):
        output = make(*arguments)
        require(re.fullmatch(r"(make(\[1\])?: Nothing to be done for 'all'\.\n)?", output),
                "make does something", *output.splitlines())


# Files that others include or rules depend on; one that goes everywhere, one of each part.
@pytest.mark.parametrize("name", params({name: [name] for name in (
    "inc/mmu.h", "inc/lib.h", "inc/elf.h", "kern/sched.h", "kern/vectors.h", "lib/pgfault.h",
    "boot/main.c", "kern/init.c", "kern/trapentry.S", "lib/string.c", "lib/printf.c",
    "lib/entry.S", "user/common.h", "user/hello.c", "user/tests/testargs.c")},
    ("kern/sched.h",)))
def test_touched(name):
    """When a source file has changed, what it goes into is made again, and nothing else."""
    enter_copy(few=True)
    file = Path(name)
    os.utime(file)
    sources = [source for source in all_sources()
               if source.file == file or file in includes(source.file)]
    require(sources, f"nothing includes {file}")
    require_equal(remade(), steps(sources), "steps")
    require_equal(remade(), [], "steps of another make")


@pytest.mark.parametrize("name, part, extra", params({name: [name, *values] for name, *values in (
    ("kern/Makefrag", "kern", ["gen kern/programtable.S", *PROGRAMS]),
    ("user/Makefrag", "user", []), ("lib/Makefrag", "lib", []), ("boot/Makefrag", "boot", []),
    ("kern/kernel.ld", None, KERNEL), ("user/user.ld", None, PROGRAMS),
    ("boot/boot.ld", None, BOOT), ("boot/sign.pl", None, BOOT),
    ("tools/build/symtab.pl", None, PROGRAMS))}))
def test_script_touched(name, part, extra):
    """The same for a file that rules depend on: all of a part is compiled, or nothing."""
    enter_copy(few=True)
    os.utime(name)
    every_link = [f"ld user/{file.stem}" for file in programs()]
    require_equal(remade(), steps([source for source in all_sources() if source.part == part],
                                  extra + (every_link if name == "user/user.ld" else [])), "steps")


def test_kernel_removed():
    """Without the kernel, make links it again and nothing else, as the lab's own grader wants."""
    enter_copy(few=True)
    for removed in (["obj/kern/kernel"], ["obj/kern/kernel", "obj/kern/init.o"]):
        for file in removed:
            Path(file).unlink()
        steps_done = [line for line in make().splitlines() if not line.startswith("make")]
        require_equal(steps_done, ["+ cc kern/init.c", "+ symbols kern/kernel"] * (len(removed) > 1)
                      + ["+ ld kern/kernel", "+ mk kern/kernel.img"], "steps")


@pytest.mark.thorough
def test_call_without_handler():
    """A system call that is in the enum, but not in the kernel's list, is told by the compiler."""
    enter_copy(few=True)
    edit("inc/syscall.h", "	NSYSCALLS\n", "	SYS_new,\n	NSYSCALLS\n")
    text = make(fails=True)
    require("each call of inc/syscall.h needs a line in CALLS" in text, "it is not told",
            *text.splitlines()[-10:])


@pytest.mark.thorough
def test_other_flags():
    """When flags change every file is compiled again; the table of programs only refers to
    others."""
    enter_copy(few=True)
    require_equal(remade("WERROR=1"), steps(all_sources(), []), "steps")
    require_equal(remade("WERROR=1"), [], "steps of another make")


@pytest.mark.parametrize("variable", alike("CFLAGS", "KERN_CFLAGS", many=("CPPFLAGS", "DEFS")))
def test_own_flags(variable):
    """What users add to the options is added, and compiled with; the boot sector has none of it."""
    enter_copy(few=True)
    edit("kern/init.c", "options_init(); // what to run", "options_init(); cprintf(STR);")
    option = variable + "=-O1 -DSTR=\\\"mine\\\\n\\\""
    expected = [step for step in steps([source for source in all_sources() if source.part == "kern"
                                        or variable != "KERN_CFLAGS"]) if "boot" not in step]
    require_equal(remade(option), sorted(expected), "steps")
    require_equal(remade(option), [], "steps of another make")
    verify(play(command("hello")), ["mine", "hello, world"])


@pytest.mark.parametrize("options", alike(many=("-O0", "-Os", "-O3", "-Og -g3")))
def test_optimization(options):
    """Other kinds of it work, too. What is in the environment is not meant for this."""
    enter_copy(few=True)
    os.environ.update(CFLAGS="-no-such-option", LDFLAGS="-no-such-option")
    make("-j2", f"CFLAGS={options}")
    verify(play(command("primes", cpus=4), Watch(stop="CPU .: 97 ")))
    verify(play(command("forktree", cpus=4)), [re.escape(CLEAN_END)])


@pytest.mark.thorough
def test_lto():
    """It is refused in one line."""
    enter_copy(few=True)
    lines = make("CFLAGS=-flto=auto", fails=True).splitlines()
    require(len(lines) == 1 and "-flto does nothing here" in lines[0], "wrong complaint", *lines)


@pytest.mark.many
def test_other_compiler():
    """The same for another prefix of the tools."""
    need("i686-linux-gnu-gcc")
    need_to_work("gcc", "-m32", *COMPILE)
    enter_copy(few=True)
    choose_no_tools()
    make("-j2", "GCCPREFIX=i686-linux-gnu-")    # which may be what it is built with
    found = remade("GCCPREFIX=")
    require_equal([step for step in found if step.startswith(("cc", "as"))],
                  [step for step in steps(all_sources(), ["as kern/programtable.S"])
                   if step.startswith(("cc", "as"))], "steps")


def test_program_added():
    """A new file in user/ is a new program; without its file there is no such program."""
    enter_copy(few=True)
    new = Path("user/brandnew.c")
    new.write_text('#include <inc/lib.h>\nvoid umain(int argc, char **argv)\n'
                   '{\n\tcprintf("%s runs\\n", argv[0]);\n}\n')
    require_equal(remade(), steps([Source(new, "user")], ["gen kern/programtable.S"]), "steps")
    verify(play(command("brandnew")), ["brandnew runs"])
    new.unlink()
    require_equal(remade(), sorted(["gen kern/programtable.S", *PROGRAMS]), "steps")
    verify(play(command("brandnew")), ["No program is called 'brandnew'"])


def test_program_moved():
    """A program may move to any folder of user/; two of one name are refused in one line."""
    enter_copy(few=True)
    here, there = Path("user/yield.c"), Path("user/mine/yield.c")
    there.parent.mkdir()
    here.rename(there)      # its backtraces name the new place
    require_equal(remade(), steps([Source(there, "user")]), "steps")
    require_equal(remade(), [], "steps of another make")
    Path("user/bench/hello.c").write_text("")
    lines = make(fails=True).splitlines()
    require(len(lines) == 1 and "Two programs have the name hello: user/hello.c "
            "user/bench/hello.c. Rename one." in lines[0], "wrong complaint", *lines)


@pytest.mark.thorough
def test_kernel_file():
    """A new file in kern/ becomes part of the kernel; without it, the kernel is linked again."""
    enter_copy(few=True)
    new = Path("kern/brandnew.c")
    new.write_text("int brand_new;\n")
    require_equal(remade(), steps([Source(new, "kern")]), "steps")
    new.unlink()
    require_equal(remade(), sorted(KERNEL), "steps")


@pytest.mark.thorough
def test_header_removed():
    """A header that is no longer used may go."""
    enter_copy(few=True)
    header, program = Path("inc/brandnew.h"), "user/hello.c"
    header.write_text("\n")
    edit(program, "#include <inc/lib.h>\n", "#include <inc/lib.h>\n#include <inc/brandnew.h>\n")
    expected = steps([Source(Path(program), "user")])
    require_equal(remade(), expected, "steps")
    os.utime(header)
    require_equal(remade(), expected, "steps when the header has changed")
    edit(program, "#include <inc/brandnew.h>\n", "")
    header.unlink()
    require_equal(remade(), expected, "steps when it has gone")


@pytest.mark.thorough
def test_parallel():
    """Side by side and one by one, make takes each step once and makes the same image."""
    enter_copy(built=False, few=True)
    one_by_one = make("OBJDIR=obj-1")
    at_once = make("-j8", "OBJDIR=obj-8")
    require_equal(Counter(at_once.splitlines()), Counter(one_by_one.splitlines()), "steps")
    for name in ("kern/kernel.img", "user/hello.stripped", "boot/boot"):
        require(Path("obj-1", name).read_bytes() == Path("obj-8", name).read_bytes(),
                f"{name} differs")


# ---- The boot sector ----

def test_sign():
    """510 bytes of code fit, 511 are refused in plain words."""
    sector, script = scratch() / "sector", str(ROOT / "boot/sign.pl")
    sector.write_bytes(b"x" * 510)
    call("perl", script, str(sector))
    require_equal(sector.read_bytes(), b"x" * 510 + b"\x55\xaa", "boot sector")
    sector.write_bytes(b"x" * 511)
    output = call("perl", script, str(sector), fails=True)
    require(re.match(r"boot sector too large: 511 bytes, 510 fit.*\n\Z", output),
            "wrong complaint", output)
    require(not sector.exists(), "it leaves the file, which make would take for good")


# ---- Compilers ----

# All tests that depend on the compiler are run with two of the others by CI.
@pytest.mark.parametrize("variables, probes", params(
    COMPILERS, many=("i686-linux-gnu-gcc", "clang and lld", "clang and GNU ld")))
def test_compiler(variables, probes):
    """The tree and all checks of exercises build without a warning, and a program runs."""
    for probe in probes:
        need_to_work(*probe)
    # What GNU ld links has been compiled by clang for lld.
    enter_copy(built=False, few="LD=ld" in variables)
    choose_no_tools()
    output = make("-j2", f"EX={' '.join(map(str, EXERCISES))}", *variables)
    odd = [line for line in output.splitlines() if not re.match(r"\+ |boot sector: \d+ of", line)]
    require(not odd, "make says more than what it does", *odd)
    verify(play(command("hello")), ["hello, world", re.escape(CLEAN_END)])


# A program with mistakes in formats. The comments say whether the line has one.
FORMATS = """\
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	cprintf("%e %s\\n", -E_INVAL, argc); // wrong
	cprintf("%e\\n", argv);              // wrong
	cprintf("%-20e%%e\\n", argc);
	cprintf("%zu %lld %p\\n", sizeof(argc), 5LL, argv);
	cprintf("%08x\\n", argv);            // wrong
	if (argc < 0)
		panic("%e and %d", argc);    // wrong
}
"""


@pytest.mark.parametrize("variables, probes", params(COMPILERS, ("gcc",), ["clang and GNU ld"]))
@pytest.mark.parametrize("file, unknown", params({
    "with %e": ["formats.c", ""], "without": ["formats.c", "%e"], "in a header": ["formats.h", ""]},
    ("with %e",)))
def test_wrong_formats(variables, probes, file, unknown):
    """The compiler says where a format and its arguments do not agree. An error for %e is right."""
    for probe in probes:
        need_to_work(*probe)
    enter_copy(built=False)
    choose_no_tools()
    text = FORMATS.replace(unknown, "%d") if unknown else FORMATS
    Path("user/formats.c").write_text('#include "formats.h"\n', encoding="ascii")
    Path("user", file).write_text(text, encoding="ascii")
    wanted = [number for number, line in enumerate(text.splitlines(), 1) if line.endswith("// wrong")]
    output = make("obj/user/formats.o", *variables)
    require_equal([int(n) for n in re.findall(rf"^user/{file}:(\d+):\d+: warning:", output, re.M)],
                  wanted, "lines with a wrong format")
    make("obj/user/formats.o", "WERROR=1", *variables, fails=True)


@pytest.mark.thorough
def test_env_mk():
    """An empty GCCPREFIX means that, also where another compiler could be found."""
    need("i686-linux-gnu-gcc")
    need_to_work("gcc", "-m32", *COMPILE)
    enter_copy(built=False)
    choose_no_tools()
    with open("conf/env.mk", "a", encoding="ascii") as file:
        file.write("GCCPREFIX =\n")
    output = make("-n", "V=1", "obj/user/hello.o")
    require(re.search("; gcc .*user/hello.c", output), "another compiler is taken",
            *[line for line in output.splitlines() if "hello.c" in line])
