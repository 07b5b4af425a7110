"""The guide to the lab: each exercise has all its parts, and what is shown of runs and mistakes is what
is printed."""

import re

import pytest

from chapters import chapters
from gradetests import EXERCISES
from handoutbook import left_out

from kit import ROOT, alike, excerpt, require, require_equal, start
from sessions import blocks, commands, converse, differences, lines_of
from test_handout import build_handout

GUIDE = {name: (ROOT / f"doc/lab4-{name}.md").read_text() for name in "abc"}
MISTAKES = (ROOT / "doc/mistakes.md").read_text().replace("\\", "")

# For each exercise what the guide says of it.
SAYS = {int(number): text for part in GUIDE.values() for number, text in
        re.findall(r"^## Exercise (\d+): .*\n((?:(?!## ).*\n)*)", part, re.M)}
PARTS = ("**Read**", "**The problem.**", "**Elsewhere**", "**See it work.**")


def test_parts():
    """Each exercise has the same parts, in their order, and three mistakes."""
    require_equal(sorted(SAYS), list(EXERCISES), "exercises")
    for exercise, text in SAYS.items():
        places = [text.find(f"\n{part}") for part in PARTS]
        require(-1 not in places and places == sorted(places),
                f"exercise {exercise} has not all of {PARTS}, in this order")
        require_equal(len(mistakes(text)), 3, f"number of mistakes of exercise {exercise}")


def mistakes(text):
    """Return what is said of each mistake in the table of an exercise."""
    table = re.search(r"^\| mistake \|.*\n.*\n((?:\|.*\n)+)", text, re.M)
    rows = table[1].splitlines() if table else []
    return [re.findall(r"`([^`]*)`", row.split(" | ", 1)[1]) for row in rows]


def rows_of(exercise):
    """Return the rows of mistakes.md about an exercise."""
    return [row for row in MISTAKES.splitlines() if f" | {exercise} | " in row]


def said_of(exercise, said):
    """Whether mistakes.md has these words of a mistake in an exercise; `...' is anything."""
    pattern = re.escape(said).replace(r"\.\.\.", ".*")
    return any(re.search(pattern, row) for row in rows_of(exercise))


@pytest.mark.parametrize("exercise", EXERCISES)
def test_mistakes(exercise):
    """What a mistake looks like is what mistakes.md has, which is written from what is printed."""
    for row in mistakes(SAYS[exercise]):
        words = [said for said in row if "=" not in said or " " in said]     # not CHECKED=1
        require(words, "a mistake without words")
        missing = [said for said in words if not said_of(exercise, said)]
        require_equal(missing, [], f"words that no mistake in exercise {exercise} shows")


def readable(chapter, exercise):
    """Return the titles of a chapter's sections that those have who are to do an exercise."""
    gone = left_out(chapter, range(exercise, len(EXERCISES) + 1))
    return [heading.title for heading in chapter.headings if heading not in gone]


def test_book():
    """What is to be read is there, also in a handout: the chapter has this number, and these sections."""
    book = chapters()
    for exercise, text in SAYS.items():
        there = {chapter.path.name: readable(chapter, exercise) for chapter in book}
        for what in re.findall(r"^\*\*Read\*\* ((?:.+\n)+)", text, re.M):
            for number, file, rest in re.findall(
                    r"\[chapter\s(\d+)\]\(book/([\w-]+\.md)\)((?:(?!\[chapter)[^.])*)", what):
                require(int(number) == int(file[:2]), f"{file} is not chapter {number}")
                sections = [" ".join(title.split()) for title in re.findall(r"\*([^*]+)\*", rest)]
                require(not there or file in there, f"exercise {exercise}: there is no {file}")
                missing = [title for title in sections if title not in there.get(file, sections)]
                require_equal(missing, [], f"sections that {file} has not, for exercise {exercise}")


def test_pictures():
    """Each picture is there."""
    names = [name for text in GUIDE.values() for name in re.findall(r"\]\((\S+\.svg)\)", text)]
    require(len(names) >= 8, "few pictures")
    require_equal([name for name in names if not (ROOT / "doc" / name).exists()], [], "missing")


def sessions(text):
    """Return the commands that a text shows, each with the lines below it."""
    return [command for language, block, _ in blocks(text) if language == "console"
            for command in commands(block)]


def program_names(text):
    """Return the programs that commands run."""
    return set(re.findall(r"make run-(\w+)-nox", text)) | \
        {name for names in re.findall(r'RUN="([^"]*)"', text) for name in names.split()}


@pytest.mark.handout
@pytest.mark.limit(600)
@pytest.mark.parametrize("exercise", alike(9, many={*EXERCISES} - {9}))
def test_runs(exercise):
    """What is shown of a run is what one sees when the exercises up to this one are done."""
    text = SAYS[exercise]
    require(sessions(text) or exercise == 10, "it shows no run")
    build_handout(exercise + 1, keep=["hello", "yield", *program_names(text)])
    for command in sessions(text):
        printed = lines_of(converse(start(["sh", "-c", command.command]), command))
        different = differences(printed, command.expected)
        require(not different, f"`{command.command}' prints other lines than are shown (-)",
                *excerpt(different))
