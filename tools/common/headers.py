"""The numbers of the kernel and their names, as its headers have them.

tools/gdb uses this, too, so it runs in gdb's Python.
"""

import re
from pathlib import Path
from typing import Dict, NamedTuple

ROOT = Path(__file__).resolve().parents[2]


def text_of(file: str) -> str:
    """Return the text of a header, whatever the encoding of its comments."""
    return (ROOT / file).read_text(encoding="utf-8", errors="replace")


class Constants(dict):
    """The numbers that the headers #define, by name."""

    def __init__(self, *files: str):
        super().__init__()
        self._texts = {}
        for file in files:
            self._texts.update(re.findall(r"^#define (\w+)[ \t]+(.*?)[ \t]*(?://.*)?$",
                                          text_of(file), re.M))

    def __missing__(self, name: str) -> int:
        self[name] = self.value(self._texts[name])
        return self[name]

    def value(self, text: str) -> int:
        """Return what a C expression is, in 32 bits, that uses them."""
        return eval(text, {"__builtins__": {}}, self) & 0xffffffff

    def flags(self, prefix: str, value: int) -> str:
        """Return the names, without prefix, of the bits of value."""
        bits = {}
        for name in self._texts:
            if re.fullmatch(prefix + "[A-Z]+", name) and bin(self[name]).count("1") == 1:
                bits[self[name]] = name[len(prefix):]
        return " ".join(bits[bit] for bit in sorted(bits) if value & bit) or "none"


def enum(header: str, prefix: str) -> Dict[str, int]:
    """Return the constants of the enum that begins with a name with this prefix, without it."""
    text = text_of(header)
    body = re.search(rf"enum \{{\s*({prefix}\w+.*?)\}}", text, re.S)[1]
    constants, value = {}, 0
    for name, number in re.findall(rf"^\s*{prefix}(\w+)(?: = (\d+))?,", body, re.M):
        value = int(number) if number else value
        constants[name] = value
        value += 1
    return constants


def system_calls() -> Dict[int, str]:
    """Return the names of the system calls by number."""
    return {number: f"sys_{name}" for name, number in enum("inc/syscall.h", "SYS_").items()}


class Trap(NamedTuple):
    """What kern/vectors.h says of a trap."""
    name: str
    has_error: bool     # whether the processor pushes an error code


def traps() -> Dict[int, Trap]:
    """Return the traps by number."""
    constants = Constants("inc/trap.h")
    vectors = re.findall(r'^VECTOR\(\w+, (.*?), (\w+), \w+, "(.*?)"\)',
                         text_of("kern/vectors.h"), re.M)
    return {constants.value(number): Trap(name, code == "ERROR_CODE")
            for number, code, name in vectors}
