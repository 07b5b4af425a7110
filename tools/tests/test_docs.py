"""README and doc/: what they name is there, and what their tutorials say works as it is written.

A tutorial is done by its words. "Make a file `F`:" before a block of C is that; so is "In `F`,
after" one block "add" another, and "In `F`, in the place of" one block "put" another. What a block
called console has is said in tools/common/sessions.py.
"""

import re
import shlex
import sys
from pathlib import Path

import pytest

from kit import ROOT, call, edit, enter_copy, excerpt, fail, require, require_equal, start
from sessions import PROMPT, SessionError, blocks, commands, converse, differences, lines_of
from tree import sources

GUIDE = ("lab4-a", "lab4-b", "lab4-c")      # test_guide.py does what they say, in handouts
DOCUMENTS = sorted(ROOT.glob("doc/*.md"))
NAMED = [ROOT / "README", *DOCUMENTS, *sorted(ROOT.glob("doc/book/*.md"))]


# ---- Reading them ----

def steps(text):
    """Yield what a tutorial asks for: a kind of step, a file if there is one, one or two texts."""
    file, old = "", None
    for language, block, words in blocks(text):
        place = re.search(r"[Ii]n `([^`]+)`, (after|in the place of)$", words)
        new = re.search(r"Make a file `([^`]+)`:$", words)
        if language == "console":
            yield "run", "", block, ""
        elif new:
            yield "write", new[1], block, ""
        elif place:
            file, old = place[1], block
        elif words in ("add", "put"):
            require(old is not None, f"`{words}' without a place", block)
            yield words, file, old, block
            old = None
        else:
            require(language in ("sh", "text"), f"nobody says what to do with this block: {words}",
                    block)
    require(old is None, f"nothing is put into {file}")


# ---- Doing what they say ----

def run(session):
    """Do what a console block shows; what is printed is what is shown."""
    for command in commands(session):
        process = start(["sh", "-c", command.command])
        try:
            text = converse(process, command)
        except SessionError as error:
            fail(error.reason, *error.details)
        require_equal(process.wait(), 0, f"status of `{command.command}'")
        require_equal(text.count("\n" + PROMPT), len(command.typed),
                      f"number of lines typed in `{command.command}'")
        different = differences(lines_of(text), command.expected)
        require(not different, f"`{command.command}' prints other lines than are shown (-)",
                *excerpt(different))


def do(text):
    """Do all steps of a document in the current tree."""
    for kind, file, old, new in steps(text):
        if kind == "run":
            run(old)
        elif kind == "write":
            require(not Path(file).exists(), f"{file} is there already")
            Path(file).write_text(old)
        else:
            edit(file, old, old + new if kind == "add" else new)


@pytest.mark.parametrize("name", [
    "first-program", "first-command",
    pytest.param("first-syscall", marks=pytest.mark.thorough)])     # compiles all programs anew
def test_tutorial(name):
    """Each step, as it is written, in a fresh copy: what is shown is what is printed."""
    enter_copy(few=True)
    do((ROOT / f"doc/{name}.md").read_text())


@pytest.mark.thorough
@pytest.mark.parametrize("name", [path.stem for path in DOCUMENTS
                                  if "```console" in path.read_text()
                                  and not path.stem.startswith("first-") and path.stem not in GUIDE])
def test_sessions(name):
    """Each command that a document shows, with what it prints."""
    enter_copy()
    do((ROOT / f"doc/{name}.md").read_text())


# ---- What they name ----

def spans(path):
    """Yield what stands in backquotes in a document outside of blocks, and the lines of blocks of
    commands."""
    text = path.read_text()
    for language, block, _ in blocks(text):
        if language == "sh":
            yield from block.splitlines()
        elif language == "console":
            yield from re.findall(r"^\$ (.*)", block, re.M)
    if path.name == "README":
        yield from re.findall(r"^    (.*)", text, re.M)
    text = re.sub(r"^```.*\n(?:.*\n)*?```$", "", text, flags=re.M)
    yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text))


def wrong_names(check):
    """Return each name for which check gives a reason, with the document and the reason."""
    return sorted({f"{path.relative_to(ROOT)}: {problem}" for path in NAMED for span in spans(path)
                   for problem in check(span)})


def made_up():
    """Return the names that the tutorials add: files, and words of their sources."""
    texts = [path.read_text() for path in DOCUMENTS if path.stem.startswith("first-")]
    files = {file for text in texts for kind, file, *_ in steps(text) if kind == "write"}
    words = {word for text in texts for language, block, _ in blocks(text) if language == "c"
             for word in re.findall(r"\w+", block)}
    return files, words


EXAMPLES = {"user/tests/testhello.c", "user/matrix.c"}       # that the reader is to write
PLACEHOLDER = re.compile(r"(?<![A-Z])(X|N|F|NAME)(?![A-Z_])")


def test_files():
    """Each path that is named is there."""
    written, _ = made_up()

    def check(span):
        for word in span.split():
            word = word.strip("()[],;:").rstrip(".")
            if re.fullmatch(r"[\w.-]+(/[\w.-]*)+", word) and not PLACEHOLDER.search(word) \
                    and not re.match(r"\.\.|obj/|\.\.\.|source/|results/", word) \
                    and word not in written | EXAMPLES and not (ROOT / word).exists() \
                    and not (ROOT / "tools/handout" / word).exists():
                yield f"there is no {word}"
    require_equal(wrong_names(check), [], "paths")


def test_links():
    """Each document that is linked to is there, and the index links to each."""
    links = {path.name: re.findall(r"\]\(([\w.-]+)\)", path.read_text()) for path in DOCUMENTS}
    require_equal([f"{name}: {link}" for name, found in links.items() for link in found
                   if not (ROOT / "doc" / link).exists()], [], "links")
    require_equal(sorted({path.name for path in DOCUMENTS} - set(links["README.md"])),
                  ["README.md"], "documents that the index leaves out")


def words_of_the_tree():
    """Return all words of the sources and scripts."""
    suffixes = (".c", ".h", ".S", ".mk", ".py", ".pl", ".ld", ".sh", "")
    return {word for file in sources() if file.suffix in suffixes and file.parts[0] != "doc"
            and str(file) != "README" and file.name != "test_docs.py"
            for word in re.findall(r"\w+", (ROOT / file).read_text())}


def test_functions():
    """Each function, variable, constant or program that is named is in the sources."""
    known = words_of_the_tree() | made_up()[1] | {Path(name).stem for name in EXAMPLES}

    def check(span):
        name = re.fullmatch(r"(?:struct )?([A-Za-z_]\w+)(?:\(\)|\[\])?", span)
        if name and not PLACEHOLDER.search(name[1]) and name[1] not in known:
            yield f"nothing has the name {name[1]}"
    require_equal(wrong_names(check), [], "names")


def has_word(file, name):
    """Whether a file of the tree is there and has this word in it."""
    path = ROOT / file
    return path.is_file() and re.search(rf"\b{name}\b", path.read_text())


def test_places():
    """What a document says is in a file is in it: `name` (`file`), `name` in `file`, and the rows of
    the tables of files to open."""
    wrong = []
    for path in NAMED:
        text = " ".join(path.read_text().split())
        places = re.findall(r"`(\w+)` (?:\(|in )`([\w/]+\.\w+)`", text)
        for row in re.findall(r"^\|[^|]+\|([^|]+)\|([^|]+)\|$", path.read_text(), re.M):
            files = re.findall(r"`(\S+\.\w+|kern/LAYERS|\w+/Makefrag|GNUmakefile)`", " ".join(row))
            places += [(name, " ".join(files)) for name in re.findall(r"`(\w+)`", row[1]) if files]
        wrong += [f"{path.name}: {name} is not in {files}" for name, files in places
                  if not any(has_word(file, name) for file in files.split())]
    require_equal(wrong, [], "places")


# The option of a program that a variable of make hands on, and how to see all of them.
OPTIONS = {
    "CHECKFLAGS": [sys.executable, "-m", "pytest", "--help"],
    "GRADEFLAGS": ["./grade-lab4", "--help"],
    "./grade-lab4": ["./grade-lab4", "--help"],
    "BENCHFLAGS": [sys.executable, "tools/measure/bench.py", "--help"],
    "INSTRUCTIONSFLAGS": [sys.executable, "tools/measure/instructions.py", "--help"],
}


def test_options():
    """Each option that is named is one of the program it is given to."""
    known = {name: call(*command) for name, command in OPTIONS.items()}

    def check(span):
        for name, text in known.items():
            given = re.search(rf"{re.escape(name)}(?:=\"([^\"]*)\"|=(\S*)| (.*))", span)
            for option in re.findall(r"(?<!\S)--?[\w-]+", " ".join(filter(None, given.groups()))
                                     if given else ""):
                if not re.search(rf"(?<![\w-]){option}(?![\w-])", text):
                    yield f"{name} has no {option}"
    # The table in testing.md has options alone.
    require_equal(wrong_names(check) + [
        f"testing.md: pytest has no {option}" for option in
        re.findall(r"^\| `(--?[\w-]+)", (ROOT / "doc/testing.md").read_text(), re.M)
        if not re.search(rf"(?<![\w-]){option}(?![\w-])", known["CHECKFLAGS"])], [], "options")


def makefiles():
    """Return the texts of all Makefiles as one."""
    return "".join((ROOT / file).read_text() for file in sources()
                   if file.suffix == ".mk" or file.name in ("GNUmakefile", "Makefrag"))


def test_targets():
    """Each target and each variable of make that is named is there, and the program in a target."""
    text = makefiles()
    patterns = [re.compile(name.replace("%", r"(\w+)")) for names in
                re.findall(r"^([\w% -]+):(?!=)", text, re.M) for name in names.split()]
    written, _ = made_up()
    programs = {path.stem for path in [*ROOT.glob("user/**/*.c"),
                                       *map(Path, written | EXAMPLES)]} | {"X"}

    def check(span):
        for asked in re.findall(r"(?:^|&& |, )make((?: (?:[A-Za-z_]+=(?:\"[^\"]*\"|\S*)|[\w-]+))*)",
                                span.partition("#")[0]):
            for word in shlex.split(asked):
                name, equals, _ = word.partition("=")
                matches = [m for pattern in patterns for m in [pattern.fullmatch(word)] if m]
                if equals and not re.search(rf"\b{name}\b", text):
                    yield f"make has no variable {name}"
                elif not equals and not matches:
                    yield f"make has no target {word}"
                elif not equals and not any(set(m.groups()) <= programs for m in matches):
                    yield f"no program for make {word}"
    require_equal(wrong_names(check), [], "targets")


# ---- README ----

def test_readme():
    """README is one screen and a half, in lines that fit."""
    lines = (ROOT / "README").read_text().splitlines()
    require(len(lines) <= 80, f"README has {len(lines)} lines")
    require_equal([line for line in lines if len(line) > 80], [], "long lines of README")


def test_line_numbers():
    """No line number is told in prose, where it would soon be wrong."""
    require_equal([f"{path.name}: {found}" for path in NAMED for found in
                   re.findall(r"\w+\.[chS]:\d+", re.sub(r"^```.*\n(?:.*\n)*?```$", "",
                                                         path.read_text(), flags=re.M))],
                  [], "line numbers")
