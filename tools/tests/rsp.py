"""A small client of QEMU's gdb stub: what the kernel's tests need of gdb's remote protocol."""

import re
import socket
import time
from typing import NamedTuple, Union

from kit import PATIENCE, fail, require

PACKET = 1024       # bytes of memory asked for at once
# Positions in what `g' returns, and how many we look at.
EBX, ESP, EIP, EFLAGS, REGISTERS = 3, 4, 8, 9, 10


class Registers(NamedTuple):
    """What we want to know of a CPU."""
    esp: int
    eip: int
    eflags: int


class Stub:
    """A connection to a gdb stub, which stops the machine. CPU n is thread n + 1 there."""

    def __init__(self, address: Union[str, int]):
        """Connect to a UNIX socket's path, or a TCP port."""
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        where = address if isinstance(address, str) else ("127.0.0.1", address)
        deadline = time.monotonic() + PATIENCE
        while True:
            self._socket = socket.socket(family, socket.SOCK_STREAM)
            self._socket.settimeout(PATIENCE)
            try:
                self._socket.connect(where)
                break
            except OSError as error:
                self._socket.close()
                if time.monotonic() > deadline:
                    fail(f"no gdb stub at {address}: {error}")
                time.sleep(0.05)
        self._data = b""
        self.ask("qXfer:features:read:target.xml:0,fff")    # else QEMU knows no `P'

    # ---- Packets ----

    def send(self, packet: str) -> None:
        """Send a packet."""
        self._socket.sendall(b"$%s#%02x" % (packet.encode(), sum(packet.encode()) % 256))

    def receive(self) -> str:
        """Return the next packet."""
        while not (found := re.search(rb"\$([^#]*)#..", self._data)):
            try:
                more = self._socket.recv(4096)
            except OSError as error:
                fail(f"the gdb stub does not answer: {error}")
                return ""
            require(more, "the gdb stub has closed the connection")
            self._data += more
        self._data = self._data[found.end():]
        self._socket.sendall(b"+")
        return found[1].decode()

    def ask(self, packet: str) -> str:
        """Send a packet and return the answer."""
        self.send(packet)
        return self.receive()

    def _command(self, packet: str) -> None:
        answer = self.ask(packet)
        require(answer == "OK", f"the gdb stub answers {answer!r} to {packet!r}")

    # ---- Running and stopping ----

    def break_at(self, address: int) -> None:
        """Stop where an instruction at this address is about to be executed."""
        self._command(f"Z1,{address:x},1")

    def clear(self, address: int) -> None:
        """Undo break_at."""
        self._command(f"z1,{address:x},1")

    def resume(self) -> None:
        """Let the machine run."""
        self.send("c")

    def step(self) -> None:
        """Let the CPU that was stopped execute one instruction."""
        self.send("s")
        self.stopped()

    def stopped(self) -> int:
        """Wait until the machine has stopped, and return the number of the CPU that was why."""
        answer = self.receive()
        found = re.match(r"T..(?:.*;)?thread:0*([0-9a-f]+);", answer)
        require(found, f"the gdb stub says {answer!r}, not that the machine has stopped")
        return int(found[1], 16) - 1

    def interrupt(self) -> None:
        """Stop the machine."""
        self._socket.sendall(b"\x03")
        self.stopped()

    def kill(self) -> None:
        """End QEMU."""
        self.send("k")

    def close(self) -> None:
        """Break the connection."""
        self._socket.close()

    # ---- Looking and changing ----

    def registers(self, cpu: int) -> Registers:
        """Return registers of a CPU."""
        self._command(f"Hg{cpu + 1:x}")
        data = bytes.fromhex(self.ask("g")[:8 * REGISTERS])
        words = [int.from_bytes(data[4 * i:4 * i + 4], "little") for i in range(REGISTERS)]
        return Registers(words[ESP], words[EIP], words[EFLAGS])

    def set(self, cpu: int, register: int, value: int) -> None:
        """Change a register of a CPU: EBX, ESP, EIP."""
        self._command(f"Hg{cpu + 1:x}")
        self._command(f"P{register:x}={value.to_bytes(4, 'little').hex()}")

    def memory(self, address: int, size: int) -> bytes:
        """Read memory as the CPU asked about last sees it."""
        data = b""
        while len(data) < size:
            part = min(size - len(data), PACKET)
            data += bytes.fromhex(self.ask(f"m{address + len(data):x},{part:x}"))
        return data

    def write(self, address: int, data: bytes) -> None:
        """Change memory, the BIOS too."""
        self._command(f"M{address:x},{len(data):x}:{data.hex()}")
