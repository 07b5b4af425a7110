"""What people do who know other trees of this lab: it works, or one line says what does."""

import re
from pathlib import Path

from gradebuild import objdir
from gradelib import CLEAN_END

import pytest

from kit import edit, enter_copy, make, require, require_equal
from machine import Machine, command, play, verify

PROGRAM = """\
#include <inc/lib.h>
#include <inc/stdarg.h>

// Names that a program may want for itself.
#define TASK_GATE 1
#define SYSCALL_SIZE 3
#define ERRORS 4
enum { GATE, MAXPHYSMEM, STEP_NEVER, STEP_NOW, STEP_EARLIER };
static int str, cli, hlt, clts, rdmsr, fninit, fxsave, fxrstor, divide64;
static void pause(void)
{
	str = cli + hlt + clts + rdmsr + fninit + fxsave + fxrstor + divide64 + TASK_GATE;
}

void umain(int argc, char **argv)
{
	static_assert(sizeof(int) == 4);
	static_assert(JOS_USER && HABIT == 7, "two arguments, as in C");
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


@pytest.mark.thorough
def test_own_call():
    """A system call is added with JOS's syscall(), and a program has short names of its own."""
    enter_copy(few=True)
    edit("inc/syscall.h", "	NSYSCALLS\n", "	SYS_seven,\n	NSYSCALLS\n")
    edit("inc/lib.h", "envid_t fork(void);", "int sys_seven(int n);\nenvid_t fork(void);")
    edit("kern/syscall.c", "// ---- Dispatch ----\n", HANDLER)
    edit("kern/syscall.c", "	CALL(cgetc) ", "	CALL(seven, A1) CALL(cgetc) ")
    with open("lib/syscall.c", "a", encoding="utf-8") as file:
        file.write(STUB)
    Path("user/habits.c").write_text(PROGRAM, encoding="utf-8")
    require("warning" not in make("DEFS=-DHABIT=7"), "a warning")
    verify(play(command("habits")), ["14 7 8192", "21", re.escape(CLEAN_END)])


ENTRY = """	{"where", "Tell where addresses are mapped", mon_where},
"""

COMMAND = """
#include <kern/spinlock.h>

static struct spinlock habit_lock;

int mon_where(int argc, char **argv, struct Trapframe *tf)
{
	struct Eipdebuginfo info;
	pte_t *pte = NULL;

	spin_initlock(&habit_lock);
	spin_lock(&habit_lock);
	for (int i = 1; i < argc; i++) {
		uintptr_t va = strtol(argv[i], NULL, 16);
		struct PageInfo *pp = page_lookup(kern_pgdir, (void *) va, &pte);
		if (!pp) {
			cprintf("%08x: nowhere\\n", va);
			continue;
		}
		assert(pte == pgdir_walk(kern_pgdir, (void *) va, false));
		cprintf("%08x: %08x%s\\n", va, page2pa(pp), *pte & PTE_PS ? ", 4 MB" : "");
		*pte |= PTE_AVAIL;
		tlb_invalidate(kern_pgdir, (void *) va);
	}
	spin_unlock(&habit_lock);
	debuginfo_eip(tf->tf_eip, &info);
	cprintf("%.*s in %s, CPU %d\\n", info.eip_fn_namelen, info.eip_fn_name, info.eip_file,
		(int) (bootcpu - cpus));
	debuginfo_eip((uintptr_t) mon_where, &info);
	cprintf("%.*s with %s\\n", info.eip_fn_namelen, info.eip_fn_name, habit_lock.name);
	return argc > 1 ? 0 : -1;
}
"""


def test_own_command():
    """A command of the monitor is written and added as in JOS."""
    enter_copy()
    edit("kern/monitor.h", "\n#endif\n",
         "\nint mon_where(int argc, char **argv, struct Trapframe *tf);\n\n#endif\n")
    edit("kern/monitor.c", "	{\"kerninfo\",", ENTRY + "	{\"kerninfo\",")
    with open("kern/monitor.c", "a", encoding="utf-8") as file:
        file.write(COMMAND)
    require("warning" not in make(), "a warning")
    end = ["umain in user/breakpoint.c, CPU 0", "mon_where with &habit_lock"]
    with Machine(command("breakpoint", end=False)) as machine:
        machine.prompt()
        require_equal(machine.answer("where efbf7000 f0107123 f0555000"),
                      ["efbf7000: nowhere", "f0107123: 00107000", "f0555000: 00555000, 4 MB", *end],
                      "answer to `where'")
        require("  where         Tell where addresses are mapped" in machine.answer("help"), "no help")
        machine.type("where\n")
        machine.expect("\n".join(end))
        machine.expect(re.escape(CLEAN_END))


@pytest.mark.thorough
def test_env_create():
    """ENV_CREATE in i386_init starts a program."""
    enter_copy(few=True)
    edit("kern/init.c", "	start_programs(); // ", "	ENV_CREATE(user_dumbfork, ENV_TYPE_USER);\n"
         "	ENV_CREATE(TEST, ENV_TYPE_USER);\n	start_programs(); // ")
    edit("kern/init.c", "#include <inc/stdio.h>\n",
         "#include <inc/stdio.h>\n#define TEST user_yield\n")
    make()
    run = play(command("hello"))
    for text in ("hello, world", "0: I am the parent!", "All done in environment 00001001."):
        require(any(re.match(text, line) for line in run.lines), f"no `{text}'", *run.lines)


@pytest.mark.parametrize("setting", ["INIT_CFLAGS=-DTEST=user_yield", "DEFS=-DTEST=user_yield",
                                     "INIT_CFLAGS=-DTEST=yield", "CFLAGS=-DTEST=yield"])
def test_chosen_program(setting):
    """The program that other trees compile in is run, and one line says how it is chosen here."""
    enter_copy()
    text = make("qemu-nox", setting, "EXIT=1")
    require(text.count("without being compiled again: make run-yield\n") == 1 and
            "All done in" in text, "not run", *text.splitlines())


def test_targets():
    """Targets of other trees."""
    enter_copy()
    require(make("-s", "which-qemu") == make("-s", "print-qemu"), "another emulator")
    for name in ("hello", "user_hello"):
        require(f"make run-{name} runs hello\n" in make("-s", f"prep-{name}"),
                "no word of how to run it")
    for path, text in (("boot/boot.asm", "<start>:"), ("kern/kernel.asm", "<i386_init>:"),
                       ("user/hello.asm", "<umain>:"), ("user/hello.sym", " T umain\n")):
        make(f"{objdir()}/{path}")
        require(text in (objdir() / path).read_text(encoding="utf-8"), f"no {text} in {path}")
    make("realclean")
    require_equal(Path("obj").exists(), False, "whether obj/ is there")
    make("distclean")


GATE = """
struct Gatedesc habit;
void set_habit(void)
{
	SETGATE(habit, 1, GD_KT, set_habit, 3);
	assert(habit.gd_type == STS_TG32 && habit.gd_dpl == 3 && habit.gd_p);
	SETCALLGATE(habit, GD_KT, set_habit, 3);
	assert(habit.gd_type == STS_CG32 && habit.gd_dpl == 3 && habit.gd_p);
}

struct Segdesc habits[] = {SEG_NULL, SEG(STA_W, 0x12345678, 0xabcdefff, 3), SEG_FAULT};
const uint32_t expected[] = {0x4567abcd, 0xf1418923, 0x5678bcde, 0x12caf234, 0, 0x00409000};
void set_segments(void)
{
	habits[0] = SEG16(STS_T32A, 0xf1234567, 0x1abcd, 0);
	habits[0].sd_s = 0;
	for (int i = 0; i < 6; i++)
		assert(((uint32_t *) habits)[i] == expected[i]);
}

void other_names(void)
{
	lcr4(rcr4() & ~(CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_MCE | CR4_PCE));
	write_eflags((read_eflags() & ~FL_IOPL_MASK) | FL_IOPL_1 | FL_IOPL_2);
	insw(0, habits, 1);
	outsw(0, habits, 1);
	outsl(0, habits, 1);
}
"""


@pytest.mark.thorough
def test_names():
    """Names of inc/mmu.h."""
    enter_copy(few=True)
    with open("kern/trap.c", "a", encoding="utf-8") as file:
        file.write(GATE)
    edit("kern/init.c", "	start_programs(); // ", "	void set_habit(void), set_segments(void);\n"
         "	set_habit();\n	set_segments();\n	start_programs(); // ")
    require("warning" not in make(), "a warning")
    verify(play(command("hello")), [re.escape(CLEAN_END)])
