"""What is graded: the lab's tests, which give points, and the checks of single exercises."""

import re
from dataclasses import dataclass
from typing import Dict, List, Sequence, Set, Tuple

from gradetext import PROMPT

EXERCISES = range(1, 16)


@dataclass(frozen=True)
class Test:
    """A program, and the lines it must and must not cause.

    Each line of must and mustnot is a regular expression that has to match from the start of an
    output line. In them E1, E2 ... stand for the ids of the first, second ... env, with eight
    digits as the kernel prints them; e1, e2 ... for the same without leading zeros, as programs
    do. (The first env is 00001000: the table index is in the low ten bits, a generation above.)
    A > comes before what the program itself prints, not the kernel: see --token.
    """
    name: str
    part: str               # of the lab, or the number of an exercise
    needs: str              # the exercises a test of the lab depends on
    must: str
    mustnot: str = ""
    run: str = ""           # the programs to start, if not the one called name
    cpus: int = 1
    seed: str = ""          # for a run that can be repeated
    typed: str = ""         # what to type at the monitor's prompt, a line at a time
    says: str = ""          # what is before the OK or FAIL it prints, if it checks by itself
    hint: str = ""          # what is wrong then, most likely
    code: Tuple[bytes, str] = (b"", "")     # what the kernel's code must have, and what is wrong if not
    checked: bool = False   # whether it must pass on the checking kernel, too
    stop: str = ""          # a line like this ends the test; as in must
    limit: float = 60       # seconds it may take
    cost: float = 1         # seconds it takes roughly: the longest tests start first
    points: int = 5

    @property
    def exercise(self) -> int:
        """The exercise it is a check of; 0: none."""
        return int(self.part) if self.part.isdecimal() else 0

    @property
    def inspects(self) -> bool:
        """Whether the monitor makes it, which can do that even if the kernel has panicked."""
        return self.says.startswith("inspect:")

    @property
    def begins(self) -> str:
        """The program that begins it; "": it may be over before one begins."""
        return "" if self.inspects else re.split("[ :]", self.run or self.name)[0]

    @property
    def variables(self) -> Dict[str, str]:
        """Variables for make with which it runs, apart from RUN."""
        variables = {"EX": self.part if self.exercise else "", "SEED": self.seed,
                     "CPUS": str(self.cpus) if self.cpus > 1 else ""}
        return {name: value for name, value in variables.items() if value}

    @property
    def replies(self) -> List[Tuple[str, str]]:
        """What to type, and after what, for a Watch."""
        return [(PROMPT, line) for line in self.typed.splitlines(True)]

    @property
    def command(self) -> str:
        """A command that shows what it sees."""
        words = [f"{name}={value}" for name, value in self.variables.items()]
        words.insert(0, f'qemu-nox RUN="{self.run}"' if self.run else f"run-{self.name}-nox")
        then = "".join(f", and type: {line}" for line in self.typed.splitlines())
        return f"make {' '.join(words)}{then}".strip()


def patterns(text: str, mark: str = "") -> List[str]:
    """Return the patterns in a block of a Test: env ids are filled in, and for a > the mark."""
    def env_id(match):
        digits = "%08x" if match[1] == "E" else "%x"
        return digits % (0x1000 + int(match[2]) - 1)

    lines = [line[4:] for line in text.splitlines() if line.strip()]    # unindented
    lines = [re.sub(r"\b([Ee])(\d+)\b", env_id, line) for line in lines]
    return [mark + line[2:] if line.startswith("> ") else line for line in lines]


TESTS = (
    Test("dumbfork", "A", "1-7", r"""
    .00000000. new env E1
    .E1. new env E2
    > 0: I am the parent.
    > 9: I am the parent.
    > 0: I am the child.
    > 9: I am the child.
    > 19: I am the child.
    .E1. exiting gracefully
    .E1. free env E1
    .E2. exiting gracefully
    .E2. free env E2
    """),

    Test("faultread", "B", "1-6, 9", r"""
    .E1. user fault va 00000000 ip 008.....
    TRAP frame at 0xf....... from CPU .
      trap 0x0000000e Page Fault
      err  0x00000004.*
    .E1. free env E1
    """, mustnot=r"""
    > I read ........ from location 0.
    """),

    Test("faultwrite", "B", "1-6, 9", r"""
    .E1. user fault va 00000000 ip 008.....
    TRAP frame at 0xf....... from CPU .
      trap 0x0000000e Page Fault
      err  0x00000006.*
    .E1. free env E1
    """, mustnot=r"""
    > I read ........ from location 0.
    """),

    Test("faultdie", "B", "1-11", r"""
    > i faulted at va deadbeef, err 6
    .E1. exiting gracefully
    .E1. free env E1
    """),

    Test("faultregs", "B", "1-11", r"""
    > Registers in UTrapframe OK
    > Registers after page-fault OK
    """, mustnot=r"""
    > Registers in UTrapframe MISMATCH
    > Registers after page-fault MISMATCH
    """),

    Test("faultalloc", "B", "1-11", r"""
    > fault deadbeef
    > this string was faulted in at deadbeef
    > fault cafebffe
    > fault cafec000
    > this string was faulted in at cafebffe
    .E1. exiting gracefully
    .E1. free env E1
    """),

    Test("faultallocbad", "B", "1-11", r"""
    .E1. user_mem_check assertion failure for va deadbeef
    .E1. free env E1
    """),

    Test("faultnostack", "B", "1-6, 8, 9", r"""
    .E1. user_mem_check assertion failure for va eebfff..
    .E1. free env E1
    """),

    Test("faultbadhandler", "B", "1-9", r"""
    .E1. user_mem_check assertion failure for va (deadb|eebfe)...
    .E1. free env E1
    """),

    Test("faultevilhandler", "B", "1-9", r"""
    .E1. user_mem_check assertion failure for va (f0100|eebfe)...
    .E1. free env E1
    """),

    # A freed slot is used again, with the next generation, before the tree is complete.
    Test("forktree", "B", "1-12", r"""
    > ....: I am .0.
    > ....: I am .1.
    > ....: I am .000.
    > ....: I am .100.
    > ....: I am .110.
    > ....: I am .111.
    > ....: I am .011.
    > ....: I am .001.
    .E1. exiting gracefully
    .E2. exiting gracefully
    .0000200.. exiting gracefully
    .0000200.. free env 0000200.
    """, cost=3),

    Test("spin", "C", "1-14", r"""
    .00000000. new env E1
    > I am the parent.  Forking the child...
    .E1. new env E2
    > I am the parent.  Running the child...
    > I am the child.  Spinning...
    > I am the parent.  Killing the child...
    .E1. destroying E2
    .E1. free env E2
    .E1. exiting gracefully
    .E1. free env E1
    """, cost=2),

    Test("stresssched", "C", "1-14", r"""
    > .000010... stresssched on CPU 0
    > .000010... stresssched on CPU 1
    > .000010... stresssched on CPU 2
    > .000010... stresssched on CPU 3
    """, mustnot=r"""
    .*ran on two CPUs at once
    """, cpus=4, cost=5, seed="1"),

    Test("sendpage", "C", "1-15", r"""
    .00000000. new env E1
    .E1. new env E2
    > e1 got message: hello child environment! how are you\?
    > child received correct message
    > e2 got message: hello parent environment! I'm good
    > parent received correct message
    .E1. exiting gracefully
    .E1. free env E1
    .E2. exiting gracefully
    .E2. free env E2
    """, cpus=2),

    Test("pingpong", "C", "1-15", r"""
    .00000000. new env E1
    .E1. new env E2
    > send 0 from e1 to e2
    > e2 got 0 from e1
    > e1 got 1 from e2
    > e2 got 8 from e1
    > e1 got 9 from e2
    > e2 got 10 from e1
    .E1. exiting gracefully
    .E1. free env E1
    .E2. exiting gracefully
    .E2. free env E2
    """, cpus=4, cost=2),

    Test("primes", "C", "1-15", r"""
    > CPU .: 2 .E2. new env E3
    > CPU .: 3 .E3. new env E4
    > CPU .: 5 .E4. new env E5
    > CPU .: 7 .E5. new env E6
    > CPU .: 11 .E6. new env E7
    > CPU .: 1877 .E289. new env E290
    """, mustnot=r"""
    .*panic
    """, cpus=4, stop="    > CPU .: 1877 ", limit=30, cost=10),
)


# ---- Checks of single exercises ----

def lab(exercise: int, name: str, run: str, must: str, mustnot: str = "    .*panic",
        **options) -> Test:
    """Return a check that looks at what programs cause that do not check by themselves."""
    return Test(f"ex{exercise}:{name}", str(exercise), "", must, mustnot, run=run, points=1,
                **options)


def telling(exercise: int, name: str, run: str, says: str, also: str, **options) -> Test:
    """Return a check that is made by what runs: it says OK or FAIL; `also' must be printed too."""
    return lab(exercise, name, run, f"    > {says}: OK\n    {also}", f"    > {says}: FAIL .*",
               says=says, **options)


def check(exercise: int, name: str, beside: str = "", also: str = "", **options) -> Test:
    """Return the check that user/exercises/exN.c makes when given this name, beside others."""
    command = f"ex{exercise}:{name}"
    return telling(exercise, name, f"{command} {beside}".strip(), command, also, **options)


INSPECTED = "    > inspect: done"


def inspection(exercise: int, part: str, name: str = "", run: str = "hello", also: str = "",
               **options) -> Test:
    """Return the check that the monitor's command `inspect' makes of this part, when all is done.

    name    the check's, if not that of the part
    """
    return telling(exercise, name or part, run, f"inspect: {part}", also,
                   typed=f"inspect {part}\n", stop=INSPECTED, **options)


# What shows that the kernel has come as far as exercise 5 lets it.
UP = "(.*hello, world|Exercise 6 is missing|No runnable environments)"
AROUND = "the search goes on at envs[0] after the last slot"
RUNNABLE = ("next_runnable returns an env only if it is ENV_RUNNABLE; one that is ENV_RUNNING may "
            "run on another CPU")

# What a panic says that tells which exercise it is about. The scheduler alone sets ENV_RUNNING.
ABOUT = {"the kernel lock": 5, "kernel_locked()": 5, "to ENV_RUNNING": 6}

# The functions that are in exercises, or check one at boot: who panics in them is known.
EXERCISE_OF = {"mmio_map_region": 1, "page_init": 2, "check_page_alloc": 2, "mem_init_mp": 3,
               "check_kern_pgdir": 3, "trap_init_percpu": 4, "trap_check_percpu": 4,
               "next_runnable": 6, "sched_choose": 6}

# The same, of one that interrupts what others do.
TICK = "handle_tick", 14

ARGUMENTS = "each call looks at all it is given, and at all its helpers return, before it uses any"
STATES = ("env_set_state is called only if the status changes, and to one that may follow (the "
          "table in kern/envstate.h)")

# What shows that the space for device registers has an end: the kernel panics.
REFUSED = "    kernel panic on CPU . at kern/pmap.c:.*"
LIMIT = f"    > inspect: limit: mmio_map_region\n{REFUSED}\n"

CHECKS = (
    inspection(1, "devices", hint="pa is rounded down and the end up to whole pages, and the "
               "result is the address of the byte at pa"),
    lab(1, "limit", "hello", LIMIT + LIMIT, "    > inspect: limit: FAIL .*",
        typed="inspect limit\n" * 2, stop=REFUSED, says="inspect: limit",
        hint="a region may end at MMIOLIM itself"),
    inspection(2, "frames"),
    inspection(3, "stacks", hint="each stack is KSTKSIZE bytes below its KSTACKTOP_CPU"),
    inspection(4, "segments", hint="each CPU writes its own descriptor, loads its selector, and "
               "uses thiscpu and cpunum() only then"),
    inspection(5, "lock", also=UP, checked=True),
    inspection(5, "lock", "cpus", "hello yield yield yield", cpus=4, seed="1", checked=True,
               also="(.*hello, world|No runnable environments)"
               "\n    SMP: CPU 3 starting",
               hint="each CPU takes the lock before it does what others do, too, CPU 0 before it "
               "starts others, and gives it back before it sleeps or goes to user mode"),
    # CPU 1 sleeps until the child is made runnable.
    inspection(5, "lock", "sleep", "dumbfork", cpus=2, seed="1", checked=True,
               also="> 19: I am the child",
               hint="a CPU that has slept takes the lock again at once"),
    check(6, "turns", beside="ex6:turns ex6:turns", seed="1", hint=AROUND),
    *[check(6, name, hint=AROUND) for name in ("alone", "last")],
    check(6, "far", seed="1", hint=AROUND),
    lab(6, "again", "hello", "    > i am environment 00002000\n"
        "    .00002000. free env 00002000", typed="run hello\n", hint=AROUND),
    lab(6, "cpus", "yield yield yield yield", "    > All done in environment 0000100[0-3].",
        cpus=4, seed="1", hint=RUNNABLE),
    check(6, "blocked", hint=RUNNABLE),
    check(6, "elsewhere", cpus=3, seed="1", hint=RUNNABLE),
    *[check(7, name, hint=ARGUMENTS, checked=name == "unmap") for name in (
        "exofork", "run", "status", "alloc", "map", "unmap", "limits", "ids")],
    *[check(7, name) for name in ("fpu", "itself")],
    lab(7, "states", "ex7:status", "    > ex7:status: OK\n    audit: .* all agrees",
        mustnot="    audit: (?!.* all agrees).*", typed="audit\n", stop="    audit: ",
        hint="sys_env_set_status sets env_status by env_set_state only, which keeps the run queue "
        "right"),
    check(7, "stranger", beside="yield", hint=ARGUMENTS),
    check(7, "elsewhere", beside="ex7:elsewhere", cpus=2, seed="1",
          hint="sys_env_set_status calls env_interrupt before it stops an env"),
    *[check(8, name) for name in ("upcall", "inherit", "who")],
    check(8, "stranger", beside="yield"),
    lab(9, "without", "faultread", """
    .E1. user fault va 00000000 ip 008.....
    TRAP frame at 0xf....... from CPU .
    .E1. free env E1
    """, hint="page_fault_handler prints what doc/lab4.md shows and ends the env as other traps "
    "do"),
    *[check(9, name, checked=name == "frame") for name in (
        "frame", "kinds", "nested", "deeper", "outside", "full", "lower", "stack", "address")],
    *[check(10, name) for name in ("argument", "registers", "flags", "esp", "eip", "below",
                                   "nested", "word", "dispatch")],
    *[check(11, name) for name in ("upcall", "stack", "handler", "twice", "replace", "inside",
                                   "install", "memory", "panics")],
    *[check(12, name) for name in ("memory", "readonly", "share", "cow", "order", "handler",
                                   "stack", "tree", "entries", "errors", "middle")],
    *[check(13, name, seed="1") for name in ("flags", "gates")],
    inspection(13, "interrupts"),
    check(13, "sleep", seed="1", cpus=2, typed="inspect\n", stop=INSPECTED,
          also="> inspect: interrupts: OK", hint="sti_hlt_cli comes back with interrupts off",
          code=(b"\xfb\xf4", "in sti_hlt_cli, hlt has to follow sti at once: sti takes effect "
                "after one more instruction, so an interrupt before hlt still ends the sleep")),
    check(13, "kick", seed="1", cpus=2,
          hint="wait_kicked waits until the CPU has left user mode"),
    *[check(14, name) for name in ("turns", "alone", "fair", "ticks")],
    check(14, "charged", seed="1", cpus=2),
    *[check(15, name) for name in ("value", "page", "half", "high", "memory", "where", "library",
                                   "panics")],
    check(15, "once", hint="a message that arrives makes env_ipc_recving false"),
    check(15, "refused", hint="sys_ipc_try_send uses an entry of a page table that is not there"),
    check(15, "anybody", beside="ex15:anybody"),
)

# What each exercise builds on: where one of these checks fails, later ones cannot be judged.
GROUND = [test for test in CHECKS if test.inspects and test.name not in ("ex1:limit", "ex5:sleep")
          or test.name in ("ex6:cpus", "ex6:again")]

# All of that at a glance.
GLANCE = lab(0, "ground", "hello yield yield yield", "\n".join(
    ["    > hello, world", "    > All done in environment 0000100[1-3].", *{
        f"    > {test.says}: OK" for test in GROUND if test.says}]),
             typed="inspect\n", stop=INSPECTED, cpus=4, seed="1")


# ---- What the checks of programs build on ----

def several(exercise: int, *without: str, only: Sequence[str] = ()) -> Test:
    """Return a test that makes the checks of an exercise in one run: all but some, or only these."""
    names = [test.name.partition(":")[2] for test in CHECKS
             if test.exercise == exercise and test.says == test.name and not test.typed]
    names = only or [name for name in names if name not in without]
    command = ":".join([f"ex{exercise}", *names])
    return Test(command, str(exercise), "", "\n".join(f"    > ex{exercise}:{name}: OK"
                                                      for name in names),
                f"    > ex{exercise}:.*: FAIL .*", run=command)


# Steps from exercise 7 on, in the order in which one is taken after the other. That a handler is set
# comes before 10, as no check of that can be made without; the rest of 11 comes after 10.
CALLS = several(7, "stranger", "elsewhere")
UPCALL = several(8, "stranger")
FAULTS = several(9)
HANDLER_SET = several(11, only=("upcall", "stack"))
ENTRY = several(10)
HANDLER = several(11)
FORK = several(12, "errors", "middle")
INTERRUPTS = several(13, only=("flags", "gates"))

# What a step, or the checks of an exercise, builds on.
STANDS_ON: Dict[str, Sequence[Test]] = {
    UPCALL.name: (CALLS,), FAULTS.name: (UPCALL, CALLS), HANDLER_SET.name: (UPCALL, CALLS),
    ENTRY.name: (HANDLER_SET, FAULTS), HANDLER.name: (HANDLER_SET, ENTRY),
    FORK.name: (HANDLER, ENTRY, CALLS), INTERRUPTS.name: (FORK,),
    "8": (CALLS,), "9": (UPCALL, CALLS), "10": (HANDLER_SET, FAULTS), "11": (HANDLER_SET, ENTRY),
    "12": (HANDLER, ENTRY, CALLS), "13": (FORK,), "14": (INTERRUPTS, FORK), "15": (FORK,)}


def exercises_below(name: str) -> Set[int]:
    """Return the exercises that a step, or the checks of an exercise, builds on."""
    below = STANDS_ON.get(name, ())
    return {test.exercise for test in below}.union(*[exercises_below(test.name) for test in below])
