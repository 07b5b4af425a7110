"""Right solutions in other styles than ours.

The directory tools/tests/right/X has those in style X: in files of the same names as in the tree,
and between the same marks. handoutmarks.py explains these; they are as in tools/handout/instead.
"""

from pathlib import Path
from typing import Dict, List, Sequence

from handoutmarks import parse, parse_instead, with_instead

from kit import ROOT
from mistakes.instead import SIMPLE_FORK

HERE = ROOT / "tools/tests/right"

# What is right only together with others: without the challenges fork and ipc_send do otherwise.
WITH: Dict[str, Sequence[str]] = {
    "calls-with-gotos": ("fork-by-tables", "messages-by-yielding"),
}
SIMPLE = "fork-simple"      # the whole file, which mistakes are made in, too
RIGHT = sorted([path.name for path in HERE.iterdir()] + [SIMPLE])


def entries(file: Path) -> List:
    """Return what a file has in the place of marks."""
    return parse_instead(str(file.relative_to(ROOT)), file.read_text())


def files(name: str) -> List[Path]:
    """Return the files in a style."""
    return sorted(path for style in [name, *WITH.get(name, ())] for path in (HERE / style).rglob("*")
                  if path.is_file())


def about(name: str) -> str:
    """Return what is said of a style: the first comments of its files."""
    if name == SIMPLE:
        return "The file that mistakes in fork are made in: one loop over all pages."
    comments = [path.read_text().split("\n\n")[0].splitlines()
                for path in sorted((HERE / name).rglob("*")) if path.is_file()]
    said = [" ".join(line[3:] for line in comment) for comment in comments]
    return " ".join(dict.fromkeys(said))


def exercises(name: str) -> List[int]:
    """Return the exercises that are solved in a style."""
    if name == SIMPLE:
        return [12]
    return sorted({entry.exercise for file in files(name) for entry in entries(file)})


def solved(name: str) -> List[str]:
    """Return edits that solve exercises in a style: file, text, text in its place."""
    if name == SIMPLE:
        return list(SIMPLE_FORK)
    edits: List[str] = []
    for file in files(name):
        target = str(file.relative_to(HERE)).partition("/")[2]
        parts, instead = parse(target, (ROOT / target).read_text()), entries(file)
        marks = {entry.mark for entry in instead}
        lines: List[str] = []
        for part in with_instead(target, parts, instead):
            if isinstance(part, str):
                lines.append(part)
            else:
                lines += part.instead if part.mark in marks else part.lines
        edits += [target, "", "\n".join(lines) + "\n"]
    return edits
