"""Typical mistakes in the exercises, and how one knows each.

Each is: what is wrong; the exercise, and the check of it that finds this; what that says (a regular
expression); and where the mistake is: file, text, text in its place, as often as needed.
"""

from mistakes import calls, clock, faults, fork, ipc, setup, turns

MISTAKES = {what: mistake for part in (setup, turns, calls, faults, fork, clock, ipc)
            for what, mistake in part.MISTAKES.items()}
