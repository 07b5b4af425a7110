#!/usr/bin/env python3
"""Record what every CPU does in a run, and write it down as pictures.

In obj/trace, for a program X: X.html, a page for any browser; X.json, for ui.perfetto.dev; X.bin,
what the kernel has recorded (kern/trace.h).
"""

import argparse
import os
import re
import sys
from pathlib import Path
from typing import Dict, List, Tuple

sys.dont_write_bytecode = True

ROOT = Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT), str(ROOT / "tools/grade"), str(ROOT / "tools/common")]

import tracefile
import tracemodel
import tracepage
import traceperfetto
from gradebuild import MakeError, objdir, qemu_command
from gradelib import Run, Watch, exit_on_signals, play
from tracefile import BadTrace
from tracemodel import Model

LIMIT = 120         # seconds a run may take, besides what is recorded
DONE = r".*trace: (\d+) events"


def record(program: str, file: Path, variables: Dict[str, str]) -> Run:
    """Run a program until its trace is in the file."""
    settings = [f"{name}={value}" for name, value in variables.items()]
    words = qemu_command(f"RUN={program}", f"TRACE={file}", *settings)
    seconds = LIMIT + int(variables.get("TRACE_MS", "0")) / 1000
    return play(words, Watch(stop=DONE, limit=seconds, quiet=seconds, keep=64 << 20))


def load(file: Path, run: Run) -> Model:
    """Return what a run has recorded; raise BadTrace if that is nothing."""
    if not any(re.match(DONE, line) for line in run.lines):
        raise BadTrace("\n".join([f"no trace came ({run.why.value}). The end of the output:",
                                  *run.lines[-10:], run.errors]))
    model = tracemodel.build(tracefile.read(file.read_bytes()))
    if not model.length:
        raise BadTrace("nothing was recorded")
    return model


def summary(model: Model) -> str:
    """Return in a few words what a trace holds."""
    text = f"{model.events:,} events in {model.length / 1e6:,.1f} ms"
    if model.full:
        text = f"the first {model.length / 1e6:,.1f} ms, {model.events:,} events; the room for " \
               "events was used up"
    return text


def parse() -> Tuple[str, Dict[str, str]]:
    """Parse the command line: the program, and make's variables for the run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", metavar="PROGRAM")
    parser.add_argument("variables", metavar="NAME=VALUE", nargs="*",
                        help="CPUS, SEED, TRACE_MS: what make knows about the run")
    options = parser.parse_args()
    pairs: List[List[str]] = [variable.split("=", 1) for variable in options.variables]
    if any(len(pair) != 2 for pair in pairs):
        parser.error("expected NAME=VALUE")
    return options.program, {name: value for name, value in pairs if value}


def main() -> int:
    """Do what the command line says and return the exit status."""
    program, variables = parse()
    exit_on_signals()
    os.chdir(ROOT)
    place = objdir() / "trace"
    place.mkdir(parents=True, exist_ok=True)
    raw, page, perfetto = (place / f"{program}.{kind}" for kind in ("bin", "html", "json"))
    for file in (raw, page, perfetto):
        if file.exists():
            file.unlink()
    try:
        model = load(raw, record(program, raw, variables))
    except (MakeError, BadTrace) as error:
        sys.stderr.write(f"trace.py: {str(error).strip()}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    page.write_text(tracepage.html(model, program, variables.get("SEED", ""), summary(model)),
                    encoding="utf-8")
    perfetto.write_text(traceperfetto.text(model), encoding="utf-8")
    print(f"{program} on {model.cpus} CPU{'s' if model.cpus > 1 else ''}: {summary(model)}")
    print(f"{page}: open it in a browser")
    print(f"{perfetto}: open it at https://ui.perfetto.dev")
    return 0


if __name__ == "__main__":
    sys.exit(main())
