"""Ask the Makefile: to build something, and how to run the kernel."""

import os
import re
import resource
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Optional

from gradelib import DIE_WITH_US

BUILD_OUTPUT = 1 << 20      # bytes kept of what make prints
BUILD_MEMORY = 1 << 30      # bytes of address space for each process of a build with a limit


def objdir() -> Path:
    """Return where the current tree is built."""
    return Path(os.environ.get("OBJDIR", "obj"))


def machine_code() -> bytes:
    """Return what the kernel of the current tree has in segments that are executed."""
    image, header = (objdir() / "kern/kernel").read_bytes(), struct.Struct("<8I")
    table, size, count = struct.unpack_from("<28xI10xHH", image)
    segments = [header.unpack_from(image, table + n * size) for n in range(count)]
    return b"".join(image[segment[1]:segment[1] + segment[4]] for segment in segments
                    if segment[6] & 1)


def is_checking() -> bool:
    """Return whether we have been told to use the checking build."""
    words = [*shlex.split(os.environ.get("MAKEFLAGS", "")), *sys.argv[1:]]
    return any(re.match("CHECKED=.", word) for word in words)


def checking() -> List[str]:
    """Return what to tell make for the checking build of the current tree, its directory last; nothing
    if that is what is built anyway."""
    return [] if is_checking() else ["CHECKED=1", f"OBJDIR={objdir()}-checked"]


def as_built(command: str) -> str:
    """Return a make command for what is built now: with CHECKED=1 if that is the checking build."""
    return command.replace("make", "make CHECKED=1", 1) if is_checking() else command


class MakeError(Exception):
    """make failed; the text is what it printed."""


def make(*arguments: str, limit: Optional[float] = None) -> str:
    """Run make with these arguments; return its standard output, or raise MakeError.

    With a limit, for hostile sources, make has so many seconds and each process BUILD_MEMORY.
    """
    def prepare():
        if DIE_WITH_US:
            DIE_WITH_US()
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_AS, (BUILD_MEMORY, BUILD_MEMORY))

    command = [os.environ.get("MAKE", "make"), "-s", "--no-print-directory", *arguments]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                       start_new_session=True, preexec_fn=prepare)
        except OSError as error:
            raise MakeError(str(error)) from error
        late = ""
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            late = f"make: not finished within {limit:g} s\n"
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        printed, complaints = (os.pread(file.fileno(), BUILD_OUTPUT, 0).decode(errors="replace")
                               for file in (out, err))
    if process.returncode != 0:
        raise MakeError(printed + complaints + late)
    return printed


@contextmanager
def snapshot(kind: str = "") -> Iterator[str]:
    """Yield a variable for make: with it, `make all' also copies what is built, and QEMU boots that
    copy. So another make may build something else in the meantime."""
    place = objdir() / f"snapshot-{kind}{os.getpid()}"
    try:
        yield f"SNAPSHOT={place}"
    finally:
        shutil.rmtree(place, ignore_errors=True)


def qemu_command(*variables: str, disk: bool = True) -> List[str]:
    """Ask the Makefile for the QEMU command, given variables such as CPUS=4 and RUN=hello.

    A reset ends such a QEMU, and nothing it does to its disk lasts, so that several can share it.
    Without a disk, the kernel boots by its multiboot header.
    """
    printed = make("print-command", "EXIT=1", "NOX=1", f"DISKLESS={'' if disk else 1}",
                   *variables).splitlines()
    lines = [line for line in printed if line and not re.match(r"\w+(\[\d+\])?: ", line)]
    if not lines:   # apart from remarks such as "make[1]: Entering directory"
        raise MakeError("make print-command printed no command")
    return [*shlex.split(lines[-1]), "-no-reboot", "-snapshot"]
