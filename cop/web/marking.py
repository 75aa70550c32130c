"""Which words of a text were taken out and put in. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

SAME, OUT, IN = "same", "out", "in"
MAX_WORDS = 400  # of a text; longer ones stand as a whole before and after
_AROUND = 8  # words that stay on both sides of what changed
_LEAST_SAME = 0.35  # texts that share less are easier to read one after the other
_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True)
class Piece:
    """Some words of a change."""

    kind: str  # SAME, OUT or IN
    text: str


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """Both texts in one: what stayed, what was taken out, what was put in. Long parts that stayed are shortened.

    >>> [(piece.kind, piece.text) for piece in pieces("We meet on Monday at noon", "We meet on Tuesday at noon")]
    [('same', 'We meet on '), ('out', 'Monday '), ('in', 'Tuesday '), ('same', 'at noon')]
    """
    one, other = _WORD.findall(before), _WORD.findall(after)
    if one and other and max(len(one), len(other)) <= MAX_WORDS:
        words = [[word.strip() for word in side] for side in (one, other)]  # another line break is no other word
        matcher = SequenceMatcher(None, words[0], words[1], autojunk=False)
        if matcher.ratio() >= _LEAST_SAME:
            return tuple(_marked(matcher, one, other))
    return tuple(Piece(kind, text) for kind, text in ((OUT, before), (IN, after)) if text)


def _marked(matcher: SequenceMatcher[str], one: list[str], other: list[str]) -> Iterator[Piece]:
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield Piece(SAME, _shortened(other[j1:j2], at_start=j1 == 0, at_end=j2 == len(other)))
            continue
        if i1 < i2:
            yield Piece(OUT, "".join(one[i1:i2]))
        if j1 < j2:
            yield Piece(IN, "".join(other[j1:j2]))


def _shortened(words: list[str], *, at_start: bool, at_end: bool) -> str:
    first, last = (0 if at_start else _AROUND), (0 if at_end else _AROUND)
    if len(words) <= first + last + 2:
        return "".join(words)
    return "".join(words[:first]) + "… " + "".join(words[len(words) - last :])
