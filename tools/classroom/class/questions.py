"""The answers to the lab's written questions: what a hand-in's doc/lab4.md has more than ours."""

import difflib
import re
from typing import Dict, List, NamedTuple

LINES = 3000                # of a file with answers that are read
QUESTION = re.compile(r"\*\*Question (\d+)\.\*\* ")


class Question(NamedTuple):
    """A question of the lab."""
    number: int
    text: str


def questions(guide: str) -> List[Question]:
    """Return the questions in the lab's guide."""
    found = []
    for at in re.finditer(QUESTION, guide):
        found.append(Question(int(at[1]), " ".join(guide[at.end():].split("\n\n")[0].split())))
    return found


def answers(guide: str, handed_in: str) -> Dict[int, str]:
    """Return what a copy of the guide has more than the guide, by the question that is above it.

    0 is for what is above all of them: nothing is lost.
    """
    ours, theirs = guide.splitlines(), handed_in.splitlines()
    if len(theirs) > LINES:
        theirs[LINES:] = ["(the rest is cut)"]
    found: Dict[int, List[str]] = {}
    question = 0
    matcher = difflib.SequenceMatcher(None, [line.strip() for line in ours],
                                      [line.strip() for line in theirs], autojunk=False)
    for kind, first, last, begin, end in matcher.get_opcodes():
        if kind in ("insert", "replace"):
            found.setdefault(question, []).extend(theirs[begin:end])
        elif kind == "equal" and question in found:
            found[question].append("")
        for line in ours[first:last]:
            asked = QUESTION.match(line)
            question = int(asked[1]) if asked else question
    return {number: text for number, lines in found.items() for text in [tidy(lines)] if text}


def tidy(lines: List[str]) -> str:
    """Return lines without the marks of a quotation and the word before an answer."""
    text = "\n".join(re.sub(r"^\s*> ?", "", line) for line in lines)
    text = re.sub(r"^Answer: ?", "", text, flags=re.M)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
