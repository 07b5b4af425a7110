"""Run a job for each hand-in: side by side on this machine, or on others by GNU parallel.

A job is a command; what it prints is the autograder's result, a line of JSON. Its number names its
hand-in, so that no name of a file gets near a shell.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

LIMIT = 3600        # seconds a hand-in may take: only what runs without end takes so long
GRACE = 300         # seconds more until its autograder is taken to hang


UIDS = range(61184, 65520)      # users that systems leave to programs such as this


class RunError(Exception):
    """Why jobs cannot run, in one line."""


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

def run_on_hosts(jobs: List[Job], hosts: Path, bundle: Path, work: Path,
                 command: List[str], log: Path) -> Iterator[Tuple[int, dict]]:
    """Run jobs on the hosts in a file, by GNU parallel; yield their results as they come.

    Each host gets the bundle once, and the file NUMBER.tar for each job. The command has {1} for
    the number, {2} for the job's words, {3} for its user.
    """
    if not shutil.which("parallel"):
        raise RunError("GNU parallel is missing: install the package parallel (and rsync)")
    shutil.copy(bundle, work / bundle.name)
    table = work / "jobs"
    table.write_text("".join(f"{job.number}\t{' '.join(job.words)}\t{job.uid}\n" for job in jobs),
                     encoding="ascii")
    there = f".jos-grade-{os.getpid()}-{os.urandom(4).hex()}"      # below the home directory
    words = ["parallel", "--will-cite", "--sshloginfile", str(hosts.resolve()),
             "--tagstring", "{1}", "--colsep", "\t", "--workdir", there, "--basefile", bundle.name, "--transferfile", "{1}.tar", "--cleanup",
             "--retries", "3", "--timeout", str(LIMIT + GRACE), "--filter-hosts", "--termseq",
             "TERM,20000,KILL,25",      # milliseconds: time to clean up
             " ".join(word if word.startswith("{") else shlex.quote(word) for word in command),
             "::::", str(table)]
    with open(log, "ab") as errors:
        process = subprocess.Popen(words, cwd=work, start_new_session=True, stderr=errors,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        for line in process.stdout:
            number, _, text = line.partition(b"\t")
            if number.isdigit():
                yield int(number), parsed(text)
        if process.wait() > 253:
            noise = re.search(r"host check too many col\d+: (.*)", log.read_text(errors="replace"))
            raise RunError(f"the shell of a host says more than it is asked: {noise[1]}" if noise
                           else f"GNU parallel failed; {log} says why")
    finally:
        for _ in range(2):      # the second time it does not wait for its jobs
            if process.poll() is None:
                process.terminate()
        process.stdout.close()
        process.wait()

