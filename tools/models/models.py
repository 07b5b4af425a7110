#!/usr/bin/env python3
"""Look at the protocols between CPUs in every order: for `make prove'.

usage: models.py [--write FILE] [--only WORDS] [--compared]

Checks each model in this folder with SPIN, and that each planted mistake gives a counterexample.
--write makes the document of that, --only shows the steps of the mistakes with these words in their
names, --compared records that marked places and models agree.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import List, NamedTuple, Optional, Sequence, Tuple

sys.dont_write_bytecode = True

import places
from planted import MISTAKES

LIMIT = 1800        # seconds for one search, however busy the host is
DEPTH = 1000000     # steps of the longest path


class Search(NamedTuple):
    """A search through all orders of a model."""
    model: str
    cpus: int
    options: Tuple[str, ...] = ()
    edits: Tuple[Tuple[str, str], ...] = ()
    for_ever: bool = False      # look for cycles in which a CPU waits, too


class Result(NamedTuple):
    """What a search has found."""
    states: int
    wrong: Optional[str]        # what is violated; None: nothing
    steps: List[str]            # how it comes to that


# The models as they are. Where CPUs have less to do, it is because there are more of them.
SEARCHES = [
    Search("lock", 2), Search("lock", 3, ("-DROUNDS=2",)),
    Search("lock", 2, ("-DFOR_EVER",), for_ever=True),
    Search("kick", 2), Search("kick", 3, ("-DCALLS=1", "-DCHANGES=1")),
    Search("halt", 2), Search("halt", 3), Search("start", 2), Search("start", 3),
]


class ModelError(Exception):
    """A model that SPIN cannot read, or a search that does not end."""


def call(folder: str, *command: str) -> str:
    """Run a command, return what it prints."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, timeout=LIMIT)
    return done.stdout


def text_of(search: Search) -> str:
    """Return the model, with the edits."""
    text = (places.MODELS / f"{search.model}.pml").read_text()
    for old, new in search.edits:
        if text.count(old) != 1:
            raise ModelError(f"{search.model}.pml has {old.strip()!r} {text.count(old)} times, not once")
        text = text.replace(old, new)
    return text


def steps(text: str, printed: str) -> List[str]:
    """Return the steps of a counterexample, with names instead of addresses."""
    names = dict(re.findall(r"@(\d+) ([\w\[\]]+)", text))
    words = len(names)
    names.update({str(words + cpu): f"kick[{cpu}]" for cpu in range(8)})
    lines = [line.strip() for line in printed.splitlines() if re.match(r"\s*CPU \d: ", line)]
    return [re.sub(r"@(\d+)", lambda found: names[found[1]], line) for line in lines]


def run(search: Search) -> Result:
    """Search all orders of a model."""
    folder = tempfile.mkdtemp(prefix="jos-models-")
    try:
        text = text_of(search)
        Path(folder, "model.pml").write_text(text)
        shutil.copy(places.MODELS / "tso.inc", folder)
        options = [f"-DN={search.cpus}", *search.options]
        said = call(folder, "spin", *options, "-a", "model.pml")
        if not Path(folder, "pan.c").exists():
            raise ModelError(f"{search.model}.pml: {said.strip()}")
        how = ["-DNFAIR=4"] if search.for_ever else ["-DSAFETY", "-DNOCLAIM"]
        # What is wrong is found soon: then compiling takes longest.
        said = call(folder, "gcc", "-O0" if search.edits else "-O1", "-w", *how, "-o", "pan",
                    "pan.c")
        if not Path(folder, "pan").exists():
            raise ModelError(f"{search.model}.pml: {said.strip()}")
        said = call(folder, "./pan", f"-m{DEPTH}", *(["-a", "-f"] if search.for_ever else []),
                    *(["-w20"] if search.edits else []))
        states = re.search(r"^\s*(\d+) states, stored", said, re.M)
        wrong = re.search(r"^pan:1: (.*) \(at depth", said, re.M)
        if not states or "max search depth too small" in said or \
                (not wrong and "errors: 0" not in said):
            raise ModelError(f"{search.model}.pml: {said.strip()}")
        if not wrong:
            return Result(int(states[1]), None, [])
        shown = call(folder, "spin", *options, "-t", "model.pml")
        return Result(int(states[1]), reason(wrong[1], text, shown), steps(text, shown))
    finally:
        shutil.rmtree(folder)


def reason(what: str, text: str, shown: str) -> str:
    """Return in words what is violated: the comment at the assertion."""
    if "invalid end state" in what:
        return "a CPU waits for ever"
    line = re.search(r"spin: model\.pml:(\d+), Error: assertion violated", shown)
    at = text.splitlines()[int(line[1]) - 1] if line else ""
    comment = re.search(r"assert\(.*/\* (.*) \*/", at)
    return f"it does not hold that {comment[1]}" if comment else what


# ---- What is said ----

def title(search: Search) -> str:
    """Return what is searched, for people."""
    return f"{search.model}, {search.cpus} CPUs" + (", for ever" if search.for_ever else "")


def check_models(pool: ThreadPoolExecutor) -> Tuple[List[str], bool]:
    """Search the models as they are; return rows of a table, and whether all hold."""
    rows, good = [], True
    for search, result in zip(SEARCHES, pool.map(run, SEARCHES)):
        print(f"{title(search)}: {result.states:,} states: {result.wrong or 'holds'}", flush=True)
        if result.wrong:
            print("\n".join(f"    {step}" for step in result.steps))
            good = False
        rows.append(f"| {title(search)} | {result.states:,} |")
    return rows, good


def check_mistakes(pool: ThreadPoolExecutor, names: Sequence[str], show: bool) -> Tuple[List[str], bool]:
    """Search the models with mistakes; return rows of a table, and whether all are found."""
    rows, good = [], True
    searches = [Search(MISTAKES[name].model, MISTAKES[name].cpus, MISTAKES[name].options,
                       MISTAKES[name].edits) for name in names]
    for name, result in zip(names, pool.map(run, searches)):
        print(f"{name}: {result.wrong or 'NOT FOUND'}, after {len(result.steps)} steps", flush=True)
        if show:
            print("\n".join(f"    {step}" for step in result.steps))
        good = good and result.wrong is not None
        rows.append(f"| {name} | {MISTAKES[name].cpus} | {result.wrong} | {len(result.steps)} |")
    return rows, good


def write(file: Path, models: List[str], mistakes: List[str]) -> None:
    """Put the tables into the document, in the place of those it has."""
    text = file.read_text()
    for name, head, rows in (
            ("models", "| model | states |\n| --- | --- |", models),
            ("mistakes", "| mistake | CPUs | what SPIN says | steps |\n| --- | --- | --- | --- |",
             mistakes)):
        text, count = re.subn(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)",
                              lambda _: "\n".join(["", head, *rows, "", ""]), text, flags=re.S)
        if count != 1:
            raise ModelError(f"{file} has no place for the table of {name}")
    file.write_text(text)


def main() -> int:
    """Do what the command line says and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", metavar="FILE", type=Path, help="put the results into a document")
    parser.add_argument("--only", metavar="WORDS", help="show these mistakes' counterexamples")
    parser.add_argument("--compared", action="store_true",
                        help="record that the marked places and the models agree")
    options = parser.parse_args()
    if not shutil.which("spin") or not shutil.which("gcc"):
        sys.stderr.write("models.py: spin or gcc is missing. Run: apt-get install spin gcc\n")
        return 2
    if options.compared:
        places.record()
    wrong = places.complaints()
    print("".join(f"{line}\n" for line in wrong), end="")
    names = [name for name in MISTAKES if (options.only or "") in name]
    if not names:
        sys.stderr.write(f"models.py: no mistake has {options.only!r} in its name\n")
        return 2
    try:
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            models, hold = ([], True) if options.only else check_models(pool)
            mistakes, found = check_mistakes(pool, names, bool(options.only))
        if options.write:
            write(options.write, models, mistakes)
    except (ModelError, OSError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"models.py: {error}\n")
        return 2
    return 0 if hold and found and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
