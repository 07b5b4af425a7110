"""A recorded run as one page for a browser: what is in page/, with data and tables."""

import json
from collections import Counter
from html import escape
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence

import tracecounts
from tracecounts import Counts
from tracemodel import BLOCKED, BOOT, IDLE, KERNEL, LOCK, READY, RUNNING, USER, Model, Slice
from traceperfetto import label

PARTS = Path(__file__).with_name("page")
SCRIPTS = ["data.js", "draw.js", "use.js", "start.js"]
KINDS = [USER, KERNEL, IDLE, BOOT]      # the page knows these by their places
STATES = [RUNNING, READY, BLOCKED]      # these, too
TOP_PAIRS = 40                          # rows about who messages whom


# ---- Data ----

class Texts:
    """Texts that occur often, each replaced by its number."""

    def __init__(self):
        self.all: List[str] = []
        self._numbers: Dict[str, int] = {}

    def number(self, text: str) -> int:
        """Return the number of a text."""
        if text not in self._numbers:
            self._numbers[text] = len(self.all)
            self.all.append(text)
        return self._numbers[text]


def _lane(lane: Sequence[Slice], texts: Texts) -> dict:
    """Return the slices of a CPU, which follow one another, column by column."""
    def or_nothing(values: Iterable[Optional[int]]) -> List[int]:
        return ["" if value is None else value for value in values]

    return {"time": [part.end - part.begin for part in lane],
            "kind": [KINDS.index(part.kind) for part in lane],
            "env": [-1 if part.env is None else part.env for part in lane],
            "what": [texts.number(part.what) for part in lane],
            "arg": or_nothing(part.arg for part in lane),
            "result": or_nothing(part.result for part in lane)}


def data(model: Model) -> dict:
    """Return what the page's program draws. The times are in nanoseconds; -1 is for none."""
    texts = Texts()
    forks = [[env.parent, env.making.begin, env.number, env.first_run] for env in model.envs
             if env.parent is not None and env.making and env.first_run is not None]
    return {
        "length": model.length,
        "envs": [{"id": f"{env.id:08x}", "program": env.program,
                  "parent": -1 if env.parent is None else env.parent,
                  "begin": env.begin, "end": model.length if env.end is None else env.end}
                 for env in model.envs],
        "cpus": [_lane(lane, texts) for lane in model.slices],
        "locks": [[[wait.begin, wait.end] for wait in waits] for waits in model.lock_waits],
        "states": [[[state.begin, state.end, STATES.index(state.state),
                     state.cpu if state.state == RUNNING else texts.number(state.what)]
                    for state in model.states[env.number]] for env in model.envs],
        "messages": [[message.sender, message.call.begin, message.receiver, message.received]
                     for message in model.messages],
        "forks": forks,
        "kicks": [[kick.time, kick.cpu, kick.to] for kick in model.kicks],
        "texts": texts.all,
    }


# ---- Words ----

def _number(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def sentence(model: Model, counts: Counts) -> str:
    """Return in a sentence what one sees."""
    times = sum(counts.cpu_times, Counter())
    whole = sum(times[kind] for kind in (USER, KERNEL, LOCK, IDLE)) or 1
    shares = [f"{times[kind] / whole:.0%} {how}" for kind, how in (
        (USER, "of their time in programs"), (KERNEL, "in the kernel"),
        (LOCK, "waiting for its lock"), (IDLE, "idle"))]
    forks = sum(env.parent is not None for env in model.envs)
    between = [_number(n, what) for n, what in ((forks, "fork"), (len(model.messages), "message"))
               if n]
    return (f"{_number(model.cpus, 'CPU')} and {_number(len(model.envs), 'environment')}"
            f"{', with ' + ' and '.join(between) + ' between them' if between else ''}: "
            f"after the start, the CPUs spend {', '.join(shares)}.")


# ---- Tables ----

def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence]) -> str:
    """Return a table; the names of columns with text, not numbers, begin with a blank."""
    def row(cells: Sequence, tag: str) -> str:
        return "<tr>" + "".join(
            f"<{tag}{' class=text' if head[0] == ' ' else ''}>{escape(str(cell))}</{tag}>"
            for head, cell in zip(heads, cells)) + "</tr>"

    return (f"<section><h2>{escape(title)}</h2><div class=scroll><table><thead>"
            f"{row(heads, 'th')}</thead><tbody>" + "\n".join(row(cells, "td") for cells in rows)
            + "</tbody></table></div></section>")


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:,.3f}"


def _env_table(model: Model, counts: Counts) -> str:
    rows = []
    for env in model.envs:
        n, times = env.number, counts.env_times[env.number]
        parent = "" if env.parent is None else f"{model.envs[env.parent].id:08x}"
        rows.append([f"{env.id:08x}", env.program, parent, _ms(times[USER]), _ms(times[KERNEL]),
                     _ms(times[LOCK]), counts.env_switches[n], counts.env_calls[n],
                     counts.env_faults[n], counts.sent[n], counts.received[n]])
    return _table("Environments", [" env", " program", " parent", "user ms", "kernel ms",
                                   "lock wait ms", "turns", "system calls", "page faults",
                                   "sent", "received"], rows)


def _cpu_table(model: Model, counts: Counts) -> str:
    rows = []
    for cpu, times in enumerate(counts.cpu_times):
        shares = [f"{times[kind] / model.length:.1%}"
                  for kind in (USER, KERNEL, LOCK, IDLE, BOOT)]
        rows.append([f"CPU {cpu}", *shares, counts.cpu_switches[cpu], counts.kicks[cpu],
                     model.interrupts[cpu]])
    return _table("CPUs", [" CPU", "user", "kernel", "lock wait", "idle", "boot", "switches",
                           "kicks", "interrupts while waiting"], rows)


def _kernel_table(counts: Counts) -> str:
    entries = counts.calls + counts.traps
    rows = [[name, f"{entries[name]:,}", _ms(time), f"{time / entries[name] / 1000:,.2f}"]
            for name, time in sorted(counts.spent.items(), key=lambda item: -item[1])]
    return _table("What the kernel did", [" system call or trap", "count", "total ms", "mean µs"],
                  rows)


def _message_table(model: Model, counts: Counts) -> str:
    rows = [[label(model.envs[sender]), label(model.envs[receiver]), f"{n:,}"]
            for (sender, receiver), n in counts.pairs.most_common(TOP_PAIRS)]
    total, title = sum(counts.pairs.values()), "Messages"
    if len(counts.pairs) > TOP_PAIRS:
        title += f": the {TOP_PAIRS} busiest pairs of {len(counts.pairs)}"
    return _table(f"{title} ({total:,} in all)", [" from", " to", "messages"], rows)


def tables(model: Model, counts: Counts) -> str:
    """Return all tables."""
    parts = [_cpu_table(model, counts), _kernel_table(counts)]
    if model.messages:
        parts.append(_message_table(model, counts))
    return "\n".join([*parts, _env_table(model, counts)])


# ---- The page ----

def _part(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8").rstrip()


def html(model: Model, program: str, which: str, summary: str) -> str:
    """Return the page."""
    cpus = _number(model.cpus, "CPU")
    counts = tracecounts.count(model)
    facts = [cpus] + ([which] if which else []) + [summary]
    parts = {"STYLE": _part("style.css"), "BUTTONS": _part("buttons.html"),
             "SCRIPT": "\n".join(map(_part, SCRIPTS)),
             "TITLE": escape(f"{program} on {cpus}"), "PROGRAM": escape(program),
             "FACTS": escape(" · ".join(facts)), "TABLES": tables(model, counts),
             "SENTENCE": escape(sentence(model, counts)),
             "DATA": json.dumps(data(model), separators=(",", ":")).replace("</", "<\\/")}
    text = _part("page.html")
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text
