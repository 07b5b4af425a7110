"""Run a job for each hand-in: side by side on this machine, or on others by GNU parallel.

A job is a command; what it prints is the autograder's result, a line of JSON. Its number names its
hand-in, so that no name of a file gets near a shell.
"""

import json
import os
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

from hosts import Jobs, run_on_hosts

LIMIT = 3600        # seconds a hand-in may take: only what runs without end takes so long
GRACE = 300         # seconds more until its autograder is taken to hang
UIDS = range(61184, 65520)      # users that systems leave to programs such as this


class Job(NamedTuple):
    """What is to be done for a hand-in."""
    number: int             # of the hand-in
    words: List[str]        # the tests to run

    @property
    def uid(self) -> int:
        """The user it runs as: another one for each, so that none can see another one's files."""
        return UIDS[0] + self.number % len(UIDS)


def processors() -> int:
    """Return how many processors we may use."""
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parsed(line: bytes) -> dict:
    """Return a result; one that says the autograder has failed if it is none."""
    with suppress(ValueError):
        result = json.loads(line)
        if isinstance(result, dict) and "failed" in result:
            return result
    return {"failed": True}


# ---- Here ----

def run_here(jobs: List[Job], command: Callable[[Job], List[str]],
             log: Path) -> Iterator[Tuple[int, dict]]:
    """Run jobs side by side, as many as there are processors; yield their results as they come.

    Closing this generator ends what still runs.
    """
    running: Dict[int, subprocess.Popen] = {}
    lock, over = threading.Lock(), threading.Event()

    def run(job: Job) -> dict:
        with lock:
            if over.is_set():
                return {"failed": True}
            process = running[job.number] = subprocess.Popen(
                command(job), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True)
        try:
            output, errors = process.communicate(timeout=LIMIT + GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
        with lock:
            del running[job.number]
            with open(log, "ab") as file:
                file.write(b"---- " + str(job.number).encode() + b"\n" + errors)
        return parsed(output)

    with ThreadPoolExecutor(processors()) as pool:
        futures = {pool.submit(run, job): job.number for job in jobs}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            over.set()
            for future in futures:
                future.cancel()
            with lock:
                for process in running.values():
                    process.terminate()


# ---- On other machines ----

def grade_on_hosts(jobs: List[Job], hosts: Path, bundle: Path, work: Path,
                   command: List[str], log: Path) -> Iterator[Tuple[int, dict]]:
    """Run jobs on the hosts in a file; yield their results as they come.

    Each host gets the bundle once, and the file NUMBER.tar for each job. The command has {1} for
    the number, {2} for the job's words, {3} for its user.
    """
    shutil.copy(bundle, work / bundle.name)
    there = Jobs(command, [(str(job.number), " ".join(job.words), str(job.uid)) for job in jobs],
                 [bundle.name], "{1}.tar", LIMIT + GRACE)
    for number, line in run_on_hosts(there, hosts, work, log):
        yield number, parsed(line)
