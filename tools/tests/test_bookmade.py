"""The book is made, with its runs, and looks well on a phone, a screen and paper."""

import json
import re
import shutil
from html import escape, unescape
from pathlib import Path

import pytest

import page
import pdf
from chapters import Chapter, chapters
from named import Code

from gradebuild import objdir

from browser import browse
from kit import call, edit, enter_copy, make, need, params, require, require_equal, scratch

pytestmark = [pytest.mark.thorough, pytest.mark.limit(900)]

SMALL = """\
# Small {#small}

## A run {#small-run}

The program is very short, and it says hello to us all.

```{.c code="user/hello.c umain"}
```

```console
$ make run-hello-nox EXIT=1 SEED=1
...
[00000000] new env 00001000
hello, world
i am environment 00001000
...
```

## A change {#small-change}

```diff
--- user/hello.c
-	cprintf("hello, world\\n");
+	cprintf("hello, you\\n");
```

```console
$ make run-hello-nox EXIT=1 SEED=1
...
hello, you
...
```
"""
READ = ["READ=doc/book/01-small.md"]


def enter_small(text=SMALL):
    """Go to a copy of the tree whose book has one small chapter."""
    enter_copy(few=True)
    for path in Path("doc/book").glob("[0-9]*.md"):
        path.unlink()
    Path("doc/book/01-small.md").write_text(text)


def test_made():
    """It is made, by name and by run; the second time is quick; what has changed is found."""
    need("pandoc")
    enter_small()
    only = ["ONLY=small"]
    said = "doc/book/01-small.md:7: the paragraph"
    require(said in make("-s", "book", *only, fails=True), "it does not ask for reading")
    make("-s", "book", *only, *READ)
    kept = sorted(path.stat().st_mtime_ns for path in Path("obj/book/runs").iterdir())
    make("-s", "book", *only)
    require_equal(sorted(path.stat().st_mtime_ns for path in Path("obj/book/runs").iterdir()), kept,
                  "times of what is remembered")
    edit("user/hello.c", "i am environment", "I am environment")
    text = make("-s", "book", *only, fails=True)
    require(f"{said} \"The program is very short, and ...\" is about umain in user/hello.c, which has "
            "changed since it was read" in text and "doc/book/01-small.md:11: `make run-hello-nox "
            "EXIT=1 SEED=1' prints other lines than are shown (-)\n    - i am environment 00001000"
            in text and ":32:" not in text, "wrong complaint", *text.splitlines())


def test_other_tools():
    """With another compiler or QEMU, other lines are told in one line each, and that is all."""
    need("pandoc")
    enter_small()
    edit("tools/book/runs.py", 'MADE_WITH = ("12.2", "7.2")', 'MADE_WITH = ("3.1", "0.9")')
    edit("doc/book/01-small.md", "\nhello, world\n", "\nhallo\n")
    text = make("-s", "book", "ONLY=01-small", *READ)
    said = [line for line in text.splitlines() if line.startswith("doc/book")]
    require(len(said) == 1 and "`make run-hello-nox EXIT=1 SEED=1' prints other lines with " in said[0],
            "wrong note", *text.splitlines())


@pytest.mark.parametrize("change, complaint", params({
    "no such command": (("$ make run-hello-nox EXIT=1 SEED=1\n...\n[000", "$ false\n...\n[000"),
                        "`false' prints other lines than are shown"),
    "a status": (("$ make run-hello-nox EXIT=1 SEED=1\n...\n[00000000] new env 00001000\n"
                  "hello, world\ni am environment 00001000\n...", "$ false\n..."),
                 "`false' ends with status 1"),
    "a change of nothing": (("-\tcprintf", "-\tprintf"), "user/hello.c has the lines with - 0 times"),
    "a monitor that waits": (("$ make run-hello-nox EXIT=1 SEED=1\n...\n[000",
                              "$ make run-hello-nox SEED=1\n...\n[000"),
                             "it asks for more than is shown")}))
def test_wrong_runs(change, complaint):
    """What goes wrong in a run is said."""
    need("pandoc")
    enter_small()
    edit("doc/book/01-small.md", *change)
    text = make("-s", "book", "ONLY=01-small", *READ, fails=True)
    require(complaint in text, f"it does not say: {complaint}", *text.splitlines())


@pytest.mark.parametrize("tool", ["pandoc", "chromium"])
def test_missing_tool(tool):
    """Without pandoc or chromium it says so in one line."""
    need("pandoc")
    enter_small()
    bin_ = scratch()
    for folder in map(Path, ("/usr/bin", "/bin", "/usr/local/bin")):
        for path in folder.iterdir() if folder.exists() else []:
            if not path.name.startswith((tool, "google-chrome")) and not (bin_ / path.name).exists():
                (bin_ / path.name).symlink_to(path)
    text = call("env", f"PATH={bin_}", "make", "-s", "book", fails=True)
    lines = [line for line in text.splitlines() if not line.startswith("make")]
    require(len(lines) == 1 and re.fullmatch(rf"book.py: {tool} is missing.*Run: sh tools/setup.sh book",
                                             lines[0]), "wrong complaint", *text.splitlines())


# ---- Looking at it ----

# It measures the page in a frame as wide as a phone, or a screen.
MEASURE = """<script>
onload = () => {
	const inside = document.querySelector("iframe").contentWindow, page = inside.document;
	const found = {width: page.documentElement.scrollWidth, pictures: 0, outside: [], over: [],
	               scrolled: [], room: inside.innerWidth, anchors: [], paper: ""};
	for (const svg of page.querySelectorAll("svg")) {
		found.pictures++;
		const box = svg.getBoundingClientRect();
		const room = svg.closest(".scroll").clientWidth;
		if (box.width > room)
			found.scrolled.push(`${svg.closest(".figure").id}: ${box.width} in ${room}`);
		if (!box.width || !box.height)
			found.outside.push("no size: " + svg.parentElement.parentElement.id);
		const texts = [...svg.querySelectorAll("text")].filter(text => text.textContent.trim());
		const places = texts.map(text => text.getBoundingClientRect());
		for (const [number, text] of texts.entries()) {
			const at = places[number];
			for (let other = 0; other < number; other++)
				if (Math.min(at.right, places[other].right) - Math.max(at.left, places[other].left) > 2 &&
				    Math.min(at.bottom, places[other].bottom) - Math.max(at.top, places[other].top) > 4)
					found.over.push(svg.closest(".figure").id + ": " + texts[other].textContent +
					                ", " + text.textContent);
			const fits = at.left >= box.left - 1 && at.right <= box.right + 1 &&
				at.top >= box.top - 1 && at.bottom <= box.bottom + 1;
			if (!fits)
				found.outside.push(svg.closest(".figure").id + ": " + text.textContent);
		}
	}
	for (const link of page.querySelectorAll('a[href^="#"]'))
		if (!page.getElementById(link.hash.slice(1)))
			found.anchors.push(link.hash);
	found.paper = inside.getComputedStyle(page.body).backgroundColor;
	const pre = document.createElement("pre");
	pre.id = "found";
	pre.textContent = JSON.stringify(found);
	document.body.append(pre);
};
</script>"""


def look(text, width, dark):
    """Return what chromium finds out about a page of this width."""
    frame = scratch() / "frame.html"
    frame.write_text(f'<!DOCTYPE html><meta charset="utf-8"><body>{MEASURE}<iframe width="{width}" '
                     f'height="900" srcdoc="{escape(text)}"></iframe></body>')
    dom = browse(frame.as_uri(), f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                 "--window-size=1600,1000", "--dump-dom")
    found = re.search(r'<pre id="found">(.*?)</pre>', dom, re.S)
    require(found, "chromium has measured nothing", *dom.splitlines()[-9:])
    return json.loads(unescape(found[1]))


def looks_well(text, count):
    """On a phone and on a screen, in dark and light, a page with so many pictures looks well."""
    papers = set()
    for width in (390, 1440):
        for dark in (False, True):
            found = look(text, width, dark)
            require(found["width"] <= found["room"], f"at {width} the page is {found['width']} wide")
            require_equal(found["pictures"], count, "number of pictures")
            require_equal(found["outside"], [], f"texts outside of their pictures, at {width}")
            require_equal(found["over"], [], "texts that are over each other in a picture")
            if width > 1000:
                require_equal(found["scrolled"], [], "pictures that the column has no room for")
            require_equal(found["anchors"], [], "links to nowhere")
            papers.add(found["paper"])
    require_equal(len(papers), 2, "number of backgrounds, dark and light")


def test_book():
    """The book is made as it is, with a PDF, and looks well. obj/book has it then."""
    need("pandoc", pdf.chromium() if shutil.which("chromium") else "chromium")
    make("-s", "book")
    place, book = objdir() / "book", chapters()
    text = (place / "index.html").read_text()
    require(not re.search(r'(?:src|href)="https?://[^"]*\.(?:css|js|png|svg|woff)', text),
            "it needs what is elsewhere")
    looks_well(text, sum(len(chapter.pictures) for chapter in book))
    paper = (place / "jos.pdf").read_bytes()
    require(paper.startswith(b"%PDF") and b"/Outlines" in paper, "it is no PDF with an outline")
    pages = len(re.findall(rb"/Type\s*/Page\b", paper))
    require(pages >= 2 * len(book), f"the PDF has {pages} pages")


def test_code():
    """A macro's backslashes are near, and comments of assembly are comments."""
    need("pandoc")
    shown = page.pandoc(page.ForPage.code(None, Code(
        "a.S", "TWICE", 0, 3, "#define TWICE(x)  \t\t\\\n\tx\n\tcli // it's off\n"), ""))
    text = re.sub(r"<[^>]*>", "", shown)
    require("#define TWICE(x) \\\n" in text, "blanks before a backslash", *text.splitlines())
    require(re.search(r'<span class="co">// it(\'|&#39;|’)s off', shown), "no comment",
            *shown.splitlines())


UGLY = {
    "wide": ("<main>", '<main><p style="width: 2000px">wide</p>'),
    "a link to nowhere": ('href="#', 'href="#no-'),
    "narrow": ("main { width: 47rem", "main { width: 20rem"),
    "text on text": ("</text>", "</text>" + 2 * '<text x="9" y="20">over</text>'),
    "text outside": ("</text>", " and much more text than there is room for, far outside of its "
                     "picture</text>"),
    "never dark": ("@media screen and (prefers-color-scheme: dark)", "@media tv"),
}


@pytest.mark.parametrize("old, new", params(UGLY, many={*UGLY} - {"wide", "a link to nowhere"}))
def test_looks_bad(old, new):
    """What looks bad is seen."""
    need("chromium", "pandoc")
    chapter = Chapter(Path("01-a.md"), "# A {#a}\n\n## B {#b}\n\n![P.](pictures/sample.svg){#fig-p}\n")
    text = page.html([chapter], [chapter], {}, set(), "")
    looks_well(text, 1)
    with pytest.raises(pytest.fail.Exception):
        looks_well(text.replace(old, new), 1)
