"""gdb commands that know the kernel. .gdbinit sources this file if gdb has Python."""

import sys
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True      # leave no __pycache__ in the source tree
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.append(str(HERE.parent / "common"))    # for headers

import gdb

import kernel
import symbols
from headers import traps
from kernel import CONSTANTS, KERNBASE, PGSIZE, registers
from symbols import place
from tables import (GENERAL, PTE_P, PTE_PS, PTSIZE, Directory, Env, Frames, address, current_env,
                    find_env, holders, saved_registers, used_envs)

MAX_FRAMES = 24     # in a backtrace


class Command(gdb.Command):
    """A command: its class's __doc__ is what `help' shows. A subclass has a run() and its .name,
    and how many arguments it takes."""
    name, least, most = "", 0, 0

    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        """Do the command; whatever is wrong is told in one line."""
        words = gdb.string_to_argv(argument)
        if self.most == 1 and words:
            words = [argument.strip()]      # an expression may have spaces
        if not self.least <= len(words) <= self.most:
            raise gdb.GdbError("Usage: " + self.__doc__.partition("Usage: ")[2].split("\n")[0])
        with kernel.plain_errors():
            here = kernel.selected_cpu()
            with symbols.unchanged():
                kernel.see()
                self.run(here, *words)

    def run(self, here: int, *words: str) -> None:
        """Do the command, the selected CPU being number `here'."""
        raise NotImplementedError


def number(text: str) -> "gdb.Value":
    """Return the value of an expression; eight hex digits, as the kernel prints them, are one."""
    if len(text) == 8 and not text.strip("0123456789abcdefABCDEF"):
        text = "0x" + text
    return gdb.parse_and_eval(text)


def chosen_env(here: int, text: str) -> Env:
    """Return the env that text means, or the one on the selected CPU."""
    return find_env(text) if text else current_env(here)


def print_table(*rows: tuple) -> None:
    """Print rows, the first one the titles; numbers to the right."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts)]
    right = [isinstance(cell, int) for cell in rows[-1]]
    for row in texts:
        print("  ".join(cell.rjust(width) if to_right else cell.ljust(width)
                        for cell, width, to_right in zip(row, widths, right)).rstrip())


# ---- Envs and CPUs ----

class Envs(Command):
    """List all environments.
Usage: envs

Of each its id and parent, its status, the CPU it is on or was on last, how often it was given
one, its program, where it is, and if it is blocked in a system call, in which one."""
    name = "envs"

    def run(self, here):
        found = used_envs()
        if not found:
            print("There are no environments")
            return
        at = {}
        for env in sorted(found, key=lambda env: env.program):      # load symbols rarely
            at[env.id] = place(env.registers()[1]["eip"], env.program)
        print_table(("id", "parent", "program", "CPU", "runs", "status", "waits for", "at"),
                    *((f"{env.id:08x}", f"{env.parent:08x}", env.program, env.cpu, env.runs,
                       env.status, env.waits_for() or "-", at[env.id]) for env in found))


class OneEnv(Command):
    """Show all about one environment.
Usage: env [ENV]

ENV is an id as it is printed, an index in envs[], or an expression for a struct Env * like
cpus[0].cpu_env. Without it: the environment on the selected CPU."""
    name, most = "env", 1

    def run(self, here, text=""):
        env = chosen_env(here, text)
        value, waits = env.value, env.waits_for()
        where, regs = env.registers()
        senders = " ".join(f"{sender:08x}" for sender in env.senders())
        upcall = int(value["env_pgfault_upcall"])
        pages = list(env.directory.pages())
        rows = {
            "index": f"{env.id % CONSTANTS['NENV']}, at {int(value.address):#010x}",
            "parent": f"{env.parent:08x}" if env.parent else "none: the kernel made it",
            "status": env.status + (f", waits for {waits}" if waits else ""),
            "CPU": f"{env.cpu}; was given one {env.runs} times",
            "memory": f"{len(pages)} pages, page directory at {int(value['env_pgdir']):#010x}",
            "upcall": place(upcall, env.program) if upcall else "none for page faults",
            "senders": senders or "none wait",
            "received": f"{int(value['env_ipc_value'])} from {int(value['env_ipc_from']):08x}"
                        if value["env_ipc_from"] else "nothing yet",
            "at": place(regs["eip"], env.program),
        }
        print(env)
        for name, text in rows.items():
            print(f"  {name:9} {text}")
        print(f"  registers {where}")
        print_registers(regs)


def print_registers(regs: dict) -> None:
    """Print registers; the selector of the code segment says which stack esp is on."""
    flags = CONSTANTS.flags("FL_", regs["eflags"])
    shown = [*GENERAL, *(["esp"] if regs["cs"] & 3 else []), "eip"]
    for i in range(0, len(shown), 4):
        print("   ", "  ".join(f"{name} {regs[name]:08x}" for name in shown[i:i + 4]))
    print(f"    eflags {regs['eflags']:08x} [{flags}]  "
          f"cs {regs['cs']:04x} [{'user' if regs['cs'] & 3 else 'kernel'}]")


class Cpus(Command):
    """List the CPUs.
Usage: cpus

Of each what it is doing, the environment it runs, whether it holds the kernel lock or waits for
it, and where it is. * marks the one that is selected."""
    name = "cpus"

    def run(self, here):
        lock = kernel.symbol("kernel_lock")
        rows = []
        for n, cpu in enumerate(kernel.cpus()):
            env = current_env(n) if cpu["cpu_env"] else None
            status = kernel.cpu_status(n)
            pc = registers(n, "eip")["eip"]
            held = ("holds it" if lock["holder"] == cpu.address else
                    "waits for it" if status == "kernel" else "-")
            rows.append(("*" if n == here else " ", n, status, env or "-", held,
                         place(pc, env.program if env else "")))
        print_table((" ", "CPU", "status", "environment", "kernel lock", "at"), *rows)


# ---- Memory ----

class Pages(Command):
    """Count the page frames, or show one.
Usage: pages [FRAME]

FRAME is a frame's number, an address in it (what is a multiple of 4096 is an address, physical or
above KERNBASE), or an expression for a struct PageInfo *. Shown are its references, and who has
it mapped where, or uses it for what."""
    name, most = "pages", 1

    def run(self, here, text=""):
        frames = Frames()
        if text:
            self.show(frames, frames.find(number(text)))
            return
        states = Counter(map(frames.state, range(frames.count)))
        print(f"{frames.count} frames: " + ", ".join(f"{states[state]} {state}" for state in
                                                     ("free", "in use", "reserved for good")))
        used = Counter(frames.references[n] for n in range(frames.count)
                       if frames.state(n) == "in use")
        print_table(("references", "frames in use"), *sorted(used.items()))

    @staticmethod
    def show(frames: Frames, n: int) -> None:
        """Show one frame."""
        references, found = frames.references[n], list(holders(n))
        print(f"frame {n:#x}, physical {n * PGSIZE:#010x}: {frames.state(n)}, "
              f"{references} reference{'s' * (references != 1)}")
        for line in found:
            print("  " + line)
        if frames.reserved(n):
            print("  the kernel, or no memory")
            references -= 1
        if references != len(found):
            print(f"  of {abs(references - len(found))} "
                  f"{'nothing is known' if references > len(found) else 'the count is short'}"
                  ": the kernel may be at work on it")


class Pte(Command):
    """Walk the page tables.
Usage: pte VA [ENV]

VA is an expression, or eight hex digits. The page directory is that of an environment (`help env'
says how to name one), without ENV the one that the selected CPU has loaded."""
    name, least, most = "pte", 1, 2

    def run(self, here, va, text=""):
        va = int(number(va)) & 0xffffffff
        if text:
            env = find_env(text)
            directory, whose = env.directory, f"of {env}"
        elif kernel.paging(here):
            directory = Directory(registers(here, "cr3")["cr3"] & -PGSIZE)
            whose = f"that CPU {here} has loaded"
        else:
            raise gdb.GdbError(f"CPU {here} has paging still off")
        print(f"page directory {whose}: physical {directory.where:#010x}")

        pde, begin = directory.pde(va), va // PTSIZE * PTSIZE
        head = f"PDE {begin // PTSIZE:#05x}: {pde:08x}"
        if not pde & PTE_P:
            print(f"{head} not present: nothing is mapped from {begin:#010x} to "
                  f"{begin + PTSIZE - 1:#010x}")
            return
        flags = CONSTANTS.flags("PTE_", pde)
        if pde & PTE_PS:
            print(f"{head} page of 4 MB at physical {address(pde):#010x}, {flags}")
            self.show_frame(va, address(pde) + va % PTSIZE)
            return
        print(f"{head} page table at physical {address(pde):#010x}, {flags}")
        pte = directory.pte(va)
        head = f"PTE {va % PTSIZE // PGSIZE:#05x}: {pte:08x}"
        if not pte & PTE_P:
            print(f"{head} not present: nothing is mapped at {va:#010x}")
            return
        print(f"{head} page at physical {address(pte):#010x}, {CONSTANTS.flags('PTE_', pte)}")
        self.show_frame(va, address(pte) + va % PGSIZE)

    @staticmethod
    def show_frame(va: int, where: int) -> None:
        """Show what va is in physical memory."""
        frames, n = Frames(), where // PGSIZE
        print(f"{va:#010x} is physical {where:#010x}, " + (
            f"frame {n:#x} with pp_ref {frames.references[n]}, {frames.state(n)}"
            if n < frames.count else "no memory that the kernel uses"))


# ---- Traps and calls ----

class Tf(Command):
    """Show a trap frame, decoded.
Usage: tf [ENV | *ADDRESS]

That of the environment on the selected CPU, or of ENV (`help env' says how to name one), or the
one at an address: `tf *tf' shows what a `struct Trapframe *tf' points to."""
    name, most = "tf", 1

    def run(self, here, text=""):
        if text.startswith("*"):
            where = int(number(text[1:])) & 0xffffffff
            if where < KERNBASE - PTSIZE:
                raise gdb.GdbError(f"{where:#010x} is no place for a trap frame of the kernel's")
            kind = kernel.symbol("envs")["env_tf"].type
            tf = gdb.Value(where).cast(kind.pointer()).dereference()
            program = next((env.program for env in used_envs()
                            if int(env.value["env_tf"].address) == where), "")
            print(f"trap frame at {where:#010x}")
        else:
            env = chosen_env(here, text)
            tf, program = env.value["env_tf"], env.program
            print(f"trap frame of {env}" + (
                ", from when it last entered the kernel" if env.status == "running" else ""))
        regs, error, trapno = saved_registers(tf), int(tf["tf_err"]), int(tf["tf_trapno"])
        name, has_error = traps().get(trapno, ("(unknown trap)", False))
        print(f"    trap {trapno} {name}")
        if trapno == CONSTANTS["T_PGFLT"]:
            what = [("protection" if error & CONSTANTS["FEC_PR"] else "not-present"),
                    ("write" if error & CONSTANTS["FEC_WR"] else "read"),
                    ("user" if error & CONSTANTS["FEC_U"] else "kernel")]
            print(f"    err {error:08x} [{', '.join(reversed(what))}]")
        elif has_error:
            print(f"    err {error:08x} [selector {error & 0xfff8:#x}"
                  f"{', of the IDT' if error & 2 else ''}]")
        print(f"    at {place(regs['eip'], program)}")
        print_registers(regs)


class Ubt(Command):
    """Show who called whom in an environment, also one that is not running.
Usage: ubt [ENV]

ENV as for `env'. The stack is read through the environment's own page tables."""
    name, most = "ubt", 1

    def run(self, here, text=""):
        env = chosen_env(here, text)
        where, regs = env.registers()
        print(f"{env}: {env.status}, registers {where}")
        pc, ebp, read = regs["eip"], regs["ebp"], env.directory.read
        calls = [(pc, False)]
        # At the first two instructions of a function its frame is not yet complete: there
        # ebp is the caller's, and the return address on top of the stack, or below ebp.
        at = place(pc, env.program).partition(" (")[0]
        for offset, esp in ((0, regs["esp"]), (1, regs["esp"] + 4)):
            # (A program's very first instructions have no caller.)
            if at.endswith(f"+{offset}") and " " in place(read(esp) or 0, env.program):
                calls.append((read(esp), True))
        while len(calls) < MAX_FRAMES:
            above, pc = read(ebp), read(ebp + 4)
            if not pc or above is None:
                break
            calls.append((pc, True))
            if above <= ebp:            # callers are higher up the stack
                break
            ebp = above
        for n, (pc, returns) in enumerate(calls):
            print(f"#{n:<2} {place(pc, env.program, returns)}")
        if len(calls) == MAX_FRAMES:
            print("...")


for command in (Envs, OneEnv, Cpus, Pages, Pte, Tf, Ubt):
    command()
symbols.install()
