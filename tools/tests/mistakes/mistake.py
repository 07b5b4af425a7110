"""What a mistake is, and how one knows that it has been named."""

from dataclasses import dataclass
from typing import Sequence

from gradetests import CHECKS, Test


@dataclass(frozen=True)
class Mistake:
    """A typical mistake.

    check       the check of the exercise that finds it; "": see below
    says        a regular expression: what that check says
    panic       the same, for the panic of the checking build: place, and words; "": see below

    A mistake without a check is found by the checking build alone if it has a panic, else by any
    check of the exercise. Without a panic, nothing is required of the checking build.
    """
    exercise: int
    edits: Sequence[str]    # file, text, text in its place, as often as needed
    check: str = ""
    says: str = ""
    panic: str = ""
    program: str = ""       # what the checking build runs; "": what the check runs
    cpus: str = "1"         # for the program
    seed: str = "1"         # for the program

    @property
    def graded(self) -> Sequence[Test]:
        """The checks that may find it."""
        return [test for test in CHECKS if test.exercise == self.exercise
                and self.check in ("", test.name.split(":")[1])]

    @property
    def in_kernel(self) -> bool:
        """Whether it changes the kernel."""
        return any(file.startswith(("kern/", "inc/")) for file in self.edits[::3])


def mistake(entry) -> Mistake:
    """Return the Mistake of an entry: one, or (exercise, check, says, file, old, new, ...)."""
    if isinstance(entry, Mistake):
        return entry
    exercise, check, says, *edits = entry
    return Mistake(exercise, edits, check, says)
