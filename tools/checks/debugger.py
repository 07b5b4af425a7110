"""gdb, and the lab's own way of driving the system through QEMU's gdb stub."""

import re
import time

from gradelib import judge

from .kit import (add, call, enter_copy, excerpt, make, need, require, require_equal, start,
                  test)
from .rsp import Stub
from .using import free_port, read_until


def waiting(program, *variables):
    """In a fresh copy, start a program's -nox-gdb target; return its process and its port."""
    enter_copy()
    port = free_port()
    process = start(["make", "-s", "--no-print-directory", f"run-{program}-nox-gdb",
                     f"GDBPORT={port}", *variables])
    return process, port


# ---- gdb ----

def frames(text):
    """Return (function, file) of each frame that gdb shows."""
    return re.findall(r"^(?:\(gdb\) )?#\d+ +(?:0x\w+ in )?(\w+) \(.*\)\s+at (\S+):\d+", text, re.M)


@test("gdb: make gdb", cost=2)
def make_gdb():
    """It attaches and has the kernel's symbols; a breakpoint shows where and how we got there."""
    need("gdb")
    process, port = waiting("hello")
    read_until(process, "make gdb")     # it says what to do now
    text = make("gdb", f"GDBPORT={port}",
                stdin="break env_create\ncontinue\nbacktrace\nkill\nquit\n")
    found = frames(text)
    require(found and found[0] == ("env_create", "kern/env.c")
            and ("i386_init", "kern/init.c") in found, "wrong backtrace",
            *excerpt(text.splitlines()))


@test("gdb: a user program", cost=2)
def user_program():
    """user-symbols loads a program's symbols; umain is found, and who called it."""
    need("gdb")
    process, _ = waiting("hello", "CPUS=2")
    read_until(process, "make gdb")
    text = call("gdb", "-batch", "-nx", "-x", ".gdbinit", "-ex", "user-symbols hello",
                "-ex", "break umain", "-ex", "continue", "-ex", "backtrace",
                "-ex", "print argv[0]", "-ex", "info threads", "-ex", "kill")
    require_equal(frames(text)[:2],
                  [("umain", "user/hello.c"), ("libmain", "lib/libmain.c")], "frames")
    require(re.search(r'= 0x\w+ "hello"', text), "argv[0] is not there",
            *excerpt(text.splitlines()))
    require_equal(len(re.findall(r"CPU#\d", text)), 2, "number of threads")


# ---- The lab's own gradelib ----

# What it sees of a few programs on four CPUs.
LAB = {
    "hello": ["hello, world", "i am environment 00001000"],
    "faultread": [".00001000. user fault va 00000000 ip 008.....",
                  "TRAP frame at 0xf....... from CPU .", "  trap 0x0000000e Page Fault",
                  ".00001000. free env 00001000"],
    "stresssched": [f".000010... stresssched on CPU {cpu}" for cpu in range(4)],
}


def lab_way(program, must):
    """Ask for the port, start the -nox-gdb target, break at readline by kernel.sym, read what is
    printed up to there, and kill QEMU."""
    process, port = waiting(program, "CPUS=4")
    require_equal(make("-s", "--no-print-directory", "print-gdbport", f"GDBPORT={port}"),
                  f"{port}\n", "port")
    found = [re.match(r"^([0-9a-f]{8}) . readline$", line)
             for line in open("obj/kern/kernel.sym", encoding="ascii")]
    addresses = [int(match[1], 16) for match in found if match]
    require_equal(len(addresses), 1, "number of readlines in kernel.sym")

    gdb = Stub(port)
    gdb.break_at(addresses[0])
    gdb.resume()
    gdb.stopped()
    time.sleep(0.1)         # for the rest of the output
    gdb.kill()
    output = process.communicate(timeout=20)[0].decode().replace("\r", "")
    missing, unexpected = judge(output.splitlines(), must, [".*panic"])
    require(not missing and not unexpected, "wrong output", *missing,
            *excerpt(output.splitlines()[-20:]))


for name, lines in LAB.items():
    add(f"lab driver: {name}", lab_way, name, lines, cost=2)
