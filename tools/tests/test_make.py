"""The targets of make that people type: bad use is told in plain words, good use works."""

import re
import socket
from pathlib import Path

import pytest

from debugger import free_port, read_until
from kit import (PATIENCE, call, choose_no_tools, complains, enter_copy, excerpt, make, params,
                 require, require_equal, scratch, start)

RUN = "run-hello-nox"
NO_DISPLAY = ["DISPLAY=", "WAYLAND_DISPLAY="]


# ---- Bad use ----

# What is asked of make, and the one line of the answer that is not make's own; of a misspelt
# program, two.
BAD_USE = {
    "misspelt program": (["run-helo-nox"], [r"No program is called 'helo'; did you mean hello\?",
                                            "There are: badsegment .* yield"]),
    "no such program": (["run-frobnicate"], ["No program is called 'frobnicate'.",
                                             "There are: badsegment .* yield"]),
    "misspelt among several": (["qemu-nox", "RUN=yield hallo"],
                               [r"No program is called 'hallo'; did you mean hello\?",
                                "There are: badsegment .* yield"]),
    "an exercise's program without EX": (["qemu-nox", "RUN=ex9:frame"],
                                         ["No program is called 'ex9'; EX=9 builds it",
                                          "There are: badsegment .* yield"]),
    "no such exercise": (["grade", "EX=99"],
                         ["grade-lab4: there is no exercise 99: they are 1 to 15"]),
    "CPUS is a word": ([RUN, "CPUS=abc"], [r"CPUS=abc is no number of CPUs\. Try CPUS=4"]),
    "CPUS is 0": ([RUN, "CPUS=0"], [r"CPUS=0 is no number of CPUs\. Try CPUS=4"]),
    "a machine without IDE": ([RUN, "QEMUEXTRA=-M microvm"],
                              ["The machine microvm has no IDE disk, and no BIOS that says so. Set "
                               "DISKLESS=1"]),
    "SEED is a word": ([RUN, "SEED=seven"], [r"SEED=seven is no seed\. Try a number, SEED=7"]),
    "TRACE_MS is a word": (["trace-hello", "TRACE_MS=long"],
                           [r"TRACE_MS=long is no number of milliseconds\. Try TRACE_MS=100"]),
    "TRACE_MS is 0": (["trace-hello", "TRACE_MS=0"],
                      [r"TRACE_MS=0 is no number of milliseconds\. Try TRACE_MS=100"]),
    "no such program to trace": (["trace-frobnicate"], ["No program is called 'frobnicate'.",
                                                        "There are: badsegment .* yield"]),
    "STOP is a word": ([RUN, "SEED=7", "STOP=soon"],
                       [r"STOP=soon is no tick of a run with a seed\. Try SEED=7 STOP=1000"]),
    "STOP without SEED": ([RUN, "STOP=7"],
                          [r"STOP=7 is no tick of a run with a seed\. Try SEED=7 STOP=1000"]),
    "QEMU is missing": ([RUN, "QEMU=no-such-qemu"],
                        [r"QEMU is missing \(no-such-qemu\)\. Run tools/setup\.sh, "
                         r"or set QEMU \(conf/env\.mk\)"]),
    "QEMU is not found": ([RUN, "QEMU="], [r"QEMU is missing\. Run tools/setup\.sh, or set QEMU "
                                           r"\(conf/env\.mk\)"]),
    "gdb with a 64-bit QEMU": ([RUN + "-gdb", "QEMU=qemu-system-x86_64"],
                               [r"gdb cannot follow 32-bit code in qemu-system-x86_64\. "
                                "Set QEMU=qemu-system-i386"]),
    "GDBPORT is a word": ([RUN + "-gdb", "GDBPORT=word"],
                          [r"GDBPORT=word is no port\. Try GDBPORT=\d+"]),
    "gdb is missing": (["gdb", "GDB="], [r"gdb is missing\. Run tools/setup\.sh, or set GDB"]),
}


def blind_qemu():
    """Put a QEMU here that can open no window."""
    Path("blind").write_text("#!/bin/sh\nprintf 'Available display backend types:\\nnone\\ncurses\\n'\n")
    Path("blind").chmod(0o755)


@pytest.mark.thorough
def test_no_window():
    """A QEMU without what opens a window is told about, unless none is wanted."""
    complains(["run-hello", "QEMU=./blind", "DISPLAY=:0"],
              [r"\./blind cannot open a window\. Run tools/setup\.sh, or use the targets with -nox"],
              blind_qemu)
    for wish in (["run-hello-nox"], ["run-hello", "QEMUEXTRA=-display curses"]):
        make(*wish, "QEMU=./blind", "DISPLAY=:0")


@pytest.mark.parametrize("arguments, expected", params(BAD_USE, ("misspelt program",
                                                               "no such exercise")))
def test_bad_use(arguments, expected):
    """Bad use is told in one line, or two."""
    complains(arguments, expected)


def no_compiler(*arguments):
    """A compiler that is missing, or that makes no code for 32-bit x86, ends make in one line."""
    enter_copy(built=False)
    choose_no_tools()
    lines = make(*arguments, fails=True).splitlines()
    require(len(lines) == 1 and re.search(r"\*\*\* No compiler for 32-bit x86: .*(GCCPREFIX|CC)",
                                          lines[0]), "wrong complaint", *excerpt(lines))


@pytest.mark.thorough
@pytest.mark.parametrize("variable", ("GCCPREFIX=nosuch-", "CC=nosuch-gcc"))
def test_no_compiler(variable):
    """There is no compiler of that prefix, or of that name."""
    no_compiler(variable)


@pytest.mark.thorough
def test_other_machine():
    """A compiler that knows no -m32."""
    compiler = scratch() / "cc"
    compiler.write_text('#!/bin/sh\ncase "$*" in *-m32*) exit 1; esac\n')
    compiler.chmod(0o755)
    no_compiler(f"CC={compiler}")


@pytest.mark.thorough
def test_busy_port():
    """Somebody else listens there."""
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        complains([RUN + "-gdb", f"GDBPORT={port}"],
                  [f"Port {port} is in use, perhaps by another QEMU. End that, or set GDBPORT"])


def test_knock():
    """Whether the port is free is found out without listening there: who already tries to connect
    to QEMU, as the lab's own grader does, would be answered."""
    def look(program):
        return call("perl", "-e", "BEGIN { *CORE::GLOBAL::listen = sub { print qq(listens\\n); 1 } } "
                    f"{program}", "qemu=sh", "cpus=1", f"port={free_port()}")

    enter_copy()
    require_equal(look("use Socket; socket(S, PF_INET, SOCK_STREAM, 0); listen(S, 1)"),
                  "listens\n", "output of a program that listens")
    require_equal(look("do './tools/run/preflight.pl'; die $@ if $@"), "", "output")


# ---- Good use ----

def terminal(target, *variables, programs):
    """Without a display the system runs in the terminal, says how to leave, and Ctrl-a x does."""
    enter_copy()
    process = start(["make", target, *NO_DISPLAY, *variables])
    text = read_until(process, "^K> ")
    require("*** To leave QEMU type Ctrl-a x" in text, "no word about how to leave",
            *excerpt(text.splitlines()))
    require_equal(len(re.findall(r"^\[00000000\] new env", text, re.M)), programs,
                  "number of programs")
    process.stdin.write(b"\x01x")
    process.stdin.close()
    require_equal(process.wait(PATIENCE), 0, "status")
    return text


def test_qemu():
    """The tour runs, and the monitor takes over."""
    text = terminal("qemu", programs=1)
    require("That was the tour" in text, "no tour", *excerpt(text.splitlines()))


@pytest.mark.thorough
def test_several():
    """All of them run."""
    text = terminal("qemu", "RUN=yield yield yield", programs=3)
    require_equal(text.count("All done in environment"), 3, "number of programs that finished")


@pytest.mark.thorough
def test_run_program():
    """The program runs on so many CPUs, and make ends well when it is done."""
    enter_copy()
    text = make("run-hello", "CPUS=4", "EXIT=1", *NO_DISPLAY)
    require("SMP: CPU 0 found 4 CPU(s)" in text and "hello, world" in text, "it did not run",
            *excerpt(text.splitlines()))


@pytest.mark.thorough
def test_prints():
    """Scripts get bare values."""
    enter_copy(built=False)
    require_equal(make("-s", "print-gdbport", "GDBPORT=12345"), "12345\n", "port")
    port = make("-s", "print-gdbport")
    require(re.fullmatch(r"\d+\n", port) and 25000 <= int(port) < 30000, f"wrong port {port!r}")
    require_equal(make("-s", "print-qemu", "QEMU=/a/qemu"), "/a/qemu\n", "emulator")
    call(make("-s", "print-qemu").strip(), "--version")


@pytest.mark.thorough
def test_help_and_clean():
    """help names the targets; clean leaves what a fresh copy has."""
    enter_copy(built=False, few=True)
    before = sorted(Path().rglob("*"))
    text = make("help")
    for target in "make qemu run-hello gdb grade check asm clean".split():
        require(re.search(rf"\b{target}\b", text), f"help does not mention {target}", text)
    make("-j2", "all", ".gdbinit")
    require(Path("obj").exists() and Path(".gdbinit").exists(), "nothing was built")
    make("clean")
    require_equal(sorted(Path().rglob("*")), before, "files after make clean")
