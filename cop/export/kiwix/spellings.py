"""Other ways in which people write a word, as further words to find a record by: Kiwix knows no spelling but the one that it reads. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import pairwise

from cop import word_rules as rules
from cop import words

_AMERICAN = re.compile(r"(...)is(e|ed|er|ers|es|ing|able|ation|ations|ational)$")  # the rules go the other way only
_ANALYZE = re.compile(r"(..)ys(e|ed|er|ers|es|ing)$")
_NUMBERED = re.compile(r"([a-z]{2,})([0-9]+)")  # gripp2


def others(runs: Iterable[str]) -> Iterator[str]:
    """What else people may type for these runs of characters.

    >>> list(others(words.RUN.findall("Co-producing organisations: a guidebook, health care, GRIPP2")))
    ['coproducing', 'organizations', 'guide book', 'gripp 2', 'healthcare']
    >>> list(others(["Społeczność"]))
    ['społeczność', 'spolecznosc']
    """
    known = list(runs)
    for run in known:
        yield from _of(run)
    for one, other in pairwise(known):
        if words.is_pair(words.plain(one), words.plain(other)):
            yield words.plain(one) + words.plain(other)


@lru_cache(maxsize=words.MAX_KEPT)
def _of(run: str) -> tuple[str, ...]:
    parts = words.parts(run)
    found = [words.joined(parts)] if len(parts) > 1 else []
    if not run.isascii():  # some versions of Kiwix take off accents, some do not, and none knows a ł
        found += [run.lower(), *parts]
    for word in parts:
        found += [*_spelled(word), *_same().get(word, ()), *_apart().get(word, ())]
        if numbered := _NUMBERED.fullmatch(word):
            found.append(f"{numbered[1]} {numbered[2]}")
    return tuple(one for one in found if one)


def _spelled(word: str) -> Iterator[str]:
    """British for American, and the other way."""
    if len(word) < words.SHORTEST or not word.isascii():
        return
    for changed in (words.british_and_american(word), _AMERICAN.sub(r"\1iz\2", word), _ANALYZE.sub(r"\1yz\2", word)):
        if changed != word:
            yield changed


@cache
def _same() -> dict[str, list[str]]:
    """Words that are the same, both ways."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one, other in rules.SAME.items():
        if other not in ("newz", "evenin"):  # no words: they keep two others apart
            found[one].append(other)
            found[other].append(one)
    return dict(found)


@cache
def _apart() -> dict[str, list[str]]:
    """Words that some write as two."""
    return {f"{first}{second}": [f"{first} {second}"] for first, second in sorted(rules.PAIRS)}
