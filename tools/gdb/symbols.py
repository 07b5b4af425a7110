"""User programs' symbols in gdb: one program's at a time, as all have the same addresses."""

import difflib
import re
from contextlib import contextmanager
from pathlib import Path
from typing import List

import gdb

import kernel
from kernel import TROUBLE, ULIM, plain_errors, undisturbed
from tables import current_env


class Loaded:
    """The program whose symbols are loaded; "" for none. Whether the user has chosen it."""
    program = ""
    chosen = False


# ---- Programs ----

def folder() -> Path:
    """Return where the programs are."""
    return Path(kernel.objfile().filename).resolve().parents[1] / "user"


def programs() -> List[str]:
    """Return the programs' names."""
    return sorted(path.stem for path in folder().glob("*.stripped"))


def check_program(name: str) -> None:
    """Make sure there is such a program."""
    if name not in programs():
        near = difflib.get_close_matches(name, programs(), 1)
        raise gdb.GdbError(f"No program is called '{name}'" + (
            f"; did you mean {near[0]}?" if near else ": they are those in user/"))


# ---- Loading ----

def load(program: str) -> None:
    """Load the symbols of a program, in the place of those that are loaded."""
    if program == Loaded.program:
        return
    if Loaded.program:
        Loaded.program = ""
        try:
            gdb.execute(f"remove-symbol-file -a {kernel.CONSTANTS['UTEXT']:#x}", to_string=True)
        except gdb.error:           # the user has removed them
            pass
    if program and (folder() / program).exists():
        gdb.execute(f'add-symbol-file "{folder() / program}"', to_string=True)
        Loaded.program = program


@contextmanager
def unchanged():
    """Afterwards have again the CPU, frame and program's symbols that there are now."""
    program = Loaded.program
    with undisturbed():
        try:
            yield
        finally:
            load(program)


def choose(program: str) -> None:
    """Load the symbols of a program and keep them; with none, those of whichever runs."""
    if program:
        check_program(program)
    Loaded.chosen = bool(program)
    load(program)
    follow()


def cpu_name(cpu: int) -> str:
    """Return what a CPU does: the program and env it runs, or its status."""
    status = kernel.cpu_status(cpu)
    if status in ("panicked", "stopped") or not kernel.cpus()[cpu]["cpu_env"]:
        return status
    env = current_env(cpu)
    return f"{env.program or '(no program)'} {env.id:08x}"


def follow() -> bool:
    """Name gdb's threads by what the CPUs do, and load the symbols of the program on the selected
    CPU. Return whether other symbols than before are loaded."""
    before = Loaded.program
    if not gdb.selected_thread() or not gdb.selected_thread().is_stopped():
        return False
    try:
        here = kernel.selected_cpu()
        with undisturbed():
            for n, thread in enumerate(kernel.threads()):
                thread.name = f"CPU {n}"
            kernel.see()
            for n, thread in enumerate(kernel.threads()[:len(kernel.cpus())]):
                thread.name = f"CPU {n}: {cpu_name(n)}"
            program = current_env(here).program
        if program and not Loaded.chosen:
            load(program)
    except TROUBLE:                 # no kernel yet, or no env there
        pass
    return Loaded.program != before


def follow_at_prompt() -> None:
    """The user may have selected another CPU: then show again where that is."""
    if follow():
        print(f"[Symbols of {Loaded.program}]")
        if gdb.selected_frame().pc() < ULIM:
            gdb.execute("frame")


# ---- Where an address is ----

def place(pc: int, program: str = "", returns: bool = False) -> str:
    """Return pc with its function, file and line, in the kernel or in a program; a return address
    belongs to the call before it. The program's symbols stay loaded."""
    if pc < ULIM:
        load(program)
    at = pc - returns
    found = re.match(r"(\S+)(?: \+ (\d+))? in section", gdb.execute(f"info symbol {at:#x}",
                                                                  to_string=True))
    if not found or (pc < ULIM and not program):
        return f"{pc:#010x}"
    line = gdb.find_pc_line(at)
    where = f" ({line.symtab.filename}:{line.line})" if line.symtab and line.line else ""
    return f"{pc:#010x} {found[1]}+{int(found[2] or 0) + returns}{where}"


def addresses(program: str, spec: str) -> List[int]:
    """Return where gdb would break for a function or FILE:LINE of a program."""
    with unchanged():
        load(program)
        try:
            gdb.decode_line(spec)
            probe = gdb.Breakpoint(spec, internal=True)
            listing = gdb.execute(f"maint info breakpoints {probe.number}", to_string=True)
            probe.delete()
        except gdb.error:
            listing = ""
        found = {int(text, 16) for text in re.findall(r" y +(0x[0-9a-f]+) ", listing)}
        found = sorted(address for address in found if address < ULIM)
        if found:
            return found
        functions = gdb.execute("info functions -n", to_string=True)
    near = difflib.get_close_matches(spec, re.findall(r"(\w+)\(", functions), 1)
    raise gdb.GdbError(f"{program} has no {spec}" + (
        f"; did you mean {near[0]}?" if near else
        f": `user-symbols {program}' and `info functions' show what it has"))


class Runs(gdb.Function):
    """$runs("PROG"): whether the selected CPU runs an env of that program; for conditions."""

    def __init__(self):
        super().__init__("runs")

    def invoke(self, program):
        """Return the value of the function."""
        try:
            return current_env(kernel.selected_cpu()).program == program.string()
        except TROUBLE:             # nothing runs there
            return False


# ---- Commands ----

class ProgramCommand(gdb.Command):
    """A command whose first argument is a program."""

    def complete(self, text, word):
        """Return how the word may go on."""
        if len(text.split()) > 1 or text.endswith(" "):
            return gdb.COMPLETE_SYMBOL
        return [name for name in programs() if name.startswith(word)]


class UserSymbols(ProgramCommand):
    """Load the symbols of a user program: user-symbols NAME
Usage: user-symbols [NAME]

They stay until `user-symbols' alone is given. Then gdb has again, at each stop, those of the
program on the selected CPU. Programs share addresses, so it is one program's at a time."""

    def __init__(self):
        super().__init__("user-symbols", gdb.COMMAND_FILES)

    def invoke(self, argument, from_tty):
        """Do the command."""
        with plain_errors():
            choose(argument.strip())
        print(f"Symbols of {Loaded.program or 'no program'}.")


class BreakUser(ProgramCommand):
    """Break in a user program, and not where others have other code at the same address.
Usage: break-user PROGRAM LOCATION

LOCATION is a function of the program's, or FILE:LINE. Any breakpoint can be confined to a program
by a condition: break sys_ipc_recv if $runs("pingpong")"""

    def __init__(self):
        super().__init__("break-user", gdb.COMMAND_BREAKPOINTS)

    def invoke(self, argument, from_tty):
        """Do the command."""
        words = gdb.string_to_argv(argument)
        if len(words) != 2:
            raise gdb.GdbError("Usage: break-user PROGRAM LOCATION, as in: break-user hello umain")
        program, spec = words
        with plain_errors(), unchanged():
            check_program(program)
            for pc in addresses(program, spec):
                load(program)
                gdb.Breakpoint(f"*{pc:#x}").condition = f'$runs("{program}")'


# ---- Doing so at each stop ----

def install() -> None:
    """Follow the CPUs from now on. A hook comes before gdb shows where it has stopped; the event
    is for those who have a hook of their own."""
    for each in (Runs, UserSymbols, BreakUser):
        each()
    gdb.execute("define hook-stop\npython import symbols; symbols.follow()\nend")
    gdb.events.stop.connect(lambda event: follow())
    gdb.events.before_prompt.connect(follow_at_prompt)
    follow()
