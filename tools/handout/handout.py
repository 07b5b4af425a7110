#!/usr/bin/env python3
"""Write the tree that students get: this one without the solutions of the lab's exercises.

handoutmarks.py finds the solutions, and says what a handout has in their place. Solutions of
exercises before FROM stay.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path
from typing import Collection, Dict, List

sys.dont_write_bytecode = True      # leave no __pycache__ in the source tree

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

from tree import ROOT, GitError, git, sources

from gradetests import EXERCISES
import handoutbook
from chapters import chapters
from handoutmarks import (INSTEAD, TARGETS, HandoutError, blocks, parse, parse_instead,
                          with_instead)

EXTRA = "tools/handout"         # files of a handout that this tree itself has no use for

# What gives solutions away, or tests and measures them, or is about that.
LEFT_OUT = (".ci", ".github", ".pytest.ini", "tools/common/sessions.py", "tools/common/tree.py",
            EXTRA, "tools/book", "tools/fuzz", "tools/machines", "tools/measure", "tools/models",
            "tools/tests", "tools/classroom/class", "user/bench", "kern/LAYERS",
            "tools/build/layers.py", "doc/README.md", "doc/book", "doc/class.md", "doc/fuzzing.md",
            "doc/handout.md", "doc/lives.md", "doc/measuring.md", "doc/mistakes.md",
            "doc/models.md", "doc/promises.md", "doc/testing.md")

# What is no UTF-8, as comments in another encoding, stays as it is.
ENCODING = {"encoding": "utf-8", "errors": "surrogateescape"}

CALLS = re.compile(r"\b(missing|without|note)_exercise\(|\b(exercise_is_missing|say_noted_exercises)\(")
INCLUDE = "#include <inc/exercise.h>"


# ---- Sources without solutions ----

def tidy(text: str) -> str:
    """Take away the empty lines that are too many when something has gone."""
    text = re.sub(r"\n{3,}", "\n\n", text)
    text = re.sub(r"(?<=\{\n)\n", "", text)
    return re.sub(r"\n(?=\n\}$)", "", text, flags=re.M).strip("\n") + "\n"


def with_include(text: str) -> str:
    """Include what declares missing_exercise, in its place among the other headers."""
    lines = text.split("\n")
    headers = [at for at, line in enumerate(lines) if line.startswith("#include ")]
    if not headers:     # after the first comment
        at = next(at for at, line in enumerate(lines) if not line)
        return "\n".join(lines[:at] + ["", INCLUDE] + lines[at:])
    ours = [at for at in headers if lines[at].startswith("#include <inc/")]
    if not ours or ours == headers[:1]:
        return "\n".join(lines[:headers[0] + 1] + ["", INCLUDE] + lines[headers[0] + 1:])
    at = next((at for at in ours if lines[at] > INCLUDE), ours[-1] + 1)
    return "\n".join(lines[:at] + [INCLUDE] + lines[at:])


def handed_out(name: str, text: str, instead: str, missing: Collection[int]) -> str:
    """Return a file without the solutions of these exercises."""
    parts = with_instead(name, parse(name, text), parse_instead(f"{INSTEAD}/{name}", instead))
    lines: List[str] = []
    for part in parts:
        if isinstance(part, str):
            lines.append(part)
        elif part.exercise in missing or part.exercise == 0:
            lines += part.instead
        else:
            lines += part.lines
    text = "\n".join(lines) + "\n"
    if blocks(parts):
        text = tidy(text)
    return with_include(text) if CALLS.search(text) else text


# ---- Other files ----

def students_makefile(text: str) -> str:
    """Return GNUmakefile without the help about targets that are not in a handout."""
    return re.sub(rf"^# make ({'|'.join(TARGETS)})\b.*\n", "", text, flags=re.M)


def with_pictures(out: Dict[str, str], texts: Dict[str, str]) -> Dict[str, str]:
    """Add the book's pictures that documents show, and give each its style: so it can be looked at
    anywhere."""
    shown = [picture for name, text in out.items() if name.startswith("doc/")
             for picture in re.findall(r"\]\((book/pictures/[\w-]+\.svg)\)", text)]
    pictures = {name for name in out if name.endswith(".svg") and name.startswith("doc/book/")}
    css = texts.get("doc/book/picture.css", "")
    return {**out, **{name: re.sub(r"<\?xml-stylesheet .*\n", "", texts[name])
                      .replace("\t<title>", f"<style>\n{css}</style>\n\t<title>", 1)
                      for name in pictures | {f"doc/{picture}" for picture in shown}}}


def files(missing: Collection[int]) -> Dict[str, str]:
    """Return all files of the handout that lacks these exercises: names and texts."""
    texts = {str(file): (ROOT / file).read_text(**ENCODING) for file in sources()}
    out = {name: handed_out(name, text, texts.get(f"{INSTEAD}/{name}", ""), missing)
           for name, text in texts.items() if not name.startswith(LEFT_OUT)}
    for name in texts:
        if name.startswith(f"{INSTEAD}/") and name[len(INSTEAD) + 1:] not in out:
            raise HandoutError(f"{name}: a handout has no {name[len(INSTEAD) + 1:]}")
    out.update(handoutbook.handed_out(chapters(), missing, texts, out))
    for name in ("README", "README.zh"):
        out[name] = texts[f"{EXTRA}/{name}"]
    out["GNUmakefile"] = students_makefile(out["GNUmakefile"])
    if missing:
        for name in texts:
            if name.startswith(f"{EXTRA}/") and Path(name).stem == "exercise":
                out[name[len(EXTRA) + 1:]] = texts[name]
    return with_pictures(out, texts)


# ---- Writing it ----

def write(out: Path, missing: Collection[int]) -> None:
    """Write the handout that lacks these exercises to a directory, with a history of one commit."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise HandoutError(f"{out} exists and is not empty")
    if not shutil.which("git"):
        raise HandoutError("git is missing; a handout has a history of its own")
    for name, text in files(missing).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, **ENCODING)
        (out / name).chmod((ROOT / name).stat().st_mode & 0o777 if (ROOT / name).exists()
                           else 0o644)
    git(out, "init", "-q", "--template=")
    git(out, "add", "-A")
    git(out, "commit", "-q", "--no-verify", "-m", "Lab 4")


def main(arguments: List[str]) -> int:
    """Do what the command line says and return the exit status."""
    parser = argparse.ArgumentParser(description="Write the tree that students get.")
    parser.add_argument("--from", dest="first", default="1", metavar="N",
                        help="solve the exercises before N (default 1); 16: all")
    parser.add_argument("--only", action="store_true", help="leave out exercise N alone")
    parser.add_argument("out", metavar="OUT", help="a directory that is empty or not there")
    options = parser.parse_args(arguments)
    try:
        if not options.first.isdecimal() or not 1 <= int(options.first) <= len(EXERCISES) + 1:
            raise HandoutError(f"FROM={options.first}: the exercises are 1 to {len(EXERCISES)}, "
                               f"and {len(EXERCISES) + 1} hands out all solutions")
        first = int(options.first)
        missing = [n for n in EXERCISES if n == first or (n > first and not options.only)]
        write(Path(options.out), missing)
    except (HandoutError, GitError, OSError) as error:
        sys.stderr.write(f"handout.py: {error}\n")
        return 2
    print(f"{options.out}: lab 4 from exercise {first} on")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
