#!/usr/bin/env python3
"""Make the autograder's zip file: what Gradescope wants, and the tree without what students write.

usage: bundle.py FILE

None of kern/, lib/ and inc/ is in it but the names and the parts that say how to build, so it may
be public.
"""

import glob
import os
import sys
import zipfile
from pathlib import Path
from typing import Iterator, Tuple

sys.dont_write_bytecode = True

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools/grade"))

from gradetests import TESTS
from unpack import PARTS

OURS = ["setup.sh", "run_autograder", "autograde.py", "submission.py", "unpack.py"]
TREE = ["GNUmakefile", "mergedep.pl", "conf/*.mk", "boot/*", "kern/Makefrag", "kern/kernel.ld",
        "lib/Makefrag", "user/Makefrag", "user/user.ld", "user/common.h", "grade-lab4",
        "gradelib.py", "tools/grade/*.py", "tools/build/symtab.pl", "tools/setup.sh"]
LONG_AGO = (1980, 1, 1, 0, 0, 0)    # the same tree makes the same file


def files() -> Iterator[Tuple[str, Path]]:
    """Yield what goes into the bundle: the name there and the file here."""
    for name in OURS:
        yield name, ROOT / "tools/classroom/autograder" / name
    for pattern in TREE + [f"user/{test.name}.c" for test in TESTS]:
        found = sorted(glob.glob(str(ROOT / pattern)))
        if not found:
            sys.exit(f"bundle.py: there is no {pattern}")
        for file in map(Path, found):
            yield f"tree/{file.relative_to(ROOT)}", file


def names() -> str:
    """Return the names of the sources that a hand-in may have, a line each."""
    found = {f"{path.parent.name}/{path.name}" for top in (ROOT, ROOT / "tools/handout")
             for part in PARTS for path in (top / part).glob("*.[chS]")}
    return "".join(f"{name}\n" for name in sorted(found))


def main(target: Path) -> None:
    """Write the bundle."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".new")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as bundle:
        def add(name, data, mode):
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = mode << 16
            bundle.writestr(info, data)

        for name, file in files():
            add(name, file.read_bytes(), 0o100755 if os.access(file, os.X_OK) else 0o100644)
        add("names.txt", names(), 0o100644)
    unfinished.replace(target)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: bundle.py FILE")
    main(Path(sys.argv[1]))
