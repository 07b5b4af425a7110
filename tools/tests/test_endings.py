"""How a run ends that nobody watches (EXIT=1): what is said, and QEMU's exit status."""

import re
from pathlib import Path

from gradelib import CLEAN_END, STATUS_BLOCKED, STATUS_CLEAN, STATUS_FAILED, Why

import pytest

from kit import case, edit, enter_copy, make, require, require_equal
from machine import NO_MONITOR, Machine, command, play

PROGRAM = r"""
#include "common.h"

// Ends, or waits for ever, in the way its argument says.
void umain(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	envid_t parent = sys_getenvid(), child;

	if (strcmp(how, "panic") == 0)
		panic("by a test");
	if (strcmp(how, "panic-of-child") == 0) {
		if (fork_or_panic() == 0)
			panic("by a child");
		ipc_recv(NULL, NULL, NULL);
	}
	if (strcmp(how, "killed-child") == 0) {
		child = fork_or_panic();
		if (child == 0)
			*(volatile int *) 0 = 1;
		wait_for_end(child);
	}
	if (strcmp(how, "killed-parent") == 0) {
		if (fork_or_panic() == 0)
			ipc_recv(NULL, NULL, NULL);
		*(volatile int *) 0 = 1;
	}
	if (strcmp(how, "recv") == 0)
		ipc_recv(NULL, NULL, NULL);
	if (strcmp(how, "send") == 0) {
		if (sys_exofork() == 0)
			exit();
		child = fork_or_panic();
		if (child == 0)
			ipc_send(parent, 1, NULL, 0);
		sys_yield();
		ipc_send(child, 2, NULL, 0);
	}
	if (strcmp(how, "stop") == 0) {
		child = fork_or_panic();
		if (child == 0)
			sys_env_set_status(0, ENV_NOT_RUNNABLE);
		while (envs[ENVX(child)].env_status != ENV_NOT_RUNNABLE)
			sys_yield();
		sys_env_set_status(0, ENV_NOT_RUNNABLE);
	}
}
"""

FAILED = "A program was killed, or could not be started: the run has failed."
AGREES = "audit: .* all agrees"
HEADER = "id +parent +state +CPU +runs +program +waits for"

# What runs; its exit status; and patterns for the last lines.
ENDINGS = {
    "a clean end": ("ends", STATUS_CLEAN, [re.escape(CLEAN_END), AGREES]),
    "a child is killed": ("ends:killed-child", STATUS_CLEAN, [re.escape(CLEAN_END), AGREES]),
    "a program is killed": ("faultread", STATUS_FAILED, [re.escape(CLEAN_END), AGREES, FAILED]),
    "memory that is not its own": (
        "buggyhello", STATUS_FAILED, [re.escape(CLEAN_END), AGREES, FAILED]),
    "no such program": ("nosuch", STATUS_FAILED, [re.escape(CLEAN_END), AGREES, FAILED]),
    "a breakpoint": ("breakpoint", STATUS_FAILED, [
        "Stack backtrace:", " +ebp .*", " +user/breakpoint.c:.*: umain.*", r"( .*\n)+ .*",
        NO_MONITOR]),
    "a panic": ("ends:panic", STATUS_FAILED, [
        r"\[00001000\] user panic in ends at user/ends.c:\d+: by a test", r"TRAP frame .*",
        r"( .*\n)+Stack backtrace:\n( .*\n)+ .*", NO_MONITOR]),
    "a child panics": ("ends:panic-of-child", STATUS_FAILED, [
        r"\[00001001\] user panic in ends at user/ends.c:\d+: by a child", r"TRAP frame .*",
        r"( .*\n)+Stack backtrace:\n( .*\n)+ .*", NO_MONITOR]),
    "what is blocked because a program was killed": ("ends:killed-parent", STATUS_FAILED, [
        re.escape(CLEAN_END), "1 blocked for ever:", HEADER,
        "00001001  00001000  waiting  .* ends +a message", AGREES, FAILED]),
    "waiting for a message": ("ends:recv", STATUS_BLOCKED, [
        re.escape(CLEAN_END), "1 blocked for ever:", HEADER,
        "00001000  00000000  waiting  +0  +[0-9]+ +ends +a message", AGREES]),
    "waiting for a receiver, or to be started": ("ends:send", STATUS_BLOCKED, [
        re.escape(CLEAN_END), "3 blocked for ever:", HEADER,
        "00001000  00000000  sending  .* ends +00001002 to receive",
        "00001001  00001000  stopped  .* ends +00001000 to start it",
        "00001002  00001000  sending  .* ends +00001000 to receive", AGREES]),
    "stopped": ("ends:stop", STATUS_BLOCKED, [
        re.escape(CLEAN_END), "2 blocked for ever:", HEADER,
        "00001000  00000000  stopped  .* ends +nobody: it has stopped itself",
        "00001001  00001000  stopped  .* ends +00001000 to set it going", AGREES]),
}


def test_endings():
    """Each end has its status, and the last lines say what has happened."""
    enter_copy()
    Path("user/ends.c").write_text(PROGRAM)
    make()
    for name, (program, status, last) in ENDINGS.items():
        with case(name):
            run = play(command(program))
            require(run.why is Why.ENDED, f"the run {run.why.value}", *run.lines[-20:])
            require(re.search(r"\n" + r"\n".join(last) + "$", "\n".join(run.lines)),
                    "wrong last lines", *[f"expected: {line}" for line in last], *run.lines[-20:])
            require_equal(run.status, status, "status")


def test_blocked_without_exit():
    """In the monitor the same is said by `envs', when it is asked."""
    with Machine(command("testslots:clean breakpoint", end=False)) as machine:
        machine.prompt()
        found = machine.answer("envs")
        require(re.fullmatch("00001001 .* breakpoint +'continue' .breakpoint.",
                             found[-1]), "wrong answer to envs", *found)


# What make says.
SAID = {"faultread": (5, "A program failed"), "ends:recv": (7, "Programs are blocked for ever"),
        "ends:kernel": (3, "The kernel panicked")}


def test_make():
    """make fails, and says in one line why."""
    enter_copy()
    Path("user/ends.c").write_text(PROGRAM)
    edit("kern/syscall.c", "	return cons_getc();", '	panic("by a test");')
    edit("user/ends.c", "	if (strcmp(how, \"panic\") == 0)",
         "	if (strcmp(how, \"kernel\") == 0)\n		sys_cgetc();\n"
         "	if (strcmp(how, \"panic\") == 0)")
    for program, (status, text) in SAID.items():
        said = make("qemu-nox", f"RUN={program}", "EXIT=1", fails=True).splitlines()
        require_equal([line for line in said if line.startswith("*** ")],
                      ["*** To leave QEMU type Ctrl-a x", f"*** {text}"], "what make says")
        require(re.match(rf"make: \*\*\* .* Error {status}$", said[-1]), "wrong status", said[-1])


@pytest.mark.thorough
def test_no_power_off():
    """On a machine that cannot be switched off EXIT=1 is no error, and a panic is one."""
    enter_copy()
    options = ["run-hello-nox", "EXIT=1", "QEMUEXTRA=-machine acpi=off"]
    make(*options)
    edit("kern/sched.c", "	trace_end();\n", "	panic(\"it is over\");\n")
    make(*options, fails=True)
