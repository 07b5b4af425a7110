"""What a hand-in is worth: points by rows of the table, and what lateness leaves of them."""

from datetime import datetime
from typing import Dict, List, NamedTuple, Optional

from handins import HandIn, Record
from tables import Late
from weights import Row, asked_for, earned


class Mark(NamedTuple):
    """What a hand-in is worth, and why."""
    handin: HandIn
    record: Optional[Record]            # None: it has not been graded
    points: Dict[str, float]            # of each row
    when: Optional[datetime]
    days: int                           # that it is late
    share: float                        # that lateness leaves

    @property
    def sum(self) -> float:
        """The points earned."""
        return round(sum(self.points.values()), 2)

    @property
    def score(self) -> float:
        """What counts."""
        return round(self.sum * self.share, 2)

    def remarks(self, when_unknown: bool) -> List[str]:
        """Return what a teacher should know of it."""
        if self.record is None:
            return ["not graded yet"]
        said = [self.record.refused] if self.record.refused else []
        if self.record.build:
            said.append("it does not build")
        if when_unknown:
            said.append("no time is given, so that of the file counts")
        return said + self.record.notes


def mark(handin: HandIn, record: Optional[Record], rows: List[Row], late: Optional[Late],
         times: Dict[str, datetime]) -> Mark:
    """Return what a hand-in is worth."""
    if record and record.missing(asked_for(rows)):
        record = None       # not all of it has been graded
    asked = [row.name for row in rows]
    points = {row.name: earned(row, record.tests, asked) if record else 0 for row in rows}
    when = times.get(handin.name) or times.get(handin.path.name) or handin.time()
    if late is None:
        return Mark(handin, record, points, when, 0, 1)
    return Mark(handin, record, points, when, late.days(when), late.share(handin.name, when))
