"""The book in a handout: without the sections that show solutions of what is missing, and readable as it
is, as a handout makes no book of it."""

import re
import sys
from pathlib import Path
from typing import Collection, Dict, Iterator, List, Set

sys.path.append(str(Path(__file__).resolve().parents[1] / "book"))

import traces
from chapters import LINK, TERM, TERMS, Block, Chapter, Heading, Picture
from filled import Filler, language
from named import Code, CodeError, find, unmarked
from tree import ROOT

from handoutmarks import BEGIN, END, MARK, TARGETS, HandoutError

FOLDER = "doc/book"

# A command in the text that handouts do not have.
NO_TARGET = re.compile(rf"`make (?:{'|'.join(TARGETS)}|instructions)\b[^`]*`")


# ---- What shows a solution ----

def _marked(file: str) -> Dict[int, int]:
    """Return the exercise of each line of a file, from 0, that is a solution."""
    found: Dict[int, int] = {}
    exercise = None
    for at, line in enumerate((ROOT / file).read_text(encoding="utf-8", errors="replace").splitlines()):
        mark = MARK.match(line)
        if BEGIN.match(line) and mark:
            exercise = int(mark["exercise"] or 0)
        elif END.match(line):
            exercise = None
        elif exercise is not None and line.strip():
            found[at] = exercise
    return found


def _changed(diff: str) -> Iterator[int]:
    """Yield the exercises whose solutions a change shows."""
    for part in re.split(r"^--- ", diff, flags=re.M)[1:]:
        file, _, change = part.partition("\n")
        if (ROOT / file.strip()).is_file():
            lines = (ROOT / file.strip()).read_text(encoding="utf-8", errors="replace").splitlines()
            marked = _marked(file.strip())
            shown = {line[1:] for line in change.splitlines() if line.startswith("-") and line[1:].strip()}
            yield from (exercise for at, exercise in marked.items() if unmarked(lines[at]) in shown)


def _exercises(block: Block) -> Set[int]:
    """Return the exercises whose solutions a block shows."""
    if "code" in block.attributes:
        try:
            code = find(block)
        except CodeError as error:
            raise HandoutError(str(error)) from error
        return {exercise for at, exercise in _marked(code.file).items()
                if code.first <= at < code.last}
    return set(_changed(block.body)) if block.language == "diff" else set()


def _gives_away(chapter: Chapter, heading: Heading, missing: Collection[int]) -> bool:
    """Whether what is right under a heading is not to be in a handout without these exercises."""
    shown: Set[int] = set()
    if "solution" in heading.attributes.classes:
        shown.update(map(int, re.findall(r"\d+", heading.attributes.get("exercise", "0"))))
    for block in chapter.blocks:
        if chapter.section_at(block.line) is heading:
            shown |= _exercises(block)
    return bool(shown & {0, *missing})


def left_out(chapter: Chapter, missing: Collection[int]) -> List[Heading]:
    """Return the headings whose sections a handout without these exercises does not have."""
    gone: List[Heading] = []
    above = None
    for heading in chapter.headings:
        if above and heading.level > above.level:
            gone.append(heading)
            continue
        above = None
        if _gives_away(chapter, heading, missing):
            if heading.level == 1:
                raise HandoutError(f"{chapter.name}: a solution before the first section")
            above = heading
            gone.append(heading)
    return gone


# ---- Writing what is left ----

class ForHandout(Filler):
    """Says what a handout has of a chapter."""

    def __init__(self, book: List[Chapter], gone: Set[str], documents: Collection[str]):
        self._documents, self._words = documents, {}
        for chapter in book:
            for heading in chapter.headings:
                words = (f"chapter {chapter.number}" if heading.level == 1 else
                         f"section {heading.number}") + f", {heading.title}"
                self._words[heading.id] = words if heading.id in gone else \
                    f"[{words}]({chapter.path.name})"
            for picture in chapter.pictures:
                self._words[picture.id] = f"figure {picture.number}"

    def prose(self, text: str) -> str:
        text = LINK.sub(lambda found: self._words.get(found[1], found[1]), text)
        text = re.sub(r"\[([^\]]+)\]\(#[\w-]+\)", r"\1", TERM.sub(r"\1", text))
        text = NO_TARGET.sub("a tool of the full tree", TERMS.sub(self._terms, text))
        text = re.sub(r"^( *)::: *hint *\n((?:.*\n)*?)\1:::$",
                      r"\1<details><summary>Hint</summary>\n\n\2\n\1</details>", text, flags=re.M)
        return re.sub(r"\[([^\]]+)\]\(\.\./([\w./-]+?)(#[\w-]+)?\)", self._document, text)

    def _document(self, found) -> str:
        return found[0] if f"doc/{found[2]}" in self._documents else found[1]

    @staticmethod
    def _terms(found) -> str:
        return re.sub(r"^(\S.*)\n\s*:\s+", r"- **\1**: ", found["body"], flags=re.M).rstrip("\n")

    def code(self, code: Code, text: str) -> str:
        where = f"`{code.name}` in `{code.file}`" if code.name else f"`{code.file}`"
        return f"{where}:\n\n```{language(code.file)}\n{code.text}\n```"

    def picture(self, picture: Picture, text: str) -> str:
        caption = f"Figure {picture.number}. {self.prose(picture.caption)}"
        if traces.is_trace(picture):
            return f"{caption} To see it: `{traces.command(picture)}`"
        return f"![Figure {picture.number}]({picture.file})\n\n{caption}"


def _without(chapter: Chapter, gone: List[Heading]) -> Chapter:
    """Return a chapter without these sections; what is left keeps its numbers."""
    lines = chapter.text.split("\n")
    starts = [heading.line - 1 for heading in chapter.headings] + [len(lines)]
    kept = lines[:starts[0]]
    for heading, start, end in zip(chapter.headings, starts, starts[1:]):
        if heading not in gone:
            title = heading.title if heading.level == 1 else f"{heading.number} {heading.title}"
            kept += [f"{'#' * heading.level} {title}", *lines[start + 1:end]]
        elif end == len(lines):     # the terms of a chapter are no part of its last section
            kept += [line for terms in re.findall(r"^::: *terms *\n(?:.*\n)*?:::$",
                                                  "\n".join(lines[start:end]), re.M)
                     for line in terms.split("\n")]
    return Chapter(chapter.path, "\n".join(kept).rstrip("\n") + "\n")


def handed_out(book: List[Chapter], missing: Collection[int], texts: Dict[str, str],
               documents: Collection[str]) -> Dict[str, str]:
    """Return the book's files in a handout without these exercises that has these other documents;
    texts has all files of this tree."""
    gone = {chapter.name: left_out(chapter, missing) for chapter in book}
    names = {heading.id for headings in gone.values() for heading in headings}
    filler = ForHandout(book, names, documents)
    out: Dict[str, str] = {}
    for chapter in book:
        rest = _without(chapter, gone[chapter.name])
        by_id = {picture.id: picture.number for picture in chapter.pictures}
        rest.pictures = [picture._replace(number=by_id[picture.id]) for picture in rest.pictures]
        out[chapter.name] = filler.fill(rest)
        for picture in rest.pictures:
            if not traces.is_trace(picture):
                name = f"{FOLDER}/{picture.file}"
                out[name] = texts[name]
    if out:
        out[f"{FOLDER}/picture.css"] = texts[f"{FOLDER}/picture.css"]
        out[f"{FOLDER}/README.md"] = "# The book\n\n" + "".join(
            f"{chapter.number}. [{chapter.title}]({chapter.path.name})\n" for chapter in book)
    return out
