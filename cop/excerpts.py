"""Found words marked in titles and texts, and the part of a text that shows most of them. Pure.

Marks are control characters that no published text holds; whoever shows a text escapes it first, then calls `mark()`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import lru_cache
from itertools import islice, pairwise

from cop import words

MARK_ON, MARK_OFF = "\x02", "\x03"
WINDOW = 28  # words of an excerpt
BEFORE = 6  # of them before the first found word
MAX_LOOKED_AT = 20_000  # characters of a text
MAX_EXCERPT = 400  # characters, for texts without spaces
_NONE: frozenset[str] = frozenset()
_NO_END = re.compile(r"\n(?<=[^\s.!?:;,…؟،؛۔。]\n)")  # looks at ends of lines only
_Keys = dict[int, frozenset[str]]  # number of a run, in order: the keys that are looked for and stand there
_PAIRED = re.compile(f"{MARK_ON}([^{MARK_ON}{MARK_OFF}]*){MARK_OFF}")
_MARKS = dict.fromkeys(map(ord, MARK_ON + MARK_OFF))


def mark(text: str, on: str, off: str) -> str:
    """Replace the marks in a title or excerpt, always in pairs. Escape the text first if it goes into a page.

    >>> mark("a \\x02power\\x03 \\x02cut", "<", ">")
    'a <power> cut'
    """
    return plain(_PAIRED.sub(lambda found: on + found[1] + off, text))


def one_line(text: str) -> str:
    """Paragraphs, headings and answers one after the other, with a dot where no sentence ends.

    >>> one_line("How we worked\\nIt is not a test.\\nTwo ways:\\nDiaries")
    'How we worked · It is not a test. Two ways: Diaries'
    """
    return _NO_END.sub(" · ", text).replace("\n", " ")


def plain(text: str) -> str:
    """A title or excerpt without its marks."""
    return text.translate(_MARKS) if MARK_ON in text or MARK_OFF in text else text


def marked(text: str, language: str, keys: Set[str]) -> str:
    """A title or summary with the found words between marks.

    >>> marked("Co-producing health care", "en", {"coproduc"}).replace(MARK_ON, "<").replace(MARK_OFF, ">")
    '<Co-producing> health care'
    >>> marked("Child care", "en", {"childcar"}).replace(MARK_ON, "<").replace(MARK_OFF, ">")
    '<Child> <care>'
    """
    text = plain(text)
    return _with_marks(text, _spans(text), _found(words.RUN.findall(text), language, keys), 0, len(text))


def excerpt(text: str, language: str, keys: Set[str]) -> str:
    """The part of a text with most of the words, with marks; "" if none stands in it."""
    text = plain(text[:MAX_LOOKED_AT])
    runs = words.RUN.findall(text)
    found = _found(runs, language, keys)
    if not found:
        return ""
    first = max(0, min(_best(found) - BEFORE, len(runs) - WINDOW))
    spans = _spans(text, first + WINDOW)
    start = spans[first][0] if first else 0
    end = min(spans[-1][1], spans[first][0] + MAX_EXCERPT)
    last = len(spans) == len(runs) and end == spans[-1][1]
    here = {number: keys for number, keys in found.items() if first <= number < len(spans)}
    cut = _with_marks(text, spans, here, start, len(text) if last and len(text) - end < 10 else end)
    return ("" if start == 0 else "… ") + " ".join(cut.split()) + ("" if last else " …")


def _spans(text: str, most: int | None = None) -> list[tuple[int, int]]:
    """Where the first runs of a text begin and end."""
    return [run.span() for run in islice(words.RUN.finditer(text), most)]


def _best(found: _Keys) -> int:
    """The first found run of the part with most different words."""
    numbers = list(found)

    def told(at: int) -> int:
        end = numbers[at] + WINDOW - BEFORE
        shown = (number for number in numbers[at : at + WINDOW - BEFORE] if number < end)
        return len(frozenset().union(*(found[number] for number in shown)))

    return numbers[max(range(len(numbers)), key=lambda at: (told(at), -at))]


class Sought(frozenset[str]):
    """Keys that are looked for in several texts, and what stood there and is none of them, so that it is looked at once."""

    def __init__(self, _keys: Iterable[str]) -> None:
        self.others: dict[str, set[str]] = defaultdict(set)  # runs, by the language of their text


def _found(runs: list[str], language: str, keys: Set[str]) -> _Keys:
    """Which runs are looked for. Most are not, and each is looked at once however often it stands in the text."""
    language = words.language_of(language)
    here: dict[str, frozenset[str]] = {}
    firsts: dict[str, str] = {}
    others = keys.others[language] if isinstance(keys, Sought) else set()
    for run in set(runs) - others:
        filed, alone = _filed(run, language)
        if not filed.isdisjoint(keys):
            here[run] = filed & keys
        elif alone not in words.FIRSTS:
            others.add(run)
        if alone in words.FIRSTS:
            firsts[run] = alone
    found = {number: here[run] for number, run in enumerate(runs) if run in here} if here else {}
    for number, both in _pairs(runs, firsts, language, keys) if firsts else ():
        found[number] = found.get(number, _NONE) | both
    return dict(sorted(found.items()))


def _pairs(
    runs: list[str], firsts: Mapping[str, str], language: str, keys: Set[str]
) -> Iterator[tuple[int, frozenset[str]]]:
    """Two runs side by side that are filed as one word, too, if that is looked for."""
    for number, (run, following) in enumerate(pairwise(runs)):
        second = _filed(following, language)[1] if run in firsts else ""
        if second and words.is_pair(firsts[run], second):
            both = keys & {words.key(firsts[run] + second, language)}
            yield from ((at, frozenset(both)) for at in (number, number + 1) if both)


@lru_cache(maxsize=words.MAX_KEPT)
def _filed(run: str, language: str) -> tuple[frozenset[str], str]:
    """The keys of a run of characters, and the plain word if it is one."""
    parts = words.parts(run)
    whole = words.joined(parts)
    keys = frozenset(words.key(word, language) for word in (*parts, *filter(None, [whole])))
    return keys, parts[0] if len(parts) == 1 else ""


def _with_marks(text: str, spans: list[tuple[int, int]], found: _Keys, start: int, end: int) -> str:
    pieces, at = [], start
    for first, last in map(spans.__getitem__, found):
        if last <= end:
            pieces += [text[at:first], MARK_ON, text[first:last], MARK_OFF]
            at = last
    return "".join([*pieces, text[at:end]])
