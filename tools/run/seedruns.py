"""Runs of a task with many seeds. On other machines this file is the program (seedhosts.py)."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Iterator, List, NamedTuple, Sequence

from gradelib import Run, Verdict, Watch, diagnose, exit_on_signals, parallel

SEED, IMAGE = "0SEED-HERE", "IMAGE-HERE"    # in a task's command


class Task(NamedTuple):
    """What is run with each seed, and what its output has to be."""
    command: List[str]          # QEMU's, with SEED and IMAGE
    must: List[str]
    stop: str
    forbidden: List[str]
    limit: float
    good: str                   # a line that says all is well


class Outcome(NamedTuple):
    """A seed, and what has become of its run."""
    seed: int
    verdict: Verdict
    output: str         # a hash of the lines
    says_good: bool     # whether the task's good line is among them


def task_of(line: Sequence[str], image: str, must: List[str], watch: Watch, good: str) -> Task:
    """Return the task of a QEMU command in which SEED stands, and which boots an image."""
    return Task([word.replace(image, IMAGE) for word in line], must, watch.stop,
                list(watch.forbidden), watch.limit, good)


def image_of(line: Sequence[str]) -> str:
    """Return the file that a QEMU command boots."""
    return next(found[0] for word in line if (found := re.search(r"[^=,]*/kernel(\.img)?$",
                                                                 word.split(",")[0])))


def _try(task: Task, image: Path, seed: int):
    """A job for parallel(): run the task with a seed and return an Outcome."""
    command = [word.replace(IMAGE, str(image)).replace(SEED, str(seed)) for word in task.command]
    run = yield Run(command, Watch(task.stop, task.forbidden, limit=task.limit, quiet=task.limit))
    return Outcome(seed, diagnose(run, task.must),
                   hashlib.sha256("\n".join(run.lines).encode()).hexdigest()[:16],
                   task.good in run.lines)


def run_seeds(task: Task, image: Path, seeds: Sequence[int], width: int,
              tick=None) -> Iterator[Outcome]:
    """Run a task with seeds on this machine, width at once; yield what becomes of each. tick is as
    for parallel()."""
    with closing(parallel([_try(task, image, seed) for seed in seeds], width, tick=tick)) as outcomes:
        yield from outcomes


def qemu_version(qemu: str) -> str:
    """Return which QEMU this is, in its own words; nothing if it is not there."""
    if not shutil.which(qemu):
        return ""
    said = subprocess.run([qemu, "--version"], stdout=subprocess.PIPE, text=True, check=False).stdout
    found = re.search(r"version (\S+)", said)
    return found[1] if found else ""


def outcome_from(found: Sequence) -> Outcome:
    """Return an outcome that has been JSON."""
    seed, verdict, *rest = found
    return Outcome(seed, Verdict(*verdict), *rest)


# ---- The program ----

def main(seeds: str, version: str) -> None:
    """Run the task beside this file with seeds, and print what becomes of them, as JSON; or a
    complaint."""
    exit_on_signals()
    task = Task(*json.loads(Path("task").read_text(encoding="utf-8")))
    ours = qemu_version(task.command[0])
    if ours != version:
        print(json.dumps(f"a host has {f'QEMU {ours}' if ours else 'no ' + task.command[0]}, and not "
                         f"QEMU {version}: its runs would be others"))
        return
    print(json.dumps(list(run_seeds(task, Path("image"), [int(seed) for seed in seeds.split(",")],
                                    1))))


if __name__ == "__main__":
    main(*sys.argv[1:])

