"""The book as one page: the chapters as pandoc makes them, contents, glossary, index."""

import re
import shutil
import subprocess
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from typing import Dict, List

import pictures
from chapters import BOOK, SPAN, TERM, Block, Chapter, Picture, places
from filled import Filler, language, linked
from links import EMPHASIS, same_term, term_of, who_introduces
from named import Code

HERE = Path(__file__).resolve().parent


class PageError(Exception):
    """Why there is no page, in one line."""


def slug(words: str) -> str:
    """Return words as a part of an id."""
    return re.sub(r"\W+", "-", words.lower()).strip("-")


class ForPage(Filler):
    """Says what pandoc gets of a chapter."""

    def __init__(self, chapter: Chapter, book: List[Chapter], drawn: Dict[str, str]):
        self._chapter, self._places, self._drawn = chapter, places(book), drawn
        self._terms = who_introduces(book)
        self._introduced: set = set()

    def prose(self, text: str) -> str:
        text = TERM.sub(self._term, linked(text, self._places))
        return re.sub(r"\[([^\]]*)\]\(\.\./([\w.-]+)(#[\w-]+)?\)", self._document,
                      EMPHASIS.sub(self._emphasised, text))

    def _term(self, found) -> str:
        wanted = term_of(found[1], found[2])
        term = next((term for term in self._terms if same_term(wanted, term)), wanted)
        return f"[{found[1]}](#term-{slug(term)}){{.term}}"

    def _emphasised(self, found) -> str:
        term = next((term for term in self._chapter.terms if same_term(found[1], term)), "")
        if not term or term in self._introduced:
            return found[0]
        self._introduced.add(term)
        return f"[{found[0]}]{{#first-{slug(term)}}}"

    @staticmethod
    def _document(found) -> str:
        """Other documents are not in the book: their names are."""
        words, name = found[1], f"`doc/{found[2]}`"
        return name if found[2] in words else f"{words} ({name})"

    def code(self, code: Code, text: str) -> str:
        name = f"`{code.name}` in `{code.file}`" if code.name else f"`{code.file}`"
        # In a narrow column, what is right of a macro is far away.
        text = re.sub(r"[ \t]+\\$", r" \\", code.text, flags=re.M)
        return f"::: code\n{name}\n\n```{{.{language(code.file)}}}\n{text}\n```\n:::"

    def picture(self, picture: Picture, text: str) -> str:
        svg = self._drawn.get(picture.id)
        if svg is None:
            file = BOOK / picture.file
            svg = file.read_text(encoding="utf-8") if file.is_file() else "<svg></svg>"
        return (f"::: {{.figure #{picture.id}}}\n::: scroll\n```{{=html}}\n"
                f"{pictures.inline(svg, picture.id)}\n```\n:::\n\n"
                f"[Figure {picture.number}.]{{.number}} {self.prose(picture.caption)}\n:::\n")

    def block(self, block: Block, text: str) -> str:
        return text


def need_pandoc() -> None:
    """Raise PageError unless pandoc is there."""
    if not shutil.which("pandoc"):
        raise PageError("pandoc is missing. Run: sh tools/setup.sh book")


def pandoc(text: str, *options: str) -> str:
    """Return markdown as a part of a page."""
    done = subprocess.run(["pandoc", "-f", "markdown", "-t", "html5", "--section-divs",
                           "--wrap=preserve", f"--lua-filter={HERE / 'filter.lua'}", *options],
                          input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        raise PageError(done.stderr.strip().splitlines()[-1])
    return done.stdout


def chapter_html(chapter: Chapter, book: List[Chapter], drawn: Dict[str, str]) -> str:
    """Return a chapter as a part of the page."""
    return '<div class="chapter">\n' + pandoc(
        ForPage(chapter, book, drawn).fill(chapter), "--number-sections",
        f"--number-offset={chapter.number - 1}") + "</div>\n"


# ---- Contents ----

def contents(html: str) -> str:
    """Return links to all chapters and their sections."""
    items, open_ = [], False
    heading = r'<section id="([^"]*)"[^>]*>\s*<h([12])\b[^>]*>(.*?)</h\2>'
    for id_, level, title in re.findall(heading, html, re.S):
        title = re.sub(r"</?a\b[^>]*>", "", title)
        link = f'<a href="#{id_}">{title}</a>'
        if level == "1":
            items.append(("</ol></li>\n" if open_ else "") + f"<li>{link}<ol>")
            open_ = True
        else:
            items.append(f"<li>{link}</li>")
    return "<ol>" + "\n".join(items) + ("</ol></li>" if open_ else "") + "</ol>"


# ---- Glossary ----

def _uses(book: List[Chapter]) -> Dict[str, Dict[str, str]]:
    """Return where each term is linked from: names of sections, by their ids, by term."""
    known, uses = who_introduces(book), defaultdict(dict)
    for chapter in book:
        for found in TERM.finditer(chapter.prose):
            wanted = term_of(found[1], found[2])
            term = next((term for term in known if same_term(wanted, term)), wanted)
            section = chapter.section_at(chapter.line_at(found.start()), 2)
            uses[term][section.id] = section.number
    return uses


def glossary(book: List[Chapter]) -> str:
    """Return the glossary: what each term means, where it is introduced and used."""
    uses, parts = _uses(book), []
    known = who_introduces(book)
    for term in sorted(known, key=str.lower):
        chapter = known[term]
        links = [f"[introduced in chapter {chapter.number}](#first-{slug(term)})"]
        links += [f"[{number}](#{id_})" for id_, number in uses[term].items() if id_]
        parts.append(f"[{term}]{{#term-{slug(term)}}}\n:   {chapter.terms[term]} "
                     f"[({', '.join(links)})]{{.uses}}\n")
    return pandoc("# Glossary {#glossary .unnumbered}\n\n" + "\n".join(parts)) if parts else ""


# ---- Index ----

def _index_entries(book: List[Chapter], defined: set) -> Dict[str, Dict[str, tuple]]:
    entries: Dict[str, Dict[str, tuple]] = defaultdict(dict)
    for chapter in book:
        for block in chapter.blocks:
            name = block.attributes.get("code", "").partition(" ")[2]
            if name:
                section = chapter.section_at(block.line, 2)
                entries[name][section.id] = (section.number, True)
        for found in SPAN.finditer(chapter.prose):
            name = found[1].replace("()", "")
            if name in defined:
                section = chapter.section_at(chapter.line_at(found.start()), 2)
                entries[name].setdefault(section.id, (section.number, False))
    return entries


def index(book: List[Chapter], defined: set) -> str:
    """Return the index of functions and the like, and of terms."""
    rows = []
    entries = _index_entries(book, defined)
    terms = who_introduces(book)
    for name in sorted({*entries, *terms}, key=lambda name: (name.lower().lstrip("_"), name)):
        if name in terms:
            rows.append(f'<li><a href="#term-{slug(name)}">{escape(name)}</a></li>')
            continue
        links = [f'<a href="#{id_}">{"<b>" if shown else ""}{number}{"</b>" if shown else ""}</a>'
                 for id_, (number, shown) in entries[name].items()]
        rows.append(f"<li><code>{escape(name)}</code> {', '.join(links)}</li>")
    return ('<section id="index">\n<h1>Index</h1>\n<p>Sections whose number is bold show the code. '
            'Terms lead to the glossary.</p>\n<ul class="index">' + "\n".join(rows)
            + "</ul>\n</section>")


# ---- The page ----

def _prompts(html: str) -> str:
    """Mark what is typed in the blocks called console."""
    def mark(found) -> str:
        return re.sub(r"^(<pre class=\"console\"><code>)?((?:\$|K&gt;) .*)$", r"\1<b>\2</b>",
                      found[0], flags=re.M)

    return re.sub(r'<pre class="console">.*?</pre>', mark, html, flags=re.S)


def html(wanted: List[Chapter], book: List[Chapter], drawn: Dict[str, str], defined: set,
         facts: str) -> str:
    """Return the page with the wanted chapters of the book."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        text = "".join(pool.map(lambda chapter: chapter_html(chapter, book, drawn), wanted))
    text = _prompts(text) + '<div class="chapter">' + glossary(book) + "</div>" + \
        '<div class="chapter">' + index(book, defined) + "</div>"
    # What is wide scrolls inside itself.
    text = re.sub(r"<table\b.*?</table>", r'<div class="scroll">\g<0></div>', text, flags=re.S)
    parts = {"STYLE": (HERE / "book.css").read_text(encoding="utf-8") + pictures.style(),
             "CONTENTS": contents(text), "FACTS": escape(facts), "TEXT": text}
    page = (HERE / "page.html").read_text(encoding="utf-8")
    for name, part in parts.items():
        page = page.replace(f"@{name}@", part)
    return page
