"""The kernel's checks of what programs pass to it, taken away one at a time, for the fuzzer to find.

A check is a condition, or a part of one, in a function that looks at arguments of system calls.
"""

import re
from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Tuple

from kit import ROOT
from mistakes.generated import conditions, operands

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
    """A text in a file, and what stands in its place."""
    file: str
    begin: int
    end: int
    instead: str


def function_at(text: str, at: int) -> str:
    """Return the name of the function of a C file that this place is in."""
    text = re.sub(r"__attribute__\(\(\w+\)\)", "", text[:at])
    return re.findall(r"^\w[^\n;={}]*?(\w+)\(", text, re.M)[-1]


def weaker(condition: str, neutral: str) -> Iterator[Tuple[str, str]]:
    """Yield each part of a condition, however deep, and what is left without it."""
    for operator in "||", "&&":
        parts = operands(condition, operator)
        if len(parts) == 1:
            continue
        for at, part in enumerate(parts):
            others = parts[:at], parts[at + 1:]
            yield part, f" {operator} ".join([*others[0], *others[1]])
            if re.match(r"\(.*(\|\||&&).*\)$", part, re.S):
                for inner, rest in weaker(part[1:-1], ""):
                    yield inner, f" {operator} ".join([*others[0], f"({rest})", *others[1]])
        return
    yield condition, neutral


def of_conditions(file: str, text: str, wanted) -> Iterator[Tuple[str, Edit]]:
    """Yield the edits that take away a condition in one of the wanted functions."""
    for begin, end, neutral in sorted(conditions(text, 0, len(text))):
        function = function_at(text, begin)
        if wanted(function):
            for left_out, rest in weaker(text[begin:end], neutral):
                yield (f"{function} without {' '.join(left_out.split())}",
                       Edit(file, begin, end, rest))


def of_calls() -> Iterator[Tuple[str, Edit]]:
    """Yield those of kern/syscall.c: conditions, and who may be named."""
    file = "kern/syscall.c"
    text = (ROOT / file).read_text()
    yield from of_conditions(file, text, lambda name: name not in NOT_ABOUT_ARGUMENTS)
    for found in re.finditer(r"envid2env\((\w+), [^,]+, (true)\)", text):
        yield (f"{function_at(text, found.end())} lets anybody name {found[1]}",
               Edit(file, found.start(2), found.end(2), "false"))


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
        yield f"trapframe_force_user without {found[0]}", Edit(file, at, begin + found.end(), "0")
    for selector in "tf->tf_cs = GD_UT | 3;", "tf->tf_ds = tf->tf_es = tf->tf_ss = GD_UD | 3;":
        at = text.index(selector)
        yield f"trapframe_force_user without {selector[:-1]}", Edit(file, at, at + len(selector), "")
    file = "kern/syscall.h"
    text = (ROOT / file).read_text()
    at = text.index("regs->reg_eax < NSYSCALLS")
    yield ("syscall_dispatch without regs->reg_eax < NSYSCALLS",
           Edit(file, at, at + len("regs->reg_eax < NSYSCALLS"), "true"))


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
    text = (ROOT / edit.file).read_text()
    Path(edit.file).write_text(text[:edit.begin] + edit.instead + text[edit.end:])


def restore(edit: Edit) -> None:
    """Undo it."""
    Path(edit.file).write_text((ROOT / edit.file).read_text())
