"""The programs of user/ that the grader does not run: what they print, and how they end."""

import re
from pathlib import Path

from gradelib import CLEAN_END, Watch
from gradetests import TESTS

import pytest

from kit import ROOT, case, enter_copy, line_of, make, params, require, require_equal
from machine import ENV1, Machine, command, play, verify
from tree import symbols

pytestmark = pytest.mark.compiler

FREE = rf"\[{ENV1}\] free env {ENV1}"
EXIT = rf"\[{ENV1}\] exiting gracefully"


def trap(name, error, eip="0x008....."):
    """Return the patterns of the trap frame that a killed env leaves."""
    return ["TRAP frame at 0xf....... from CPU .", f"  trap 0x000000.. {name}$",
            rf"  err  {error:#010x}( \[.*\])?$", f"  eip  {eip}", "  cs   0x----001b", FREE]


@pytest.mark.parametrize("program, address", [("faultbadhandler", "deadbeef"),
                                              ("faultevilhandler", "f0100020")])
def test_bad_upcall(program, address):
    """What is wrong is the upcall's address, not the exception stack."""
    verify(play(command(program)),
           [rf"\[{ENV1}\] user_mem_check assertion failure for va {address}$"])


# What each must print besides the clean end of the system, and must not.
PROGRAMS = {
    "hello": (["hello, world", f"i am environment {ENV1}", EXIT, FREE], []),
    "badsegment": (trap("General Protection", 0x28), [EXIT]),
    "softint": (trap("General Protection", 14 * 8 + 2), [EXIT]),
    "divzero": (trap("Divide error", 0), [EXIT, "1/0 is"]),
    "faultreadkernel": (trap("Page Fault", 5), [EXIT, "I read"]),
    "faultwritekernel": (trap("Page Fault", 7), [EXIT]),
    "buggyhello": ([rf"\[{ENV1}\] user_mem_check assertion failure for va 00000001", FREE], [EXIT]),
    "buggyhello2": ([rf"\[{ENV1}\] user_mem_check assertion failure for va 0080[0-9a-f]000", FREE],
                    [EXIT, "hello, world"]),
    "evilhello": ([rf"\[{ENV1}\] user_mem_check assertion failure for va f010000c", FREE], [EXIT]),
    "testbss": (["Making sure bss works right...",
                 "Yes, good.  Now doing a wild write off the end...",
                 rf"\[{ENV1}\] user fault va 00c..... ip 008.....", *trap("Page Fault", 6)],
                [EXIT, ".*panic"]),
    "yield": ([f"Hello, I am environment {ENV1}.",
               *[f"Back in environment {ENV1}, iteration {n}." for n in range(5)],
               f"All done in environment {ENV1}.", EXIT, FREE], []),
    "pingpongs": (["send 0 from 1000 to 1001",
                   *[f"{'1001 got %d from 1000' % n if n % 2 == 0 else '1000 got %d from 1001' % n}"
                     r" \(thisenv is 0xeec000.. %s\)" % (1001 - n % 2) for n in range(11)],
                   EXIT, FREE], []),
    "tour": (["Welcome! I am env 00001000, an ordinary program on CPU .",
              "1. CPUs: I fork 4 children", "   CPUs seen at work: [1-4] ",
              "   The child's copy is 2, mine is still 1.",
              r"3. Messages: env 0000.... sent me the number 2",
              '   "Greetings from env 0000....!"',
              "   My handler got a page fault at 00a00000 and maps a page.",
              "   The write went on as if nothing had happened: it worked.",
              r".0000.00.. user fault va f0100000 ip 008",
              "   Child 0000.... is gone, everything else runs on.",
              "That was the tour", EXIT, FREE], [".*panic"]),
}

# Tested here in another way, or as part of another test.
ELSEWHERE = {"fairness", "idle", "breakpoint"}


@pytest.mark.parametrize("name, cpus", params(
    {**{name: (name, 1) for name in PROGRAMS},
     **{f"{name}, CPUS=4": (name, 4) for name in ("yield", "pingpongs", "tour")}},
    ("softint", "buggyhello", "evilhello", "testbss", "tour, CPUS=4")))
def test_plays(name, cpus):
    """A program prints what it must, and nothing is left when it is done."""
    must, mustnot = PROGRAMS[name]
    run = play(command(name, cpus=cpus), Watch(forbidden=mustnot))
    verify(run, [*must, re.escape(CLEAN_END)])


def test_complete():
    """Whoever adds a program to user/ adds a test for it."""
    graded = [test.name for test in TESTS]
    there = {file.stem for file in (ROOT / "user").glob("*.c")}
    require_equal(sorted(there - set(graded) - set(PROGRAMS) - ELSEWHERE), [],
                  "programs without a test")


def test_idle():
    """The system does not end while a program only yields, nor does it starve others."""
    with Machine(command("idle hello"), gdb=True) as machine:
        machine.gdb.resume()
        machine.expect(r"\[00001001\] free env 00001001\n")
        so_far = machine.text
        yields = symbols()["sched_choose"]
        machine.gdb.interrupt()
        machine.gdb.break_at(yields)
        for _ in range(100):
            machine.gdb.resume()
            machine.gdb.stopped()
            machine.gdb.clear(yields)
            machine.gdb.step()
            machine.gdb.break_at(yields)
        require_equal(machine.text, so_far, "output")


@pytest.mark.thorough
@pytest.mark.parametrize("cpus", (1, 4))
def test_fairness(cpus):
    """The tally is that of the messages shown. (How even it is depends on the schedule.)"""
    run = play(command("fairness", cpus=cpus))
    verify(run, [FREE])
    received = [sum(f"1000 recv from {env}" == line for line in run.lines) for env in (1001, 1002)]
    require_equal(sum(received), 60, "number of messages")
    require_equal([line for line in run.lines if "messages" in line],
                  ["%d messages from 1001, %d from 1002" % tuple(received)], "tally")


@pytest.mark.thorough
def test_turns():
    """Round robin: each env makes a step before any makes its next. Time is counted in
    instructions, so that no timer tick comes in between."""
    run = play(command("yield yield yield", "-icount", "shift=0,sleep=off"))
    verify(run, [re.escape(CLEAN_END)])
    steps = [re.match(r"Back in environment (\d+), iteration (\d)", line) for line in run.lines]
    steps = [(match[1], match[2]) for match in steps if match]
    first = [env for env, _ in steps[:3]]
    require_equal(sorted(first), ["00001000", "00001001", "00001002"], "envs")
    require_equal(steps, [(env, n) for n in "01234" for env in first], "order")


def test_lines():
    """What several CPUs print at the same time comes out as whole lines."""
    run = play(command(" ".join(["yield"] * 12), cpus=4))
    verify(run, [re.escape(CLEAN_END)])
    env = r"0000100[0-9a-f]"
    whole = re.compile(
        rf"Hello, I am environment {env}\.|Back in environment {env}, iteration \d\.|"
        rf"All done in environment {env}\.|\[{env}\] exiting gracefully|"
        rf"\[({env}|00000000)\] (free|new) env {env}|SMP: .*|check_.*|Physical .*|"
        r"No runnable .*|audit: .*")
    require_equal([line for line in run.lines if not whole.fullmatch(line)], [], "lines")
    require_equal(sum("Back in" in line for line in run.lines), 60, "number of lines")


# ---- Backtraces ----

def frames(text_lines):
    """Return (file, line, function) of each frame of a backtrace."""
    found = [re.match(r" +(\S+):(\d+): ([\w.]+)\+\d+$", line) for line in text_lines]
    return [(match[1], int(match[2]), match[3]) for match in found if match]


# For programs that are killed: the innermost frames, with a text that is in their line.
BACKTRACES = {
    "badsegment": [("user/badsegment.c", "asm volatile", "umain")],
    "faultwritekernel": [("user/faultwritekernel.c", "*kernel = 0;", "umain")],
    "buggyhello": [("lib/syscall.c", None, "sys_cputs"),
                   ("user/buggyhello.c", "sys_cputs(", "umain"),
                   ("lib/libmain.c", "umain(", "libmain")],
}


@pytest.mark.parametrize("program", params({name: [name] for name in BACKTRACES}, ("buggyhello",)))
def test_backtrace(program):
    """The backtrace of a killed env names the functions, files and lines."""
    run = play(command(program))
    expected = BACKTRACES[program]
    found = frames(run.lines)[:len(expected)]
    require_equal([(file, None if text is None else line, function)
                   for (file, line, function), (_, text, _) in zip(found, expected)],
                  [(file, text and line_of(file, text), function)
                   for file, text, function in expected], "frames")


NESTED = """
#include <inc/lib.h>

static volatile int depth;
static int *volatile nowhere;

static void __attribute__((noinline)) innermost(int *where)
{
	*where = depth;	// the fault
	depth = sys_getenvid();	// no leaf: gcc gives those no frame
}

static void __attribute__((noinline)) middle(int n)
{
	if (n > 0)
		middle(n - 1);	// recursion
	else
		innermost(nowhere);	// the inner call
	depth--;
}

void umain(int argc, char **argv)
{
	middle(2);	// the outer call
	cprintf("not reached\\n");
}
"""


@pytest.mark.thorough
def test_nested():
    """The same for a program with calls of its own, down to lib/entry.S."""
    enter_copy(few=True)
    file = "user/nested.c"
    Path(file).write_text(NESTED)
    make()
    run = play(command("nested"))
    calls = [("innermost", "the fault"), ("middle", "the inner call"), ("middle", "recursion"),
             ("middle", "recursion"), ("umain", "the outer call")]
    expected = [(file, line_of(file, text), function) for function, text in calls]
    expected.append(("lib/libmain.c", line_of("lib/libmain.c", "umain("), "libmain"))
    found = frames(run.lines)
    require_equal(found[:len(expected)], expected, "frames")
    require_equal([frame[2] for frame in found[len(expected):]], ["_start"], "outermost frame")


# ---- Stacks ----

OVERFLOWS = r"""
#include <inc/lib.h>

static int __attribute__((noinline)) recurse(volatile int *n)
{
	volatile int m = *n + 1;

	return m ? recurse(&m) + m : 0;
}

static void __attribute__((noinline)) large(void)
{
	char array[5 * PGSIZE];

	asm volatile("" : : "r"(array) : "memory"); // all of it is there
	array[0] = 1;
	asm volatile("" : : "r"(array) : "memory");
}

static void overflowing_handler(struct UTrapframe *utf)
{
	recurse(&(volatile int){1});
}

static void ignoring_handler(struct UTrapframe *utf)
{
	*(volatile int *) 0x1000 = 0;
}

// Uses up a stack, or does something like it, in the way its argument says.
void umain(int argc, char **argv)
{
	const char *how = argv[1];

	if (strcmp(how, "recursion") == 0)
		recurse(&(volatile int){1});
	if (strcmp(how, "array") == 0)
		large();
	if (strcmp(how, "forked") == 0) {
		fork();
		recurse(&(volatile int){1});
	}
	if (strcmp(how, "larger") == 0) {
		sys_page_alloc(0, (void *) (USTACKTOP - 2 * PGSIZE), PTE_U | PTE_W | PTE_P);
		recurse(&(volatile int){1});
	}
	if (strcmp(how, "handler") == 0) {
		set_pgfault_handler(overflowing_handler);
		*(volatile int *) 0 = 0;
	}
	if (strcmp(how, "nested") == 0) {
		set_pgfault_handler(ignoring_handler);
		*(volatile int *) 0 = 0;
	}
	if (strcmp(how, "syscall") == 0) // with esp where no stack is
		asm volatile("movl $0xeebfc000, %%esp; int $0x30"
			     : : "a"(SYS_cputs), "d"(0xeebfc000), "c"(1), "b"(0));
	if (strcmp(how, "elsewhere") == 0)
		asm volatile("movl $0x10000000, %esp; pushl $0");
	if (strcmp(how, "below") == 0)
		*(volatile int *) 0xeebfc000 = 0;
	if (strcmp(how, "kernel") == 0)
		*(volatile int *) 0xf0100000 = 0;
}
"""
FAULT = "user fault va (?P<va>eebf....) ip"
NO_MEMORY = "user_mem_check assertion failure for va (?P<va>eebf....)"

# How a stack is used up; how that is reported; where the stack ends. Where it has not been used up,
# that is not said.
STACKS = {
    "recursion": (FAULT, "eebfd000"), "array": (FAULT, "eebfd000"), "forked": (FAULT, "eebfd000"),
    "larger": (FAULT, "eebfc000"), "handler": (NO_MEMORY, "exception eebff000"),
    "nested": (NO_MEMORY, "exception eebff000"), "syscall": (NO_MEMORY, "eebfd000"),
    "elsewhere": ("user fault va (?P<va>0ffffffc) ip", ""), "below": (FAULT, ""),
    "kernel": ("user fault va (?P<va>f0100000) ip", ""),
}


def test_stack_overflow():
    """The message for a program that is killed says so if it has used up its stack."""
    enter_copy(few=True)
    Path("user/overflows.c").write_text(OVERFLOWS)
    make()
    for how, (reported, end) in STACKS.items():
        with case(how):
            text = "\n".join(play(command(f"overflows:{how}")).lines)
            report = re.search(rf"^\[(\w+)\] {reported}", text, re.M)
            told = re.findall(r"^\[(\w+)\] (exception )?stack overflow: "
                              r"esp is (\w{8}), and the stack ends at (\w{8})$", text, re.M)
            require(report, f"no line `{reported}'", *text.splitlines())
            require_equal([f"{exception}{where}" for _, exception, _, where in told],
                          [end] * (2 if how == "forked" else 1) if end else [], "what is told")
            if end:
                env, _, esp, where = told[0]
                require(env == report[1] and int(report["va"], 16) < int(where, 16)
                        and int(report["va"], 16) >= int(esp, 16) - 64,
                        "the two lines do not agree", *text.splitlines())


# ---- Memory ----

@pytest.mark.thorough
def test_memory():
    """After programs of every kind have run in turn, as many pages are free as before."""
    with Machine(command("hello", cpus=2, end=False)) as machine:
        machine.prompt()
        before = machine.answer("mem")
        for name in ("forktree", "faultread", "testbss", "sendpage", "buggyhello", "pingpongs"):
            machine.answer(f"run {name}")
        require(" free, " in "".join(before), "wrong answer to mem", *before)
        require_equal(machine.answer("mem"), before, "number of free pages")
