"""The picture of a run: which env is on which CPU when, and what each env does, as `make trace' draws
it, with the classes of the book's pictures."""

from collections import Counter
from typing import Dict, Iterator, List, NamedTuple, Sequence

from tracemodel import (BOOT, IDLE, KERNEL, LOCK, READY, RUNNING, USER, Env, Model, Slice, State)

LEFT, WIDTH, RIGHT = 132, 560, 18       # names, time, margin
LANE, ROW = 26, 16                      # heights of a CPU's and of an env's lane
COLOURS = ("blue", "green", "yellow")   # of envs, in turn
MOST_ENVS, MOST_ARROWS = 12, 40

HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img">
<title>{title}</title>
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="6" markerHeight="6" orient="auto">\
<path class="tip" d="M0,0 L10,5 L0,10 z"/></marker>
<marker id="kick" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="6" markerHeight="6" orient="auto">\
<path class="mark-tip" d="M0,0 L10,5 L0,10 z"/></marker></defs>
"""


class Span(NamedTuple):
    """A part of a lane, in units of the picture."""
    begin: int
    end: int
    kind: str
    env: int        # -1: none


class View:
    """The part of a run's time that is drawn."""

    def __init__(self, model: Model, begin: int, end: int):
        self.model, self.begin, self.end = model, begin, end

    def x(self, time: float) -> float:
        """Return where a time is, from left to right."""
        return (time - self.begin) * WIDTH / (self.end - self.begin)

    def has(self, time: int) -> bool:
        """Whether a time is drawn."""
        return self.begin <= time <= self.end

    def spans(self, parts: Sequence, what) -> List[Span]:
        """Return what a lane shows: in each unit, what it did for most of it. what() says of a part
        its kind and its env."""
        units: List[Counter] = [Counter() for _ in range(WIDTH)]
        for part in parts:
            left, right = max(self.x(part.begin), 0), min(self.x(part.end), WIDTH)
            for unit in range(int(left), min(int(right) + 1, WIDTH)):
                units[unit][what(part)] += max(0.0, min(right, unit + 1) - max(left, unit))
        found: List[Span] = []
        for unit, times in enumerate(units):
            if not times or max(times.values()) <= 0:
                continue
            kind, env = times.most_common(1)[0][0]
            if found and found[-1][1:] == (unit, kind, env):
                found[-1] = found[-1]._replace(end=unit + 1)
            else:
                found.append(Span(unit, unit + 1, kind, env))
        return found


def _cpu_parts(model: Model, cpu: int) -> List[Slice]:
    """Return what a CPU did; waits for the kernel lock cut the times in the kernel."""
    parts: List[Slice] = []
    waits = iter(sorted(model.lock_waits[cpu], key=lambda wait: wait.begin))
    wait = next(waits, None)
    for part in model.slices[cpu]:
        begin = part.begin
        while wait and wait.begin < part.end:
            if wait.begin > begin:
                parts.append(Slice(cpu, begin, wait.begin, part.kind, part.env, part.what))
            parts.append(Slice(cpu, max(begin, wait.begin), min(wait.end, part.end), LOCK, part.env, ""))
            begin = max(begin, min(wait.end, part.end))
            if wait.end > part.end:
                break
            wait = next(waits, None)
        if begin < part.end:
            parts.append(Slice(cpu, begin, part.end, part.kind, part.env, part.what))
    return parts


def _box(span: Span, y: float, height: float, name: str) -> str:
    return (f'<rect class="{name}" style="stroke: none" x="{LEFT + span.begin}" y="{y:g}" '
            f'width="{span.end - span.begin}" height="{height:g}"/>\n')


def _text(x: float, y: float, text: str, name: str) -> str:
    return f'<text class="{name}" x="{x:g}" y="{y:g}">{text}</text>\n'


class Drawing:
    """Draws a view, from the top down."""

    def __init__(self, view: View):
        self._view, self._model = view, view.model
        self._parts: List[str] = []
        active = [env for env in self._model.envs if env.begin < view.end
                  and (env.end is None or env.end > view.begin)]
        self._envs: List[Env] = active[:MOST_ENVS]
        self._left_out = len(active) - len(self._envs)
        self._rows: Dict[int, float] = {}
        self._y = 8.0

    def _colour(self, env: int) -> str:
        return COLOURS[env % len(COLOURS)]

    def _name(self, env: int) -> str:
        return f"{self._model.envs[env].id:x}"

    def _cpus(self) -> None:
        for cpu in range(self._model.cpus):
            self._parts.append(_text(LEFT - 10, self._y + 18, f"CPU {cpu}", "end"))
            spans = self._view.spans(_cpu_parts(self._model, cpu), lambda part: (
                part.kind, part.env if part.kind == USER else -1))
            for span in spans:
                name = {USER: self._colour(span.env), KERNEL: "grey", LOCK: "red"}.get(span.kind)
                if name:
                    self._parts.append(_box(span, self._y, LANE, name))
                if span.kind == USER and span.end - span.begin >= 36:
                    self._parts.append(_text(LEFT + (span.begin + span.end) / 2, self._y + 18,
                                             self._name(span.env), "small middle"))
            self._parts.append(f'<rect class="none thin" x="{LEFT}" y="{self._y:g}" '
                               f'width="{WIDTH}" height="{LANE}"/>\n')
            self._y += LANE + 12

    def _env_rows(self) -> None:
        for env in self._envs:
            self._rows[env.number] = middle = self._y + ROW / 2
            self._parts.append(_text(LEFT - 10, self._y + 13, f"{self._name(env.number)}: "
                                     f"{env.program}", "small end"))
            for span in self._view.spans(self._model.states[env.number], self._state):
                if span.kind == RUNNING:
                    self._parts.append(_box(span, self._y, ROW, self._colour(env.number)))
                elif span.kind == READY:
                    self._parts.append(f'<path class="line" d="M{LEFT + span.begin},{middle:g} '
                                       f'H{LEFT + span.end}"/>\n')
                else:
                    self._parts.append(f'<path class="line thin dashed" d="M{LEFT + span.begin},'
                                       f'{middle:g} H{LEFT + span.end}"/>\n')
            self._y += ROW + 8
        if self._left_out:
            self._parts.append(_text(LEFT, self._y + 10, f"and {self._left_out} more", "small soft"))
            self._y += 18

    @staticmethod
    def _state(state: State):
        return state.state, -1

    def _arrows(self) -> Iterator[str]:
        """Messages and forks, from one env's lane to another's."""
        forks = [(env.making.begin, env.parent, env.first_run, env.number) for env in
                 self._model.envs if env.making and env.first_run is not None]
        messages = [(each.call.begin, each.sender, each.received, each.receiver)
                    for each in self._model.messages]
        for begin, one, end, other in sorted(forks + messages)[:MOST_ARROWS]:
            if self._view.has(begin) and self._view.has(end) and {one, other} <= set(self._rows):
                down = 5 if self._rows[other] > self._rows[one] else -5
                yield (f'<path class="arrow thin" d="M{LEFT + self._view.x(begin):.1f},'
                       f'{self._rows[one] + down:g} L{LEFT + self._view.x(end):.1f},'
                       f'{self._rows[other] - down:g}" marker-end="url(#tip)"/>\n')

    def _kicks(self) -> Iterator[str]:
        def middle(cpu: int) -> float:
            return 8 + cpu * (LANE + 12) + LANE / 2

        for kick in [kick for kick in self._model.kicks if self._view.has(kick.time)][:MOST_ARROWS]:
            down = LANE / 2 if kick.to > kick.cpu else -LANE / 2
            x = LEFT + self._view.x(kick.time)
            yield (f'<path class="arrow mark" d="M{x:.1f},{middle(kick.cpu) + down:g} '
                   f'V{middle(kick.to) - down:g}" marker-end="url(#kick)"/>\n')

    def _axis(self) -> None:
        length = (self._view.end - self._view.begin) / 1e6
        step = next(10 ** power * digit for power in range(-4, 5) for digit in (1, 2, 5)
                    if length / (10 ** power * digit) <= 8)
        self._parts.append(f'<path class="line thin" d="M{LEFT},{self._y:g} h{WIDTH}"/>\n')
        at = -(-self._view.begin // int(step * 1e6)) * int(step * 1e6)
        while at <= self._view.end:
            x = LEFT + self._view.x(at)
            self._parts.append(f'<path class="line thin" d="M{x:.1f},{self._y:g} v5"/>\n'
                               + _text(min(x, LEFT + WIDTH - 8), self._y + 19, f"{at / 1e6:g}",
                                       "small middle"))
            at += int(step * 1e6)
        # The label of a tick at the left edge begins left of it.
        self._parts.append(_text(LEFT - 34, self._y + 19, "ms", "small end soft"))
        self._y += 34

    def _legend(self) -> None:
        x = LEFT
        entries = [("blue", "user mode, a colour for each env"), ("grey", "kernel"),
                   ("red", "waits for the kernel lock")]
        for name, words in entries:
            self._parts.append(f'<rect class="{name} thin" x="{x}" y="{self._y:g}" width="14" '
                               f'height="12"/>\n' + _text(x + 20, self._y + 11, words, "small"))
            x += 36 + 7.4 * len(words)
        self._y += 20
        x = LEFT
        for name, words in (("line", "could run"), ("line thin dashed", "blocked")):
            self._parts.append(f'<path class="{name}" d="M{x},{self._y + 6:g} h18"/>\n'
                               + _text(x + 24, self._y + 11, words, "small"))
            x += 44 + 7.4 * len(words)
        if any(self._view.has(kick.time) for kick in self._model.kicks):
            self._parts.append(f'<path class="arrow mark" d="M{x},{self._y + 6:g} h18" '
                               'marker-end="url(#kick)"/>\n' + _text(x + 24, self._y + 11, "kick", "small"))
        self._y += 20

    def svg(self, title: str) -> str:
        """Return the picture."""
        self._cpus()
        self._y += 6
        self._env_rows()
        self._axis()
        self._legend()
        self._parts += [*self._kicks(), *self._arrows()]
        head = HEAD.format(w=LEFT + WIDTH + RIGHT, h=int(self._y) + 4, title=title)
        return head + "".join(self._parts) + "</svg>\n"


def draw(model: Model, begin: float, end: float, title: str) -> str:
    """Return a picture of a run from one time to another, in milliseconds. If these are 0, it begins
    when the first env runs, and ends with the run."""
    first = int(begin * 1e6) or min(part.begin for lane in model.slices for part in lane
                                    if part.kind not in (BOOT, IDLE))
    last = min(int(end * 1e6), model.length) if end else model.length
    return Drawing(View(model, first, last)).svg(title)
