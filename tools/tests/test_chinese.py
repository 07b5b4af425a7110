"""The Chinese: the guide and README have what the English ones have, and were made from what stands
there now; the grader's catalogue has what the sources say.

When an English section changes, its test fails and names the Chinese section to look at. When that
says the same again, put the new hash into chinese.json.
"""

import ast
import hashlib
import io
import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import List, NamedTuple

import pytest

from gradeformat import Console
from gradewords import CATALOGUE, Words
from kit import ROOT, require, require_equal
from tree import sources

GUIDE = ["lab4.md", *[f"lab4-{part}.md" for part in ("a", "b", "c", "challenges")]]
# Each English document, and the Chinese one.
PAIRS = {**{f"doc/{name}": f"doc/zh/{name}" for name in GUIDE},
         "README": "README.zh", "tools/handout/README": "tools/handout/README.zh"}
MADE_FROM = json.loads((ROOT / "tools/tests/chinese.json").read_text())

BLOCK = re.compile(r"^```.*\n(?:.*\n)*?```$|(?<=\n\n)(?:    .*\n|\n(?=    ))+", re.M)


# ---- Reading them ----

class Section(NamedTuple):
    """What stands below a heading, up to the next one."""
    level: int
    title: str
    text: str

    @property
    def hash(self):
        """What changes when a word does; where lines end does not matter."""
        return hashlib.sha256(" ".join((self.title + self.text).split()).encode()).hexdigest()[:8]


def sections(file) -> List[Section]:
    """Return the sections of a document. In README a heading is underlined."""
    text = "\n" + (ROOT / file).read_text(encoding="utf-8")
    text = re.sub(r"^(\S.*)\n(=+|-+)$", lambda head: "#" * (1 + (head[2][0] == "-")) + " " + head[1],
                  text, flags=re.M)
    heads = [head for head in re.finditer(r"\n(#+) (.*)", text)
             if not any(block.start() <= head.start() < block.end() for block in BLOCK.finditer(text))]
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [Section(len(head[1]), head[2], text[head.end():end]) for head, end in zip(heads, ends)]


def pairs(english):
    """Return the sections of an English document that there are in Chinese, each with that one."""
    mine = [section for section in sections(english)
            if not english.endswith("README") or section.title in MADE_FROM[english]]
    theirs = sections(PAIRS[english])
    require_equal([section.level for section in theirs], [section.level for section in mine],
                  f"levels of the headings of {PAIRS[english]}")
    return list(zip(mine, theirs))


def code(text):
    """Return the blocks of a section; of those of README, what comes before an explanation."""
    return [block[0].strip("\n") for block in BLOCK.finditer(text)]


def spans(text):
    """Return what stands in backquotes, in any order."""
    return sorted(" ".join(span.split()) for span in re.findall(r"`([^`]+)`", BLOCK.sub("", text)))


def links(text, file):
    """Return where links and pictures lead to, in their order; the guide's own parts by name."""
    found = [os.path.normpath(f"{Path(file).parent}/{link}") if link[0] != "#" else "#"
             for link in re.findall(r"\]\(([^)]+)\)", text)]
    return [link.replace("doc/zh/", "doc/") for link in found]


def shape(text):
    """Return the rows of tables, with how many columns each has, and the numbers of steps."""
    return re.findall(r"^(?:\|(?=.*\|$)|\d+\.|- )", BLOCK.sub("", text), re.M), \
        [row.replace("\\|", "").count("|") for row in re.findall(r"^\|.*\|$", text, re.M)]


def numbers(text):
    """Return the numbers in the words of a section, in any order: of exercises, chapters, values."""
    words = re.sub(r"`[^`]+`|\]\([^)]*\)", "", BLOCK.sub("", text))
    return sorted(re.findall(r"(?<![A-Za-z0-9.-])\d+(?:,\d{3})*(?![A-Za-z0-9])", words))


# ---- The documents ----

@pytest.mark.parametrize("english", [name for name in PAIRS if name.startswith("doc/")])
def test_same(english):
    """Each section of the guide has the same blocks, names, links, pictures, tables and steps."""
    chinese = PAIRS[english]
    for mine, theirs in pairs(english):
        where = f"of {chinese}, {theirs.title}"
        require_equal(re.findall(r"\d+", theirs.title), re.findall(r"\d+", mine.title),
                      f"numbers in the title {where}")
        require_equal(code(theirs.text), code(mine.text), f"blocks {where}")
        require_equal(spans(theirs.text), spans(mine.text), f"what is in backquotes {where}")
        require_equal(numbers(theirs.text), numbers(mine.text), f"numbers {where}")
        require_equal(shape(theirs.text), shape(mine.text), f"tables and lists {where}")
        back = [os.path.normpath(english)] if mine.level == 1 and english == "doc/lab4.md" else []
        require_equal([link for link in links(theirs.text, chinese) if link not in back],
                      [link for link in links(mine.text, english) if link != "doc/lab4.md" or not back],
                      f"links {where}")


@pytest.mark.parametrize("english", ["README", "tools/handout/README"])
def test_readme(english):
    """README.zh shows the commands of README, and has lines that fit: a Chinese character takes two
    columns."""
    for mine, theirs in pairs(english):
        def shown(text):
            return [re.split(r"\s{2,}", line.strip())[0] for line in re.findall(r"^    .*", text, re.M)
                    if re.match(r"    (sh|make|doc/|Exercise)", line)]
        require_equal([command for command in shown(theirs.text) if "doc/zh/" not in command],
                      [command for command in shown(mine.text) if command != "doc/lab4.md"],
                      f"commands of {PAIRS[english]}, {theirs.title}")
    english_lines = (ROOT / english).read_text(encoding="utf-8").splitlines()
    lines = (ROOT / PAIRS[english]).read_text(encoding="utf-8").splitlines()
    require_equal([line for line in lines if sum(1 + (c > "\u2e80") for c in line) > 80
                   and line not in english_lines], [],
                  f"long lines of {PAIRS[english]}")


@pytest.mark.parametrize("english", PAIRS)
def test_not_stale(english):
    """The English sections are those that the Chinese was made from."""
    recorded = MADE_FROM[english]
    require_equal(sorted(set(recorded) - {mine.title for mine, _ in pairs(english)}), [],
                  f"sections in chinese.json that {english} has not")
    require_equal([f"{english}, {mine.title} has changed: look at {PAIRS[english]}, {theirs.title}, then "
                   f'put "{mine.hash}" into tools/tests/chinese.json' for mine, theirs in pairs(english)
                   if recorded.get(mine.title) != mine.hash], [], "sections to look at")


# ---- What the grader says ----

CATALOGUE_TEXT = json.loads(CATALOGUE.read_text(encoding="utf-8"))
PATTERNS = {key: chinese for part in CATALOGUE_TEXT.values() for key, chinese in part.items()}


def c_strings(text):
    """Yield the string literals of a C source, those side by side as one, with {} for what is filled
    in; and what the marks say is missing."""
    yield from re.findall(r"//\{ Exercise \d+: (.*)", text)
    literal = r'"(?:[^"\\\n]|\\.)*"'
    for found in re.findall(rf"{literal}(?:\s*{literal})*", text):
        words = "".join(part[1:-1] for part in re.findall(literal, found))
        yield re.sub(r"%[-\d*.]*l*[a-zA-Z]", "{}", words.replace('\\"', '"').replace("\\n", ""))


def python_strings(text):
    """Yield the string literals of a Python source, with {} for the fields of those that have any."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def core(text):
    """Return a message without the values and the punctuation around it."""
    return text.strip("{}() :;,.`'")


@lru_cache(maxsize=None)
def said():
    """Return all that the sources can say, as core() has it."""
    found = set()
    for file in sources():
        name = str(file)
        if name.startswith(("kern/", "lib/", "inc/", "user/exercises/", "user/panic.h",
                            "tools/handout/instead/")):
            found.update(map(core, c_strings((ROOT / file).read_text())))
        elif name.startswith("tools/grade/") and file.suffix == ".py" or \
                name in ("grade-lab4", "gradelib.py"):
            found.update(map(core, python_strings((ROOT / file).read_text())))
    return found


def is_said(key):
    """Whether a source says this; or else each part of it, where it is put together."""
    return core(key) in said() or all(any(core(part) in words for words in said())
                                      for part in key.split("{}"))


def test_patterns():
    """Each pattern of the catalogue is what sources say; its Chinese has the same values."""
    require_equal([key for key in PATTERNS if not is_said(key)], [], "patterns that nothing says")
    require_equal([key for key, chinese in PATTERNS.items()
                   if key.count("{}") != len(re.findall(r"\{\d?\}", chinese))], [],
                  "patterns with other values in Chinese")
    for key, chinese in PATTERNS.items():
        chinese.format(*[""] * key.count("{}"))


def meets(one, other):
    """Whether two patterns, in which {} stands for anything, have a message in common."""
    one, other = one.replace("{}", "\0"), other.replace("{}", "\0")

    @lru_cache(maxsize=None)
    def rest(at, there):
        if at == len(one) or there == len(other):
            return not (one[at:] + other[there:]).strip("\0")
        if "\0" in (one[at], other[there]):
            return rest(at + (one[at] == "\0"), there + (one[at] != "\0")) or \
                rest(at + (one[at] != "\0"), there + (one[at] == "\0"))
        return one[at] == other[there] and rest(at + 1, there + 1)
    return rest(0, 0)


def test_mistakes():
    """What the guide shows of mistakes can be said in Chinese."""
    for name in GUIDE[1:4]:
        text = (ROOT / "doc" / name).read_text()
        for table in re.findall(r"^\| mistake \|.*\n.*\n((?:\|.*\n)+)", text, re.M):
            for row in table.splitlines():
                for message in re.findall(r"`([^`]*[a-z] [^`]*)`", row.split(" | ", 1)[1]):
                    words = re.sub(r"^(kernel panic: |kern/\S+: |ex\d+:\w+: )+", "", message)
                    for part in filter(None, re.split("(?:^|: )look whether ", words)):
                        part = part.replace("...", "{}")
                        require(any(meets(key.replace("`", "'"), part) for key in PATTERNS),
                                f"{name}: there is no Chinese for `{part}'")


def test_lines():
    """A line is translated with its values and indentation, and theirs in turn; the English of a check
    stays below it; what is unknown stays."""
    words = Words(CATALOGUE_TEXT)
    for line, *chinese in (
            ["Score: 5/80", "得分：5/80"],
            ["      look whether a region may end at MMIOLIM itself",
             "      请检查：一个区域是否可以恰好在 MMIOLIM 结束"],
            ["    f(a, b) returns 0, not -3 (invalid parameter): no such env",
             "    f(a, b) 返回 0，而不是 -3（invalid parameter）：没有这个环境",
             "      f(a, b) returns 0, not -3 (invalid parameter): no such env"],
            ["ex1:devices: OK (0.5s)", "ex1:devices: OK (0.5s)"],
            ["    | kernel panic on CPU 0", "    | kernel panic on CPU 0"],
            ["", ""]):
        require_equal(words.lines(line), chinese, f"what is shown for `{line}'")


def test_asked(monkeypatch):
    """LANG_ alone decides; a stream that cannot have Chinese is made to."""
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    for language, text in (("", "Score: 1/2\n"), ("en", "Score: 1/2\n"), ("zh", "得分：1/2\n")):
        monkeypatch.setenv("LANG_", language)
        stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        Console(stream).say("Score: 1/2")
        require_equal(stream.buffer.getvalue().decode(), text, f"what is said with LANG_={language}")
