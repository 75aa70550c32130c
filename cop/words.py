"""Words as search sees them: the same when a record is filed and when somebody types. Pure.

A word goes three ways: `plain()` takes off what differs in writing (capitals, accents, letter forms of Arabic), the
rules of spelling bring British and American together, and the endings of its language come off. What is left is its key.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

from cop import word_rules as rules

MAX_LETTERS = 40  # of a word that are looked at
MAX_PARTS = 4  # words joined by hyphens that are also filed as one, as in face-to-face
MAX_KEPT = 100_000  # words that are remembered with their keys
SHORTEST = 4  # letters of a Latin word that endings come off
FIRSTS = frozenset(rules.PREFIXES | {first for first, _ in rules.PAIRS})  # of words that `is_pair` may join

_INSIDE = f"{rules.MARKS}{rules.VOWEL_SIGNS}{rules.INVISIBLE}{rules.APOSTROPHES}"
RUN = re.compile(rf"[^\W_][\w{_INSIDE}{re.escape(rules.HYPHENS)}]*")  # one word, or several joined by hyphens
_ONE = re.compile(f"[{rules.UNSPACED}]|[^_{re.escape(rules.HYPHENS)}{rules.UNSPACED}]+")
_OFF = re.compile(f"[{rules.MARKS}{rules.INVISIBLE}{rules.APOSTROPHES}]")
_STRANGE = re.compile(rf"[^\w{rules.VOWEL_SIGNS}]|_")  # what taking letters apart may leave, such as the stroke of ½
_LETTERS = str.maketrans({**rules.LETTERS, **{chr(0x660 + n): str(n) for n in range(10)}, **{chr(0x6F0 + n): str(n) for n in range(10)}})  # fmt: skip
_ARABIC = re.compile("[\u0621-\u06d3]")
_LATIN = re.compile("[a-z]+")
_SPELLING = "spelling"  # beside the languages, the rules of spelling alone
_GROUPS = {**rules.ENDINGS, "en": rules.SPELLING + rules.ENDINGS["en"], _SPELLING: rules.SPELLING}


@cache  # not at the start: most commands need no word
def _rules(language: str) -> list[tuple[re.Pattern[str], list[tuple[re.Pattern[str], str]]]]:
    """Groups of rules, each with a pattern that fits if any of them does: most words are not changed by most groups."""
    return [
        (_any([pattern for pattern, _ in group]), [(re.compile(pattern), new) for pattern, new in group])
        for group in _GROUPS[language]
    ]


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    """One pattern for several. What they call "the first bracket" is counted on.

    >>> _any([r"(.)x", r"(.)y\\1"]).pattern
    '(?:(.)x)|(?:(.)y\\\\2)'
    """
    found = ""
    for pattern in patterns:
        before = re.compile(found).groups
        counted_on = re.sub(r"\\(\d)", lambda number: f"\\{int(number[1]) + before}", pattern)  # noqa: B023 - used at once
        found += f"{'|' if found else ''}(?:{counted_on})"
    return re.compile(found)


@lru_cache(maxsize=MAX_KEPT)
def plain(word: str) -> str:
    """A word without what differs in writing; "" if no letter or digit is left.

    >>> plain("Café’s"), plain("Łukasz"), plain("أُسْرَة"), plain("٢٠١٨")
    ('cafes', 'lukasz', 'اسره', '2018')
    """
    if word.isascii() and word.isalnum():  # most words
        return word[:MAX_LETTERS].lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word[: 2 * MAX_LETTERS]).casefold())
    letters = _STRANGE.sub("", _OFF.sub("", apart).translate(_LETTERS))
    return unicodedata.normalize("NFC", letters[:MAX_LETTERS])


@lru_cache(maxsize=MAX_KEPT)
def parts(run: str) -> tuple[str, ...]:
    """The plain words of one run of characters.

    >>> parts("Co-Producing"), parts("研究")
    (('co', 'producing'), ('研', '究'))
    """
    return tuple(word for word in map(plain, _ONE.findall(run)) if word)


@lru_cache(maxsize=1000)
def language_of(code: str) -> str:
    """Whose endings come off in a record of this language."""
    base = code.partition("-")[0].lower()
    return base if base in rules.LANGUAGES else rules.LANGUAGES[0]


@lru_cache(maxsize=MAX_KEPT)
def key(word: str, language: str = "en") -> str:
    """What a plain word is filed under.

    >>> key("organizations"), key("organisation"), key("coproducing"), key("coproduction")
    ('organis', 'organis', 'coproduc', 'coproduc')
    >>> key("spolecznosci", "pl"), key("bulshada", "so"), key("المجتمع")
    ('spolecznosc', 'bulsh', 'مجتمع')
    """
    word = rules.SAME.get(word, word)
    if _ARABIC.match(word):
        return _apply(word, "ar")
    return _apply(word, language) if len(word) >= SHORTEST and _LATIN.fullmatch(word) else word


def _apply(word: str, language: str) -> str:
    for some_fits, group in _rules(language):
        if some_fits.search(word):
            for pattern, new in group:
                changed, times = pattern.subn(new, word)
                if times:
                    word = changed
                    break
    return word


def british_and_american(word: str) -> str:
    """The spelling that stands for both, of a plain word: one of the two, or neither.

    >>> british_and_american("centre"), british_and_american("organization"), british_and_american("tea")
    ('center', 'organisation', 'tea')
    """
    return _apply(word, _SPELLING)


def keys(word: str) -> tuple[str, ...]:
    """Every key that a plain word may be filed under, as its language is not known."""
    return tuple(dict.fromkeys(key(word, language) for language in rules.LANGUAGES))


def joined(words: Iterable[str]) -> str:
    """Words joined by hyphens as one plain word, or "" if they are not filed as one, such as dates."""
    found = list(words)
    whole = "".join(found)
    short = 1 < len(found) <= MAX_PARTS and len(whole) <= MAX_LETTERS
    return whole if short and any(character.isalpha() and character < "\u2e80" for character in whole) else ""


def is_pair(first: str, second: str) -> bool:
    """True if two plain words side by side are also one word."""
    return (first in rules.PREFIXES and len(second) > 2 and second.isalpha()) or (first, second) in rules.PAIRS


class _Places(dict[str, str]):
    """Runs of characters and their keys, as they stand in the text."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.joined: dict[str, str] = {}  # runs with hyphens and their keys as one word
        self.written: dict[str, str] = {}  # runs whose words are not their own keys, and those words
        self.firsts = {key(first, language) for first in FIRSTS}

    def __missing__(self, run: str) -> str:
        if len(self) > MAX_KEPT:
            self.clear()
            self.joined.clear()
            self.written.clear()
        found = (run.lower(),) if _is_easy(run) else parts(run)
        whole = joined(found) if len(found) > 1 else ""
        if whole:
            self.joined[run] = key(whole, self.language)
        self[run] = here = " ".join([key(word, self.language) for word in found])
        if found != (here,) or not _is_easy(run):
            told = dict.fromkeys([run[: 2 * MAX_LETTERS].casefold(), *found, *filter(None, [whole])])
            self.written[run] = " ".join(word for word in told if word not in here.split())
        return here


def _is_easy(run: str) -> bool:
    """True for most words: a single one of Latin letters or digits, and not too long."""
    return run.isascii() and run.isalnum() and len(run) <= MAX_LETTERS


_PLACES = {language: _Places(language) for language in rules.LANGUAGES}


def filed(runs: list[str], language: str) -> str:
    """What the index holds of a text, given its runs: keys in their order, then those of joined words.

    >>> filed(RUN.findall("Co-producing health care"), "en")
    'co produc health care coproduc healthcar'
    """
    places = _PLACES[language_of(language)]
    found = list(map(places.__getitem__, runs))
    here = " ".join(found)
    also: list[str] = []
    if here.count(" ") >= len(found):  # hyphens are rare, and looking for them takes its time
        also = sorted(places.joined[run] for run in places.joined.keys() & set(runs))
    if not places.firsts.isdisjoint(found):
        pairs = ((plain(runs[at]), plain(runs[at + 1])) for at, one in enumerate(found[:-1]) if one in places.firsts)
        also += [key(first + second, places.language) for first, second in pairs if is_pair(first, second)]
    return " ".join([here, *also])


def written(runs: Iterable[str], language: str) -> str:
    """Words of filed runs that are not their own keys, each once, for those who look for words as people write them.

    >>> written(RUN.findall("Co-producing health research"), "en")
    'co-producing producing coproducing'
    """
    places = _PLACES[language_of(language)]
    return " ".join(dict.fromkeys(filter(None, map(places.written.get, runs))))
