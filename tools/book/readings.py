"""What is recorded of the code in the book: its hash when the text about it was last read."""

import re
from typing import List

from chapters import Chapter, Problem
from named import CodeError, code_blocks, find


def _paragraph(chapter: Chapter, block) -> str:
    words = chapter.paragraph_before(block).split()
    return " ".join(words[:6]) + (" ..." if len(words) > 6 else "")


def problems(chapter: Chapter) -> List[Problem]:
    """Return where there is no such code, and where it has changed since the text was read."""
    found = []
    for block in code_blocks(chapter):
        try:
            code = find(block)
        except CodeError as error:
            found.append(Problem(chapter.name, block.line, str(error)))
            continue
        recorded = block.attributes.get("read")
        if recorded != code.hash:
            why = "which has changed since it was read" if recorded else "which nobody has read yet"
            found.append(Problem(
                chapter.name, block.line, f'the paragraph "{_paragraph(chapter, block)}" is about '
                f"{code.title}, {why}: read both, then make book READ={chapter.name}"))
    return found


def record(chapter: Chapter) -> Chapter:
    """Record in a chapter that the text about all its code has been read; return it as it is now."""
    text = chapter.text
    for block in reversed(code_blocks(chapter)):
        try:
            code = find(block)
        except CodeError:
            continue
        head, rest = text[:block.start], text[block.start:]
        line, newline, rest = rest.partition("\n")
        line = re.sub(r' read="[^"]*"', "", line)
        line = line[:line.rindex("}")].rstrip() + f' read="{code.hash}"' + line[line.rindex("}"):]
        text = head + line + newline + rest
    if text != chapter.text:
        chapter.path.write_text(text, encoding="utf-8")
    return Chapter(chapter.path)
