#!/usr/bin/env python3
"""Make the autograder's zip file: what Gradescope wants, and the tree without what students write.

usage: bundle.py FILE [WEIGHTS]

WEIGHTS is a table of points (see weights.py) in place of the lab's.

None of kern/, lib/ and inc/ is in it but the names, what says how to build, and what checks
exercises, so it may be public. The bundle is also a program that does what autograde.py does.
"""

import os
import re
import sys
import zipfile
from pathlib import Path
from typing import Iterator, List, Tuple

sys.dont_write_bytecode = True

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools/grade"))

from gradetests import CHECKS, TESTS
from unpack import PARTS
from weights import TableError, read_weights

OURS = ["setup.sh", "run_autograder", "autograde.py", "submission.py", "unpack.py",
        "weights.py", "__main__.py"]
TREE = ["GNUmakefile", "mergedep.pl", "conf/*.mk", "boot/*", "kern/Makefrag", "kern/kernel.ld",
        "lib/Makefrag", "user/Makefrag", "user/user.ld", "user/*.h",
        "user/exercises/*.h", "grade-lab4", "gradelib.py", "tools/grade/*.py",
        "tools/build/*.pl", "tools/run/lock.pl", "tools/setup.sh"]
CHECKING = ["kern/inspect.*"]       # what of kern/ checks exercises, and so must be ours
LONG_AGO = (1980, 1, 1, 0, 0, 0)    # the same tree makes the same file


def files() -> Iterator[Tuple[str, Path]]:
    """Yield what goes into the bundle: the name there and the file here."""
    for name in OURS:
        yield name, ROOT / "tools/classroom/autograder" / name
    for top, patterns in (("tree", TREE + programs()), ("checks", CHECKING)):
        for pattern in patterns:
            found = sorted(ROOT.glob(pattern))
            if not found:
                sys.exit(f"bundle.py: there is no {pattern}")
            for file in found:
                yield f"{top}/{file.relative_to(ROOT)}", file


def programs() -> List[str]:
    """Return the programs that tests and checks run."""
    runs = {word.partition(":")[0] for test in [*TESTS, *CHECKS]
            for word in (test.run or test.name).split()}
    return [f"user/exercises/{name}.c" if re.fullmatch(r"ex\d+", name) else f"user/{name}.c"
            for name in sorted(runs)]


def names() -> str:
    """Return the names of the sources that a hand-in may have, a line each."""
    tops = [ROOT]
    #{ Not in the handout
    tops.append(ROOT / "tools/handout")     # files that only handouts have
    #}
    found = {f"{path.parent.name}/{path.name}" for top in tops
             for part in PARTS for path in (top / part).glob("*.[chS]")}
    return "".join(f"{name}\n" for name in sorted(found))


def main(target: Path, table: str) -> None:
    """Write the bundle."""
    if table:
        read_weights(Path(table))       # complains now if it is wrong
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".new")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as bundle:
        def add(name, data, mode):
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            bundle.writestr(info, data)

        for name, file in files():
            add(name, file.read_bytes().replace(b"\r\n", b"\n"),
                0o100755 if os.access(file, os.X_OK) else 0o100644)
        add("names.txt", names(), 0o100644)
        if table:
            add("points.txt", Path(table).read_bytes(), 0o100644)
    unfinished.replace(target)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: bundle.py FILE [WEIGHTS]")
    try:
        main(Path(sys.argv[1]), "".join(sys.argv[2:]))
    except TableError as error:
        sys.exit(f"make autograder: {error}")
