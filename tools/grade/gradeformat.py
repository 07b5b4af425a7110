"""How grades are written: for people by means of a Console, for other programs in a format.

    json          for anything: the points and, where a test failed, why
    gradescope    Gradescope's results.json
    junit         JUnit's XML, which every CI server shows as a table of tests

Each format is a function of a Score, and returns ASCII text. When the build fails no test has run:
each has no points then, and the compiler's output comes once.
"""

import json
import shutil
from dataclasses import dataclass, field
from typing import Dict, List, TextIO
from xml.etree import ElementTree

from gradewords import chosen


# ---- For people ----

class Console:
    """A stream for people to read, with a status line below the text if it is a terminal."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._words = chosen(stream)
        self._status = ""       # the status line on the screen

    def say(self, *lines: str) -> None:
        """Print lines, which stay, in the language that is wanted."""
        self.status("")
        shown = [each for line in lines for each in self._words.lines(line)]
        print(*shown, sep="\n", file=self._stream, flush=True)

    def status(self, text: str) -> None:
        """Replace the status line; an empty one leaves the cursor where text can begin."""
        text = text[:shutil.get_terminal_size().columns - 1]
        if self._stream.isatty() and text != self._status:
            blank = " " * len(self._status)
            print(f"\r{blank}\r{text}", end="", file=self._stream, flush=True)
            self._status = text


# ---- For programs ----

@dataclass(frozen=True)
class Result:
    """One test."""
    name: str
    part: str
    points: int
    possible: int
    seconds: float
    reason: str             # what went wrong, in a few words; empty if it passed
    details: List[str]      # lines that explain it

    @property
    def text(self) -> str:
        """Reason and details."""
        return "\n".join([self.reason, *[f"  {line}" for line in self.details]])


@dataclass(frozen=True)
class Score:
    """All tests that were to run."""
    lab: str
    results: List[Result]
    seconds: float          # that everything took
    build: str = ""         # what the compiler said, if that is why nothing ran
    waiting: Dict[str, int] = field(default_factory=dict)   # checks that say nothing yet, and the
                                                            # later exercise each waits for

    @property
    def points(self) -> int:
        """The points earned."""
        return sum(result.points for result in self.results)

    @property
    def possible(self) -> int:
        """The points one can earn."""
        return sum(result.possible for result in self.results)


def as_json(score: Score) -> str:
    """Return the score in a format of our own."""
    tests = [{"name": result.name, "part": result.part, "passed": not result.reason,
              "score": result.points, "max_score": result.possible,
              "seconds": round(result.seconds, 1), "reason": result.reason,
              "details": result.details} for result in score.results]
    return json.dumps({"lab": score.lab, "score": score.points, "max_score": score.possible,
                       "seconds": round(score.seconds, 1), "build": score.build,
                       "tests": tests, "waiting": score.waiting}, indent=1)


def as_gradescope(score: Score) -> str:
    """Return the score as Gradescope's "autograder specifications" want it."""
    tests = [{"name": f"Part {result.part}: {result.name}", "score": result.points,
              "max_score": result.possible, "status": "failed" if result.reason else "passed",
              "output": result.text, "visibility": "visible"} for result in score.results]
    output = f"The build failed:\n{score.build}" if score.build else ""
    return json.dumps({"score": score.points, "execution_time": round(score.seconds),
                       "output": output, "output_format": "text", "visibility": "visible",
                       "stdout_visibility": "hidden", "tests": tests}, indent=1)


def as_junit(score: Score) -> str:
    """Return the score as JUnit's XML; a failed build is an error of a case called build."""
    suite = ElementTree.Element("testsuite", {
        "name": score.lab, "tests": str(len(score.results) + bool(score.build)),
        "failures": str(sum(bool(result.reason) for result in score.results)),
        "errors": str(int(bool(score.build))), "skipped": "0", "time": f"{score.seconds:.1f}"})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("score", score.points), ("max_score", score.possible)):
        ElementTree.SubElement(properties, "property", name=name, value=str(value))
    if score.build:
        case = ElementTree.SubElement(suite, "testcase", classname=score.lab, name="build")
        ElementTree.SubElement(case, "error", message="build failure").text = score.build
    for result in score.results:
        case = ElementTree.SubElement(suite, "testcase", name=result.name,
                                      classname=f"{score.lab}.{result.part}",
                                      time=f"{result.seconds:.1f}")
        if result.reason:
            ElementTree.SubElement(case, "failure", message=result.reason).text = result.text
    whole = ElementTree.Element("testsuites")
    whole.append(suite)
    return ElementTree.tostring(whole, encoding="us-ascii").decode("ascii")


FORMATS = {"json": as_json, "gradescope": as_gradescope, "junit": as_junit}
