"""The kernel seen from gdb: its constants, variables and memory, and the CPUs.

Memory is read at KERNBASE, where every page directory maps physical memory: so it does not matter
which env, if any, the selected CPU has loaded.
"""

import struct
from contextlib import contextmanager
from pathlib import Path

import gdb

from headers import Constants


# ---- Constants ----

# gdb does not see macros.
CONSTANTS = Constants(*"inc/mmu.h inc/memlayout.h inc/trap.h inc/env.h inc/lib.h".split())
# What reading a kernel that is not there, or broken, may raise.
TROUBLE = (gdb.error, gdb.GdbError, ValueError, LookupError)

KERNBASE, PGSIZE, UTOP, ULIM = (CONSTANTS[name] for name in ("KERNBASE", "PGSIZE", "UTOP", "ULIM"))


@contextmanager
def plain_errors():
    """Let whatever goes wrong be told in one line."""
    try:
        yield
    except TROUBLE as error:
        raise gdb.GdbError(str(error)) from None


# ---- Variables and memory ----

def objfile() -> "gdb.Objfile":
    """Return the kernel's symbols: programs, too, have an `envs'."""
    name = gdb.current_progspace().filename
    if not name or Path(name).name != "kernel":
        raise gdb.GdbError("The kernel's symbols are not loaded: `make gdb' does that")
    return gdb.lookup_objfile(name)


def symbol(name: str) -> "gdb.Value":
    """Return a variable of the kernel, static or not, or one of its enumerators."""
    kernel = objfile()
    found = kernel.lookup_global_symbol(name) or kernel.lookup_static_symbol(name)
    if not found:
        raise gdb.GdbError(f"This kernel has no `{name}', which tools/gdb relies on")
    return found.value()


def enumerator(value: "gdb.Value", fellow: str) -> str:
    """Return, in words, the name of the enumerator that has a value, in the enum of a fellow."""
    for field in symbol(fellow).type.fields():
        if field.enumval == int(value):
            return field.name.partition("_")[2].lower().replace("_", " ")
    return f"? ({int(value)})"


def physical(address: int, size: int) -> bytes:
    """Return physical memory."""
    if not 0 <= address <= CONSTANTS["MAXPHYSMEM"] - size:
        raise gdb.GdbError(f"{KERNBASE + address:#010x} is not in the kernel's map of memory")
    return bytes(gdb.selected_inferior().read_memory(KERNBASE + address, size))


def words(memory: bytes) -> tuple:
    """Return memory as 32-bit numbers."""
    return struct.unpack(f"<{len(memory) // 4}I", memory)


def word(address: int) -> int:
    """Return the 32-bit number at a physical address."""
    return words(physical(address, 4))[0]


# ---- CPUs ----

def threads() -> list:
    """Return gdb's threads, one per CPU. QEMU and the kernel number CPUs in the same order."""
    return sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num)


def selected_cpu() -> int:
    """Return the number of the CPU that gdb looks at."""
    thread = gdb.selected_thread()
    if not thread:
        raise gdb.GdbError("gdb is attached to no machine: start one with `make qemu-gdb', "
                           "then `make gdb'")
    return [each.num for each in threads()].index(thread.num)


@contextmanager
def undisturbed():
    """Afterwards select again the CPU and the frame that are selected now."""
    thread, level = gdb.selected_thread(), 0
    if thread:
        frame = gdb.selected_frame()
        while frame.newer():
            frame, level = frame.newer(), level + 1
    try:
        yield
    finally:
        if thread and thread.is_valid():
            thread.switch()
            frame = gdb.newest_frame()
            for _ in range(level):
                frame = frame.older() or frame
            frame.select()


def registers(cpu: int, *wanted: str) -> dict:
    """Return registers of a CPU."""
    with undisturbed():
        threads()[cpu].switch()
        frame = gdb.newest_frame()
        return {name: int(frame.read_register(name)) & 0xffffffff for name in wanted}


def paging(cpu: int) -> bool:
    """Return whether a CPU has paging on: else it sees no kernel."""
    return bool(registers(cpu, "cr0")["cr0"] & CONSTANTS["CR0_PG"])


def see() -> None:
    """Select a CPU that sees the kernel's memory: if possible, stay where we are."""
    here = selected_cpu()
    for cpu in [here, *range(len(threads()))]:
        if paging(cpu):
            threads()[cpu].switch()
            if not symbol("envs"):
                raise gdb.GdbError("The kernel has not set up its tables yet: "
                                   "`break env_create' and `continue' go where it has")
            return
    raise gdb.GdbError("Paging is still off, so there is no kernel to look at yet: "
                       "`break env_create' and `continue' go where there is")


def cpu_status(cpu: int) -> str:
    """Return what a CPU does, in a word."""
    panicked = int(symbol("panic_cpu"))
    if panicked >= 0:
        return "panicked" if cpu == panicked else "stopped"
    return enumerator(cpus()[cpu]["cpu_status"], "CPU_UNUSED")


def cpus() -> list:
    """Return the struct CpuInfos of the CPUs found."""
    table = symbol("cpus")
    return [table[n] for n in range(min(int(symbol("ncpu")), len(threads())))]
