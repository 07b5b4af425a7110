"""The places in the kernel that the models' steps stand for.

A place has a mark in its source, as [L4]; so has the step of the model. What stands at each mark
when somebody has last compared both is recorded in marks.json, as a hash.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Dict, List, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "tools/models"
RECORD = MODELS / "marks.json"
MARK = re.compile(r"\[([LKHS]\d+)\]")


class Place(NamedTuple):
    """A marked statement."""
    file: str
    line: int
    text: str       # without comments, in single spaces

    def hash(self) -> str:
        """Return what stands for the text in the record."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


def statement(lines: List[str]) -> str:
    """Return the statement with which these lines begin, without comments."""
    text = ""
    for line in lines:
        text += re.sub(r"//.*", "", line) + " "
        if re.search(r"[;{]\s*$|\)\s*$", text) or "%" in text:     # the % is one of assembly
            break
    return " ".join(text.split())


def places() -> Dict[str, List[Place]]:
    """Return the marked places of the kernel, by mark."""
    found: Dict[str, List[Place]] = {}
    for file in sorted((ROOT / "kern").glob("*.[chS]")):
        lines = file.read_text().splitlines()
        for at, line in enumerate(lines):
            for mark in MARK.findall(line.partition("//")[2]):
                found.setdefault(mark, []).append(
                    Place(str(file.relative_to(ROOT)), at + 1, statement(lines[at:])))
    return found


def modelled() -> Dict[str, str]:
    """Return the model of each mark that the models have."""
    return {mark: file.stem for file in sorted(MODELS.glob("*.pml"))
            for mark in MARK.findall(file.read_text())}


def complaints() -> List[str]:
    """Return a line for each mark that is missing, not alone, or about what has changed."""
    here, there, record = places(), modelled(), json.loads(RECORD.read_text())
    lines = []
    for mark in sorted({*here, *there}, key=lambda mark: (mark[0], int(mark[1:]))):
        found = here.get(mark, [])
        if mark not in there:
            lines.append(f"{found[0].file}:{found[0].line}: no model has a step [{mark}]")
        elif len(found) != 1:
            lines.append(f"tools/models/{there[mark]}.pml: {len(found)} places in kern/ have the "
                         f"mark [{mark}], not one")
        elif record.get(mark) != found[0].hash():
            lines.append(f"{found[0].file}:{found[0].line}: what [{mark}] marks has changed: is step "
                         f"[{mark}] of tools/models/{there[mark]}.pml still right? Then: "
                         "make prove COMPARED=1")
    return lines


def record() -> None:
    """Record what stands at the marks: somebody has compared it with the models."""
    RECORD.write_text(json.dumps({mark: found[0].hash() for mark, found in sorted(
        places().items(), key=lambda item: (item[0][0], int(item[0][1:])))}, indent=0) + "\n")
