#!/usr/bin/env python3
"""Make the book of doc/book: obj/book/index.html, one page, and obj/book/jos.pdf.

Whatever is wrong in a chapter is said, all of it, with its line, and then the exit status is 1.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import List

sys.dont_write_bytecode = True      # leave no __pycache__ in the source tree

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

from tree import ROOT, GitError, git, sources

from gradebuild import MakeError, objdir

import links
import page
import pdf
import readings
import runs
import traces
from chapters import Chapter, chapters
from memory import Memory


def chosen(book: List[Chapter], names: str) -> List[Chapter]:
    """Return the chapters with these names, numbers or files, separated by blanks; all for none."""
    found = []
    for name in names.split():
        match = [chapter for chapter in book if re.sub(r"\.md$", "", Path(name).name) in
                 (chapter.path.stem, chapter.path.stem[:2], chapter.path.stem[3:])]
        if not match:
            raise page.PageError(f"no chapter is called {name}. There are: " +
                                 " ".join(chapter.path.stem for chapter in book))
        found += match
    return found or book


def defined_names() -> set:
    """Return the names of functions, macros and structs of the kernel and the library."""
    names = set()
    for file in sources():
        if file.parts[0] in ("boot", "inc", "kern", "lib") and file.suffix in (".c", ".h", ".S"):
            text = (ROOT / file).read_text(encoding="utf-8", errors="replace")
            names.update(re.findall(r"^#define (\w+)", text, re.M))
            names.update(re.findall(r"^[A-Za-z][^;={}\n]*?\b(\w+)\([^;{}]*\)\s*\{", text, re.M))
            names.update(re.findall(r"^(struct \w+) \{", text, re.M))
            names.update(re.findall(r"^(\w+):", text, re.M) if file.suffix == ".S" else [])
    return names


def facts() -> str:
    """Return of what this is the book, and when it was made."""
    try:
        commit = git(ROOT, "log", "-1", "--format=%h of %cs").strip()
    except GitError:
        commit = ""
    gcc, qemu = runs.MADE_WITH
    return f"Made of the sources{f', commit {commit}' * bool(commit)}. " \
           f"The runs were made with gcc {gcc} and QEMU {qemu}."


def make_book(options: argparse.Namespace) -> int:
    """Make the book and return the exit status."""
    book = chapters()
    if options.read:
        read = {chapter.path: readings.record(chapter) for chapter in chosen(book, options.read)}
        book = [read.get(chapter.path, chapter) for chapter in book]
    page.need_pandoc()
    if not options.only:
        pdf.chromium()
    wanted, place, used = chosen(book, options.only), objdir() / "book", runs.tools()
    memory = Memory(place / "runs", runs.state_of_tree(used))
    drawn, found = traces.pictures(wanted, memory)
    found += [problem for chapter in wanted for problem in readings.problems(chapter)]
    found += links.problems(book, wanted) + runs.problems(wanted, memory, used)
    text = page.html(wanted, book, drawn, defined_names(), facts())
    (place / "index.html").write_text(text, encoding="utf-8")
    for problem in sorted(found, key=lambda problem: problem[:2]):
        print(problem, file=sys.stderr)
    print(f"{place / 'index.html'}: open it in a browser")
    if not options.only:
        memory.forget_others()
        pdf.make_pdf(place / "index.html", place / "jos.pdf")
        print(f"{place / 'jos.pdf'}: to print")
    return int(any(problem.fatal for problem in found))


def main(arguments: List[str]) -> int:
    """Do what the command line says and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--read", default="", metavar="CHAPTER",
                        help="record that the text about all code in this chapter was read")
    parser.add_argument("--only", default="", metavar="CHAPTER", help="make this chapter alone")
    try:
        return make_book(parser.parse_args(arguments))
    except (page.PageError, pdf.PdfError, MakeError) as error:
        print(f"book.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
