"""The kernel's checks of what programs pass to it, taken away one at a time, for the fuzzer to find.

A check is a condition, or a part of one, in a function that looks at arguments of system calls.
"""

import re
from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Tuple

from kit import ROOT
from mistakes.generated import Place, changed, leaves_out, names_anybody

# Where arguments are looked at. Of kern/syscall.c that is every function but these.
FUNCTIONS = {
    "kern/ipc.h": ["ipc_deliver"],
    "kern/ipc.c": ["ipc_wait_to_send", "stop_waiting", "ipc_take", "ipc_cancel_send"],
    "kern/env.h": ["envid2env"],
    "kern/env.c": ["user_mem_assert"],
    "kern/pmap.h": ["user_mem_kva"],
    "kern/pmap.c": ["user_mem_check"],
}
NOT_ABOUT_ARGUMENTS = ["may_hand_over"]

# What makes no difference to programs, and why.
EQUIVALENT: Dict[str, str] = {
    "sys_env_destroy without e == curenv": "another line is printed, no more",
    "sys_env_set_status without status == ENV_RUNNABLE":
        "what is to be stopped is made runnable first, but stopped before anybody can see that",
    "sys_page_share without r == 0 (2)": "of two errors that apply the other one is returned",
    "sys_ipc_send_recv without r == 0": "of two errors that apply the other one is returned",
    "sys_ipc_recv without !self->env_last_sender": "`ipc_take` looks at it again",
    "sys_ipc_send_recv without !hand_over":
        "the receiver is put into the queue, and taken out of it when it gets the CPU",
    "sys_ipc_send_recv without hand_over": "who runs next is not compared",
    "user_mem_check without last > ULIM": "the look at the pages ends at `ULIM`, too",
}


class Edit(NamedTuple):
    """A change of a file."""
    file: str
    place: Place


def of_conditions(file: str, text: str, wanted) -> Iterator[Tuple[str, Edit]]:
    """Yield the edits that take away a condition in one of the wanted functions."""
    for function, what, place in leaves_out(text, 0, len(text), deep=True):
        if wanted(function):
            yield f"{function} without {what}", Edit(file, place)


def of_calls() -> Iterator[Tuple[str, Edit]]:
    """Yield those of kern/syscall.c: conditions, and who may be named."""
    file = "kern/syscall.c"
    text = (ROOT / file).read_text()
    yield from of_conditions(file, text, lambda name: name not in NOT_ABOUT_ARGUMENTS)
    for what, place in names_anybody(text, 0, len(text)):
        yield what, Edit(file, place)


def of_helpers() -> Iterator[Tuple[str, Edit]]:
    """Yield those of the functions that the calls use."""
    for file, functions in FUNCTIONS.items():
        yield from of_conditions(file, (ROOT / file).read_text(), functions.__contains__)


def of_registers() -> Iterator[Tuple[str, Edit]]:
    """Yield what is not forced on registers that a program has set, and a number that is not
    looked at."""
    file = "kern/trapframe.c"
    text = (ROOT / file).read_text()
    begin = text.index("void trapframe_force_user")
    for found in re.finditer(r"\tf->tf_(\w+) = GD_\w+ \| 3|FL_\w+(?= \||\))|FL_IF",
                             text[begin:text.index("}", begin)]):
        at = begin + found.start()
        yield f"trapframe_force_user without {found[0]}", Edit(file, (at, begin + found.end(), "0"))
    for selector in "tf->tf_cs = GD_UT | 3;", "tf->tf_ds = tf->tf_es = tf->tf_ss = GD_UD | 3;":
        at = text.index(selector)
        yield f"trapframe_force_user without {selector[:-1]}", Edit(file, (at, at + len(selector), ""))
    file = "kern/syscall.h"
    text = (ROOT / file).read_text()
    at = text.index("regs->reg_eax < NSYSCALLS")
    yield ("syscall_dispatch without regs->reg_eax < NSYSCALLS",
           Edit(file, (at, at + len("regs->reg_eax < NSYSCALLS"), "true")))


def all_edits() -> Dict[str, Edit]:
    """Return all of them by what they take away; where one function has the same twice, by a number,
    too."""
    edits: Dict[str, Edit] = {}
    for what, edit in [*of_calls(), *of_helpers(), *of_registers()]:
        name, n = what, 1
        while name in edits:
            n += 1
            name = f"{what} ({n})"
        edits[name] = edit
    return edits


def apply(edit: Edit) -> None:
    """Make an edit in the current tree."""
    Path(edit.file).write_text(changed((ROOT / edit.file).read_text(), edit.place))


def restore(edit: Edit) -> None:
    """Undo it."""
    Path(edit.file).write_text((ROOT / edit.file).read_text())
