"""What a chapter refers to: other places of the book, pictures, terms, documents."""

import re
from collections import Counter
from pathlib import Path
from typing import Dict, List

from chapters import BOOK, TERM, Chapter, Problem, places

ANY_LINK = re.compile(r"\]\(([^)\s]+)\)")
EMPHASIS = re.compile(r"(?<![*\w])\*([^*\s][^*]*?)\*(?![*\w])")
TRACE = "trace"         # the file of a picture that is drawn from a run


def term_of(words: str, of: str) -> str:
    """Return the term that a link to one means."""
    return " ".join((of or words).split())


def same_term(words: str, term: str) -> bool:
    """Whether words are a term: its plural, too, and with a big first letter."""
    words, term = " ".join(words.split()).lower(), term.lower()
    return words in (term, f"{term}s", f"{term}es") or term.endswith("y") \
        and words == f"{term[:-1]}ies"


def who_introduces(book: List[Chapter]) -> Dict[str, Chapter]:
    """Return the chapter that introduces each term."""
    return {term: chapter for chapter in book for term in chapter.terms}


def _find_term(words: str, known: Dict[str, Chapter]) -> str:
    return next((term for term in known if same_term(words, term)), "")


def _ids(book: List[Chapter]) -> List[Problem]:
    seen, found = Counter(), []
    for chapter in book:
        for place in [*chapter.headings, *chapter.pictures]:
            seen[place.id] += 1
            what = getattr(place, "title", None) or place.file
            if not place.id and getattr(place, "level", 1) < 3:
                found.append(Problem(chapter.name, place.line, f'"{what}" has no {{#name}}'))
            elif place.id and seen[place.id] > 1:
                found.append(Problem(chapter.name, place.line, f"{place.id} is the name of another "
                                     "place, too"))
    return found


def _links(chapter: Chapter, known: Dict[str, str]) -> List[Problem]:
    known_pictures = {picture.start for picture in chapter.pictures}
    found = [Problem(chapter.name, chapter.line_at(each.start()), "a picture stands alone, between "
             "empty lines, and its caption has no empty line")
             for each in re.finditer(r"!\[", chapter.prose) if each.start() not in known_pictures]
    for link in ANY_LINK.finditer(chapter.prose):
        line, target = chapter.line_at(link.start()), link[1]
        if target.startswith("#"):
            if target[1:] not in known:
                found.append(Problem(chapter.name, line, f"no place is called {target}"))
        elif not re.match(r"https?:", target) and target.partition("#")[0] != TRACE \
                and not (BOOK / target.partition("#")[0]).is_file():
            found.append(Problem(chapter.name, line, f"there is no {target}"))
    return found


def _terms(chapter: Chapter, known: Dict[str, Chapter]) -> List[Problem]:
    found = []
    for link in TERM.finditer(chapter.prose):
        term = term_of(link[1], link[2])
        if not _find_term(term, known):
            found.append(Problem(chapter.name, chapter.line_at(link.start()),
                                 f'no chapter introduces the term "{term}"'))
    emphasised = [found[1] for found in EMPHASIS.finditer(chapter.prose)]
    for term in chapter.terms:
        if not any(same_term(words, term) for words in emphasised):
            found.append(Problem(chapter.name, 1, f'the term "{term}" is nowhere introduced with '
                                 f"*{term}*"))
        if known[term] is not chapter:
            found.append(Problem(chapter.name, 1,
                                 f'{known[term].name} introduces the term "{term}", too'))
    return found


def problems(book: List[Chapter], checked: List[Chapter]) -> List[Problem]:
    """Return what is wrong with the links of the checked chapters."""
    known, terms = places(book), who_introduces(book)
    return _ids(book) + [problem for chapter in checked for problem in
                         _links(chapter, known) + _terms(chapter, terms)]


def unused_pictures(book: List[Chapter]) -> List[str]:
    """Return the pictures that no chapter and no other document shows."""
    used = {Path(picture.file).name for chapter in book for picture in chapter.pictures}
    for document in BOOK.parent.glob("*.md"):
        used.update(re.findall(r"\]\(book/pictures/([\w-]+\.svg)\)", document.read_text(encoding="utf-8")))
    return sorted(path.name for path in BOOK.glob("pictures/*.svg")
                  if path.name not in used | {"sample.svg"})
