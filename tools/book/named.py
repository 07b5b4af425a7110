"""Code by name: a function, a macro, a table, a label, a struct of this tree, or a part of one."""

import hashlib
import re
import textwrap
from typing import List, NamedTuple, Tuple

from chapters import ROOT, Block, Chapter

MARK = re.compile(r"\s*(?://|#)[{}]")       # around the solution of an exercise
MODELLED = re.compile(r"(?:\s*//)?(?: \[[LKHS]\d+\])+$")     # marks of statements that a model has


def unmarked(line: str) -> str:
    """Return a line as the book shows it."""
    return MODELLED.sub("", line)


class CodeError(Exception):
    """Why there is no such code, in one line."""


class Code(NamedTuple):
    """A piece of a file."""
    file: str
    name: str
    first: int          # its first line, from 0
    last: int           # the line after it
    text: str           # without marks, moved to the left

    @property
    def hash(self) -> str:
        """What is recorded when the text about it has been read."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:10]

    @property
    def title(self) -> str:
        """What stands above it."""
        return f"{self.name} in {self.file}" if self.name else self.file


# ---- Definitions: each function returns ranges of lines ----

Ranges = List[Tuple[int, int]]


def _to_brace(lines: List[str], first: int) -> int:
    """Return the line after the one that closes what opens at `first'."""
    for at in range(first, len(lines)):
        if at > first and lines[at].startswith("}"):
            return at + 1
        if at > first and re.match(r"\S", lines[at]) and not re.match(r"[{})#/]|\w+:", lines[at]) \
                and "{" in "".join(lines[first:at]):
            break
    return first + 1


def _types(lines: List[str], name: str) -> Ranges:
    pattern = re.compile(rf"(?:typedef )?{name}\b[^;()=]*\{{")
    return [(at, at + 1 if re.search(r"\}[^{]*;", line) else _to_brace(lines, at))
            for at, line in enumerate(lines) if pattern.match(line)]


def _labels(lines: List[str], name: str) -> Ranges:
    found = []
    for at, line in enumerate(lines):
        if not re.match(rf"{name}:", line):
            continue
        end = next((next_ for next_ in range(at + 1, len(lines))
                    if re.match(r"[A-Za-z_.]\w*:", lines[next_])), len(lines))
        # What stands right before the next label belongs to that.
        while end > at + 1 and re.match(
                r"\s*(//.*|#.*|/\*.*|\.(globl|p2align|align|type|section|text|data|code).*)?$",
                lines[end - 1]) and not re.match(r"\s*//\}", lines[end - 1]):
            end -= 1
        found.append((at, end))
    return found


def _macros(lines: List[str], name: str) -> Ranges:
    found = []
    for at, line in enumerate(lines):
        if re.match(rf"#\s*define\s+{name}\b|\s*\.macro\s+{name}\b", line):
            end = at + 1
            if ".macro" in line:
                while end < len(lines) and ".endm" not in lines[end - 1]:
                    end += 1
            while lines[end - 1].endswith("\\"):
                end += 1
            found.append((at, end))
    return found


def _others(lines: List[str], name: str) -> Ranges:
    """Functions, variables, tables and enums without a name of their own."""
    found = []
    beginning = re.compile(rf"(?!typedef|extern|return|#|//)[A-Za-z_][^;={{}}/]*?\b{name}\b(?!\s*,)")
    for at, line in enumerate(lines):
        if re.match(rf"{name}\(", line) and re.match(r"[a-z][^;={}]*$", lines[at - 1]):
            at, line = at - 1, f"{lines[at - 1]} {line}"    # the type has a line of its own
        if re.match(rf"enum \{{.*\b{name}\b.*\}};", line):
            found.append((at, at + 1))
        elif re.match(r"enum \{$", line):
            end = _to_brace(lines, at)
            if re.search(rf"^\s+{name}\b", "\n".join(lines[at:end]), re.M):
                found.append((at, end))
        elif beginning.match(line):
            head = re.search(r"[;{=]", "\n".join(lines[at:])[line.find(name):])
            if not head or re.match(rf"[^;={{]*\b{name}\s*\(", line) and head[0] != "{":
                continue        # a declaration
            if line.rstrip().endswith((";", "}")):
                found.append((at, at + 1))
            else:
                found.append((at, _to_brace(lines, at)))
    return found


def _ranges(file: str, lines: List[str], name: str) -> Ranges:
    if re.match(r"(struct|enum|union) ", name):
        return _types(lines, name)
    found = _macros(lines, name)
    if file.endswith(".S"):
        return found + _labels(lines, name)
    return found + _others(lines, name)


# ---- Pieces ----

def _line_with(lines: List[str], first: int, last: int, words: str, where: str) -> int:
    found = [at for at in range(first, last) if words in lines[at]]
    if len(found) != 1:
        raise CodeError(f'{len(found) or "no"} line{"s" * (len(found) > 1)} of {where} '
                        f'ha{"ve" if len(found) > 1 else "s"} "{words}"')
    return found[0]


def find(block: Block) -> Code:
    """Return the code that a block asks for; raise CodeError if there is none, or more."""
    file, _, name = block.attributes["code"].strip().partition(" ")
    if not (ROOT / file).is_file():
        raise CodeError(f"there is no {file}")
    lines = (ROOT / file).read_text(encoding="utf-8", errors="replace").splitlines()
    first, last, where = 0, len(lines), file
    if name:
        ranges, where = _ranges(file, lines, name), f"{name} in {file}"
        if len(ranges) != 1:
            raise CodeError(f"{len(ranges) or 'no'} definition{'s' * (len(ranges) > 1)} of {where}"
                            + (", in lines " + ", ".join(str(at + 1) for at, _ in ranges)
                               if ranges else ""))
        first, last = ranges[0]
    elif "from" not in block.attributes:
        raise CodeError(f"which part of {file}? Name a function, or say from= and to=")
    if "from" in block.attributes:
        first = _line_with(lines, first, last, block.attributes["from"], where)
    if "to" in block.attributes:
        words = block.attributes["to"]
        last = 1 + next((at for at in range(first, last) if words in lines[at]), -2)
        if last < 0:
            raise CodeError(f'no line of {where} has "{words}" after its first')
    kept = [unmarked(line) for line in lines[first:last] if not MARK.match(line)]
    return Code(file, name, first, last, textwrap.dedent("\n".join(kept)).strip("\n"))


def code_blocks(chapter: Chapter) -> List[Block]:
    """Return the blocks of a chapter that ask for code."""
    return [block for block in chapter.blocks if "code" in block.attributes]
