"""Typical mistakes in the exercises, and how one knows each.

Each is: what is wrong; the exercise, and the check of it that finds this; what that says (a regular
expression); and where the mistake is: file, text, text in its place, as often as needed. Or it is a
Mistake, which can say more. generated.py makes further ones from the solutions.
"""

from mistakes import calls, clock, faults, fork, generated, ipc, locks, setup, turns
from mistakes.mistake import mistake

PARTS = (setup, locks, turns, calls, faults, fork, clock, ipc)

# By hand, and by machine.
TYPED = {what: mistake(entry) for part in PARTS for what, entry in part.MISTAKES.items()}
assert len(TYPED) == sum(len(part.MISTAKES) for part in PARTS), "two mistakes have the same name"
GENERATED = generated.mistakes()
MISTAKES = {**TYPED, **GENERATED}
