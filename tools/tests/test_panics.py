"""Faults in the kernel, which gdb provokes: one CPU reports it, the others stop."""

import re
import struct
from pathlib import Path

from gradebuild import objdir
from gradelib import PANIC, STATUS_PANIC

import rsp
import pytest

from kit import (edit, enter_copy, fail, line_of, make, params, require, require_equal,
                 wait_for)
from machine import Machine, command, play
from tree import symbols

pytestmark = pytest.mark.compiler

NOWHERE = 0x10                      # an address where no code is
PROLOGUE = bytes.fromhex("5589e5")  # push %ebp; mov %esp,%ebp
INTERRUPTS_ON = 0x200
HLT = 0xf4
TRIES = 5000                        # on a busy host a CPU may not come to its turn for long


def calls(gdb, cpu, function, end):
    """Whether a CPU that has just entered a function comes from between these addresses."""
    caller = gdb.memory(gdb.registers(cpu).esp, 4)
    return function <= int.from_bytes(caller, "little") < end


def derail(machine, cpu, **registers):
    """Make a CPU that handles sys_yield go on with other registers: by default, nowhere."""
    gdb, table = machine.gdb, symbols()
    address, trap = table["sched_choose"], table["trap"]
    end = min(other for other in table.values() if other > trap)
    gdb.break_at(address)
    for _ in range(TRIES):
        gdb.resume()
        if gdb.stopped() == cpu and calls(gdb, cpu, trap, end):
            break
        gdb.clear(address)
        gdb.step()
        gdb.break_at(address)
    else:
        fail(f"CPU {cpu} makes no system calls")
    require_equal(gdb.memory(address, 3), PROLOGUE, "instructions at sched_choose")
    gdb.clear(address)
    gdb.step()
    gdb.step()      # its frame is there now
    for register, value in (registers or {"EIP": NOWHERE}).items():
        gdb.set(cpu, getattr(rsp, register), value)
    gdb.resume()


NO_MORE = "The kernel has panicked and does not go on any more; 'reset' restarts the machine."

# Which CPU faults, and how many there are.
CPUS = {f"{cpu} of {cpus}": (cpu, cpus) for cpu, cpus in ((0, 1), (0, 4), (2, 4))}


@pytest.mark.parametrize("cpu, cpus", params(CPUS, ("2 of 4",)))
def test_panics(cpu, cpus):
    """A CPU that faults in the kernel says so, with registers and backtrace; the others halt for
    good, and the monitor takes over."""
    programs = " ".join(["idle"] * cpus)
    with Machine(command(programs, cpus=cpus, end=False), gdb=True) as machine:
        derail(machine, cpu)
        machine.prompt()
        report = machine.text[machine.text.index(PANIC):]
        for pattern in (rf"{PANIC} {cpu}: Page Fault in the kernel at {NOWHERE:08x}$",
                        rf"^TRAP frame at 0x[0-9a-f]{{8}} from CPU {cpu}$",
                        rf"^  cr2  0x{NOWHERE:08x}$", r"^  err  0x0000000[01] \[kernel, read",
                        rf"^  eip  0x{NOWHERE:08x}$", "^  cs   0x----0008$", "^Stack backtrace:$",
                        r"^for environment 0000100. \(idle\), "
                        r"(in a system call: eax is|after trap 32) ",
                        rf" kern/trap\.c:{line_of('kern/trap.c', 'sched_choose(cpu);')}: trap"):
            require(re.search(pattern, report, re.M), f"no `{pattern}'", *report.splitlines())
        require_equal(machine.text.count(PANIC), 1, "number of panics")

        machine.answer("x/4 0xf0100000")    # the monitor works
        for typed in ("run hello", "continue", "step", "setperm 0x800000 -W"):
            require_equal(machine.answer(typed), [NO_MORE], f"answer to {typed}")
        for other in set(range(cpus)) - {cpu}:
            wait_for(lambda: halted_for_good(machine.gdb, other), f"CPU {other} is halted for good")


def halted_for_good(gdb, cpu):
    """Whether a CPU of a machine that runs is in hlt, with interrupts off."""
    gdb.interrupt()
    registers = gdb.registers(cpu)
    halted = (not registers.eflags & INTERRUPTS_ON
              and gdb.memory(registers.eip - 1, 1)[0] == HLT)
    gdb.resume()
    return halted


@pytest.mark.parametrize("cpu, cpus", params(CPUS))
def test_ends(cpu, cpus):
    """When it was told to end by itself, the machine does so, with the status of a panic."""
    with Machine(command(" ".join(["idle"] * cpus), cpus=cpus), gdb=True) as machine:
        derail(machine, cpu)
        require_equal(machine.status(), STATUS_PANIC, "status")
        require_equal(machine.text.count(PANIC), 1, "number of panics")


@pytest.mark.thorough
def test_again():
    """A panic while the kernel panics, or in the monitor after that, is reported, too; then all
    stops."""
    enter_copy(few=True)
    edit("kern/init.c", "start_programs(); // the", 'panic("by a test"); // the')
    edit("kern/monitor.c", 'cprintf("Special kernel symbols:\\n");', 'panic("again");')
    make()
    with Machine(command("hello", end=False)) as machine:
        machine.prompt()
        machine.type("kerninfo\n")
        machine.expect(rf"^{PANIC} 0 at kern/monitor\.c:\d+: again$")
        machine.expect(r"kern/monitor\.c:\d+: kerninfo\+")
        machine.expect("^panic while panicking, stopped$")


# ---- What stands between the kernel and its own mistakes ----

USER_TEXT = 0x800000
LOAD_FROM_EBX = bytes.fromhex("8b03")   # movl (%ebx), %eax


def load_from_ebx():
    """Return the address of some kernel code that reads where EBX points."""
    kernel = (objdir() / "kern/kernel").read_bytes()
    header = struct.unpack_from("<I", kernel, 28)[0]        # e_phoff: the first is the text's
    offset, address, _, size = struct.unpack_from("<4I", kernel, header + 4)
    at = kernel.find(LOAD_FROM_EBX, offset, offset + size)
    require(at >= 0, "the kernel has no such instruction")
    return address + at - offset


def reports(machine, *patterns):
    """The machine panics, and says all this."""
    machine.prompt()
    report = machine.text[machine.text.index(PANIC):]
    for pattern in patterns:
        require(re.search(pattern, report, re.M), f"no `{pattern}'", *report.splitlines())


@pytest.mark.parametrize("cpu, cpus", params({"0 of 1": (0, 1), "2 of 4": (2, 4)}, ("2 of 4",)))
def test_overflows(cpu, cpus):
    """A kernel stack that is used up ends in a panic, too, not in a reset."""
    size = 0x8000                       # of a stack, and of the gap below it
    bottom = 0xf0000000 - cpu * 2 * size - size
    with Machine(command(" ".join(["idle"] * cpus), cpus=cpus, end=False), gdb=True) as machine:
        derail(machine, cpu, ESP=bottom)
        reports(machine, f"{PANIC} {cpu}: Double Fault in the kernel", "^TRAP frame at",
                "^  trap 0x00000008 Double Fault$", "^Stack backtrace:$", r" kern/sched\.c:")


@pytest.mark.thorough
def test_executes_user_memory():
    """SMEP forbids it."""
    with Machine(command("idle", "-cpu", "max", end=False), gdb=True) as machine:
        derail(machine, 0, EIP=USER_TEXT)
        reports(machine, f"Page Fault in the kernel at {USER_TEXT:08x}",
                r"^  err  0x000000.. \[kernel, read, protection\]")


def test_reads_user_memory():
    """SMAP forbids it."""
    with Machine(command("idle", "-cpu", "max", end=False), gdb=True) as machine:
        derail(machine, 0, EIP=load_from_ebx(), EBX=USER_TEXT)
        reports(machine, "Page Fault in the kernel", f"^  cr2  0x{USER_TEXT:08x}$",
                r"^  err  0x000000.. \[kernel, read, protection\]")


# ---- What a panic says ----

def panic_of(file, old, new, program="hello", cpus=1):
    """Plant something into a copy of the kernel; return what it prints from the panic on."""
    enter_copy(few=True)
    edit(file, old, new)
    make()
    run = play(command(program, cpus=cpus))
    require_equal(run.status, STATUS_PANIC, "status")
    begin = next(at for at, line in enumerate(run.lines) if line.startswith(PANIC))
    return run.lines[begin:]


def test_call_of_nothing():
    """When the kernel calls address 0, the caller, the env and its system call are named."""
    lines = panic_of("kern/syscall.c", "	return curenv->env_id;",
                     "	static void (*volatile nothing)(void);\n\n	nothing();\n"
                     "	return curenv->env_id;")
    for pattern in (f"{PANIC} 0: Page Fault in the kernel at 00000000",
                    r"for environment 00001000 \(hello\), in a system call: eax is 2, ",
                    r"on top of the stack: f01\w+ kern/syscall\.c:\d+: (call|sys)_getenvid\+",
                    r" +kern/\w+\.[ch]:\d+: trap\+"):
        require(any(re.match(pattern, line) for line in lines), f"no `{pattern}'", *lines)


def test_panic_in_a_tick():
    """The monitor answers, though the timer does not interrupt any more."""
    enter_copy(few=True)
    edit("kern/trap.c", "	cpu->cpu_timer_ticks++;\n", '	panic("by a test");\n')
    make()
    with Machine(command("yield yield idle", end=False)) as machine:
        machine.expect(f"{PANIC} 0 at kern/trap.c:.*: by a test")
        machine.prompt()
        require("inspect: frames: OK" in machine.answer("inspect frames"), "no answer")


@pytest.mark.thorough
def test_panic_at_boot():
    """Where no env runs, that is said."""
    lines = panic_of("kern/init.c", "	env_init();", "	panic(\"early\");\n	env_init();")
    require("no environment was running on CPU 0" in lines, "it is not said", *lines)


TWO_OVERFLOWS = """\
static int waiting;
static int overflow(volatile int *n)
{
	volatile int m = *n + 1;

	return m ? overflow(&m) + m : 0;
}

IN_REGISTERS void trap(struct Trapframe *tf, struct CpuInfo *cpu)
{
	if (tf->tf_trapno == T_SYSCALL && tf->tf_regs.reg_eax == SYS_cgetc) {
		__atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&waiting, __ATOMIC_SEQ_CST) < 2)
			pause();
		overflow(&(volatile int){1});
	}
"""


@pytest.mark.thorough
def test_two_double_faults():
    """Two CPUs whose stacks overflow at the same time: one reports it, and nothing resets."""
    enter_copy(few=True)
    Path("user/twice.c").write_text("#include <inc/lib.h>\n\n"
                                    "void umain(int argc, char **argv)\n{\n\tsys_cgetc();\n}\n")
    edit("kern/trap.c", TWO_OVERFLOWS[TWO_OVERFLOWS.index("IN_REGISTERS"):].partition("\tif")[0],
         TWO_OVERFLOWS)
    make()
    for _ in range(5):
        run = play(command("twice twice", cpus=2))
        require_equal(run.status, STATUS_PANIC, "status")
        reports = [line for line in run.lines if PANIC in line]
        require(len(reports) == 1 and "Double Fault in the kernel" in reports[0],
                "not one report of a double fault", *run.lines[-20:])
