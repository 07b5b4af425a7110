"""Jobs on other machines, by GNU parallel."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Iterator, List, NamedTuple, Sequence, Tuple


class HostsError(Exception):
    """Why jobs cannot run on other machines, in one line."""


class Jobs(NamedTuple):
    """What runs on the machines. In the command {1} is a job's number, {2} and so on are its words."""
    command: List[str]
    words: Sequence[Sequence[str]]      # of each job, the first one a number
    files: Sequence[str] = ()           # in the work directory; each machine gets them once
    own_file: str = ""                  # the same for one job, as {1}.tar
    limit: int = 3600                   # seconds a job may take


def host_file(name: str) -> Path:
    """Return the file that HOSTS names; raise HostsError if there is none."""
    if not Path(name).is_file():
        raise HostsError(f"HOSTS={name}: there is no such file")
    return Path(name)


def run_on_hosts(jobs: Jobs, hosts: Path, work: Path, log: Path) -> Iterator[Tuple[int, bytes]]:
    """Run jobs on the machines in a file; yield the number and a line of output, as they come.

    Closing this generator ends what still runs.
    """
    if not shutil.which("parallel"):
        raise HostsError("GNU parallel is missing: install the package parallel (and rsync)")
    table = work / "jobs"
    table.write_text("".join("\t".join(words) + "\n" for words in jobs.words), encoding="ascii")
    there = f".jos-{os.getpid()}-{os.urandom(4).hex()}"      # below the home directory
    words = ["parallel", "--will-cite", "--sshloginfile", str(hosts.resolve()),
             "--tagstring", "{1}", "--colsep", "\t", "--workdir", there, "--cleanup",
             *[word for name in jobs.files for word in ("--basefile", name)],
             *(["--transferfile", jobs.own_file] if jobs.own_file else []),
             "--retries", "3", "--timeout", str(jobs.limit), "--filter-hosts", "--termseq",
             "TERM,20000,KILL,25",      # milliseconds: time to clean up
             " ".join(word if word.startswith("{") else shlex.quote(word) for word in jobs.command),
             "::::", str(table)]
    with open(log, "ab") as errors:
        process = subprocess.Popen(words, cwd=work, start_new_session=True, stderr=errors,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        for line in process.stdout:
            number, _, text = line.partition(b"\t")
            if number.isdigit():
                yield int(number), text
        if process.wait() > 253:
            noise = re.search(r"host check too many col\d+: (.*)", log.read_text(errors="replace"))
            raise HostsError(f"the shell of a host says more than it is asked: {noise[1]}" if noise
                             else f"GNU parallel failed; {log} says why")
    finally:
        for _ in range(2):      # the second time it does not wait for its jobs
            if process.poll() is None:
                process.terminate()
        process.stdout.close()
        process.wait()
