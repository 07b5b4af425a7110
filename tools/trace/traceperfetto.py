"""A recorded run in the JSON format that ui.perfetto.dev and Chrome's about:tracing open.

There are two groups of lanes: the CPUs, with what each of them does, and the environments, with
what becomes of each. Arrows (flows) lead from a system call that sends a message to the time slice
in which it is received, and from the one that makes an environment to its first time slice.
"""

import json
from bisect import bisect_left
from typing import Iterator, List

from tracemodel import RUNNING, USER, Env, Model, Slice

CPUS, ENVS = 1, 2       # the groups: "processes"


def label(env: Env) -> str:
    """Return how an environment is called."""
    return f"{env.id:08x} {env.program}"


def microseconds(nanoseconds: int) -> float:
    """Return a time as the format wants it."""
    return nanoseconds / 1000


def _event(phase: str, pid: int, tid: int, time: int, name: str, **more) -> dict:
    return {"ph": phase, "pid": pid, "tid": tid, "ts": microseconds(time), "name": name, **more}


def _names(model: Model) -> Iterator[dict]:
    def name(what: str, pid: int, tid: int, text: str) -> dict:
        return {"ph": "M", "pid": pid, "tid": tid, "name": what, "args": {"name": text}}

    def order(what: str, pid: int, tid: int, index: int) -> dict:
        return {"ph": "M", "pid": pid, "tid": tid, "name": f"{what}_sort_index",
                "args": {"sort_index": index}}

    for pid, text in ((CPUS, "CPUs"), (ENVS, "environments")):
        yield name("process_name", pid, 0, text)
        yield order("process", pid, 0, pid)
    for cpu in range(model.cpus):
        yield name("thread_name", CPUS, cpu + 1, f"CPU {cpu}")
        yield order("thread", CPUS, cpu + 1, cpu)
    for env in model.envs:
        yield name("thread_name", ENVS, env.number + 1, label(env))
        yield order("thread", ENVS, env.number + 1, env.number)


def _slice(model: Model, part: Slice) -> dict:
    env = model.envs[part.env] if part.env is not None else None
    name = label(env) if env and part.kind == USER else part.what
    arguments = {}
    if env and part.kind != USER:
        arguments["env"] = label(env)
    if part.result is not None:
        arguments["result"] = part.result
    return _event("X", CPUS, part.cpu + 1, part.begin, name, cat=part.kind,
                  dur=microseconds(part.end - part.begin), args=arguments)


def _arrow(number: int, name: str, begin: Slice, end: Slice) -> Iterator[dict]:
    yield _event("s", CPUS, begin.cpu + 1, begin.begin, name, cat=name, id=number)
    yield _event("f", CPUS, end.cpu + 1, end.begin, name, cat=name, id=number, bp="e")


def _arrows(model: Model) -> Iterator[dict]:
    starts = [[part.begin for part in lane] for lane in model.slices]

    def at(cpu: int, time: int) -> Slice:       # or just after it
        lane = model.slices[cpu]
        return lane[min(bisect_left(starts[cpu], time), len(lane) - 1)]

    def first(env: Env) -> Slice:
        return next(at(state.cpu, env.first_run) for state in model.states[env.number]
                    if state.state == RUNNING)

    number = 0
    for message in model.messages:
        number += 1
        yield from _arrow(number, "message", message.call,
                          at(message.receiving_cpu, message.received))
    for env in model.envs:
        if env.parent is not None and env.first_run is not None and env.making is not None:
            number += 1
            yield from _arrow(number, "fork", env.making, first(env))


def events(model: Model) -> Iterator[dict]:
    """Return all events of the format."""
    yield from _names(model)
    for lane, waits in zip(model.slices, model.lock_waits):
        yield from (_slice(model, part) for part in lane)
        yield from (_slice(model, wait) for wait in waits if wait.end > wait.begin)
    for env in model.envs:
        for state in model.states[env.number]:
            name = f"CPU {state.cpu}" if state.state == RUNNING else f"{state.state} {state.what}"
            yield _event("X", ENVS, env.number + 1, state.begin, name.strip(), cat=state.state,
                         dur=microseconds(state.end - state.begin))
    for kick in model.kicks:
        yield _event("i", CPUS, kick.cpu + 1, kick.time, f"kick CPU {kick.to}", cat="kick", s="t")
    yield from _arrows(model)


def text(model: Model) -> str:
    """Return the whole file, one event in a line."""
    lines: List[str] = [json.dumps(event, separators=(",", ":")) for event in events(model)]
    return '{"displayTimeUnit":"ns","traceEvents":[\n' + ",\n".join(lines) + "\n]}\n"
