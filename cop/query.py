"""What people type into the search box, as an expression for the index. Pure.

Nothing typed is a syntax error: only keys of words and phrases reach FTS5, in quotes, so AND, NEAR( and * are plain words.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cached_property

from cop import word_rules as rules
from cop import words

MAX_PARTS = 16  # more words than anyone remembers typing; the rest is left out
MAX_TYPED = 300  # characters that are looked at
MIN_BEGINNING = 3  # the beginning of a word has at least three letters
_SMALL = frozenset(map(words.plain, rules.SMALL))
_PIECES = re.compile(r'"([^"]*)"|([^\s"]+)')


@dataclass(frozen=True)
class Part:
    """One thing that a record must have: a word, words side by side, or a pair that is also one word."""

    words: tuple[str, ...]  # plain
    start: int  # where it stands in what was typed
    end: int
    whole: str = ""  # the same as one word: coproduction
    apart: bool = False  # the words need not stand side by side
    quoted: bool = False
    also: tuple[str, ...] = ()  # plain words that will do as well

    @property
    def word(self) -> str:
        """The part as one plain word, or "" if it is a phrase."""
        return self.whole or (self.words[0] if len(self.words) == 1 else "")

    @cached_property
    def keys(self) -> frozenset[str]:
        """Keys of everything that counts as found."""
        parts = () if self._is_one_word else self.words
        return frozenset(key for word in (*self._singles(), *parts) for key in words.keys(word))

    @cached_property
    def expression(self) -> str:
        """For FTS5: any of the ways in which this may be filed."""
        options = [f'"{key}"' for word in self._singles() for key in words.keys(word)]
        if len(self.words) > 1 and not self._is_one_word:
            options += [_side_by_side(self.words, language, self.apart) for language in rules.LANGUAGES]
        return f"({' OR '.join(dict.fromkeys(options))})"

    @property
    def _is_one_word(self) -> bool:
        """True if no record has it only in parts: such words are filed as one as well, however they are written."""
        known = self.words[0] in rules.PREFIXES or (len(self.words) == 2 and words.is_pair(*self.words))
        return bool(self.whole) and known

    def _singles(self) -> tuple[str, ...]:
        return (*((self.word,) if self.word else ()), *self.also)


def _side_by_side(found: tuple[str, ...], language: str, apart: bool) -> str:
    keys = [words.key(word, language) for word in found]
    return "(" + " AND ".join(f'"{key}"' for key in keys) + ")" if apart else f'"{" ".join(keys)}"'


@dataclass(frozen=True)
class Query:
    """What was typed, in parts."""

    parts: tuple[Part, ...]

    @cached_property
    def needed(self) -> tuple[Part, ...]:
        """The parts without small words such as "the", unless there are no others."""
        told = tuple(part for part in self.parts if part.quoted or part.word not in _SMALL)
        return told or self.parts

    @cached_property
    def keys(self) -> frozenset[str]:
        """Keys of all words that are marked in what is found."""
        return frozenset(key for part in self.needed for key in part.keys)

    @property
    def whole(self) -> str:
        """All plain words in one."""
        return "".join(part.whole or "".join(part.words) for part in self.parts)

    def all_words(self) -> str:
        """For records that have every part."""
        return " AND ".join(part.expression for part in self.needed)

    def all_but_one(self) -> str:
        """For records that lack at most one part."""
        each = [part.expression for part in self.needed]
        return " OR ".join(f"({' AND '.join(each[:at] + each[at + 1 :])})" for at in range(len(each)))

    def any_word(self) -> str:
        """For records that have at least one part."""
        return " OR ".join(part.expression for part in self.needed)

    @property
    def beginning(self) -> str:
        """The last word, if it may go on; else ""."""
        last = self.parts[-1] if self.parts else None
        return last.word if last and not last.quoted and len(last.word) >= MIN_BEGINNING else ""

    def going_on(self, endings: tuple[str, ...]) -> "Query":
        """The same, where any of these words will do for the last."""
        return Query((*self.parts[:-1], replace(self.parts[-1], also=endings)))

    def without(self, unknown: tuple[Part, ...]) -> "Query":
        """The same without some parts."""
        return Query(tuple(part for part in self.parts if part not in unknown))


def parse(typed: str) -> Query:
    """Split what was typed; what has no letter or digit is left out.

    >>> parse('co production "sharing power" AND').all_words()
    '("coproduc" OR "coproduction") AND ("shar power" OR "sharing power")'
    """
    parts: list[Part] = []
    for piece in _PIECES.finditer(_clean(typed)):
        part = _part(piece)
        if part and parts and _pair(parts[-1], part):
            part = _as_pair(parts.pop(), part)
        if part and len(parts) < MAX_PARTS and all(part.words != other.words for other in parts):
            parts.append(part)
    return Query(tuple(parts))


def _part(piece: "re.Match[str]") -> Part | None:
    runs = words.RUN.findall(piece[0])
    found = tuple(word for run in runs for word in words.parts(run))[:MAX_PARTS]
    if not found:
        return None
    quoted = piece[1] is not None
    whole = words.joined(found) if len(runs) == 1 and not quoted else ""
    return Part(found, piece.start(), piece.end(), whole, quoted=quoted)


def _pair(one: Part, other: Part) -> bool:
    if one.quoted or other.quoted or len(one.words) > 1 or len(other.words) > 1:
        return False
    first, second = one.words[0], other.words[0]
    numbered = len(second) < 3 and first.isalpha() and second.isdigit()  # gripp 2 is also written gripp2
    return numbered or words.is_pair(first, second)


def _as_pair(one: Part, other: Part) -> Part:
    found = one.words + other.words
    return Part(found, one.start, other.end, "".join(found), apart=True)


def _clean(typed: str) -> str:
    """Without control characters, and no longer than anyone types. Every character keeps its place."""
    cut = typed[:MAX_TYPED]
    return "".join(" " if unicodedata.category(character) in ("Cc", "Cs") else character for character in cut)
