"""The grader's words in Chinese, for LANG_=zh: a catalogue has the patterns of messages.

In zh.json, `grader' has what the grader itself says, and `checks' what programs and the kernel say:
below the Chinese of that the English stays. A {} stands for any value, which is translated in turn
if it is a message itself. What the catalogue lacks is shown in English.
"""

import io
import json
import os
import re
from pathlib import Path
from typing import Dict, List, TextIO, Tuple, Union

CATALOGUE = Path(__file__).resolve().parent / "zh.json"


class Words:
    """Says messages in Chinese."""

    def __init__(self, catalogue: Dict[str, Dict[str, str]]):
        self._checks = catalogue["checks"]
        both = {**catalogue["grader"], **self._checks}
        most_said = sorted(both, key=lambda key: len(key.replace("{}", "")), reverse=True)
        self._patterns = [(re.compile("(.+?)".join(map(re.escape, key.split("{}")))), key, both[key])
                          for key in most_said]

    def lines(self, line: str) -> List[str]:
        """Return a line as it is to be shown: in Chinese, with the English of a check's below it."""
        text = line.lstrip(" ")
        indent = line[:len(line) - len(text)]
        key, chinese = self._find(text)
        if not key:
            return [line]
        return [indent + chinese] + [f"{indent}  {text}"] * (key in self._checks)

    def _find(self, text: str) -> Tuple[str, str]:
        """Return the pattern of a message and its Chinese; twice "" if there is none."""
        for pattern, key, chinese in self._patterns:
            found = pattern.fullmatch(text)
            if found:
                return key, chinese.format(*[self._find(value)[1] or value for value in found.groups()])
        return "", ""


class English:
    """Says messages as they are."""

    def lines(self, line: str) -> List[str]:
        """Return a line as it is to be shown."""
        return [line]


def chosen(stream: TextIO) -> Union[Words, English]:
    """Return the words of the language that LANG_ asks for, and make the stream fit for them. The locale
    does not matter, so that who asks for nothing else sees what the guide shows."""
    if not os.environ.get("LANG_", "").startswith("zh") or not CATALOGUE.exists():
        return English()
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8")
    return Words(json.loads(CATALOGUE.read_text(encoding="utf-8")))
