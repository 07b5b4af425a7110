"""What an interrupted search has found: the same search goes on with that."""

import hashlib
import json
from pathlib import Path
from typing import Dict

from seedruns import Outcome, Task, outcome_from


class Kept:
    """The outcomes of a task's runs of an image, in a file of a directory."""

    def __init__(self, place: Path, task: Task, image: Path):
        key = hashlib.sha256(json.dumps(task).encode() + image.read_bytes()).hexdigest()
        self.file = place / key[:16]
        self.outcomes: Dict[int, Outcome] = {}
        if self.file.exists():
            # The last line may not be whole.
            for line in self.file.read_text(encoding="utf-8").split("\n")[:-1]:
                outcome = outcome_from(json.loads(line))
                self.outcomes[outcome.seed] = outcome

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome."""
        self.outcomes[outcome.seed] = outcome
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(outcome) + "\n")

    def forget(self) -> None:
        """The search is over."""
        self.file.unlink(missing_ok=True)
