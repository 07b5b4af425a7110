"""Reading the record of a run that kern/trace.c sends through QEMU's debug port."""

import struct
from typing import List, NamedTuple

HEADER = struct.Struct("<8s4I")     # struct TraceHeader in kern/trace.c
NAME_SIZE = 16                      # as there
EVENT = struct.Struct("<QiI")       # struct TraceEvent in kern/trace.h


class BadTrace(Exception):
    """A file is no trace, or not a whole one."""


class Event(NamedTuple):
    """One event; kern/trace.h says what the numbers mean."""
    time: int       # ticks of the time-stamp counter
    cpu: int
    env: int        # an env's id, or 0
    type: int
    arg: int


class Record(NamedTuple):
    """What a trace file holds. The events of all CPUs are in the order of time."""
    cpus: int
    programs: List[str]
    tsc_khz: int
    full: bool      # whether it ends where the room for events did
    events: List[Event]


def read(data: bytes) -> Record:
    """Take a trace file apart, or raise BadTrace."""
    try:
        magic, cpus, programs, tsc_khz, full = HEADER.unpack_from(data)
        if magic != b"JOSTRACE":
            raise BadTrace("this is no trace of this kernel")
        at = HEADER.size
        names = []
        for _ in range(programs):
            names.append(data[at:at + NAME_SIZE].rstrip(b"\0").decode("ascii"))
            at += NAME_SIZE
        events: List[Event] = []
        for cpu in range(cpus):
            count, = struct.unpack_from("<I", data, at)
            at += 4
            end = at + count * EVENT.size
            if end > len(data):
                raise BadTrace("the trace is not complete")
            events += (Event(time, cpu, env, word & 0xff, word >> 8)
                       for time, env, word in EVENT.iter_unpack(data[at:end]))
            at = end
    except struct.error as error:
        raise BadTrace("the trace is not complete") from error
    events.sort(key=lambda event: event.time)
    return Record(cpus, names, tsc_khz, bool(full), events)
