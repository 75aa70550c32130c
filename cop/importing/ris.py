"""Reads RIS, as Zotero, EndNote and library catalogues write it."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import rispy

from cop.importing.drafts import Draft, Known, Unread
from cop.importing.references import Reference, draft

_ENTRY = re.compile(r"^[ \t]*TY {2}- .*$", re.MULTILINE)
_MORE = {
    "JO": "journal", "JF": "journal", "JA": "journal", "T2": "published_in", "T3": "series", "VL": "volume", "IS": "issue",
    "SP": "first_page", "EP": "last_page", "ET": "edition", "SN": "issn_or_isbn", "CY": "place_published", "AN": "number",
}  # fmt: skip
_READ = frozenset(
    {
        "TY",
        "ER",
        "ID",
        "TI",
        "T1",
        "AU",
        "A1",
        "A2",
        "ED",
        "PY",
        "Y1",
        "DA",
        "PB",
        "UR",
        "DO",
        "LA",
        "KW",
        "AB",
        "N2",
        "Y2",
        "M3",
    }
)
_MANY = frozenset({"AU", "A1", "A2", "ED", "KW", "UR", "N1", "L1", "L2", "L3", "L4"})


_UNKNOWN = "unknown_tag"
# each tag under its own name; rispy puts those that it has not been told of under the last
_AS_WRITTEN = {tag: tag for tag in {*_READ, *_MORE, *_MANY}} | {rispy.RisParser.UNKNOWN_TAG: _UNKNOWN}


def read(text: str, known: Known) -> Iterator[Draft | Unread]:
    """The entries of a file, and those that cannot be read: each is looked at apart, so that none spoils another."""
    parser = rispy.RisParser(mapping=_AS_WRITTEN, list_tags=sorted(_MANY), delimiter_tags_mapping={})
    starts = [found.start() for found in _ENTRY.finditer(text)]
    for start, end in pairwise([*starts, len(text)]):
        line = text.count("\n", 0, start) + 1
        try:
            (said,) = parser.parse(_ended(text[start:end]))
        except (OSError, ValueError, KeyError):
            yield Unread(line, "this entry is not written as RIS wants it", "Each line is: two letters, two spaces, -.")
            continue
        yield draft(_reference(said, line), known)


def _ended(entry: str) -> str:
    """An entry that ends; the last one of a file that was cut may not."""
    return entry if re.search(r"^[ \t]*ER {2}-", entry, re.MULTILINE) else f"{entry.rstrip()}\nER  - \n"


def _reference(said: Mapping[str, Any], line: int) -> Reference:
    def texts(*names: str) -> tuple[str, ...]:
        values = [said.get(name, ()) for name in names]
        return tuple(one for value in values for one in ([value] if isinstance(value, str) else value))

    def text(*names: str) -> str:
        return next(iter(texts(*names)), "")

    year = text("PY", "Y1", "DA")
    return Reference(
        line=line,
        key=text("ID"),
        kind=text("TY"),
        genre=text("M3"),
        title=text("TI", "T1"),
        authors=texts("AU", "A1"),
        editors=texts("A2", "ED"),
        year=year[:4] if re.fullmatch(r"\d{4}(?:[/-].*)?", year) else year,
        publisher=text("PB"),
        url=text("UR"),
        doi=text("DO"),
        language=text("LA"),
        keywords=texts("KW"),
        abstract=text("AB", "N2"),
        more={ours: text(tag) for tag, ours in _MORE.items() if text(tag)},
        left_out=(
            *(tag for tag in said if tag.isupper() and tag not in _READ and tag not in _MORE),
            *(said.get(_UNKNOWN, ())),
        ),
    )
