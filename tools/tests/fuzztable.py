#!/usr/bin/env python3
"""Take away each check of arguments, and write how soon the fuzzer finds that: for `make fuzz-checks'.

usage: fuzztable.py [PATTERN]       only those with such names
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve()
sys.path[1:1] = [str(HERE.parents[up] / name) for up, name in
                 ((2, "."), (1, "grade"), (1, "common"), (1, "handout"))]

import kit
from unchecked import EQUIVALENT, all_edits, apply, restore

CALLS = 2000000     # that it may take: in less than a minute, on a host that has nothing else to do


def fuzz() -> str:
    """Build the fuzzer in the current tree, and run it; return what it says."""
    done = subprocess.run(["make", "-s", "fuzz", "FUZZ_SEED=1", f"FUZZ_CALLS={CALLS}",
                           "FUZZ_AUDIT=50"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode(errors="replace")


def answer(said: str) -> str:
    """Return what the fuzzer says is wrong."""
    lines = [line for line in said.splitlines() if re.match(r"\*\*\*|The kernel|kernel panic|undef", line)]
    text = lines[0] if lines else said.strip().splitlines()[-1]
    text = re.sub(r"^\*\*\* after call \d+: ", "", text)
    return re.sub(r"\bat (?:\./)?(kern/[\w.]+):\d+:", r"in \1:", text)     # lines move


def main() -> int:
    """Write the table. Return 1 if the fuzzer does not find one."""
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    missed = 0
    kit.enter_copy(built=False)
    kit.make("-s", "fuzz", "FUZZ_CALLS=1")
    print("| taken away | calls | seconds | what is said |\n| --- | --: | --: | --- |", flush=True)
    for what, edit in all_edits().items():
        if not re.search(pattern, what):
            continue
        name = what.replace("|", "\\|")
        if what in EQUIVALENT:
            print(f"| `{name}` | | | nothing: {EQUIVALENT[what]} |", flush=True)
            continue
        apply(edit)
        begin = time.monotonic()
        said = fuzz()
        seconds = time.monotonic() - begin
        restore(edit)
        found = re.search(r"Found after (\d+) calls", said)
        missed += not found
        print(f"| `{name}` | {found[1] if found else 'not found'} | {seconds:.0f} | {answer(said)} |",
              flush=True)
    return missed > 0


if __name__ == "__main__":
    os.environ[kit.SCRATCH] = tempfile.mkdtemp(prefix="jos-fuzz-")
    try:
        sys.exit(main())
    finally:
        shutil.rmtree(os.environ[kit.SCRATCH])
