#!/usr/bin/env python3
"""Check that every file of kern/ uses only files of layers below its own, and draw the layers.

kern/LAYERS has the layers and the exceptions. What a file uses is read from the compiled kernel
(the symbols that its object needs) and from its #include lines. Exit status: 0 all is as it says there,
1 it is not, 2 the kernel is not built.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Set, Tuple
from xml.sax.saxutils import escape

sys.dont_write_bytecode = True      # leave no __pycache__ in the source tree

Arrow = Tuple[str, str]             # a file and one that it uses


class Plan(NamedTuple):
    """What kern/LAYERS says."""
    floors: List[Tuple[str, str, List[List[str]]]]  # name, what it is, layers from the top down
    height: Dict[str, int]                          # of each file's layer, 0 at the bottom
    anywhere: Set[str]                              # functions that may be called from anywhere
    allowed: Dict[Arrow, str]                       # other exceptions, and of which kind they are


class Problem(Exception):
    """Why nothing can be checked, in one line."""


def read_plan(file: Path) -> Plan:
    """Read kern/LAYERS."""
    floors: List[Tuple[str, str, List[List[str]]]] = []
    anywhere: Set[str] = set()
    allowed: Dict[Arrow, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        floor = re.fullmatch(r"\[(.+)\] (.+)", line)
        kind, colon, names = line.partition(": ")
        if not line or line.startswith("#"):
            continue
        if floor:
            floors.append((floor[1], floor[2], []))
        elif colon and kind == "anywhere":
            anywhere.update(names.split())
        elif colon and kind in ("pair", "upward") and len(names.split()) == 2:
            one, other = names.split()
            allowed[one, other] = kind
            if kind == "pair":
                allowed[other, one] = kind
        elif not colon and floors:
            floors[-1][2].append(line.split())
        else:
            raise Problem(f"{file}:{number}: neither a floor, nor a layer, nor an exception")
    layers = [layer for _, _, rows in floors for layer in rows]
    names = [name for layer in layers for name in layer]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise Problem(f"{file}: in two layers: {' '.join(sorted(twice))}")
    height = {name: at for at, layer in enumerate(reversed(layers)) for name in layer}
    return Plan(floors, height, anywhere, allowed)


# ---- What uses what ----

def symbol_arrows(sources: Path, objects: Path, nm: str, ignored: Set[str]) -> Dict[Arrow, str]:
    """Return who refers to whose symbols, each with one of them, from the objects of kern/."""
    defined: Dict[str, str] = {}
    needed: List[Arrow] = []
    for file in sorted(objects.glob("*.o")):
        if not list(sources.glob(f"{file.stem}.[cS]")):
            continue    # its source is gone, or generated
        for line in subprocess.run([nm, str(file)], check=True, stdout=subprocess.PIPE,
                                   universal_newlines=True).stdout.splitlines():
            kind, name = line.split()[-2:]
            if kind == "U":
                needed.append((file.stem, name))
            elif kind.isupper():
                defined[name] = file.stem
    return {(user, defined[name]): name for user, name in needed
            if name in defined and name not in ignored and defined[name] != user}


def include_arrows(sources: Path) -> Dict[Arrow, str]:
    """Return who includes whose header, each with the file that does."""
    return {(file.stem, header): f"#include in {file.name}"
            for file in sorted(sources.glob("*.[chS]"))
            for header in re.findall(r"^#include <kern/(\w+)\.h>", file.read_text(encoding="utf-8"),
                                     re.M)
            if header != file.stem}


def complaints(plan: Plan, sources: Path, arrows: Dict[Arrow, str]) -> List[str]:
    """Return what is not as kern/LAYERS says, a line each."""
    there = {file.stem for file in sources.glob("*.[chS]")}
    lines = [f"kern/{name} is in no layer" for name in sorted(there - set(plan.height))]
    lines += [f"{name} is in a layer, but not in kern/"
              for name in sorted(set(plan.height) - there)]
    for (user, used), what in sorted(arrows.items()):
        if user in plan.height and used in plan.height and (user, used) not in plan.allowed \
                and plan.height[used] >= plan.height[user]:
            where = "in the same layer" if plan.height[used] == plan.height[user] else "above it"
            lines.append(f"kern/{user} uses kern/{used}, which is {where}: {what}")
    lines += [f"an exception that nobody needs: {kind} {user} {used}"
              for (user, used), kind in sorted(plan.allowed.items())
              if (user, used) not in arrows and (kind == "upward" or user < used)
              and (kind == "upward" or (used, user) not in arrows)]
    return lines


# ---- Drawing ----

WIDTH, ROW, BOX, GAP, LEFT, HEAD = 1000, 62, 26, 12, 150, 58
COLOURS = ("#e8eef7", "#f4efe4")


def reduced(arrows: Set[Arrow]) -> Set[Arrow]:
    """Leave out each arrow that a chain of others implies."""
    after: Dict[str, Set[str]] = {}
    for user, used in arrows:
        after.setdefault(user, set()).add(used)

    def reaches(start: str, end: str, seen: Set[str]) -> bool:
        return start == end or any(reaches(step, end, seen | {start})
                                   for step in after.get(start, set()) - seen)

    return {(user, used) for user, used in arrows
            if not any(reaches(step, used, {user}) for step in after[user] - {used})}


def drawing(plan: Plan, arrows: Dict[Arrow, str]) -> str:
    """Return the picture of the layers, an SVG."""
    down = {arrow for arrow in arrows if arrow not in plan.allowed
            and arrow[0] in plan.height and arrow[1] in plan.height}
    boxes: Dict[str, Tuple[float, float, float]] = {}      # middle, top, width
    bands: List[str] = []
    top = float(HEAD)
    for number, (name, what, layers) in enumerate(plan.floors):
        height = ROW * len(layers)
        bands.append(f'<rect x="0" y="{top:.0f}" width="{WIDTH}" height="{height}" '
                     f'fill="{COLOURS[number % 2]}"><title>{escape(what)}</title></rect>\n'
                     f'<text x="14" y="{top + 24:.0f}" class="floor">{escape(name)}</text>')
        for layer in layers:
            widths = [8.2 * len(file) + 18 for file in layer]
            spare = WIDTH - LEFT - 20 - sum(widths) - GAP * (len(layer) - 1)
            step = min(90.0, spare / (len(layer) + 1))
            x = LEFT + (spare - step * (len(layer) - 1)) / 2
            for file, width in zip(layer, widths):
                boxes[file] = x + width / 2, top + (ROW - BOX) / 2, width
                x += width + GAP + step
            top += ROW
    lines = []
    for user, used in sorted(reduced(down)):
        (x1, y1, _), (x2, y2, _) = boxes[user], boxes[used]
        bend = min(40.0, (y2 - y1 - BOX) / 2)
        lines.append(f'<path d="M{x1:.0f} {y1 + BOX:.0f}C{x1:.0f} {y1 + BOX + bend:.0f} '
                     f'{x2:.0f} {y2 - 4 - bend:.0f} {x2:.0f} {y2 - 4:.0f}"/>')
    for (user, used), kind in sorted(plan.allowed.items()):
        if kind == "upward" or plan.height[user] >= plan.height[used] and user < used:
            (x1, y1, _), (x2, y2, _) = boxes[user], boxes[used]
            lines.append(f'<path class="{kind}" d="M{x1:.0f} {y1:.0f}L{x2:.0f} {y2 + BOX:.0f}"/>'
                         if kind == "upward" else
                         f'<path class="pair" d="M{x1:.0f} {y1 + BOX / 2:.0f}'
                         f'L{x2:.0f} {y2 + BOX / 2:.0f}"/>')
    rooms = [f'<rect x="{x - width / 2:.0f}" y="{y:.0f}" width="{width:.0f}" height="{BOX}" rx="5"/>'
             f'<text x="{x:.0f}" y="{y + 18:.0f}" class="room">{file}</text>'
             for file, (x, y, width) in boxes.items()]
    newline = "\n"
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:.0f}" \
font-family="sans-serif" font-size="14">
<!-- Drawn by tools/build/layers.py from kern/LAYERS and the compiled kernel. -->
<style>
.floor {{ font-weight: bold; fill: #444 }}
.room {{ text-anchor: middle; fill: #111 }}
rect[rx] {{ fill: #fff; stroke: #345 }}
path {{ fill: none; stroke: #567; stroke-opacity: .55; marker-end: url(#tip) }}
.upward {{ stroke: #c22; stroke-opacity: 1 }}
.pair {{ stroke: #567; stroke-width: 3; marker-end: none }}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="6" markerHeight="6"
orient="auto"><path d="M0 0L8 4L0 8z" style="fill:#567;stroke:none;marker-end:none"/></marker></defs>
<rect x="0" y="0" width="{WIDTH}" height="{top:.0f}" fill="#fff"/>
<text x="14" y="24" font-weight="bold">The files of kern/ in layers: arrows point to what a file \
uses</text>
<text x="14" y="44" fill="#444">Left out: panics and prints, and arrows that a chain of others \
implies. Thick: an assembly file and its C half. Red: an exception.</text>
{newline.join(bands)}
{newline.join(lines)}
{newline.join(rooms)}
</svg>
"""


# ---- The command line ----

def main(arguments: List[str]) -> int:
    """Do what the command line says and return the exit status."""
    parser = argparse.ArgumentParser(description="Check and draw the layers of kern/.")
    parser.add_argument("--objects", default="obj/kern", metavar="DIR",
                        help="where the kernel's objects are (default %(default)s)")
    parser.add_argument("--nm", default="nm", help="the program that lists symbols")
    parser.add_argument("--draw", metavar="FILE", help="write the picture there")
    options = parser.parse_args(arguments)
    sources, objects = Path("kern"), Path(options.objects)
    try:
        if not list(objects.glob("*.o")):
            raise Problem(f"no objects in {objects}; run make first")
        plan = read_plan(sources / "LAYERS")
        arrows = {**include_arrows(sources),
                  **symbol_arrows(sources, objects, options.nm, plan.anywhere)}
    except (Problem, OSError, subprocess.CalledProcessError) as problem:
        sys.stderr.write(f"layers.py: {problem}\n")
        return 2
    lines = complaints(plan, sources, arrows)
    print(*lines, sep="\n", end="\n" if lines else "")
    if options.draw and not lines:
        Path(options.draw).write_text(drawing(plan, arrows), encoding="utf-8")
    print(f"{len(plan.height)} files in {max(plan.height.values()) + 1} layers, {len(arrows)} "
          "arrows: " + (f"{len(lines)} complaints" if lines else "all point down, but for the exceptions"))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
