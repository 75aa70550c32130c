"""Found words marked in titles and texts, and the part of a text that shows most of them. Pure.

Marks are control characters that no published text holds; whoever shows a text escapes it first, then calls `mark()`.
"""

import re
from collections.abc import Set
from functools import lru_cache
from typing import NamedTuple

from cop import words

MARK_ON, MARK_OFF = "\x02", "\x03"
WINDOW = 28  # words of an excerpt
BEFORE = 6  # of them before the first found word
MAX_LOOKED_AT = 20_000  # characters of a text
MAX_EXCERPT = 400  # characters, for texts without spaces
_NONE: frozenset[str] = frozenset()
_MARKS = dict.fromkeys(map(ord, MARK_ON + MARK_OFF))


class _Run(NamedTuple):  # a page makes thousands of them
    start: int
    end: int
    found: frozenset[str]  # keys that are looked for and stand here


def mark(text: str, on: str, off: str) -> str:
    """Replace the marks in a title or excerpt, always in pairs. Escape the text first if it goes into a page.

    >>> mark("a \\x02power\\x03 \\x02cut", "<", ">")
    'a <power> cut'
    """
    paired = re.sub(f"{MARK_ON}([^{MARK_ON}{MARK_OFF}]*){MARK_OFF}", lambda found: on + found[1] + off, text)
    return paired.translate(_MARKS)


def plain(text: str) -> str:
    """A title or excerpt without its marks."""
    return text.translate(_MARKS)


def marked(text: str, language: str, keys: Set[str]) -> str:
    """A title or summary with the found words between marks.

    >>> marked("Co-producing health care", "en", {"coproduc"}).replace(MARK_ON, "<").replace(MARK_OFF, ">")
    '<Co-producing> health care'
    >>> marked("Child care", "en", {"childcar"}).replace(MARK_ON, "<").replace(MARK_OFF, ">")
    '<Child> <care>'
    """
    text = text.translate(_MARKS)
    return _with_marks(text, _runs(text, language, keys), 0, len(text))


def excerpt(text: str, language: str, keys: Set[str]) -> str:
    """The part of a text with most of the words, with marks; "" if none stands in it."""
    text = text[:MAX_LOOKED_AT].translate(_MARKS)
    runs = _runs(text, language, keys)
    at = [number for number, run in enumerate(runs) if run.found]
    if not at:
        return ""
    best = max(at, key=lambda first: (_told(runs[first : first + WINDOW - BEFORE]), -first))
    first = max(0, min(best - BEFORE, len(runs) - WINDOW))
    shown = runs[first : first + WINDOW]
    start, end = (0 if first == 0 else shown[0].start), min(shown[-1].end, shown[0].start + MAX_EXCERPT)
    last = end >= runs[-1].end
    cut = _with_marks(text, shown, start, len(text) if last and len(text) - end < 10 else end)
    return ("" if start == 0 else "… ") + " ".join(cut.split()) + ("" if last else " …")


def _told(runs: list[_Run]) -> int:
    """How many different words stand in these."""
    return len(frozenset().union(*(run.found for run in runs)))


def _runs(text: str, language: str, keys: Set[str]) -> list[_Run]:
    language = words.language_of(language)
    before = ""
    runs: list[_Run] = []
    for run in words.RUN.finditer(text):
        filed, alone = _filed(run[0], language)
        if before in words.FIRSTS and words.is_pair(before, alone):
            both = {words.key(before + alone, language)}
            filed |= both
            runs[-1] = runs[-1]._replace(found=runs[-1].found | (both & keys))
        before = alone
        runs.append(_Run(*run.span(), _NONE if filed.isdisjoint(keys) else filed & keys))
    return runs


@lru_cache(maxsize=words.MAX_KEPT)
def _filed(run: str, language: str) -> tuple[frozenset[str], str]:
    """The keys of a run of characters, and the plain word if it is one."""
    parts = words.parts(run)
    whole = words.joined(parts)
    keys = frozenset(words.key(word, language) for word in (*parts, *filter(None, [whole])))
    return keys, parts[0] if len(parts) == 1 else ""


def _with_marks(text: str, runs: list[_Run], start: int, end: int) -> str:
    pieces, at = [], start
    for run in runs:
        if run.found and run.end <= end:
            pieces += [text[at : run.start], MARK_ON, text[run.start : run.end], MARK_OFF]
            at = run.end
    return "".join([*pieces, text[at:end]])
