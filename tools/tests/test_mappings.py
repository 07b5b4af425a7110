"""The monitor's commands about memory: how it is mapped, with which rights, what it holds."""

import re
from pathlib import Path

import pytest

from kit import enter_copy, make, params, require, require_equal
from machine import Machine, answers, command, idle_machine

# ---- What is typed ----

NO_NUMBER = "'%s' is no number of 32 bits; an address is written as in C: 0xf0100000."
SETPERM = r"usage: setperm ADDR \+W\|-W\|\+U\|-U \[ENV\]"
X = r"usage: x/N ADDR \[ENV\], or xp/N ADDR: N words, at most 1024"

# What is typed, and patterns for all lines of the answer.
ANSWERS = {
    "showmappings of nothing": ("showmappings", [r"usage: showmappings START \[END \[ENV\]\]"]),
    "showmappings of no number": ("showmappings 0xf010000g 0", [NO_NUMBER % "0xf010000g"]),
    "showmappings of a large number": ("showmappings 0x1f0100000", [NO_NUMBER % "0x1f0100000"]),
    "showmappings backwards": ("showmappings 020 10",
                               ["The end, 0x0000000a, is below the start, 0x00000010."]),
    "showmappings of a decimal number":
        ("showmappings 4096", ["0x00001000-0x00001fff  not mapped"]),
    "showmappings of nobody's": ("showmappings 0 0 1001",
                                 ["There is no environment 00001001; 'envs' lists them."]),
    "showmappings of env 0": ("showmappings 0 0 0",
                              ["There is no environment 00000000; 'envs' lists them."]),
    "setperm of nothing": ("setperm 0x800000", [SETPERM]),
    "setperm of another right": ("setperm 0x800000 +P", [SETPERM]),
    "setperm of no right": ("setperm 0x800000 -", [SETPERM]),
    "setperm where nothing is": ("setperm 0x800000 +W", ["0x00800000-0x00800fff  not mapped"]),
    "setperm of the kernel's": ("setperm 0xf0100000 +W", [
        "0xf0100000 is the kernel's; only what is below 0xeec00000 can be changed."]),
    "setperm of nobody's": ("setperm 0 +U xyz", [NO_NUMBER % "xyz"]),
    "x of nothing": ("x", [X]),
    "x of too much": ("x/1025 0", [X]),
    "x of none": ("x/0 0", [X]),
    "x of less than none": ("x/-1 0", [X]),
    "x of something else": ("x/4d 0", [X]),
    "x with the count after the address": ("x 0xf0100000 4", [X]),
    "xp of an env": ("xp/4 0 1001", [X]),
    "x where nothing is": ("x/5x 0", ["0x00000000:" + 4 * " not mapped", "0x00000010: not mapped"]),
    "x of a device": ("x 0xef800020", ["0xef800020: not memory"]),
    "xp of a device": ("xp/2 0xfee00020", ["0xfee00020: not memory not memory"]),
    "xp of the screen": ("xp 0xb8000", ["0x000b8000: not memory"]),
    "x beyond the last address": ("x/2 0xfffffffe", ["0xfffffffe: not (memory|mapped) not mapped"]),
}


@pytest.mark.parametrize("typed, expected", params(ANSWERS, ("x of a device",
                                                             "setperm of the kernel's")))
def test_answers(typed, expected):
    """What is typed gets this answer, and the monitor goes on."""
    with idle_machine() as machine:
        answers(machine.answer(typed), expected)
        answers(machine.answer("again"), ["Unknown command 'again'; .*"])


# ---- What is shown ----

PAGE, LARGE_PAGE = 0x1000, 0x400000


def mapped_by_us(lines):
    """Return what showmappings has printed: for each page, where it is and with which rights."""
    pages = {}
    for line in lines:
        found = re.fullmatch(r"0x(\w{8})-0x(\w{8})  (?:not mapped|physical 0x(\w{8})  (P.*))", line)
        require(found, "a strange line", line)
        first, last = int(found[1], 16), int(found[2], 16)
        flags = (found[4] or "").split()
        size = LARGE_PAGE if "4MB" in flags else PAGE
        for va in range(first, last, size) if flags else ():
            pages[va] = int(found[3], 16) + va - first, "U" in flags, "W" in flags, size
    return pages


def mapped_by_qemu(machine):
    """Return the same as QEMU sees it. (It does not show which rights the directory takes away:
    none, but where the page tables are seen as memory.)"""
    pages = {}
    for line in machine.qemu("info tlb").splitlines():
        va, pa, flags = re.fullmatch(r"(\w+): (\w+) (\S+)", line).groups()
        size = LARGE_PAGE if flags[2] == "P" and int(va, 16) >= 0xf0000000 else PAGE
        pages[int(va, 16)] = int(pa, 16), flags[-2] == "U", flags[-1] == "W", size
    return pages


def test_mappings():
    """showmappings shows what the processor sees: of the kernel alone, and of an env, too."""
    for program in ("hello", "breakpoint"):
        with idle_machine(program=program) as machine:
            ours = mapped_by_us(machine.answer("showmappings 0 0xffffffff"))
            uvpt = range(0xef400000, 0xef800000)
            theirs = {va: (pa, user, write and va not in uvpt, size)
                      for va, (pa, user, write, size) in mapped_by_qemu(machine).items()}
            require(len(theirs) > 300, "QEMU sees nothing")
            require_equal([f"{va:08x} {where}" for va, where in sorted(ours.items())],
                          [f"{va:08x} {where}" for va, where in sorted(theirs.items())],
                          "mappings")


def test_ranges():
    """Pages that belong together are one line; END is in the last page; ENV is another env."""
    with idle_machine(program="breakpoint") as machine:
        env = machine.answer("showmappings 0x7ff000 0x800fff")
        require(len(env) == 2 and env[0] == "0x007ff000-0x007fffff  not mapped"
                and re.fullmatch(r"0x00800000-0x00800fff  physical 0x\w{8}  P U", env[1]),
                "wrong mappings", *env)
        require_equal(machine.answer("showmappings 0x7ff000 0x800000 1000"), env, "answer for 1000")
        require_equal(machine.answer("showmappings 0x00800123"), env[1:], "answer for one address")
        machine.answer("c")
        require_equal(machine.answer("showmappings 0x7ff000 0x800fff"),
                      ["0x007ff000-0x00800fff  not mapped"], "answer without an env")
        require_equal(machine.answer("showmappings 0xf8000000 0xffffffff"),
                      ["0xf8000000-0xffffffff  physical 0x08000000  P W 4MB"], "the kernel's map")


def words(text):
    """Return the words of memory in a dump, ours or QEMU's, without their addresses."""
    return re.findall(r"0x\w{8}(?!\w*:)", text)


def test_contents():
    """x and xp show what QEMU shows, of the kernel and of a program."""
    with idle_machine(program="breakpoint") as machine:
        for ours, theirs in (("x/9 0xf0100000", "x /9xw 0xf0100000"),
                             ("x/8x 0x800000", "x /8xw 0x800000"),
                             ("x/8x 0x800001 1000", "x /8xw 0x800001"),
                             ("x/4 0xeebfdfe0", "x /4xw 0xeebfdfe0"),
                             ("x/4x 0xf0100ffe", "x /4xw 0xf0100ffe"),
                             ("xp/8x 0x100000", "xp /8xw 0x100000"), ("xp 4", "xp /1xw 4")):
            found = machine.answer(ours)
            require_equal(words("\n".join(found)), words(machine.qemu(theirs)), f"answer to {ours}")
        require_equal(machine.answer("x/3 0xeebfdffc")[0][-22:], " not mapped not mapped",
                      "end of what is mapped")
        found = machine.answer("x/2 0xeebfcffe")
        require_equal(found[0][:22], "0xeebfcffe: not mapped", "word that begins outside")


def test_rights():
    """A right that is taken away is gone: the program's next instruction faults. A right that is
    given is there."""
    with idle_machine(program="breakpoint") as machine:
        found = machine.answer("setperm 0x800123 +W")
        require(re.fullmatch(r"0x00800000-0x00800fff  physical 0x\w{8}  P W U", found[0]),
                "wrong answer", *found)
        found = machine.answer("setperm 0xeebfd000 -WU 1000")
        require(re.fullmatch(r"0xeebfd000-0xeebfdfff  physical 0x\w{8}  P", found[0]),
                "wrong answer", *found)
        machine.answer("setperm 0xeebfd000 +U")
        found = machine.answer("audit")
        require(re.match("audit: .* all agrees", found[-1]), "the books are wrong", *found)
        found = "\n".join(machine.answer("c"))
        require("[user, write, protection]" in found, "the stack is still written to", found)


SHARED = 0x00a00000
WRITER = f"""\
#include "common.h"

#define COUNT (*(volatile int *) {SHARED:#x})

void umain(int argc, char **argv)
{{
	alloc_or_panic(&COUNT, RW | PTE_SHARE);
	if (fork_or_panic() == 0)
		for (;;)
			COUNT++;
	while (COUNT < 1000)
		relax();
	breakpoint();
}}
"""


def test_rights_elsewhere():
    """An env that runs on another CPU loses the right at once, though its CPU has the page in its
    TLB."""
    enter_copy()
    Path("user/writer.c").write_text(WRITER)
    make()
    with Machine(command("writer", cpus=2, end=False)) as machine:
        machine.prompt()
        machine.answer(f"setperm {SHARED:#x} -W 1001")
        machine.type("c\n")
        machine.expect(rf"^\[00001001\] user fault va {SHARED:08x} ip")
        machine.expect(r"\[user, write, protection\]")
        machine.prompt()
