"""What a recorded run means: who did what where, from when to when, and who woke whom.

All times are nanoseconds since the first event.
"""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Deque, Dict, List, NamedTuple, Optional, Tuple

import headers
from tracefile import Event, Record

USER, KERNEL, LOCK, IDLE, BOOT = "user", "kernel", "lock wait", "idle", "boot"
RUNNING, READY, BLOCKED = "running", "ready", "blocked"
NENV = 1024
IN_USER_MODE, WAITING_FOR_LOCK = "user mode", "waits for the kernel lock"
NOT_STARTED, ASLEEP, RESTS = "not started yet", "sleeps: nothing to run", "rests: would only wait"
BOOTS, WOKEN = "boots", "looks for work"
SEND, TRY_SEND, RECEIVE = "sys_ipc_send", "sys_ipc_try_send", "sys_ipc_recv"
START = "sys_env_set_status"


@dataclass
class Env:
    """An environment. Its number is its place in Model.envs."""
    number: int
    id: int
    parent: Optional[int]
    program: str
    begin: int
    making: Optional["Slice"] = None    # the system call that made it
    started: Optional[int] = None       # when its parent made it runnable
    first_run: Optional[int] = None
    end: Optional[int] = None


@dataclass
class Slice:
    """A time that a CPU spent in one way."""
    cpu: int
    begin: int
    end: int
    kind: str                       # one of the above
    env: Optional[int]
    what: str                       # a system call, a trap, or why it is idle
    arg: Optional[int] = None       # a call's first argument, ENVX of it; a fault's address
    result: Optional[int] = None    # of a system call, if it has come back


@dataclass
class State:
    """A time that an environment spent in one way."""
    begin: int
    end: int
    state: str                      # RUNNING, READY or BLOCKED
    cpu: Optional[int] = None       # where it runs
    what: str = ""                  # what it is blocked in


class Message(NamedTuple):
    """A message: the system call that sent it, and when its receiver went on with it."""
    sender: int
    receiver: int
    call: Slice
    received: int
    receiving_cpu: int
    delivered: int      # when both were there


class Kick(NamedTuple):
    """One CPU makes another one enter the kernel."""
    time: int
    cpu: int
    to: int


@dataclass
class Model:
    """A run. The slices of a CPU follow one another without a gap, from 0 to length; its lock
    waits are parts of kernel slices."""
    cpus: int
    length: int = 0
    full: bool = False
    events: int = 0
    envs: List[Env] = field(default_factory=list)
    slices: List[List[Slice]] = field(default_factory=list)     # by CPU
    lock_waits: List[List[Slice]] = field(default_factory=list)
    switches: List[Tuple[int, int]] = field(default_factory=list)   # CPU, and env it goes on with
    kicks: List[Kick] = field(default_factory=list)
    interrupts: Counter = field(default_factory=Counter)    # of waiting CPUs, by CPU
    messages: List[Message] = field(default_factory=list)
    states: Dict[int, List[State]] = field(default_factory=dict)    # by env


class Builder:
    """Makes a Model from the events of a record, one after the other."""

    def __init__(self, record: Record):
        self._handlers = {number: getattr(self, f"_on_{name.lower()}") for name, number in
                          headers.enum("kern/trace.h", "TRACE_").items()}
        self._calls = headers.system_calls()
        self._traps = {number: trap.name for number, trap in headers.traps().items()}
        self._programs = record.programs
        self._first = record.events[0].time if record.events else 0
        self._khz = record.tsc_khz
        cpus = range(record.cpus)
        self.model = Model(record.cpus, full=record.full, events=len(record.events),
                           slices=[[Slice(cpu, 0, 0, BOOT, None, NOT_STARTED)] for cpu in cpus],
                           lock_waits=[[] for _ in cpus])
        self._by_id: Dict[int, Env] = {}
        self._by_slot: Dict[int, Env] = {}
        self._last: List[Optional[int]] = [None for _ in cpus]  # the env each CPU ran last
        self._waiting: Dict[int, Slice] = {}                    # calls that have not come back
        self._received: List[Tuple[int, int, Slice, int, int]] = []
        self._sent: List[Tuple[Slice, int]] = []

    def build(self, events: List[Event]) -> Model:
        """Return the model of all these events."""
        model = self.model
        for event in events:
            model.length = (event.time - self._first) * 1000000 // self._khz
            handle = self._handlers.get(event.type)
            if handle:
                handle(event, model.length)
        for cpu in range(model.cpus):
            model.slices[cpu][-1].end = model.length
            model.slices[cpu] = [part for part in model.slices[cpu] if part.end > part.begin]
            for wait in model.lock_waits[cpu][-1:]:
                wait.end = wait.end or model.length
        self._match_messages()
        self._make_states()
        return model

    # ---- What a CPU does ----

    def _begin(self, event: Event, time: int, kind: str, what: str,
               arg: Optional[int] = None) -> Slice:
        """End what the event's CPU has done so far; now it does this."""
        env = self._env(event.env, time).number if event.env else None
        lane = self.model.slices[event.cpu]
        lane[-1].end = time
        lane.append(Slice(event.cpu, time, time, kind, env, what, arg))
        return lane[-1]

    def _on_call(self, event: Event, time: int) -> None:
        number, arg = event.arg & 0xff, event.arg >> 8
        part = self._begin(event, time, KERNEL, self._calls.get(number, f"system call {number}"),
                           arg)
        self._waiting[part.env] = part
        if part.what == START and arg in self._by_slot and not self._by_slot[arg].started:
            self._by_slot[arg].started = time
        if part.what in (SEND, TRY_SEND) and arg in self._by_slot:
            self._sent.append((part, self._by_slot[arg].number))

    def _on_fault(self, event: Event, time: int) -> None:
        self._begin(event, time, KERNEL, self._traps[14], (event.arg & 0xfffff) << 12)

    def _on_trap(self, event: Event, time: int) -> None:
        self._begin(event, time, KERNEL, self._traps.get(event.arg, f"trap {event.arg}"))

    def _on_kernel_trap(self, event: Event, time: int) -> None:
        self.model.interrupts[event.cpu] += 1

    def _on_resume(self, event: Event, time: int) -> None:
        part = self._begin(event, time, USER, IN_USER_MODE)
        env = self.model.envs[part.env]
        if env.first_run is None:
            env.first_run = time
        call = self._waiting.pop(part.env, None)
        if call:
            call.result = event.arg - (1 << 24 if event.arg >> 23 else 0)
        if self._last[event.cpu] != part.env:
            self._last[event.cpu] = part.env
            self.model.switches.append((event.cpu, part.env))

    def _on_received(self, event: Event, time: int) -> None:
        receiver = self._by_id.get(event.env)
        if receiver and receiver.number in self._waiting:
            self._received.append((event.arg, receiver.number, self._waiting[receiver.number],
                                   time, event.cpu))

    def _on_halt(self, event: Event, time: int) -> None:
        self._begin(event, time, IDLE, RESTS if event.arg else ASLEEP).env = None

    def _on_awake(self, event: Event, time: int) -> None:
        self._begin(event, time, KERNEL, WOKEN).env = None

    def _on_lock_wait(self, event: Event, time: int) -> None:
        running = self._in_kernel(event, time)
        if running.kind != BOOT:
            self.model.lock_waits[event.cpu].append(
                Slice(event.cpu, time, 0, LOCK, running.env, WAITING_FOR_LOCK))

    def _on_lock_taken(self, event: Event, time: int) -> None:
        for wait in self.model.lock_waits[event.cpu][-1:]:
            wait.end = wait.end or time

    def _on_kick(self, event: Event, time: int) -> None:
        self.model.kicks.append(Kick(time, event.cpu, event.arg))

    def _in_kernel(self, event: Event, time: int) -> Slice:
        """Return what the CPU does now; at first, that is to boot."""
        lane = self.model.slices[event.cpu]
        if lane[-1].what == NOT_STARTED:
            self._begin(event._replace(env=0), time, BOOT, BOOTS)
        return lane[-1]

    # ---- Envs ----

    def _on_new(self, event: Event, time: int) -> None:
        making = self._in_kernel(event, time)
        env = self._add_env(event.env, time)
        parent = self._by_slot.get(event.arg) if event.arg != event.env % NENV else None
        if parent:
            env.parent, env.program = parent.number, parent.program
            env.making, env.started = making, None
        self._by_slot[env.id % NENV] = env

    def _add_env(self, env_id: int, time: int) -> Env:
        env = Env(len(self.model.envs), env_id, None, "?", time, started=time)
        self.model.envs.append(env)
        self._by_id[env_id] = env
        return env

    def _env(self, env_id: int, time: int) -> Env:
        """Return the env with this id; it is new if nothing has been said about it."""
        return self._by_id.get(env_id) or self._add_env(env_id, time)

    def _on_program(self, event: Event, time: int) -> None:
        self._env(event.env, time).program = self._programs[event.arg]

    def _on_end(self, event: Event, time: int) -> None:
        self._env(event.env, time).end = time

    def _match_messages(self) -> None:
        """Find for each message received the call that sent it: the first one so far, of that
        sender to that receiver, that did not fail."""
        under_way: Dict[Tuple[int, int], Deque[Slice]] = defaultdict(deque)
        sent = deque((call, receiver) for call, receiver in self._sent if not call.result)
        for slot, receiver, receive, time, cpu in self._received:
            while sent and sent[0][0].begin <= time:
                call, to = sent.popleft()
                under_way[self.model.envs[call.env].id % NENV, to].append(call)
            if under_way[slot, receiver]:
                call = under_way[slot, receiver].popleft()
                self.model.messages.append(Message(call.env, receiver, call, time, cpu,
                                                   max(call.begin, receive.begin)))

    def _make_states(self) -> None:
        """Find out what each env did: it runs, or could, or waits for another one."""
        delivered: Dict[Tuple[int, int], int] = {}      # when a call's wait was over
        for message in self.model.messages:
            delivered[message.sender, message.call.begin] = message.delivered
        runs: Dict[int, List[Slice]] = defaultdict(list)
        for lane in self.model.slices:
            for part in lane:
                if part.env is not None:
                    runs[part.env].append(part)
        ready_at: Dict[int, List[int]] = defaultdict(list)
        for message in self.model.messages:
            ready_at[message.receiver].append(message.delivered)
        for env in self.model.envs:
            self.model.states[env.number] = states(
                env, sorted(runs[env.number], key=lambda part: part.begin),
                deque(sorted(ready_at[env.number])), delivered, self.model.length)


def states(env: Env, runs: List[Slice], messages: Deque[int],
           delivered: Dict[Tuple[int, int], int], length: int) -> List[State]:
    """Return what an env did, from when it was made until its end, given when it ran, when it
    got messages, and when those of its system calls that sent some were done."""
    found = []

    def add(begin: int, end: int, state: str, cpu: Optional[int] = None, what: str = ""):
        last = found[-1] if found else None
        if last and last.end == begin and (last.state, last.cpu, last.what) == (state, cpu, what):
            last.end = end
        elif end > begin:
            found.append(State(begin, end, state, cpu, what))

    first = env.first_run if env.first_run is not None else length
    started = min(first if env.started is None else env.started, first)
    add(env.begin, started, BLOCKED, what="being made")
    at, before = started, None
    for part in runs:
        if part.begin > at:
            _add_gap(add, at, part.begin, before, messages, delivered)
        add(max(part.begin, at), part.end, RUNNING, part.cpu)
        at, before = max(at, part.end), part
    end = length if env.end is None else env.end
    if at < end:
        _add_gap(add, at, end, before, messages, delivered)
    return found


def _add_gap(add, begin: int, end: int, before: Optional[Slice], messages: Deque[int],
             delivered: Dict[Tuple[int, int], int]) -> None:
    """Add the states between two runs: blocked for a while perhaps, then ready."""
    ready = begin
    if before and before.what == RECEIVE:
        while messages and messages[0] < before.begin:
            messages.popleft()
        ready = messages.popleft() if messages else end
    elif before and before.what == SEND:
        ready = delivered.get((before.env, before.begin), end)
    ready = min(max(ready, begin), end)
    add(begin, ready, BLOCKED, what=before.what if before else "")
    add(ready, end, READY)


def build(record: Record) -> Model:
    """Return the model of a recorded run."""
    return Builder(record).build(record.events)
