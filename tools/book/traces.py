"""The runs whose traces the book shows as pictures."""

import os
import re
import sys
from typing import Dict, List, Tuple

from chapters import ROOT, Chapter, Picture, Problem
from links import TRACE
from memory import Memory

sys.path.insert(1, str(ROOT / "tools/trace"))     # before the standard module called trace

import trace
import tracefile
import tracemodel
import tracepicture
from gradebuild import MakeError
from tracefile import BadTrace

LONGEST = "100"     # milliseconds, if a picture does not say ms=


def is_trace(picture: Picture) -> bool:
    """Whether a picture is drawn from a run."""
    return picture.file == TRACE


def command(picture: Picture) -> str:
    """Return what a reader types to see the run."""
    programs = picture.attributes.get("run", "")
    words = [f"make trace-{(programs.split() or [''])[0]}"]
    words += [f"{name.upper()}={picture.attributes[name]}" for name in ("cpus", "seed")
              if name in picture.attributes]
    return " ".join(words)


def _recorded(picture: Picture, memory: Memory) -> bytes:
    """Return the trace of a picture's run."""
    wanted = picture.attributes
    variables = {"CPUS": wanted.get("cpus", "1"), "SEED": wanted.get("seed", "1"),
                 "TRACE_MS": wanted.get("ms", LONGEST)}
    file = memory.file(repr((wanted["run"], sorted(variables.items()))), "trace")
    if not file.exists():
        raw = file.with_name(f"{file.name}.{os.getpid()}")
        trace.load(raw, trace.record(wanted["run"], raw, variables))
        raw.replace(file)
    return file.read_bytes()


def _draw(picture: Picture, memory: Memory) -> str:
    wanted = picture.attributes
    if not {"run", "seed"} <= set(wanted):
        raise BadTrace('a picture of a run needs run="PROGRAM" and seed=N')
    if any(not re.fullmatch(r"\d+(\.\d+)?", wanted.get(name, "0")) for name in ("from", "to")):
        raise BadTrace("from= and to= are milliseconds")
    model = tracemodel.build(tracefile.read(_recorded(picture, memory)))
    begin, end = float(wanted.get("from", 0)), float(wanted.get("to", 0))
    if begin * 1e6 >= model.length or (end and end <= begin):
        raise BadTrace(f"the run ends after {model.length / 1e6:.3f} ms")
    return tracepicture.draw(model, begin, end, command(picture))


def pictures(book: List[Chapter], memory: Memory) -> Tuple[Dict[str, str], List[Problem]]:
    """Return the pictures drawn from runs by their names, and what is wrong."""
    drawn, problems = {}, []
    for chapter in book:
        for picture in filter(is_trace, chapter.pictures):
            try:
                drawn[picture.id] = _draw(picture, memory)
            except (BadTrace, MakeError) as error:
                problems.append(Problem(chapter.name, picture.line, str(error).strip()))
    return drawn, problems
