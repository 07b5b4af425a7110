"""Counts and times of a recorded run, for its tables. Times are nanoseconds; kernel time is that
without waiting for the kernel lock."""

from collections import Counter
from typing import Dict, List, NamedTuple

from tracemodel import BOOT, IDLE, KERNEL, LOCK, USER, Model

PAGE_FAULT = "Page Fault"


class Counts(NamedTuple):
    """Times and counts by env and by CPU, both by number; None is for no env."""
    env_times: Dict[int, Counter]       # USER, KERNEL and LOCK
    cpu_times: List[Counter]            # these, IDLE and BOOT
    calls: Counter                      # system calls by name
    traps: Counter                      # other ways into the kernel, by name
    spent: Counter                      # kernel time, by the name of either
    env_calls: Counter
    env_faults: Counter
    env_switches: Counter
    cpu_switches: Counter
    sent: Counter
    received: Counter
    pairs: Counter                      # messages by (sender, receiver)
    kicks: Counter                      # by the CPU that sends them


def count(model: Model) -> Counts:
    """Count everything in a model."""
    env_times: Dict[int, Counter] = {None: Counter()}
    env_times.update((env.number, Counter()) for env in model.envs)
    cpu_times = [Counter() for _ in model.slices]
    calls, traps, spent, env_calls, env_faults = (Counter() for _ in range(5))
    for cpu, lane in enumerate(model.slices):
        for part in lane:
            time = part.end - part.begin
            cpu_times[cpu][part.kind] += time
            if part.kind in (IDLE, BOOT):
                continue
            env_times[part.env][part.kind] += time
            if part.kind == USER:
                continue
            spent[part.what] += time
            if part.what.startswith("sys"):
                calls[part.what] += 1
                env_calls[part.env] += 1
            else:
                traps[part.what] += 1
                env_faults[part.env] += part.what == PAGE_FAULT
        for wait in model.lock_waits[cpu]:
            for times in (cpu_times[cpu], env_times[wait.env]):
                times[LOCK] += wait.end - wait.begin
                times[KERNEL] -= wait.end - wait.begin
    return Counts(
        env_times, cpu_times, calls, traps, spent, env_calls, env_faults,
        Counter(env for _, env in model.switches), Counter(cpu for cpu, _ in model.switches),
        Counter(message.sender for message in model.messages),
        Counter(message.receiver for message in model.messages),
        Counter((message.sender, message.receiver) for message in model.messages),
        Counter(kick.cpu for kick in model.kicks))
