#!/usr/bin/env python3
"""Grade all hand-ins in a folder: what `make grade-class' runs, and doc/class.md describes.

Each hand-in is graded by the autograder's bundle, which is made of this tree. What has been graded
stays in the results, so that the same command goes on after an interruption.

Exit status: 0 all are graded, 1 some are not, 2 a table or a folder is wrong, 130 interrupted.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

sys.dont_write_bytecode = True

ROOT = Path(__file__).resolve().parents[3]
sys.path[1:1] = [str(ROOT), str(ROOT / "tools/grade"), str(ROOT / "tools/common"),
                 str(ROOT / "tools/classroom/autograder")]

import report
from gradelib import exit_on_signals
from handins import HandIn, Record, Records, hand_ins
from hosts import HostsError, host_file
from marks import mark
from runners import LIMIT, Job, grade_on_hosts, run_here
from tables import read_late, read_times
from weights import Row, TableError, asked_for, read_weights, tests_called

GUIDE = ROOT / "doc/lab4.md"


class Class:
    """The hand-ins of a class, and what is known of them."""

    def __init__(self, options: argparse.Namespace, rows: List[Row]):
        self._options, self._rows = options, rows
        self.wanted = asked_for(rows)
        self.handins = hand_ins(options.folder)
        options.results.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._log = options.results / "log.txt"
        self._log.write_bytes(b"")
        self._records = Records(options.results / "records")
        self._bundle = options.results / "autograder.zip"
        subprocess.run([sys.executable, str(ROOT / "tools/classroom/autograder/bundle.py"),
                        str(self._bundle)], check=True)
        grader = hashlib.sha256(self._bundle.read_bytes()).hexdigest()
        self.known: Dict[str, Record] = {
            handin.name: self._record(handin, grader) for handin in self.handins}

    def _record(self, handin: HandIn, grader: str) -> Record:
        """Return what is known of a hand-in that still holds."""
        digest, record = handin.digest(), self._records.load(handin.name)
        if record and self._options.only and record.handin == digest:
            record.grader = grader      # the rest is to stay, whatever has changed
            for name in self._options.only:
                record.tests.pop(name, None)
            self._records.store(handin.name, record)
        if record is None or (record.handin, record.grader) != (digest, grader):
            record = Record(digest, grader)
        return record

    def _to_do(self) -> List[int]:
        """Return the numbers of the hand-ins that are not graded."""
        return [at for at, handin in enumerate(self.handins)
                if not self.known[handin.name].read
                or self.known[handin.name].missing(self.wanted)]

    def grade(self) -> None:
        """Read and grade all that is not graded yet."""
        to_do = self._to_do()
        kept = len(self.handins) - len(to_do)
        print(f"{len(self.handins)} hand-ins, {kept} of them graded before", flush=True)
        if to_do:
            warn(self._options.folder)
        with tempfile.TemporaryDirectory(prefix="jos-class-") as directory:
            work = Path(directory)
            self._read(to_do, work)
            jobs = [Job(at, self.known[self.handins[at].name].missing(self.wanted))
                    for at in to_do if (work / f"{at}.tar").exists()]
            done = len(self.handins) - len(jobs)
            with closing(self._results(jobs, work)) as results:
                for at, graded in results:
                    done += not graded["failed"]
                    self._add(at, graded, dict(jobs)[at], f"{done} of {len(self.handins)}")

    def _read(self, to_do: List[int], work: Path) -> None:
        """Read hand-ins: write what counts of each to work/NUMBER.tar."""
        def command(job):
            return [sys.executable, str(self._bundle), "--submission",
                    str(self.handins[job.number].path), "--pack", str(work / f"{job.number}.tar")]

        with closing(run_here([Job(at, []) for at in to_do], command, self._log)) as results:
            for at, found in results:
                handin, record = self.handins[at], self.known[self.handins[at].name]
                if found["failed"]:
                    print(f"{handin.shown}: the autograder failed; {self._log} says why, at {at}")
                    continue
                record.read, record.refused = True, found["refused"]
                record.notes, record.answers = found["notes"], found["answers"]
                self._records.store(handin.name, record)
                if record.refused:
                    print(f"{handin.shown}: {record.refused}", flush=True)

    def _results(self, jobs: List[Job], work: Path) -> Iterator[Tuple[int, dict]]:
        """Run the grading of hand-ins and yield the results as they come."""
        flags = ["--json", "-j", "1", "--limit", str(LIMIT)]
        if self._options.hosts and jobs:
            return grade_on_hosts(jobs, self._options.hosts, self._bundle, work,
                                  ["python3", self._bundle.name, *flags, "--submission",
                                   "{1}.tar", "--uid", "{3}", "{2}"], self._log)
        return run_here(jobs, lambda job: [
            sys.executable, str(self._bundle), *flags, "--submission",
            str(work / f"{job.number}.tar"), "--uid", str(job.uid), *job.words], self._log)

    def _add(self, at: int, graded: dict, tests: List[str], progress: str) -> None:
        """Keep the result of a hand-in, and say so."""
        handin, record = self.handins[at], self.known[self.handins[at].name]
        if graded["failed"]:
            print(f"{handin.shown}: the autograder failed; {self._log} says why, at {at}",
                  flush=True)
            return
        record.add(tests, graded)
        self._records.store(handin.name, record)
        passed = sum(record.tests[name]["passed"] for name in self.wanted)
        print(f"{handin.shown}: {passed} of {len(self.wanted)} tests pass ({progress})", flush=True)

    def report(self) -> int:
        """Write the results there are; return how many hand-ins are not graded."""
        options, left = self._options, set(self._to_do())
        marks = [mark(handin, None if at in left else self.known[handin.name], self._rows,
                      options.late, options.times) for at, handin in enumerate(self.handins)]
        remarks = {each.handin.name: each.remarks(
            bool(options.times) and each.handin.name not in options.times
            and each.handin.path.name not in options.times) for each in marks}
        report.write_all(options.results, marks, self._rows, remarks,
                         GUIDE.read_text(encoding="utf-8"))
        return len(left)


def warn(folder: Path) -> None:
    """Say so if a hand-in can read others, by what it includes."""
    if os.getuid() != 0:
        print("You are not root: hand-ins are compiled and run as you, and can read what you can",
              flush=True)
    elif all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents)):
        print(f"Hand-ins can read each other while they are compiled. Run: chmod 700 {folder}",
              flush=True)


# ---- The command line ----

def parse(arguments: List[str]) -> argparse.Namespace:
    """Parse the command line. What is not given may be empty, as make passes it."""
    def path(text: str) -> Optional[Path]:
        return Path(text) if text else None

    parser = argparse.ArgumentParser(description="Grade all hand-ins in a folder.")
    parser.add_argument("folder", type=path, help="has a file or a directory for each hand-in")
    parser.add_argument("--results", type=path, metavar="DIRECTORY",
                        help="where the results go (default: FOLDER-results)")
    parser.add_argument("--weights", type=path, metavar="FILE",
                        help="points by exercise, part or test (default: the lab's)")
    parser.add_argument("--late", type=path, metavar="FILE", help="when it is due, late days")
    parser.add_argument("--times", type=path, metavar="FILE", help="CSV: name, time of the hand-in")
    parser.add_argument("--hosts", metavar="FILE",
                        help="machines that grade, for GNU parallel")
    parser.add_argument("--only", default="", metavar="NAMES",
                        help="grade these exercises, parts or tests again, for all")
    options = parser.parse_args(arguments)
    if options.folder is None or not options.folder.is_dir():
        raise TableError(f"HANDINS={options.folder or ''}: give the folder with the hand-ins, as "
                         "HANDINS=../handins")
    options.folder = options.folder.resolve()
    options.results = options.results or options.folder.with_name(f"{options.folder.name}-results")
    return options


def read_tables(options: argparse.Namespace) -> List[Row]:
    """Read what the teacher has set into options; return the rows of points."""
    rows = read_weights(options.weights)
    options.late, options.times = read_late(options.late), read_times(options.times)
    options.hosts = options.hosts and host_file(options.hosts)
    names, graded = options.only.split(), set(asked_for(rows))
    for name in names:
        if not graded.intersection(tests_called(name)):
            raise TableError(f"ONLY={name}: nothing that gives points is called so")
    options.only = {test for name in names for test in tests_called(name)}
    return rows


def main(arguments: List[str]) -> int:
    """Do what the command line says and return the exit status."""
    exit_on_signals()
    try:
        options = parse(arguments)
        our_class = Class(options, read_tables(options))
        if not our_class.handins:
            raise TableError(f"{options.folder} is empty: it should have a file or a directory for "
                             "each hand-in")
        status = 0
        try:
            our_class.grade()
        except KeyboardInterrupt:
            status = 130
        finally:
            left = our_class.report()
    except (TableError, HostsError, OSError) as error:
        sys.stderr.write(f"grade-class: {error}\n")
        return 2
    if left:
        print(f"{left} hand-ins are not graded; {options.results}/log.txt has more. The same "
              "command goes on")
    print(f"{options.results}/index.html and grades.csv have the results")
    return status or bool(left)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
