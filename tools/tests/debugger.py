"""Starting machines that wait for gdb, and gdb itself."""

import re
import socket
import time

from kit import PATIENCE, call, excerpt, fail, start


def free_port():
    """Return a TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_until(process, pattern):
    """Read a process's output until it matches; return it all."""
    text, deadline = "", time.monotonic() + PATIENCE
    while not re.search(pattern, text, re.M):
        data = process.stdout.read(4096)
        text += data.decode(errors="replace").replace("\r", "")
        if not data or time.monotonic() > deadline:
            fail(f"no `{pattern}'", *excerpt(text.splitlines()))
    return text


def start_waiting(target, *variables):
    """Start a -gdb target, until it says that `make gdb' is next; return its process and port."""
    port = free_port()
    process = start(["make", "-s", "--no-print-directory", target, f"GDBPORT={port}", *variables])
    read_until(process, "make gdb")
    return process, port


def gdb_batch(*commands, options=()):
    """Give gdb commands for the machine that waits, which then ends; return what gdb says."""
    words = [word for command in (*commands, "kill") for word in ("-ex", command)]
    return call("gdb", "-batch", "-nx", *options, "-x", ".gdbinit", *words)


def frames(text):
    """Return (function, file) of each frame that gdb shows."""
    return re.findall(r"^(?:\(gdb\) )?#\d+ +(?:0x\w+ in )?(\w+) \(.*\)\s+at (\S+):\d+", text, re.M)
