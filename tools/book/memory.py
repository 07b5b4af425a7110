"""What runs have printed or recorded, so that they need not be done again."""

import hashlib
import os
from pathlib import Path
from typing import Set


class Memory:
    """Files in one folder: each for a run, and for all that the run depends on."""

    def __init__(self, place: Path, state: str):
        self._place, self._state = place, state
        self._used: Set[Path] = set()
        place.mkdir(parents=True, exist_ok=True)

    def file(self, what: str, kind: str) -> Path:
        """Return the file for a run, which is there if the run has been done."""
        name = hashlib.sha256((self._state + what).encode()).hexdigest()
        self._used.add(self._place / f"{name[:20]}.{kind}")
        return self._place / f"{name[:20]}.{kind}"

    def store(self, file: Path, content: bytes) -> None:
        """Write such a file. Others may write the same one: it is one of theirs, or ours, and whole."""
        unfinished = file.with_name(f"{file.name}.{os.getpid()}")
        unfinished.write_bytes(content)
        unfinished.replace(file)

    def forget_others(self) -> None:
        """Remove the files that nobody has asked for."""
        for file in self._place.iterdir():
            if file not in self._used:
                file.unlink()
