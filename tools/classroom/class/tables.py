"""What a teacher sets beside points, in plain files: late days, times of hand-in."""

import csv
import math
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Dict, NamedTuple, Optional

from weights import TableError, number, words_of


def moment(text: str, place: str) -> datetime:
    """Return a point in time; without a zone it is one of ours."""
    try:
        return datetime.fromisoformat(re.sub("Z$", "+00:00", text.strip())).astimezone()
    except ValueError as error:
        raise TableError(f"{place}: `{text}' is no time, as 2026-03-20 23:59 is") from error


# ---- Late days ----

class Late(NamedTuple):
    """When a hand-in is late, and what that costs."""
    due: datetime
    free: float = 0                     # days that cost nothing
    allowed: Dict[str, float] = {}      # such days of single students
    penalty: float = 0                  # percent of the points, for each further day
    closed: float = math.inf            # after so many days nothing counts

    def days(self, when: datetime) -> int:
        """Return how many days late that is; each that has begun counts."""
        return max(0, math.ceil((when - self.due) / timedelta(days=1)))

    def share(self, name: str, when: datetime) -> float:
        """Return which share of the points a student keeps."""
        days = self.days(when)
        if days > self.closed:
            return 0
        charged = max(0, days - self.allowed.get(name, self.free))
        return max(0.0, 1 - charged * self.penalty / 100)


def read_late(path: Optional[Path]) -> Optional[Late]:
    """Return what a table of late days says."""
    if path is None:
        return None
    due, numbers, allowed = None, {}, {}
    for place, (what, *rest) in words_of(path):
        if what == "due":
            due = moment(" ".join(rest), place)
        elif what in ("free", "penalty", "closed") and len(rest) == 1:
            numbers[what] = number(rest[0], place)
        elif what == "free" and rest:
            allowed[" ".join(rest[:-1])] = number(rest[-1], place)
        else:
            raise TableError(f"{place}: a line is one of: due DATE TIME, free DAYS, free NAME DAYS,"
                             " penalty PERCENT, closed DAYS")
    if due is None:
        raise TableError(f"{path}: no line says when it is due, as: due 2026-03-20 23:59")
    return Late(due, allowed=allowed, **numbers)


def read_times(path: Optional[Path]) -> Dict[str, datetime]:
    """Return when each was handed in, from a CSV file of names and times."""
    if path is None:
        return {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [(f"{path}:{at}", row) for at, row in enumerate(csv.reader(file), 1) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise TableError(f"{path} cannot be read: {error}") from error
    times = {}
    for place, row in rows:
        if len(row) < 2:
            raise TableError(f"{place}: a line has a name and a time, with a comma between")
        if row[1].strip().lower() != "time":    # the heading
            times[row[0].strip()] = moment(row[1], place)
    return times
