#!/usr/bin/env python3
"""Say which branches of the system calls the fuzzer has reached: for `make fuzz-coverage'.

usage: coverage.py GCOV DIRECTORY       where the counts of the objects are
"""

import json
import subprocess
import sys
from pathlib import Path

# What is looked at: the file, and the objects that have code of it.
FILES = {"kern/syscall.c": ["syscall"], "kern/ipc.h": ["syscall", "ipc"], "kern/ipc.c": ["ipc"]}


def counts(gcov: str, directory: Path, name: str):
    """Return gcov's report of an object: a list of files."""
    done = subprocess.run([gcov, "--branch-counts", "--branch-probabilities", "--json-format", "--stdout",
                           "--object-file", str(directory / f"{name}.o"), f"kern/{name}.c"],
                          check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["files"]


def branches(gcov: str, directory: Path, file: str):
    """Return, for each line of a file and each of its branches, how often it was taken."""
    taken = {}
    for name in FILES[file]:
        for found in counts(gcov, directory, name):
            if found["file"].removeprefix("./") != file:
                continue
            for line in found["lines"]:
                for number, branch in enumerate(line["branches"]):
                    key = line["line_number"], line.get("function_name"), number
                    taken[key] = taken.get(key, 0) + branch["count"]
    return taken


def main() -> None:
    """Print a line for each file, and one for each branch that was never taken."""
    gcov, directory = sys.argv[1], Path(sys.argv[2])
    for file in FILES:
        taken = branches(gcov, directory, file)
        missing = [key for key, count in taken.items() if count == 0]
        print(f"{file}: {len(taken) - len(missing)} of {len(taken)} branches reached")
        text = Path(file).read_text().splitlines()
        for line, function, number in missing:
            print(f"  {file}:{line}, {function}, branch {number}: {text[line - 1].strip()}")


if __name__ == "__main__":
    main()
