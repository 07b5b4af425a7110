"""The kernel's tables seen from gdb: envs, page tables, page frames."""

from typing import Iterator, List, Optional, Tuple

import gdb

from kernel import (CONSTANTS, KERNBASE, PGSIZE, TROUBLE, UTOP, cpus, enumerator, physical,
                    registers, symbol, word, words)

PTE_P, PTE_PS, PTSIZE = CONSTANTS["PTE_P"], CONSTANTS["PTE_PS"], CONSTANTS["PTSIZE"]


# ---- Page tables ----

def address(entry: int) -> int:
    """Return the physical address in an entry of a page table or directory."""
    return entry & -PGSIZE & 0xffffffff


class Directory:
    """A page directory, by its physical address."""

    def __init__(self, where: int):
        self.where = where

    def pde(self, va: int) -> int:
        """Return the directory's entry for va."""
        return word(self.where + va // PTSIZE * 4)

    def pte(self, va: int) -> int:
        """Return the page table's entry for va; 0 where there is no page table."""
        pde = self.pde(va)
        if pde & (PTE_P | PTE_PS) != PTE_P:
            return 0
        return word(address(pde) + va % PTSIZE // PGSIZE * 4)

    def read(self, va: int) -> Optional[int]:
        """Return the word at va, an aligned address of a user's; None if nothing is mapped."""
        pte = self.pte(va) if va % 4 == 0 and va < UTOP else 0
        return word(address(pte) + va % PGSIZE) if pte & PTE_P else None

    def tables(self) -> Iterator[Tuple[int, int]]:
        """Return (va, entry) of each user page table."""
        pdes = words(physical(self.where, UTOP // PTSIZE * 4))
        return ((n * PTSIZE, pde) for n, pde in enumerate(pdes) if pde & PTE_P)

    def pages(self) -> Iterator[Tuple[int, int]]:
        """Return (va, entry) of each user page."""
        for begin, pde in self.tables():
            for n, pte in enumerate(words(physical(address(pde), PGSIZE))):
                if pte & PTE_P:
                    yield begin + n * PGSIZE, pte


# ---- Envs ----

class Env:
    """A struct Env."""

    def __init__(self, value: "gdb.Value"):
        value.fetch_lazy()          # all of it at once
        self.value = value
        self.id = int(value["env_id"])
        self.parent = int(value["env_parent_id"])
        self.status = enumerator(value["env_status"], "ENV_FREE")
        self.cpu, self.runs = int(value["env_cpunum"]), int(value["env_runs"])
        self.directory = Directory(int(value["env_pgdir"]) - KERNBASE)
        try:
            self.program = value["env_program"]["name"].string() if value["env_program"] else ""
        except TROUBLE:             # a broken kernel: look at the rest of it anyway
            self.program = "?"

    def __str__(self):
        return f"{self.id:08x} {self.program or '(no program)'}"

    def waits_for(self) -> str:
        """Return what must happen before it can run, if anything must."""
        if self.value["env_ipc_recving"]:
            return "ipc_recv"
        if self.value["env_sending_to"]:
            return f"ipc_send to {int(self.value['env_sending_to']['env_id']):08x}"
        return "sys_env_set_status" if self.status == "not runnable" else ""

    def senders(self) -> List[int]:
        """Return the ids of those who wait to send to it, the first one first."""
        last, ids = self.value["env_last_sender"], []
        sender = last
        while sender and (not ids or sender != last) and len(ids) < CONSTANTS["NENV"]:
            sender = sender["env_next_sender"]
            ids.append(int(sender["env_id"]))
        return ids

    def registers(self) -> Tuple[str, dict]:
        """Return where its registers are, and they, by name."""
        if self.status == "running" and 0 <= self.cpu < len(cpus()):
            live = registers(self.cpu, *GENERAL, "esp", "eip", "eflags", "cs")
            if live["cs"] & 3:
                return f"those of CPU {self.cpu}, where it runs", live
        return "saved in env_tf", saved_registers(self.value["env_tf"])


GENERAL = "eax ebx ecx edx esi edi ebp".split()


def saved_registers(tf: "gdb.Value") -> dict:
    """Return the registers in a struct Trapframe, by name."""
    return {**{name: int(tf["tf_regs"]["reg_" + name]) for name in GENERAL},
            **{name: int(tf["tf_" + name]) for name in ("esp", "eip", "eflags", "cs")}}


def column(table: "gdb.Value", count: int, field: str) -> List[int]:
    """Return one field, a 32-bit one, of each of the structs that a pointer points to."""
    struct = table.dereference().type
    memory = words(physical(int(table) - KERNBASE, struct.sizeof * count))
    return list(memory[struct[field].bitpos // 32::struct.sizeof // 4])


def used_envs() -> List[Env]:
    """Return all envs that are not free."""
    table = symbol("envs")
    free = int(symbol("ENV_FREE"))
    return [Env(table[n])
            for n, status in enumerate(column(table, CONSTANTS["NENV"], "env_status"))
            if status != free]


def current_env(cpu: int) -> Env:
    """Return the env that runs on a CPU."""
    table = cpus()
    if cpu >= len(table) or not table[cpu]["cpu_env"]:
        raise gdb.GdbError(f"No env runs on CPU {cpu}: name one of those that `envs' lists")
    return Env(table[cpu]["cpu_env"].dereference())


def find_env(text: str) -> Env:
    """Return the env that is meant by an id as it is printed, an index, or an expression."""
    table, count = symbol("envs"), CONSTANTS["NENV"]
    try:
        number = int(text, 16)
        if number >= 1 << 12 and int(table[number % count]["env_id"]) == number:
            index = number % count
        elif text.isdigit() and len(text) < 8 and int(text) < count:
            index = int(text)
        elif number >= 1 << 12:
            raise gdb.GdbError(f"There is no env {number:08x} (any more): `envs' lists all")
        else:
            raise ValueError
    except ValueError:              # neither id nor index
        try:
            index = int(gdb.parse_and_eval(text).cast(table.type) - table)
        except gdb.error:
            index = -1
        if not 0 <= index < count:
            raise gdb.GdbError(f"{text} is no env: give an id as `envs' shows it, an index, or "
                               "an expression like cpus[0].cpu_env") from None
    env = Env(table[index])
    if env.status == "free":
        raise gdb.GdbError(f"Slot {index} of envs[] is free: `envs' lists those that are not")
    return env


# ---- Frames ----

class Frames:
    """pages[]: .count of them; of each the .references, and its state in words."""

    def __init__(self):
        self.table, self.count = symbol("pages"), int(symbol("npages"))
        self.references = column(self.table, self.count, "pp_ref")
        self._links = column(self.table, self.count, "pp_link")
        self.free = self._free_list()

    def _index(self, pointer: int) -> int:
        return (pointer - int(self.table)) // self.table.dereference().type.sizeof

    def _free_list(self) -> set:
        found, pointer = set(), int(symbol("free_list"))
        while pointer and (n := self._index(pointer)) < self.count and n not in found:
            found.add(n)
            pointer = self._links[n]
        return found

    def reserved(self, n: int) -> bool:
        """Return whether a frame is never free."""
        return self._links[n] != 0 and self._index(self._links[n]) == n

    def state(self, n: int) -> str:
        """Return what a frame is."""
        return "free" if n in self.free else "reserved for good" if self.reserved(n) else "in use"

    def find(self, value: "gdb.Value") -> int:
        """Return the number of the frame that is meant by its number, an address or a
        struct PageInfo *."""
        if value.type.strip_typedefs() == self.table.type:
            number = self._index(int(value))
        else:
            number = int(value) & 0xffffffff
            if number >= KERNBASE:
                number -= KERNBASE
            if number % PGSIZE == 0 or number >= self.count:
                number //= PGSIZE
        if not 0 <= number < self.count:
            raise gdb.GdbError(f"There is no such frame: memory has {self.count} of them and "
                               f"ends at {self.count * PGSIZE:#010x}")
        return number


def holders(frame: int) -> Iterator[str]:
    """Tell of each reference to a frame who holds it. (kern/audit.c counts the same ones.)"""
    where = frame * PGSIZE
    for n, cpu in enumerate(cpus()):
        if cpu["cpu_pgdir"] and int(cpu["cpu_pgdir"]) - KERNBASE == where:
            yield f"page directory loaded in CPU {n}"
    kernel = Directory(int(symbol("kern_pgdir")) - KERNBASE)
    for n, pde in enumerate(words(physical(kernel.where, PGSIZE))):
        if (n * PTSIZE >= UTOP and pde & (PTE_P | PTE_PS) == PTE_P and address(pde) == where
                and n != CONSTANTS["UVPT"] // PTSIZE):
            yield f"page table of the kernel, for {n * PTSIZE:#010x}"
    for env in used_envs():
        value = env.value
        if env.directory.where == where:
            yield f"{env}: its page directory"
        if value["env_fpu"] and int(value["env_fpu"]) - KERNBASE == where:
            yield f"{env}: its floating-point registers"
        if value["env_sending_to"] and value["env_send_page"] == symbol("pages") + frame:
            yield f"{env}: a page it waits to send"
        for va, pde in env.directory.tables():
            if address(pde) == where:
                yield f"{env}: its page table for {va:#010x}"
        for va, pte in env.directory.pages():
            if address(pte) == where:
                yield f"{env} at {va:#010x}, {CONSTANTS.flags('PTE_', pte)}"
