"""What search finds a record by: which of the shown texts, and the words that its article does not show as they are.

The script of the page reads both, so that it finds what the server finds.
"""

import html
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from cop.words import RUN

_TOPIC = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TAG = re.compile(r"<[^>]*>")


def topics_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Topics by their short addresses; () if any of them is none."""
    named = fields.get("topics")
    found = tuple(one for one in named if isinstance(one, str)) if isinstance(named, list) else ()
    return found if all(map(_TOPIC.fullmatch, found)) else ()


class Filed:
    """The words that a record is filed under, less those that were shown so far."""

    def __init__(self, row: sqlite3.Row | Mapping[str, str], topics: Iterable[str], body: str) -> None:
        self._names = RUN.findall(row["keywords"])  # the script adds the year
        self._text = RUN.findall(f"{row['text']}\n{row['other_words']}")
        self._take(self._names, [word for topic in topics for word in topic.split("-")])
        self._take(self._text, RUN.findall(html.unescape(_TAG.sub("", body))))

    def shown(self, text: str) -> str:
        """How a shown text counts: "k" among the names, "t" as text, "" if search does not know it."""
        found = RUN.findall(text)
        return "k" if self._take(self._names, found) else "t" if self._take(self._text, found) else ""

    def rest(self) -> str:
        """What nothing shows: names on the first line, words of the text on the second; "" if all is shown."""
        return f"{' '.join(self._names)}\n{' '.join(self._text)}".rstrip()

    def _take(self, held: list[str], found: list[str]) -> bool:
        """Take words away, as they stand side by side or else each by itself; False if some are not there."""
        if not found:
            return False
        at = next((at for at in range(len(held)) if held[at : at + len(found)] == found), -1)
        if at >= 0:
            del held[at : at + len(found)]
            return True
        left = Counter(found)
        if left - Counter(held):
            return False
        for one in found:
            held.remove(one)
        return True
