"""The marks around solutions, and what a handout has instead: what is wrong with them is said."""

from pathlib import Path

from handout import handed_out
from handoutmarks import INSTEAD, HandoutError

import pytest

from kit import complaints, enter_copy, make, params, require, require_equal

pytestmark = [pytest.mark.handout, pytest.mark.thorough]

# A source, what a handout has instead, and what is wrong with them.
ONE, F = "//{ Exercise 1: x\n1\n//}\n", "void f(void)\n{\n\ta();\n\ta();\n\tb();\n}\n"
AFTER_B = "//{ Exercise 1, in f() after: b();\n1\n//}\n"
BAD_MARKS = {
    "an end without a beginning": (
        "a\n//}\n", "", "k.c:2: a mark where there should be none"),
    "a mark within another one": (
        "//{ Exercise 1: x\n//{ Exercise 2: x\n//}\n", "",
        "k.c:2: a mark where there should be none"),
    "an exercise that does not exist": (
        ONE.replace("1", "16"), "", "k.c:1: there is no exercise 16"),
    "no end": ("\n//{ Exercise 1: x\n1\n", "", "k.c:2: a mark that does not end"),
    "nothing between": ("//{ Exercise 1: x\n\n//}\n", "", "k.c:1: a mark around nothing"),
    "no text": (
        "//{ Exercise 1\n1\n//}\n", "", "k.c:1: a mark that cannot be read: //{ Exercise 1"),
    "a line named in the source": (
        AFTER_B + F, "", "k.c:1: a mark that only files in tools/handout/instead have"),
    "no such mark": (
        F, ONE, "INSTEAD/k.c:1: no mark `//{ Exercise 1: x' in k.c"),
    "two such marks": (
        ONE + ONE, ONE, "INSTEAD/k.c:1: more than one mark `//{ Exercise 1: x' in k.c"),
    "two texts for a mark": (
        ONE, ONE + ONE, "INSTEAD/k.c:1: more than one mark `//{ Exercise 1: x' in INSTEAD/k.c"),
    "an empty text": (
        ONE, "//{ Exercise 1: x\n//}\n", "INSTEAD/k.c:1: a mark around nothing"),
    "a text without a mark": (
        ONE, "// What\n1\n", "INSTEAD/k.c: a line outside of marks: 1"),
    "no such function": (
        F.replace("f(", "ff("), AFTER_B, "INSTEAD/k.c:1: no function f() in k.c"),
    "two such functions": (
        F + F, AFTER_B, "INSTEAD/k.c:1: more than one function f() in k.c"),
    "no such line": (
        F + F.replace("f(", "g(").replace("b(", "c("), AFTER_B.replace("b", "c"),
        "INSTEAD/k.c:1: no line `c();' in f() in k.c"),
    "a line within a solution": (
        F.replace("\tb();", "//{ Exercise 2: x\n\tb();\n//}"), AFTER_B,
        "INSTEAD/k.c:1: no line `b();' in f() in k.c"),
    "two such lines": (
        F, AFTER_B.replace("b", "a"), "INSTEAD/k.c:1: more than one line `a();' in f() in k.c"),
}


@pytest.mark.parametrize("source, instead, complaint", params(BAD_MARKS))
def test_bad_marks(source, instead, complaint):
    """It is reported with its place."""
    try:
        handed_out("k.c", source, instead, [1])
    except HandoutError as error:
        require_equal(str(error), complaint.replace("INSTEAD", INSTEAD), "complaint")
    else:
        require(False, f"no complaint about {source!r} and {instead!r}")


def test_marks():
    """What a handout has with and without an exercise."""
    source = ("#include <k.h>\n//{ Exercise 2, helper: x\n2\n//}\n" + F
              + "//{ Exercise 1: x\nx\n//}\n//{ Exercise 2: y\ny\n//}\n")
    instead = "// What\n\n" + AFTER_B + "//{ Exercise 2: y\nz\n//}\n"
    for missing, expected in (
            ([], "#include <k.h>\n2\n" + F + "x\ny\n"),
            ([1], "#include <k.h>\n\n#include <inc/exercise.h>\n2\n"
                  + F.replace("b();\n", "b();\n1\n") + 'missing_exercise(1, "x");\ny\n'),
            ([2], "#include <k.h>\n" + F + "x\nz\n")):
        require_equal(handed_out("k.c", source, instead, missing), expected, f"without {missing}")


def test_no_source():
    """The complaint is one line, as all of them are."""
    enter_copy()
    text = Path(INSTEAD, "kern/none.c")
    text.write_text("// What\n")
    lines = complaints(make("-s", "handout", "OUT=out", fails=True))
    require_equal(lines, [f"handout.py: {text}: a handout has no kern/none.c"], "complaint")
