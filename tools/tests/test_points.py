"""For a class: tables of points and late days, the answers to the lab's questions."""

import os
import time
from datetime import datetime
from pathlib import Path

import pytest

from kit import ROOT, params, require, require_equal, scratch

from handins import HandIn, Record, hand_ins
from marks import mark
from questions import answers, questions
from report import cell, write_questions
from tables import read_late, read_times
from weights import TableError, earned, read_weights

GUIDE = (ROOT / "doc/lab4.md").read_text()


def table(text):
    """Return a file with this text, called `table'."""
    path = scratch() / "table"
    path.write_text(text)
    return path


# ---- Points ----

def test_weights():
    """A row is an exercise, a part or a test; without a table the lab's points count."""
    rows = read_weights(table("# a milestone\n\n9  15\nex7:ids 2.5 # one check\nA 5\nspin 1\n"))
    require_equal([(row.name, row.points, len(row.tests), row.tests[0]) for row in rows],
                  [("9", 15, 10, "ex9:without"), ("ex7:ids", 2.5, 1, "ex7:ids"),
                   ("A", 5, 1, "dumbfork"), ("spin", 1, 1, "spin")], "rows")
    rows = read_weights(None)
    require_equal((len(rows), sum(row.points for row in rows)), (16, 80), "rows and points")


WRONG_WEIGHTS = {
    "an unknown exercise": ("1 2\n16 5\n", "table:2: there is no exercise, part or test `16'"),
    "no points": ("9\n", "table:1: a line has a name and points, as: 9 15"),
    "no number": ("9 many\n", "table:1: `many' is no number"),
    "a negative one": ("9 -1\n", "table:1: `-1' is no number"),
    "twice": ("9 1\n9 2\n", "table:2: `9' is there twice"),
    "nothing": ("# 9 1\n", "no line gives points"),
}
WRONG_LATE = {
    "no due": ("free 2\n", "no line says when it is due, as: due 2026-03-20 23:59"),
    "no date": ("due soon\n", "table:1: `soon' is no time, as 2026-03-20 23:59 is"),
    "no number": ("due 2026-03-20\npenalty ten\n", "table:2: `ten' is no number"),
    "an unknown word": ("due 2026-03-20\nfine 10\n", "table:2: a line is one of: due DATE TIME"),
}
WRONG_TIMES = {
    "one column": ("alice\n", "table:1: a line has a name and a time, with a comma between"),
    "no time": ("name,time\nalice,noon\n", "table:2: `noon' is no time"),
}


@pytest.mark.parametrize("read, text, complaint", params(
    {f"{read.__name__}, {name}": (read, *case) for read, cases in (
        (read_weights, WRONG_WEIGHTS), (read_late, WRONG_LATE), (read_times, WRONG_TIMES))
     for name, case in cases.items()}, [f"{read.__name__}, {name}" for read, cases in (
         (read_weights, WRONG_WEIGHTS), (read_late, WRONG_LATE), (read_times, WRONG_TIMES))
         for name in cases]))
def test_wrong_tables(read, text, complaint):
    """What is wrong with a table is said in one line, with its place."""
    try:
        require(False, "it is read", str(read(table(text))))
    except TableError as error:
        require(complaint in str(error) and "\n" not in str(error), f"no `{complaint}'", str(error))


def passing(*passed, failed=(), waits=()):
    """Return the tests of a record."""
    tests = {name: {"passed": True, "why": "", "waits_for": 0} for name in passed}
    tests.update({name: {"passed": False, "why": "", "waits_for": 0} for name in failed})
    tests.update({name: {"passed": False, "why": "", "waits_for": on} for name, on in waits})
    return tests


def test_earned():
    """A row gives the share of its tests that pass, without those that wait for what is not asked."""
    row, = read_weights(table("8 12\n"))
    require_equal(earned(row, passing(*row.tests), ["8"]), 12, "points for all")
    first, *others, last = row.tests
    require_equal(earned(row, passing(first, failed=[*others, last]), ["8"]), 3, "for one of four")
    waiting = passing(first, failed=others, waits=[(last, 11)])
    require_equal(earned(row, waiting, ["8"]), 4, "points where a check waits for exercise 11")
    require_equal(earned(row, waiting, ["8", "11"]), 3, "points where 11 is asked for, too")
    require_equal(earned(row, passing(waits=[(name, 11) for name in row.tests]), ["8"]), 0,
                  "points where all wait")


# ---- Late days ----

LATE = "due 2026-03-20 23:59\nfree 2\nfree Alice A 5\npenalty 10\nclosed 9\n"

# When something is handed in, by whom; how many days late that is, and the share that is left.
DAYS = {
    "in time": ("2026-03-20 23:59", "bob", 0, 1),
    "a minute late": ("2026-03-21 00:00", "bob", 1, 1),
    "free": ("2026-03-22 23:59", "bob", 2, 1), "one day": ("2026-03-23 00:00", "bob", 3, 0.9),
    "more are free": ("2026-03-25 12:00", "Alice A", 5, 1),
    "more are not": ("2026-03-26 12:00", "Alice A", 6, 0.9),
    "closed": ("2026-03-30 12:00", "Alice A", 10, 0),
}


@pytest.mark.parametrize("when, name, days, share", params(DAYS, DAYS))
def test_late(when, name, days, share):
    """A day that has begun counts, each has its free ones, and from some day on nothing counts."""
    late = read_late(table(LATE))
    when = datetime.fromisoformat(when).astimezone()
    require_equal((late.days(when), round(late.share(name, when), 6)), (days, share), "days, share")


def test_never_below_nothing():
    """A penalty takes no more than there is."""
    late = read_late(table("due 2026-03-20 23:59\npenalty 40\n"))
    when = datetime(2026, 3, 30).astimezone()
    require_equal(late.share("bob", when), 0, "share")


def test_times():
    """A table of times comes before the time of the file, the newest if it is a directory."""
    folder = scratch()
    (folder / "bob.zip").write_bytes(b"")
    (folder / "carol/kern").mkdir(parents=True)
    (folder / "carol/kern/x.c").write_bytes(b"")
    for path, day in (("bob.zip", 21), ("carol/kern/x.c", 23), ("carol/kern", 29), ("carol", 29)):
        at = datetime(2026, 3, day, 12).timestamp()
        os.utime(folder / path, (at, at))
    rows = read_weights(table("spin 10\n"))
    late = read_late(table(LATE.replace("free 2", "free 0")))
    record = Record("", "")
    record.tests = passing("spin")
    bob, carol = hand_ins(folder)
    for times, expected in (
            ({}, [(1, 9), (3, 7)]),
            (read_times(table("name,time\nbob,2026-03-20 12:00\ncarol,2026-03-22T11:00:00Z\n")),
             [(0, 10), (2, 8)]),
            (read_times(table("bob.zip,2026-03-22 01:00\n")), [(2, 8), (3, 7)])):
        found = [mark(each, record, rows, late, times) for each in (bob, carol)]
        require_equal([(each.days, each.score) for each in found], expected, "days and scores")


def test_digest():
    """Anything that changes in a hand-in is seen, but not when somebody has only touched it."""
    top = scratch() / "x"
    (top / "kern").mkdir(parents=True)
    (top / "kern/a.c").write_text("a")
    handin = HandIn("x", top)
    digests = [handin.digest()]
    later = time.time() + 1000
    os.utime(top / "kern/a.c", (later, later))
    require_equal(handin.digest(), digests[0], "digest of what is touched")
    for change in (lambda: (top / "kern/a.c").write_text("b"),
                   lambda: (top / "kern/b.c").write_text("b"),
                   lambda: (top / "kern/b.c").rename(top / "kern/c.c"),
                   lambda: (top / "kern/link.c").symlink_to("c.c"),
                   lambda: os.mkfifo(top / "kern/pipe.c")):
        change()
        digests.append(handin.digest())
    require_equal(len(set(digests)), len(digests), "number of digests")


# ---- Questions ----

def answered(**texts):
    """Return the guide with answers: q1="..." is one to question 1."""
    text = GUIDE
    for name, answer in texts.items():
        before, mark_, after = text.partition(f"**Question {name[1:]}.**")
        text = before + mark_ + after.replace("> Answer:\n>\n>\n", answer, 1)
    return text


def test_questions():
    """The lab has sixteen, and a guide that is not filled in answers none."""
    require_equal([question.number for question in questions(GUIDE)], list(range(1, 17)), "numbers")
    require("two CPUs share a stack" in questions(GUIDE)[1].text, "another text")
    require_equal(answers(GUIDE, GUIDE), {}, "answers")
    require_equal(answers(GUIDE, ""), {}, "answers of nothing")


WRITTEN = {
    "as asked": ("> Answer: Because.\n>\n> So.\n>\n", "Because.\n\nSo."),
    "below it": ("> Answer:\n> Because.\n>\n", "Because."),
    "not quoted": ("> Answer:\n\nBecause.\n\n#include <x>\n---\n", "Because.\n\n#include <x>\n---"),
    "instead of it": ("Because.\n", "Because."),
    "with CRLF": ("> Answer: Because.\r\n> So.\r\n", "Because.\nSo."),
}


@pytest.mark.parametrize("text, expected", params(WRITTEN, WRITTEN))
def test_answers(text, expected):
    """Whatever is written below a question answers it, and nothing of it is lost."""
    for name in ("q1", "q7", "q13"):
        require_equal(answers(GUIDE, answered(**{name: text})), {int(name[1:]): expected}, name)
    crlf = answered(q2=text, q3="> Answer: Three.\n").replace("\n", "\r\n").replace("\r\r", "\r")
    require_equal(answers(GUIDE, crlf), {2: expected, 3: "Three."}, "answers in a file with CRLF")
    require_equal(answers(GUIDE, "By me.\n" + answered(q4=text)), {0: "By me.", 4: expected},
                  "answers, and what is above all questions")


def test_endless_answers():
    """A file that is made to take long does not, and says that it is cut."""
    require("is cut" in answers(GUIDE, GUIDE + "x\n" * 5000)[16], "nothing says that it is cut")
    began = time.process_time()
    for text in (">\n" * 100000, "> Answer:\n" * 20000, "x\n>\n" * 50000, GUIDE * 10):
        answers(GUIDE, text)
    require(time.process_time() - began < 5, f"it takes {time.process_time() - began:.0f} s")


def test_pages():
    """Each question has a page, with what all have answered, and who has not; it has no markup."""
    folder, marks = scratch(), []
    rows = read_weights(table("spin 1\n"))
    for name, text in (("alice", answered(q1="> Answer: <script>x</script>\n")),
                       ("bob", answered(q2="> Answer: Two.\n"))):
        (folder / name).mkdir()
        record = Record("", "")
        record.answers, record.tests = text, passing("spin")
        marks.append(mark(HandIn(name, folder / name), record, rows, None, {}))
    require_equal(write_questions(folder, GUIDE, marks), list(range(1, 17)), "pages")
    first, second = ((folder / f"question-{number}.html").read_text() for number in (1, 2))
    require("&lt;script&gt;x&lt;/script&gt;" in first and "<script>" not in first
            and "No answer: bob" in first, "wrong page", *first.splitlines())
    require("Two." in second and "No answer: alice" in second, "wrong page", *second.splitlines())
    require(not Path(folder / "question-0.html").exists(), "a page of nothing")


def test_cells():
    """No spreadsheet takes what a student has written for a formula."""
    for text in ("=1+1", "+1", "-1", "@x", "\t=1"):
        require_equal(cell(text)[0], "'", f"first character of {text!r}")
    require_equal(cell("a\nb"), "a; b", "cell")
