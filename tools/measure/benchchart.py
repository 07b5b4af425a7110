"""A bar chart as an SVG image, for figures that differ by orders of magnitude."""

import math
from html import escape
from typing import List, Optional, Sequence, Tuple

COLOURS = ["#1b6ca8", "#b0bec5", "#c0532d", "#7a8b3a"]
WIDTH, LABELS, BAR, GAP, TOP = 960, 330, 14, 16, 60


def svg(groups: Sequence[Tuple[str, Sequence[Optional[float]]]], series: List[str],
        unit: str) -> str:
    """Return an image with a group of horizontal bars for each (label, figures), on a
    logarithmic scale; each figure belongs to one of the series, and None leaves it out."""
    figures = [figure for _, row in groups for figure in row if figure]
    low = 10 ** math.floor(math.log10(min(figures)))
    span = math.log10(max(figures) / low) or 1
    room = WIDTH - LABELS - 110

    def x(figure: float) -> float:
        return LABELS + math.log10(figure / low) / span * room

    parts, y = [], TOP
    for label, row in groups:
        present = [(i, figure) for i, figure in enumerate(row) if figure]
        middle = y + len(present) * BAR / 2 + 4
        parts.append(f'<text x="{LABELS - 8}" y="{middle:.0f}" text-anchor="end">'
                     f'{escape(label)}</text>')
        for i, figure in present:
            parts.append(f'<rect x="{LABELS}" y="{y}" width="{x(figure) - LABELS:.1f}" '
                         f'height="{BAR - 2}" fill="{COLOURS[i]}"/>'
                         f'<text x="{x(figure) + 4:.1f}" y="{y + 10}">{figure:,.0f}</text>')
            y += BAR
        y += GAP
    lines = []
    for power in range(int(math.log10(low)), int(math.log10(low) + span) + 1):
        at = x(10.0 ** power)
        lines.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 8}" y2="{y - GAP + 4}" '
                     f'stroke="#ddd"/><text x="{at:.1f}" y="{TOP - 12}" text-anchor="middle" '
                     f'fill="#777">{10 ** power:,}</text>')
    legend = [f'<rect x="{LABELS + 150 * i}" y="10" width="12" height="12" '
              f'fill="{COLOURS[i]}"/><text x="{LABELS + 150 * i + 18}" y="20">{escape(name)}'
              '</text>' for i, name in enumerate(series)]
    title = f'<text x="8" y="20" font-weight="bold">{escape(unit)}, logarithmic</text>'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
            f'viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="11">'
            '<rect width="100%" height="100%" fill="white"/>\n'
            + "\n".join([title, *legend, *lines, *parts]) + "\n</svg>\n")
