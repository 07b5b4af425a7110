"""Running the kernel: to its end, or in conversation."""

import json
import os
import re
import select
import socket
import time
from contextlib import contextmanager
from typing import List, Sequence

from kit import PATIENCE, excerpt, fail, note, require, scratch, start
from rsp import Stub

import gradelib
from gradebuild import qemu_command
from gradelib import PROMPT, Run, Watch, diagnose

ENV1 = "00001000"       # the first env's id
NO_MONITOR = "With EXIT=1 the run ends here, instead of in the monitor."


def command(program: str, *options: str, cpus="1", disk: bool = True,
            end: bool = True, seed="") -> List[str]:
    """Return the QEMU command that runs a program.

    options   for QEMU
    cpus      what -smp gets
    disk      boot from the disk, else by the multiboot header
    end       audit the kernel's books and end when all is done; else in the monitor
    seed      make a run of this seed
    """
    only_if_end = "1" if end else ""
    return [*qemu_command(f"CPUS={cpus}", f"RUN={program}", f"EXIT={only_if_end}",
                          f"AUDIT={only_if_end}", f"SEED={seed}", disk=disk), *options]


# ---- To its end ----

def play(words: Sequence[str], watch: Watch = Watch()) -> Run:
    """Run a command to its end, or to what watch says."""
    note(words)
    return gradelib.play(words, watch)


def verify(run: Run, must: Sequence[str] = ()) -> None:
    """Fail unless a run went well and has a line for each pattern."""
    verdict = diagnose(run, must)
    require(verdict.ok, verdict.reason, *verdict.details)


# ---- In conversation ----

class Machine:
    """A running QEMU: its serial line, its monitor, its gdb stub.

    text    all it has printed so far
    gdb     a Stub, which has stopped the machine, if one was wanted
    """

    def __init__(self, words: Sequence[str], gdb: bool = False):
        place = scratch()
        self._socket = str(place / "qmp")
        words = [*words, "-qmp", f"unix:{self._socket},server=on,wait=off"]
        if gdb:
            words += ["-S", "-gdb", f"unix:{place / 'gdb'},server=on,wait=off"]
        self._qmp = None
        self._at = 0                # up to where expect() has looked at the text
        self.text = ""
        self._process = start(words)
        os.set_blocking(self._process.stdout.fileno(), False)
        if gdb:
            self.gdb = Stub(str(place / "gdb"))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._process.kill()
        self._process.wait()

    def _read(self, seconds: float) -> bool:
        """Take output, waiting a little for it; false when there will never be more."""
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return True
        data = self._process.stdout.read(1 << 16)
        self.text += data.decode(errors="replace").replace("\r", "")
        return bool(data)

    def expect(self, pattern: str) -> "re.Match":
        """Wait until something matches in the output after the last match; return the match."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.compile(pattern, re.M).search(self.text, self._at)):
            alive = self._read(0.1)
            if not alive or time.monotonic() > deadline:
                how = f"within {PATIENCE} s" if alive else "until it ended"
                fail(f"no `{pattern}' {how}", *excerpt(self.text.splitlines()[-15:]))
        self._at = found.end()
        return found

    def type(self, text: str) -> None:
        """Type on the serial line."""
        self._process.stdin.write(text.encode())

    def prompt(self) -> None:
        """Wait for the kernel monitor."""
        self.expect(f"^{PROMPT}")

    def answer(self, line: str) -> List[str]:
        """At the prompt, type a line; return what comes between it and the next prompt."""
        self.type(line + "\n")
        found = self.expect(rf"[^\n]*\n((?:.*\n)*?){PROMPT}")
        return found[1].splitlines()

    def status(self) -> int:
        """Wait until QEMU has ended and return its exit status."""
        deadline = time.monotonic() + PATIENCE
        while self._read(0.1):
            require(time.monotonic() < deadline, f"QEMU has not ended within {PATIENCE} s",
                    *excerpt(self.text.splitlines()[-15:]))
        return self._process.wait()

    def qemu(self, line: str) -> str:
        """Give QEMU's own monitor a command and return the answer."""
        if not self._qmp:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(PATIENCE)
            while True:
                try:
                    connection.connect(self._socket)
                    break
                except OSError:         # not yet there
                    require(self._read(0.05), "QEMU has ended", *excerpt(self.text.splitlines()))
            self._qmp = connection.makefile("rw", encoding="utf-8")
            self._execute("qmp_capabilities")
        return self._execute("human-monitor-command", **{"command-line": line})

    def _execute(self, name: str, **arguments) -> str:
        self._qmp.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self._qmp.flush()
        for line in self._qmp:
            message = json.loads(line)
            if "return" in message:
                return message["return"]
            require("error" not in message, f"QEMU's monitor: {line}")
        fail("QEMU's monitor has gone")
        return ""


@contextmanager
def idle_machine(*options, program="hello", cpus=1):
    """A machine that has run a program and is at the monitor's prompt."""
    with Machine(command(program, *options, cpus=cpus, end=False)) as machine:
        machine.prompt()
        yield machine


def answers(found: Sequence[str], expected: Sequence[str]) -> None:
    """Fail unless the lines of an answer of the monitor match these patterns."""
    require(re.fullmatch(r"\n".join(expected), "\n".join(found)), "wrong answer",
            *[f"expected: {line}" for line in expected], *[f"found: {line}" for line in found])
