#!/usr/bin/env python3
"""Record what every CPU does in a run, and write it down as pictures.

In obj/trace, for a program X: X.html, a page for any browser; X.json, for ui.perfetto.dev; X.bin,
what the kernel has recorded (kern/trace.h). With SEED=7 there are also X-7.html and so on, and the
same with ORDER.
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


def record(run: str, file: Path, variables: Dict[str, str]) -> Run:
    """Run programs until their trace is in the file."""
    settings = [f"{name}={value}" for name, value in variables.items()]
    words = qemu_command(f"RUN={run}", f"TRACE={file}", *settings)
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


def put(place: Path, names: List[str], data: Dict[str, bytes]) -> None:
    """Write files for each name, one of each kind in data. Others may write the same ones now: each
    file is that of one of us, and whole."""
    for name in names:
        for kind, content in data.items():
            unfinished = place / f"{name}.{kind}.{os.getpid()}"
            unfinished.write_bytes(content)
            unfinished.replace(place / f"{name}.{kind}")


def summary(model: Model) -> str:
    """Return in a few words what a trace holds."""
    text = f"{model.events:,} events in {model.length / 1e6:,.1f} ms"
    if model.full:
        text = f"the first {model.length / 1e6:,.1f} ms, {model.events:,} events; the room for " \
               "events was used up"
    return text


def parse() -> Tuple[str, Dict[str, str]]:
    """Parse the command line: what to run, and make's variables for the run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", metavar="PROGRAM",
                        help="what to run; the first program gives its name to the files")
    parser.add_argument("variables", metavar="NAME=VALUE", nargs="*",
                        help="CPUS, SEED, ORDER, TRACE_MS: what make knows about the run")
    options = parser.parse_args()
    pairs: List[List[str]] = [variable.split("=", 1) for variable in options.variables]
    if any(len(pair) != 2 for pair in pairs):
        parser.error("expected NAME=VALUE")
    return options.run, {name: value for name, value in pairs if value}


def main() -> int:
    """Do what the command line says and return the exit status."""
    run, variables = parse()
    program = re.split("[ :]", run)[0]
    exit_on_signals()
    os.chdir(ROOT)
    place = objdir() / "trace"
    place.mkdir(parents=True, exist_ok=True)
    raw = place / f"{program}.{os.getpid()}"
    which, names = "", [program]
    for name in ("SEED", "ORDER"):
        if name in variables:
            which = f"{name.lower()} {variables[name]}"
            names.append(f"{program}-{variables[name]}")
    try:
        model = load(raw, record(run, raw, variables))
        put(place, names, {"bin": raw.read_bytes(),
                           "html": tracepage.html(model, program, which, summary(model)).encode(),
                           "json": traceperfetto.text(model).encode()})
    except (MakeError, BadTrace) as error:
        sys.stderr.write(f"trace.py: {str(error).strip()}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if raw.exists():
            raw.unlink()
    print(f"{program} on {model.cpus} CPU{'s' if model.cpus > 1 else ''}: {summary(model)}")
    print(f"{place / names[-1]}.html: open it in a browser")
    print(f"{place / names[-1]}.json: open it at https://ui.perfetto.dev")
    return 0


if __name__ == "__main__":
    sys.exit(main())
