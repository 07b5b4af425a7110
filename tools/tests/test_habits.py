"""What people do who know other trees of this lab: it works, or one line says what does."""

import re
from pathlib import Path

from gradelib import CLEAN_END

import pytest

from kit import edit, enter_copy, make, require, require_equal
from machine import command, play, verify

PROGRAM = """\
#include <inc/lib.h>

// Names that a program may want for itself.
static int str, cli, hlt, clts;
static void pause(void) { str = cli + hlt + clts; }

void umain(int argc, char **argv)
{
	static_assert(sizeof(int) == 4);
	pause();
	cprintf("%d %d %d\\n", ROUNDUP(10, 7), ROUNDDOWN(10, 7), ROUNDUP(4097, PGSIZE));
	cprintf("%d\\n", sys_seven(3));
}
"""

STUB = """
int sys_seven(int n)
{
	return syscall(SYS_seven, 0, n, 0, 0, 0, 0);
}
"""

HANDLER = """\
static int sys_seven(int n)
{
	return 7 * n;
}

// ---- Dispatch ----
"""


def test_own_call():
    """A system call is added with JOS's syscall(), and a program has short names of its own."""
    enter_copy()
    edit("inc/syscall.h", "	NSYSCALLS\n", "	SYS_seven,\n	NSYSCALLS\n")
    edit("inc/lib.h", "envid_t fork(void);", "int sys_seven(int n);\nenvid_t fork(void);")
    edit("kern/syscall.c", "// ---- Dispatch ----\n", HANDLER)
    edit("kern/syscall.c", "	CALL(cgetc) ", "	CALL(seven, A1) CALL(cgetc) ")
    with open("lib/syscall.c", "a", encoding="utf-8") as file:
        file.write(STUB)
    Path("user/habits.c").write_text(PROGRAM, encoding="utf-8")
    require("warning" not in make(), "a warning")
    verify(play(command("habits")), ["14 7 8192", "21", re.escape(CLEAN_END)])


@pytest.mark.thorough
def test_env_create():
    """ENV_CREATE in i386_init starts a program."""
    enter_copy()
    edit("kern/init.c", "	start_programs(); // ", "	ENV_CREATE(user_primes, ENV_TYPE_USER);\n"
         "	ENV_CREATE(TEST, ENV_TYPE_USER);\n	start_programs(); // ")
    edit("kern/init.c", "#include <inc/stdio.h>\n",
         "#include <inc/stdio.h>\n#define TEST user_yield\n")
    make()
    run = play(command("hello"))
    for text in ("hello, world", "CPU 0: 2 .*", "All done in environment 00001001."):
        require(any(re.match(text, line) for line in run.lines), f"no `{text}'", *run.lines)


@pytest.mark.parametrize("variable", ["INIT_CFLAGS", "DEFS"])
def test_chosen_program(variable):
    """The program that other trees compile in is run, and one line says how it is chosen here."""
    enter_copy()
    text = make("qemu-nox", f"{variable}=-DTEST=user_yield", "EXIT=1")
    require("without being compiled again: make run-yield\n" in text and "All done in" in text,
            "not run", *text.splitlines())


def test_targets():
    """Targets of other trees."""
    enter_copy()
    require(make("-s", "which-qemu") == make("-s", "print-qemu"), "another emulator")
    require("make run-hello runs hello\n" in make("-s", "prep-hello"), "no word of how to run it")
    make("realclean")
    require_equal(Path("obj").exists(), False, "whether obj/ is there")
    make("distclean")


GATE = """
struct Gatedesc habit;
void set_habit(void)
{
	SETGATE(habit, 1, GD_KT, set_habit, 3);
	assert(habit.gd_type == STS_TG32 && habit.gd_dpl == 3 && habit.gd_p);
}
"""


@pytest.mark.thorough
def test_names():
    """Names of inc/mmu.h."""
    enter_copy()
    with open("kern/trap.c", "a", encoding="utf-8") as file:
        file.write(GATE)
    require("warning" not in make(), "a warning")
