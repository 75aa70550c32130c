"""Words that are spelled right although nobody here may have written them: search offers no other for them."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cop import words
from cop.fields import TYPES
from cop.languages import OWN_NAMES

_CATALOGUES = Path(__file__).parent / "web" / "locale"
_MESSAGE = re.compile(r'^msgid(?:_plural)? ((?:".*"\n?)+)', re.MULTILINE)  # of a catalogue, in English
_SLOT = re.compile(r"%\(\w+\)s|\\n")  # where a message puts a value


def is_real(plain: str) -> bool:
    """True for months, days of the week, names of fields, kinds and choices, and the words that pages are written in.

    Words of the glossary need not stand here: they are in the collection, and what is in it is not corrected.
    """
    return plain in real_words() or words.key(plain) in _keys()


@cache
def real_words() -> frozenset[str]:
    """All of them, plain."""
    found = {
        part
        for text in (*_calendar(), *_labels(), *_pages())
        for run in words.RUN.findall(text)
        for part in words.parts(run)
    }
    return frozenset(found)


@cache
def _keys() -> frozenset[str]:
    """Other forms of the English ones: organisers, if pages say organiser."""
    return frozenset(words.key(word) for word in real_words() if word.isascii())


def _calendar() -> Iterator[str]:
    """Names of months and days, in all languages of the pages and in the forms that they take in a date."""
    from babel import Locale  # it takes a moment, and few searches come here

    for locale in map(Locale, OWN_NAMES):
        for names in (locale.months, locale.days):
            for form in ("format", "stand-alone"):
                yield from (name for width in ("wide", "abbreviated") for name in names[form][width].values())


def _labels() -> Iterator[str]:
    for record_type in TYPES.values():
        yield from (record_type.label, record_type.plural)
        for field in record_type.fields:
            yield from (field.label, *field.choices)


def _pages() -> Iterator[str]:
    """What pages say, in English: every catalogue of translations holds it."""
    for path in sorted(_CATALOGUES.glob("*/LC_MESSAGES/cop.po"))[:1]:
        yield from (_SLOT.sub(" ", message) for message in _MESSAGE.findall(path.read_text("utf-8")))
