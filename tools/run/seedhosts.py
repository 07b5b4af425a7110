"""Runs of a task with many seeds on other machines, by GNU parallel. Each has what it needs in a
directory of its own: seedruns.py, gradelib.py, the image and the task."""

import json
import shutil
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Iterator, Sequence

import gradelib
import gradetext
import seedruns
from hosts import HostsError, Jobs, run_on_hosts
from seedruns import Outcome, Task, outcome_from, qemu_version

CHUNK = 10          # seeds that a machine runs one after another
MODULES = (seedruns, gradelib, gradetext)


def run_seeds_on_hosts(task: Task, image: Path, seeds: Sequence[int], hosts: Path,
                       log: Path) -> Iterator[Outcome]:
    """Run a task with seeds on the machines in a file; yield what becomes of each.

    Raises HostsError, also if a machine has another QEMU, or if some seeds have run nowhere.
    """
    files = [Path(module.__file__) for module in MODULES]
    version, left = qemu_version(task.command[0]), set(seeds)
    chunks = [seeds[at:at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    with tempfile.TemporaryDirectory(prefix="jos-explore-") as name:
        work = Path(name)
        for file in files:
            shutil.copy(file, work)
        shutil.copy(image, work / "image")
        command = [Path(task.command[0]).name, *task.command[1:]]
        (work / "task").write_text(json.dumps(task._replace(command=command)), encoding="utf-8")
        jobs = Jobs(["python3", "-B", files[0].name, "{2}", "{3}"],
                    [(str(at), ",".join(map(str, chunk)), version)
                     for at, chunk in enumerate(chunks)],
                    [*[file.name for file in files], "image", "task"])
        with closing(run_on_hosts(jobs, hosts, work, log)) as lines:
            for _, line in lines:
                found = []      # what is not JSON has not run
                with suppress(ValueError):
                    found = json.loads(line)
                if isinstance(found, str):
                    raise HostsError(found)
                for outcome in map(outcome_from, found):
                    left.discard(outcome.seed)
                    yield outcome
    if left:
        raise HostsError(f"{len(left)} seeds have run nowhere; {log} says why. The same command goes on")
