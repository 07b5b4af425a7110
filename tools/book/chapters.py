"""The chapters of the book as they are written: what there is in each, and in which line.

doc/book/README.md says how a chapter is written.
"""

import re
import sys
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple

sys.path.append(str(Path(__file__).resolve().parents[1] / "common"))

from tree import ROOT

BOOK = ROOT / "doc/book"

FENCED = re.compile(r"^(?P<indent> *)```(?P<info>.*)\n(?P<body>(?:.*\n)*?)(?P=indent)``` *$", re.M)
HEADING = re.compile(r"^(#{1,3}) +(.*?) *(?:\{([^{}]*)\})?$", re.M)
LINK = re.compile(r"(?<!!)\[\]\(#([\w-]+)\)")
PICTURE = re.compile(r"^!\[(?P<caption>(?:[^\[\]\n]|\n(?!\n)|\[[^\]]*\])*)\]\((?P<file>[^)\s]*)\)"
                     r"(?:\{(?P<attributes>[^{}]*)\})?", re.M)
TERMS = re.compile(r"^::: *terms *\n(?P<body>(?:.*\n)*?):::$", re.M)
TERM = re.compile(r"\[([^\[\]]+)\]\{\.term(?: of=\"([^\"]*)\")?\}")
ATTRIBUTE = re.compile(r"\.(?P<of_class>[\w-]+)|#(?P<id>[\w-]+)|"
                       r"(?P<name>[\w-]+)=(?:\"(?P<quoted>[^\"]*)\"|'(?P<single>[^']*)'|(?P<plain>\S+))")
SPAN = re.compile(r"`([^`]+)`")


class Problem(NamedTuple):
    """Why the book is not as it should be."""
    document: str
    line: int
    text: str
    details: List[str] = []
    fatal: bool = True

    def __str__(self) -> str:
        return "\n".join([f"{self.document}:{self.line}: {self.text}",
                          *[f"    {line}" for line in self.details]])


class Attributes(Dict[str, str]):
    """What stands in braces: values by name; the classes and the id are there, too."""

    def __init__(self, text: str):
        super().__init__()
        self.classes: List[str] = []
        self.id = ""
        for found in ATTRIBUTE.finditer(text or ""):
            if found["of_class"]:
                self.classes.append(found["of_class"])
            elif found["id"]:
                self.id = found["id"]
            else:
                self[found["name"]] = found["quoted"] or found["single"] or found["plain"] or ""


class Heading(NamedTuple):
    """Where a chapter, a section or a part of one begins."""
    line: int
    level: int          # 1: the chapter
    title: str
    attributes: Attributes
    number: str         # 7, 7.3 or 7.3.1

    @property
    def id(self) -> str:
        """Its name in links."""
        return self.attributes.id


class Block(NamedTuple):
    """A fenced block."""
    line: int
    start: int          # in the text
    end: int
    info: str           # what stands after the fence
    body: str
    attributes: Attributes

    @property
    def language(self) -> str:
        """What it is: console, diff, c and so on."""
        return self.attributes.classes[0] if self.attributes.classes else self.info.strip()


class Picture(NamedTuple):
    """A picture with its caption; the file is "trace" if it is drawn from a run."""
    line: int
    start: int
    end: int
    caption: str
    file: str
    attributes: Attributes
    number: str         # 7.2

    @property
    def id(self) -> str:
        """Its name in links."""
        return self.attributes.id


class Chapter:
    """One chapter, taken apart."""

    def __init__(self, path: Path, text: str = ""):
        self.path = path
        self.name = f"doc/book/{path.name}"
        self.number = int(path.name[:2])
        self.text = text or path.read_text(encoding="utf-8")
        self.blocks = [Block(self.line_at(found.start()), found.start(), found.end(),
                             found["info"], re.sub(f"^{found['indent']}", "", found["body"], flags=re.M),
                             Attributes(found["info"] if "{" in found["info"] else ""))
                       for found in FENCED.finditer(self.text)]
        self.prose = self._prose()
        self.headings = list(self._headings())
        self.pictures = list(self._pictures())
        self.terms = dict(self._terms())

    def line_at(self, offset: int) -> int:
        """Return the number of the line at an offset of the text."""
        return self.text.count("\n", 0, offset) + 1

    def _prose(self) -> str:
        """Return the text with blanks in the place of all that is in blocks."""
        text = self.text
        for block in self.blocks:
            blank = re.sub(r"[^\n]", " ", text[block.start:block.end])
            text = text[:block.start] + blank + text[block.end:]
        return text

    def _headings(self) -> Iterator[Heading]:
        counts = [self.number, 0, 0]
        for found in HEADING.finditer(self.prose):
            level = len(found[1])
            if level > 1:
                counts[level - 1:] = [counts[level - 1] + 1] + [0] * (3 - level)
            yield Heading(self.line_at(found.start()), level, found[2], Attributes(found[3]),
                          ".".join(map(str, counts[:level])))

    def _pictures(self) -> Iterator[Picture]:
        for number, found in enumerate(PICTURE.finditer(self.prose), 1):
            yield Picture(self.line_at(found.start()), found.start(), found.end(),
                          " ".join(found["caption"].split()), found["file"],
                          Attributes(found["attributes"]), f"{self.number}.{number}")

    def _terms(self) -> Iterator:
        """Yield each term that the chapter introduces, with what it means."""
        for found in TERMS.finditer(self.prose):
            for term, meaning in re.findall(r"^(\S.*)\n\s*:\s+((?:.+\n|\n(?= {2,}))+)",
                                            found["body"], re.M):
                yield term.strip(), " ".join(meaning.split())

    @property
    def title(self) -> str:
        """The chapter's title."""
        return self.headings[0].title if self.headings else self.path.stem

    @property
    def id(self) -> str:
        """The chapter's name in links."""
        return self.headings[0].id if self.headings else ""

    def section_at(self, line: int, level: int = 3) -> Heading:
        """Return the innermost heading of at most this level that the line is under."""
        return [heading for heading in self.headings
                if heading.line <= line and heading.level <= level][-1]

    def paragraph_before(self, block: Block) -> str:
        """Return the paragraph that stands before a block, as one line."""
        before = self.text[:block.start].rstrip()
        return " ".join(before[before.rfind("\n\n") + 1:].split())


def chapters() -> List[Chapter]:
    """Return the chapters of this tree, in their order."""
    return [Chapter(path) for path in sorted(BOOK.glob("[0-9][0-9]-*.md"))]


def places(book: List[Chapter]) -> Dict[str, str]:
    """Return what an empty link to each id becomes."""
    found = {}
    for chapter in book:
        for heading in chapter.headings:
            if heading.id:
                found[heading.id] = (f"chapter {chapter.number}" if heading.level == 1 else
                                     f"section {heading.number}") + f", {heading.title}"
        for picture in chapter.pictures:
            if picture.id:
                found[picture.id] = f"figure {picture.number}"
    return found
