"""What documents show: their blocks, and the sessions in them, which are run as they are written.

A block called console has commands after $, what is typed to the kernel's monitor after K>, and
below them what is printed, where a line `...' stands for any lines, and `...' in a line for
anything.
"""

import os
import re
import signal
import subprocess
import threading
from contextlib import suppress
from difflib import ndiff
from pathlib import Path
from typing import Iterator, List, NamedTuple, Sequence, Tuple

PROMPT = "K> "


class SessionError(Exception):
    """Why a document is not as it should be: a line, and lines that explain it."""

    def __init__(self, reason: str, *details: str):
        super().__init__(reason)
        self.reason, self.details = reason, details


class Command(NamedTuple):
    """A command that a session shows."""
    line: int               # of the session, from 0
    command: str
    typed: List[str]        # to the monitor
    expected: List[str]     # lines


# ---- Reading ----

def blocks(text: str) -> Iterator[Tuple[str, str, str]]:
    """Yield the fenced blocks of a document: language, text, and the words before it."""
    words = ""
    for part in re.split(r"^(```.*\n(?:.*\n)*?```\n)", text, flags=re.M):
        fenced = re.fullmatch(r"```(.*)\n((?:.*\n)*)```\n", part)
        if fenced:
            yield fenced[1], fenced[2], words
            words = ""
        else:
            words = " ".join(part.split())


def commands(session: str) -> List[Command]:
    """Return the commands of a session. One that shows nothing may print anything."""
    found: List[Command] = []
    for number, line in enumerate(session.splitlines()):
        if line.startswith("$ "):
            found.append(Command(number, line[2:], [], []))
        elif found:
            found[-1].expected.append(line)
            if line.startswith(PROMPT):
                found[-1].typed.append(line[len(PROMPT):])
    return [command if command.expected else command._replace(expected=["..."])
            for command in found]


# ---- Doing ----

def edit(file: str, old: str, new: str) -> None:
    """Replace the one occurrence of a text in a file."""
    text = Path(file).read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise SessionError(f"{file} has `{old}' {text.count(old)} times, not once")
    Path(file).write_text(text.replace(old, new), encoding="utf-8")


def converse(process: subprocess.Popen, command: Command) -> str:
    """Type each line when the monitor asks for one; return all that the process prints."""
    text, prompts = "", 0
    while data := process.stdout.read(1 << 16):
        text += data.decode(errors="replace").replace("\r", "")
        while text.count("\n" + PROMPT) > prompts:
            if prompts == len(command.typed):
                raise SessionError("it asks for more than is shown", *text.splitlines()[-9:])
            process.stdin.write(command.typed[prompts].encode() + b"\n")
            prompts += 1
    return text


def run(command: Command, where: Path, environment: dict, limit: float) -> Tuple[int, str]:
    """Run a command in a directory; return its status and all it prints. It has so many seconds."""
    with subprocess.Popen(["sh", "-c", command.command], cwd=where, env=environment, bufsize=0,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as process:
        def end():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit, end)
        timer.start()
        try:
            text = converse(process, command)
            status = process.wait()
        finally:
            in_time = timer.is_alive()
            timer.cancel()
            if process.poll() is None:
                end()
    if not in_time:
        raise SessionError(f"not done within {limit:.0f} s", *text.splitlines()[-9:])
    return status, text


# ---- Comparing ----

def lines_of(printed: str) -> List[str]:
    """Return what is printed as lines without blanks at their ends."""
    return [line.rstrip() for line in printed.splitlines()]


def _matches(expected: str, line: str) -> bool:
    pattern = re.escape(expected).replace(r"\.\.\.", ".*")
    return re.fullmatch(pattern, line) is not None


def is_shown(printed: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether the lines that are expected are printed, one after the other."""
    places = {0}        # how many lines of what is printed may be used up
    gap = False
    for line in expected:
        if line == "...":
            gap = True
            continue
        if gap:
            places = set(range(min(places), len(printed) + 1))
        places = {at + 1 for at in places if at < len(printed) and _matches(line, printed[at])}
        if not places:
            return False
        gap = False
    return gap or len(printed) in places


def differences(printed: Sequence[str], expected: Sequence[str]) -> List[str]:
    """Return in what way other lines are printed than are shown: - shown, + printed; nothing if they
    are the same."""
    if is_shown(printed, expected):
        return []
    # Lines that match are shown as they are printed.
    known = [next((line for line in printed if _matches(wanted, line)), wanted)
             if wanted != "..." else wanted for wanted in expected]
    lines = [line.rstrip() for line in ndiff(known, printed)
             if line[0] in "-+" and line.rstrip() != "- ..."]
    return lines if "..." not in expected else [line for line in lines if line[0] == "-"] + \
        [f"  it printed: {line}" for line in list(printed)[-40:]]
