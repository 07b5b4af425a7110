"""Mistakes made by machine: in what the marks say are the solutions, one thing is left out, or done
in another order.

In the system calls that is each condition on which they depend, in _pgfault_upcall each instruction.
Challenges are left out: they need not be done, and no check of an exercise looks at them.
"""

import re
from typing import Dict, Iterator, List, Tuple

from handoutmarks import blocks, parse

from kit import ROOT
from mistakes.mistake import Mistake

Place = Tuple[int, int, str]    # of a text: begin and end of a part, and what stands there instead

CALLS = "kern/syscall.c", "kern/ipc.h"
ENTRY = "lib/pfentry.S"

# What makes no difference to what the exercises ask for, and why.
EQUIVALENT = {
    "sys_env_set_status without the condition status == ENV_RUNNABLE":
        "what is to be stopped is made runnable first, but stopped before anybody can see that",
    "sys_env_set_status without the condition !e->env_sending_to":
        "only envs that wait in sys_ipc_send, which is a challenge, have this field set",
    "sys_ipc_recv without the condition !self->env_last_sender":
        "ipc_take looks at it again",
    "_pgfault_upcall without andl $~15, %esp":
        "only SSE needs an aligned stack, and programs are compiled without it",
    "_pgfault_upcall without subl $12, %esp":
        "it is there for the same alignment",
    "_pgfault_upcall with subl $12, %esp before andl $~15, %esp":
        "the stack has another alignment then",
    "_pgfault_upcall with movl UTF_ESP(%esp), %ecx before movl UTF_EIP(%esp), %edx":
        "neither load changes what the other one needs",
    "_pgfault_upcall with movl %ecx, UTF_ESP(%esp) before movl %edx, (%ecx)":
        "the two words are never the same",
}

# What only the checks of a later exercise can find: before that no env waits for a message.
LATER = {"sys_env_set_status without the condition e->env_ipc_recving": 15}


def solutions(file: str, text: str) -> Iterator[Tuple[int, int, int]]:
    """Yield of each solution in a file the exercise, and where it begins and ends."""
    end = 0
    for block in blocks(parse(file, text)):
        lines = "\n".join(block.lines)
        start = text.index(lines, text.index(block.mark, end))
        end = start + len(lines)
        if block.exercise and not block.what.startswith("a challenge"):
            yield block.exercise, start, end


# ---- Conditions ----

def closing(text: str, at: int) -> int:
    """Return where the parenthesis is closed that is open at this place."""
    depth = 0
    while True:
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
        at += 1


def operands(condition: str, operator: str) -> List[str]:
    """Return what is joined by this operator, outside of parentheses."""
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(condition):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0 and condition.startswith(operator, at):
            parts.append(condition[begin:at])
            begin = at + len(operator)
    return [part.strip() for part in [*parts, condition[begin:]]]


def conditions(text: str, start: int, end: int) -> Iterator[Tuple[int, int, str]]:
    """Yield the conditions between two places: their begin and end, and what leaves one out."""
    for found in re.finditer(r"\bif \(", text[start:end]):
        begin = start + found.end()
        stop = closing(text, begin - 1)
        yield begin, stop, "false" if re.match(r"\)\s+return\b", text[stop:]) else "true"
    for found in re.finditer(r"(?:\n\t+return|bool \w+ =) ([^;?]*&&[^;?]*);", text[start:end]):
        yield start + found.start(1), start + found.end(1), "true"
    for found in re.finditer(r"= ([^;=?]+) \? [^;?]* : -E_\w+;", text[start:end]):
        yield start + found.start(1), start + found.end(1), "true"


def without_one(condition: str, neutral: str, deep: bool = False) -> Iterator[Tuple[str, str]]:
    """Yield what can be left out of a condition, and what is left then; with deep, also what is in
    parentheses."""
    for operator in "||", "&&":
        parts = operands(condition, operator)
        if len(parts) == 1:
            continue
        for at, part in enumerate(parts):
            def joined(*instead, at=at):
                return f" {operator} ".join([*parts[:at], *instead, *parts[at + 1:]])

            yield part, joined()
            if deep and re.match(r"\(.*(\|\||&&).*\)$", part, re.S):
                for inner, rest in without_one(part[1:-1], "", deep):
                    yield inner, joined(f"({rest})")
        return
    yield condition, neutral


def function_at(text: str, at: int) -> str:
    """Return the name of the function of a C file that this place is in."""
    text = re.sub(r"__attribute__\(\(\w+\)\)", "", text[:at])
    return re.findall(r"^\w[^\n;={}]*?(\w+)\(", text, re.M)[-1]


def leaves_out(text: str, start: int, end: int, deep: bool = False) -> Iterator[Tuple[str, str, Place]]:
    """Yield what can be left out of the conditions between two places: the function, what, and where
    something else stands then."""
    for begin, stop, neutral in sorted(conditions(text, start, end)):
        for left_out, rest in without_one(text[begin:stop], neutral, deep):
            yield function_at(text, begin), " ".join(left_out.split()), (begin, stop, rest)


def names_anybody(text: str, start: int, end: int) -> Iterator[Tuple[str, Place]]:
    """Yield in the same way where who may be named is not looked at."""
    for found in re.finditer(r"envid2env\((\w+), [^,]+, (true)\)", text[start:end]):
        yield (f"{function_at(text, start + found.end())} lets anybody name {found[1]}",
               (start + found.start(2), start + found.end(2), "false"))


def changed(text: str, place: Place) -> str:
    """Return a text with something else at a place."""
    begin, end, instead = place
    return text[:begin] + instead + text[end:]


def in_calls(file: str) -> Iterator[Tuple[str, int, str]]:
    """Yield mistakes in the system calls: what is wrong, the exercise, and the whole file with it."""
    text = (ROOT / file).read_text()
    for exercise, start, end in solutions(file, text):
        for function, what, place in leaves_out(text, start, end):
            yield f"{function} without the condition {what}", exercise, changed(text, place)
        for what, place in names_anybody(text, start, end):
            yield what, exercise, changed(text, place)


# ---- Instructions ----

def in_entry() -> Iterator[Tuple[str, int, str]]:
    """Yield mistakes in _pgfault_upcall in the same way."""
    text = (ROOT / ENTRY).read_text()
    (exercise, start, end), = solutions(ENTRY, text)
    lines = text[start:end].split("\n")
    code = [line.partition("//")[0].strip() for line in lines]
    numbers = [number for number, instruction in enumerate(code) if instruction]

    def whole(changed):
        return text[:start] + "\n".join(changed) + text[end:]

    for number in numbers:
        yield (f"_pgfault_upcall without {code[number]}", exercise,
               whole(lines[:number] + lines[number + 1:]))
    for first, second in zip(numbers, numbers[1:]):
        changed = list(lines)
        changed[first], changed[second] = changed[second], changed[first]
        yield f"_pgfault_upcall with {code[second]} before {code[first]}", exercise, whole(changed)


def all_generated() -> Dict[str, Mistake]:
    """Return all that is made by machine, also what makes no difference."""
    made: Dict[str, Mistake] = {}
    found = [(file, in_calls(file)) for file in CALLS] + [(ENTRY, in_entry())]
    for file, several in found:
        for what, exercise, text in several:
            same = sum(name.partition(" (again")[0] == what for name in made)
            name = what + " (again" * bool(same) + f" {same + 1}" * (same > 1) + ")" * bool(same)
            made[name] = Mistake(LATER.get(name, exercise), (file, "", text))
    return made


def mistakes() -> Dict[str, Mistake]:
    """Return those that make a difference."""
    return {what: made for what, made in all_generated().items() if what not in EQUIVALENT}
