"""A chapter's markdown with all that its short forms stand for: code in blocks, words in links.

What reads the result needs no more than pandoc's markdown.
"""

import re
from pathlib import Path
from typing import Dict

from chapters import LINK, Block, Chapter, Picture
from named import Code, CodeError, find

# What pandoc calls the languages of files. Its gnuassembler does not know the comments that begin with //.
LANGUAGES = {".c": "c", ".h": "c", ".S": "c", ".py": "python", ".mk": "makefile",
             ".pl": "perl", ".js": "javascript", ".ld": "text"}


def language(file: str) -> str:
    """Return the name of a file's language."""
    return LANGUAGES.get(Path(file).suffix, "makefile")


def linked(text: str, places: Dict[str, str]) -> str:
    """Return a text with words in its empty links, with a capital at the beginning of a sentence."""
    def link(found) -> str:
        words = places.get(found[1], found[1])
        if re.search(r"(?:[.?!]\)?\s+|\n\n)\Z", text[:found.start()]):
            words = words[:1].upper() + words[1:]
        return f"[{words}](#{found[1]})"

    return LINK.sub(link, text)


class Filler:
    """Says what stands in the place of each part of a chapter; this one leaves all as it is."""

    def prose(self, text: str) -> str:
        """What is outside of blocks and pictures."""
        return text

    def code(self, code: Code, text: str) -> str:
        """A block that asks for this code."""
        return text

    def block(self, block: Block, text: str) -> str:
        """Another block."""
        return text

    def picture(self, picture: Picture, text: str) -> str:
        """A picture."""
        return text

    def fill(self, chapter: Chapter) -> str:
        """Return the text of a chapter so."""
        pieces = [(block.start, block.end, self._block, block) for block in chapter.blocks]
        pieces += [(each.start, each.end, self.picture, each) for each in chapter.pictures]
        parts, at = [], 0
        for start, end, function, piece in sorted(pieces, key=lambda entry: entry[0]):
            parts += [self.prose(chapter.text[at:start]), function(piece, chapter.text[start:end])]
            at = end
        return "".join([*parts, self.prose(chapter.text[at:])])

    def _block(self, block: Block, text: str) -> str:
        if "code" not in block.attributes:
            return self.block(block, text)
        try:
            return self.code(find(block), text)
        except CodeError as error:
            return f"```\n{error}\n```"
