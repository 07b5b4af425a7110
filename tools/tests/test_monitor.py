"""The kernel monitor, on the serial line and on keyboard and screen; ending the machine from it."""

import re
from pathlib import Path

from gradelib import STATUS_FAILED

import pytest

from kit import edit, enter_copy, make, params, require, require_equal, wait_for
from machine import ENV1, NO_MONITOR, Machine, answers, command, idle_machine, play
from tree import symbols

COMMANDS = ("help kerninfo backtrace bt envs cpus mem showmappings setperm x/N xp/N audit inspect "
            "fail run continue c step si reset poweroff".split())
UNKNOWN = "Unknown command '%s'; 'help' lists the commands."


# ---- Commands ----

# What is typed, and patterns for all lines of the answer.
ANSWERS = {
    "help": ("help", [rf"  {name} .*" for name in COMMANDS]),
    "envs without envs": ("envs", ["There are no environments. Try 'run hello'."]),
    "run without a name": ("run", [r"usage: run NAME\.\.\."]),
    "run of an unknown program":
        ("run nosuch", ["No program is called 'nosuch'. There are:",
                        " badsegment .*", r"(?: .*\n)*.* yield"]),
    "continue without a breakpoint":
        ("continue", ["No environment is at a breakpoint. Try 'run breakpoint'."]),
    "step without a breakpoint":
        ("step", ["No environment is at a breakpoint. Try 'run breakpoint'."]),
    "c without a breakpoint":
        ("c", ["No environment is at a breakpoint. Try 'run breakpoint'."]),
    "si without a breakpoint":
        ("si", ["No environment is at a breakpoint. Try 'run breakpoint'."]),
    "one part of inspect": ("inspect stacks", ["inspect: stacks: OK", "inspect: done"]),
    "no part of inspect": ("inspect x", ["'inspect' alone shows what parts there are."]),
    "a number without its command": ("help/8", [UNKNOWN % "help/8"]),
    "unknown word": ("frobnicate", [UNKNOWN % "frobnicate"]),
    "name of a program": ("hello", ["'hello' is a program; 'run hello' starts it."]),
    "empty line": ("", []),
    "blanks": ("  \t ", []),
    "blanks around words": ("  frobnicate  hello ", [UNKNOWN % "frobnicate"]),
    "backspace": ("frobb\b\bx\x7fnicate", [UNKNOWN % "fronicate"]),
    "backspace at the start": ("\b\x7ffoo", [UNKNOWN % "foo"]),
    "Ctrl-U": ("garbage\x15foo", [UNKNOWN % "foo"]),
    "Ctrl-C": ("garbage\x03foo", [UNKNOWN % "foo"]),
    "control characters": ("f\x01\x01oo\x1b", [UNKNOWN % "foo"]),     # QEMU makes it one Ctrl-A
    "a line too long": ("x" * 2000, [UNKNOWN % ("x" * 1023)]),
}


@pytest.mark.parametrize("serial", ["mon:stdio", "stdio"])
def test_typed_before(serial):
    """What is typed before the kernel runs is not lost, and so much that no UART keeps it."""
    words = [serial if word == "mon:stdio" else word for word in command("hello", end=False)]
    with Machine([*words, "-monitor", "none"]) as machine:
        typed = "x" * 200
        machine.type(typed + "\n")
        machine.prompt()
        machine.expect(f"^{UNKNOWN % typed}$")


@pytest.mark.parametrize("typed, expected", params(ANSWERS, ("help", "backspace")))
def test_answers(typed, expected):
    """What is typed gets this answer, and the monitor goes on."""
    with idle_machine() as machine:
        found = machine.answer(typed)
        if "\x03" in typed:     # a prompt of its own
            require_equal(found, [], "answer")
            found = machine.expect(r"((?:.*\n)*?)^K> ")[1].splitlines()[1:]
        answers(found, expected)
        require_equal(machine.answer("again"), [UNKNOWN % "again"], "answer to the next line")


@pytest.mark.thorough
def test_kerninfo():
    """It tells what the symbol table tells."""
    with idle_machine() as machine:
        found = "\n".join(machine.answer("kerninfo"))
    table = symbols()
    for name in ("text_start", "rodata_end", "edata", "end"):
        va = table[name]
        require(re.search(rf"^ +{name} +{va:08x} \(virt\) +{va - 0xf0000000:08x} \(phys\)$",
                          found, re.M), f"kerninfo has {name} wrong: it is {va:08x}", found)
    size = re.search(r"footprint: (\d+)KB", found)
    require_equal(int(size[1]), -(-(table["end"] - table["text_start"]) // 1024), "footprint")


def functions(lines):
    """Return the names of the functions in a backtrace."""
    return [match[1] for match in (re.match(r" +\S+:\d+: (\w+)\+", line) for line in lines)
            if match]


@pytest.mark.thorough
def test_backtrace():
    """Outside a breakpoint it is the kernel's, from the command on."""
    with idle_machine() as machine:
        names = functions(machine.answer("backtrace"))
    require("monitor" in names and "sched_choose" in names, "functions missing", *names)


def test_at_breakpoint():
    """They show the env that has stopped there, and the way into the kernel."""
    with idle_machine(program="breakpoint") as machine:
        require(re.search(r"  trap 0x00000003 Breakpoint\n", machine.text), "no trap frame")
        found = machine.answer("envs")
        require(len(found) == 2 and re.match(
            rf"{ENV1}  00000000  running +0  1 +breakpoint +'continue' \(breakpoint\)$",
            found[1]), "wrong answer to envs", *found)
        found = machine.answer("cpus")
        require(len(found) == 2 and re.match(rf" +0 +0  in the kernel +{ENV1}$", found[1]),
                "wrong answer to cpus", *found)
        names = functions(machine.answer("backtrace"))
        kernel = names.index("_start") + 1 if "_start" in names else 0
        require("umain" in names[:kernel] and "monitor" in names[kernel:], "functions missing",
                *names)
        found = machine.answer("run hello")
        require_equal(found, [f"Environment {ENV1} is at a breakpoint; 'continue' first."],
                      "answer to run")


@pytest.mark.thorough
def test_cpus():
    """Four CPUs: one runs the monitor, the others sleep."""
    with idle_machine(cpus=4) as machine:
        found = machine.answer("cpus")
    states = [re.match(r" +(\d) +\1  (in the kernel|halted) +none", line) for line in found[1:]]
    require(len(states) == 4 and all(states), "wrong answer to cpus", *found)
    require_equal(sorted(state[2] for state in states), ["halted"] * 3 + ["in the kernel"],
                  "states")


@pytest.mark.thorough
def test_mem():
    """Free and used pages are all the machine has."""
    with idle_machine("-m", "64") as machine:
        found = machine.answer("mem")
    match = re.fullmatch(r"(\d+) pages of 4096 bytes: (\d+) free, (\d+) used", "\n".join(found))
    require(match, "wrong answer to mem", *found)
    total, free, used = map(int, match.groups())
    require(total == 64 * 256 == free + used and 0 < used < total // 4, "wrong numbers", *found)


def test_run():
    """Programs run, one or several, again and again, and the monitor comes back."""
    with idle_machine(cpus=2) as machine:
        for _ in range(3):
            found = machine.answer("run hello")
            require(found.count("hello, world") == 1, "hello has not run", *found)
        found = machine.answer("run yield nosuch yield")
        require("No program is called 'nosuch'. There are:" in found, "no word of nosuch", *found)
        require_equal(sum("All done in environment" in line for line in found), 2,
                      "number of programs that ran")


@pytest.mark.thorough
def test_stepping():
    """From the breakpoint on, single steps through the program; continue lets it go."""
    with idle_machine(program="breakpoint") as machine:
        seen = [int(re.findall(r"^  eip  0x(\w+)", machine.text, re.M)[-1], 16)]
        for _ in range(3):
            machine.type("step\n")
            found = machine.expect(r"^([0-9a-f]{8}) (\S+):(\d+): (\w+)\+(\d+)$")
            require(Path(found[2]).parts[0] in ("user", "lib") and int(found[3]) > 0,
                    "no source line", found[0])
            machine.prompt()
            seen.append(int(found[1], 16))
        require(len(set(seen)) == 4, "eip does not move", *[f"{eip:08x}" for eip in seen])
        machine.type("continue\n")
        machine.expect(rf"^\[{ENV1}\] free env {ENV1}$")
        machine.prompt()


# ---- Called by the kernel's code ----

CALL = "	return curenv->env_id;"


def test_called_by_kernel():
    """monitor(NULL) in the kernel's code can be left: the code goes on. Without a monitor the run
    ends there."""
    enter_copy()
    edit("kern/syscall.c", "#include <kern/ipc.h>\n", "#include <kern/ipc.h>\n"
         "#include <kern/monitor.h>\n")
    edit("kern/syscall.c", CALL, "	monitor(NULL);\n" + CALL)
    make()
    with idle_machine() as machine:
        require_equal(machine.answer("si"),
                      ["No environment is at a breakpoint. Try 'run breakpoint'."], "answer to si")
        require_equal(machine.answer("run hello"),
                      ["The kernel's code has called the monitor; 'continue' first."],
                      "answer to run")
        require("getenvid" in "".join(functions(machine.answer("bt"))), "wrong backtrace")
        found = machine.answer("continue")
        require("hello, world" in found and machine.text.endswith("K> "), "it does not go on",
                *found)
        require_equal(machine.answer("c"),
                      ["No environment is at a breakpoint. Try 'run breakpoint'."],
                      "answer when all is done")
    run = play(command("hello"))
    require_equal((run.status, run.lines[-1]), (STATUS_FAILED, NO_MONITOR), "end with EXIT=1")


def test_called_at_boot():
    """Where the kernel does not have its memory yet, commands say so."""
    enter_copy()
    edit("kern/init.c", "#include <kern/mpconfig.h>", "#include <kern/monitor.h>\n"
         "#include <kern/mpconfig.h>")
    edit("kern/init.c", "	mem_init(); ", "	monitor(NULL);\n	mem_init(); ")
    make()
    with idle_machine() as machine:
        for typed in ("x 0xf0100000", "showmappings 0", "setperm 0x800000 +W", "x 0 1000"):
            require_equal(machine.answer(typed), ["There are no page directories yet."],
                          f"answer to {typed}")
        require_equal(machine.answer("xp 0x100000"), ["0x00100000: not memory"], "answer to xp")
        require("hello, world" in machine.answer("c"), "it does not go on")


# ---- Ending the machine ----

def test_poweroff():
    """QEMU ends, with status 0."""
    with idle_machine() as machine:
        machine.type("poweroff\n")
        require_equal(machine.status(), 0, "status")


@pytest.mark.thorough
def test_reset():
    """The machine boots once more."""
    words = command("hello", end=False)
    words.remove("-no-reboot")
    with Machine(words) as machine:
        machine.prompt()
        machine.type("reset\n")
        machine.expect("^Physical memory")
        machine.expect("^hello, world$")
        machine.prompt()


# ---- Keyboard and screen ----

# Names of QEMU's keys, and the line they make.
KEYS = {
    "letters": ("f o o", "foo"),
    "shift": ("shift-f o shift_r-o shift-1 shift-slash", "FoO!?"),
    "caps lock": ("caps_lock a b shift-c caps_lock d", "ABcd"),
    "digits and signs": ("1 0 minus equal semicolon comma dot slash apostrophe backslash",
                         "10-=;,./'\\"),
    "backspace key": ("a b backspace c", "ac"),
    "control": ("a b ctrl-u d", "d"),
    "arrows and function keys": ("a left up f1 esc b", "ab"),
}


@pytest.mark.parametrize("names, line", params(KEYS, ("shift",)))
def test_keys(names, line):
    """Keys pressed on the PS/2 keyboard arrive as characters."""
    with idle_machine() as machine:
        for name in names.split() + ["ret"]:
            machine.qemu(f"sendkey {name} 10")
        found = machine.expect(r"((?:.*\n)*?)^K> ")[1].splitlines()[1:]
        require_equal(found, [UNKNOWN % line], "answer")


COLUMNS, ROWS = 80, 25


def screen(machine):
    """Return the lines on the screen: its memory has a character and its colours in turn."""
    machine.qemu("stop")            # it may be about to use these registers
    chosen = machine.qemu("i /b 0x3d4").split("=")[1].strip()
    first = 0
    for register in (0x0C, 0x0D):   # of the CRT controller: the cell shown first
        machine.qemu(f"o /b 0x3d4 {register:#x}")
        first = first << 8 | int(machine.qemu("i /b 0x3d5").split("=")[1], 16)
    shown = machine.qemu(f"xp /{COLUMNS * ROWS}hx {0xB8000 + 2 * first:#x}")
    machine.qemu(f"o /b 0x3d4 {chosen}")
    machine.qemu("cont")
    cells = [int(cell, 16) for line in shown.splitlines() for cell in line.split(":")[1].split()]
    text = "".join(chr(cell & 0xff) for cell in cells)
    return [text[at:at + COLUMNS].rstrip("\0 ") for at in range(0, len(text), COLUMNS)]


def wrapped(text):
    """Return the lines that a text has on the screen."""
    return [line[at:at + COLUMNS].rstrip() for line in text.split("\n")
            for at in range(0, max(len(line), 1), COLUMNS)]


@pytest.mark.parametrize("typed", params({
    "as it comes up": ([],), "scrolling": (["help", "run yield", "help"],),
    "long lines": (["x" * 300, "y" * 79],)}, ("scrolling",)))
def test_screen(typed):
    """The screen shows the end of what went to the serial line."""
    with idle_machine() as machine:
        for line in typed:
            machine.answer(line)
        text = re.sub("(.\b \b)+", "", machine.text)
        expected = [line for line in wrapped(text)[-ROWS:] if line]
        # The serial line is the first to have what is printed.
        wait_for(lambda: [line for line in screen(machine) if line][-len(expected):] == expected,
                 "the screen shows\n" + "\n".join(expected))
