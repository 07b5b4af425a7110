"""The book: its code, links, terms, pictures and changes are there; what is wrong is said with its line; it
is made, and looks well on a phone, a screen and paper."""

import re
import shutil
import xml.etree.ElementTree as xml

import pytest

import filled
import handoutbook
import links
import named
import pictures
import readings
import runs
from chapters import BOOK, Attributes, Block, Chapter, chapters
from sessions import differences, is_shown

from kit import ROOT, require, require_equal, scratch
from tree import copy_sources

CHAPTERS = chapters()
PICTURES = sorted(BOOK.glob("pictures/*.svg"))


def all_said(problems):
    """No problem is found; what is said of them is shown."""
    require_equal([str(problem) for problem in problems], [], "places of the book")


# ---- What the chapters have ----

def test_code():
    """All code that is shown is there under its name, and the text about it was read since it changed."""
    all_said([problem for chapter in CHAPTERS for problem in readings.problems(chapter)])


def test_links():
    """All that a chapter refers to is there; each picture is shown."""
    all_said(links.problems(CHAPTERS, CHAPTERS))
    require_equal(links.unused_pictures(CHAPTERS), [], "pictures that no chapter shows")


def test_many_pictures():
    """The book has at least thirty pictures."""
    count = sum(len(chapter.pictures) for chapter in CHAPTERS)
    require(count >= 30, f"it has {count} pictures")


def test_changes():
    """The lines that a change replaces are in their file, exactly once."""
    tree = copy_sources(scratch() / "tree")
    for chapter in CHAPTERS:
        for section in runs.sections(chapter):
            files = set()
            for block in section.blocks:
                if block.language == "diff":
                    files.update(re.findall(r"^--- (\S+)", block.body, re.M))
                    try:
                        runs.change(tree, block.body)
                    except runs.SessionError as error:
                        all_said([f"{chapter.name}:{block.line}: {error.reason}"])
            for file in files:
                shutil.copy2(ROOT / file, tree / file)


def test_handed_out():
    """A handout has the book: nothing of it fails, whatever is missing."""
    texts = {f"doc/book/{path.relative_to(BOOK)}": path.read_text() for path in
             [*PICTURES, BOOK / "picture.css"]}
    for missing in [], [6, 7, 12], range(1, 16):
        files = handoutbook.handed_out(CHAPTERS, missing, texts, ["doc/lab4.md"])
        shown = {picture for text in files.values() for picture in
                 re.findall(r"\]\((pictures/[\w-]+\.svg)\)", text)}
        require_equal(sorted(f"doc/book/{picture}" for picture in shown),
                      sorted(name for name in files if name.endswith(".svg")), "pictures")


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_picture(path):
    """A picture has the classes of picture.css and no colours of its own, and a size that fits."""
    text = path.read_text()
    classes = set(re.findall(r"\.([a-z][\w-]*)(?=[\s,{])", pictures.STYLE.read_text()))
    used = {name for names in re.findall(r'class="([^"]*)"', text) for name in names.split()}
    require(used <= classes, "classes that picture.css has not", *sorted(used - classes))
    colours = re.findall(r'(?:fill|stroke|color)[=:]\s*"?(?!none)[#\w(]+|<style|#[0-9a-fA-F]{6}\b',
                         text)
    require_equal(colours, [], "colours")
    require('href="../picture.css"' in text, "it does not name its style sheet")
    root = xml.fromstring(text)
    _, _, width, height = map(float, root.get("viewBox").split())
    require(width <= 720, f"it is {width:g} units wide; 720 fit")
    require_equal((float(root.get("width")), float(root.get("height"))), (width, height), "size")
    require(root.find("{*}title") is not None, "it has no title")
    defined = set(re.findall(r'\bid="([^"]+)"', text))
    require_equal(sorted(set(re.findall(r'(?:url\(|href=")#([\w-]+)', text)) - defined), [],
                  "names that it uses and does not define")


# ---- What finds code, terms, output ----

SOURCE = """\
int declared(int x);
static int table[] = {
	1,
};
enum {
	ONE,
	TWO = 2,
};
struct Thing {
	int x;
};
#define TWICE(x) \\
	((x) + (x))
// Not a part of it.
int declared(int x)
{
	//{ Exercise 6: the solution
	x++; // [K1]
	return TWICE(x); // doubled [K2]
	//}
}
"""
LABELS = "first:\n\tnop\n1:\tjmp 1b\n\n// About it.\n\t.globl second\nsecond:\n\tret\n"


def asked(text, language="c"):
    """Return the block with these attributes."""
    return Block(7, 0, 0, "", "", Attributes(f".{language} {text}"))


@pytest.fixture(name="tree")
def _tree(monkeypatch):
    """A tree of two files, for what finds code."""
    tree = scratch()
    (tree / "a.c").write_text(SOURCE)
    (tree / "b.S").write_text(LABELS)
    (tree / "twice.c").write_text("int twice;\n\nint twice;\n")
    for module in (named, handoutbook):
        monkeypatch.setattr(module, "ROOT", tree)
    return tree


@pytest.mark.parametrize("asked_for, first, last", [
    ("a.c declared", "int declared(int x)", "}"), ("a.c table", "static int table[] = {", "};"),
    ("a.c TWO", "enum {", "};"), ("a.c struct Thing", "struct Thing {", "};"),
    ("a.c TWICE", "#define TWICE(x) \\", "\t((x) + (x))"), ("b.S first", "first:", "1:\tjmp 1b"),
    ("b.S second", "second:", "\tret")])
def test_named(tree, asked_for, first, last):
    """Each kind of name finds its code, whole, without marks."""
    lines = named.find(asked(f'code="{asked_for}"')).text.splitlines()
    require_equal((lines[0], lines[-1]), (first, last), "first and last line")
    require(not any("Exercise" in line or "[K" in line for line in lines), "a mark is shown", *lines)


@pytest.mark.parametrize("attributes, complaint", [
    ('code="a.c nothing"', "no definition of nothing in a.c"), ('code="c.c x"', "there is no c.c"),
    ('code="twice.c twice"', "2 definitions of twice in twice.c, in lines 1, 3"),
    ('code="a.c"', "which part of a.c? Name a function, or say from= and to="),
    ('code="a.c declared" from="nowhere"', 'no line of declared in a.c has "nowhere"'),
    ('code="a.c" from="int x"', '3 lines of a.c have "int x"'),
    ('code="a.c declared" from="return" to="never"',
     'no line of declared in a.c has "never" after its first')])
def test_not_named(tree, attributes, complaint):
    """A name that is missing, or that means several things, is said."""
    with pytest.raises(named.CodeError) as error:
        named.find(asked(attributes))
    require_equal(str(error.value), complaint, "complaint")


TEXT = """\
# Who runs {#who}

## First {#who-first}

The search begins at the very first one of them.

```{.c code="a.c declared" from="return" to="doubled"}
```

## Second {#who-second}

It says *frames* and [](#who-first), [](#nowhere), [pages]{.term of="page"}

![A picture.](pictures/no.svg){#fig-a}

::: terms
frame
:   A page of memory.

ghost
:   Nobody says it.
:::
"""


def chapter_of(text, name="06-who.md"):
    """Return a chapter with this text."""
    path = scratch() / name
    path.write_text(text)
    return Chapter(path)


def test_readings(tree):
    """What nobody has read, or what has changed since, is said with the paragraph; READ records it."""
    chapter = chapter_of(TEXT)
    says = ('doc/book/06-who.md:7: the paragraph "The search begins at the very ..." is about '
            "declared in a.c, which {}: read both, then make book READ=doc/book/06-who.md")
    require_equal(list(map(str, readings.problems(chapter))),
                  [says.format("nobody has read yet")], "problems")
    chapter = readings.record(chapter)
    require_equal(readings.problems(chapter), [], "problems after reading")
    (tree / "a.c").write_text(SOURCE.replace("doubled", "doubled:"))
    require_equal(list(map(str, readings.problems(chapter))),
                  [says.format("has changed since it was read")], "problems after a change")


def test_links_found(tree):
    """Each kind of wrong reference is said."""
    chapter = chapter_of(TEXT.replace("[pages]", "![P.](x.svg) [pages]"))
    found = [str(problem) for problem in links.problems([chapter], [chapter])]
    require_equal(sorted(found), sorted([
        "doc/book/06-who.md:12: no place is called #nowhere",
        'doc/book/06-who.md:12: no chapter introduces the term "page"',
        "doc/book/06-who.md:12: a picture stands alone, between empty lines, and its caption has no "
        "empty line", "doc/book/06-who.md:12: there is no x.svg",
        "doc/book/06-who.md:14: there is no pictures/no.svg",
        'doc/book/06-who.md:1: the term "ghost" is nowhere introduced with *ghost*']), "problems")


@pytest.mark.parametrize("missing, kept", [([6], ["Second"]), ([7], ["First", "Second"])])
def test_sections_left_out(tree, missing, kept):
    """A section that shows a solution of what is missing is not handed out, and no link leads there."""
    chapter = chapter_of(TEXT.replace("(pictures/no.svg)", "(trace)"))
    text = handoutbook.handed_out([chapter], missing, {"doc/book/picture.css": ""}, [])[chapter.name]
    require_equal([title for title in ("First", "Second") if f" {title}\n" in text], kept, "sections")
    require(("TWICE(x)" in text) == ("First" in kept), "what is shown", *text.splitlines())
    require("{" not in re.sub(r"```.*?```", "", text, flags=re.S), "it is not plain",
            *text.splitlines())


def test_solution_told(tree):
    """A section that says so itself is not handed out either."""
    text = TEXT.replace("{#who-second}", "{#who-second .solution exercise=12}")
    for missing, is_there in (([12], False), ([13], True)):
        chapter = chapter_of(text.replace("(pictures/no.svg)", "(trace)")
                             + "\nSo `make bench` says.\n")
        out = handoutbook.handed_out([chapter], missing, {"doc/book/picture.css": ""}, [])
        require_equal("6.2 Second" in out[chapter.name], is_there, f"section without {missing}")
        require("make bench" not in out[chapter.name], "it names what a handout does not have")


@pytest.mark.parametrize("expected, same", [
    ("a b c", True), ("... c", True), ("a ... c", True), ("a ...", True), ("...", True),
    ("a b", False), ("a c", False), ("... b", False), ("b ...", False), ("a b c ...", True),
    ("... a b c", True)])
def test_shown(expected, same):
    """Lines are compared one after the other; `...' is any lines."""
    require_equal(is_shown(["a", "b", "c"], expected.split()), same, f"verdict about {expected}")
    require_equal(not differences(["a", "b", "c"], expected.split()), same, "differences")


def test_linked():
    """An empty link gets the words of its place, with a capital where a sentence begins."""
    text = filled.linked("\n\n[](#a) is (see [](#a)).\n[](#a) [](#b)", {"a": "figure 1"})
    require_equal(text, "\n\n[Figure 1](#a) is (see [figure 1](#a)).\n[Figure 1](#a) [b](#b)", "text")


def test_change():
    """A change is made where its lines are, once; else it says why not."""
    tree = scratch()
    (tree / "f").write_text("one\ntwo\nthree\ntwo\n")
    runs.change(tree, "--- f\n-one\n-two\n+1\n-three\n+3\n+3\n")
    require_equal((tree / "f").read_text(), "1\n3\n3\ntwo\n", "file")
    (tree / "m").write_text("one; // [K1]\ntwo; // 2 [K2]\n")
    runs.change(tree, "--- m\n-one;\n-two; // 2\n+3\n")
    require_equal((tree / "m").read_text(), "3\n", "file with marks")
    for diff in ("--- f\n-nine\n+9\n", "--- f\n-3\n+4\n", "--- g\n-3\n+4\n", "-3\n+4\n",
                 "--- f\n3\n"):
        with pytest.raises(runs.SessionError):
            runs.change(tree, diff)
