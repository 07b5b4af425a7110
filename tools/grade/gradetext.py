"""Reading what a kernel has printed: what tells how it fared, and what is worth showing."""

import re
from typing import List, Optional, Sequence

# What the kernel says at the turning points of its life.
BOOT_LINES = ("Physical memory:", "SMP: CPU 0 found")
CLEAN_END = "No runnable environments in the system!"
PANIC = "kernel panic on CPU"
PROMPT = "K> "
REGISTER = r"  (e[a-d]x|e[sd]i|o?esp|ebp|[c-es]s|flag) +0x"     # of a trap frame, not its gist
USER_PANIC = re.compile(r"\[[0-9a-f]{8}\] user panic in ")
KILLED = re.compile(r"\[[0-9a-f]{8}\] (user fault va|user_mem_check assertion failure) ")

EXCERPT = 10        # lines of output shown to explain a failure


def missing_exercise(lines: Sequence[str]) -> str:
    """Return what the kernel or a program says has not been done, maybe at a prompt; else "".""" 
    found = (re.match(rf"(?:{PROMPT})?(Exercise \d+ is missing: .*)", line) for line in lines)
    return next((match[1] for match in found if match), "")


def panic_lines(lines: Sequence[str], since: Optional[int] = None) -> List[str]:
    """Return what the kernel says when it panics, without registers; [] if it does not. If it has
    panicked since so many lines, too, that is what counts."""
    panics = [at for at, line in enumerate(lines) if PANIC in line]
    late = [at for at in panics if since is not None and at >= since]
    return [line for line in lines[(late or panics)[0]:] if not re.match(REGISTER, line)] \
        if panics else []


def ending(lines: Sequence[str], most: int = EXCERPT) -> List[str]:
    """Return an excerpt of the last lines; or, if a program has panicked or was killed, from there
    on."""
    begin = next((at for end in (USER_PANIC, KILLED) for at, line in enumerate(lines)
                  if end.search(line)), None)
    gist = [line for line in lines[begin or 0:] if not re.match(REGISTER, line)]
    return excerpt(gist[-most:] if begin is None else gist[:most])


def excerpt(lines: Sequence[str]) -> List[str]:
    """Return lines marked as output."""
    return [f"| {shown(line)}" for line in lines]


def shown(line: str) -> str:
    """Return a line in a form that is safe and short enough for a terminal."""
    safe = "".join(c if c.isprintable() else " " if c == "\t" else "?" for c in line[:200])
    return safe + " ..." * (len(line) > 200)
