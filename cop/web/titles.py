"""The page /a-z: the titles of everything, by letter. Without scripts, it is the way to any title in a copy."""

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from cop import alphabets, ended
from cop.remembered import once
from cop.web import labels
from cop.web.asked import Asked
from cop.web.language import Speaking, _, current, spoken
from cop.web.links import record_address
from cop.web.lists import Pager

FEW = 150  # titles that stand on one page together, whatever they begin with
ON_A_PAGE = 150
TARGET = "/a-z"
_SELECT = "SELECT number, record_id, type, slug, title, language FROM records WHERE number IN"
Filed = Mapping[str, "array[int]"]  # letters in their order; under each, the numbers of its records in theirs


@dataclass(frozen=True)
class Letter:
    """A letter with which titles begin."""

    letter: str
    query: Mapping[str, str]
    chosen: bool


@dataclass(frozen=True)
class Title:
    """One record."""

    title: str
    lang: str
    target: str
    kind: str


@dataclass(frozen=True)
class TitlesPage:
    """What the template shows."""

    heading: str
    lead: str
    target: str
    letters: tuple[Letter, ...]
    groups: tuple[tuple[str, tuple[Title, ...]], ...]  # letter, titles on this page
    pager: Pager
    template: ClassVar[str] = "cop_titles.html"


def titles(asked: Asked) -> TitlesPage:
    """/a-z: all titles if they are few, else the letters; and /a-z?letter=s, in pages."""
    filed = once(partial(_filed, asked.db, spoken()), "titles", current())
    are_few = sum(map(len, filed.values())) <= FEW
    chosen = next((one for one in filed if _name(one) == asked.text("letter")), "")
    page = asked.page() if chosen else 1
    pages = {chosen: filed[chosen][(page - 1) * ON_A_PAGE : page * ON_A_PAGE]} if chosen else {}
    shown = filed if are_few and not chosen else pages
    return TitlesPage(
        heading=_("From A to Z: %(letter)s", letter=chosen) if chosen else _("Everything from A to Z"),
        lead=_("Every title in this copy, under the letter with which it begins.") if filed else "",
        target=TARGET,
        letters=() if are_few else tuple(Letter(one, {"letter": _name(one)}, one == chosen) for one in filed),
        groups=tuple((letter, tuple(_titles(asked, numbers))) for letter, numbers in shown.items()),
        pager=_pager(chosen, page, len(filed[chosen]) if chosen else 0),
    )


def _filed(db: sqlite3.Connection, reader: Speaking) -> Filed:
    """Only numbers are kept: of a large copy, the titles would take much room."""
    found = defaultdict(list)
    for number, title, language in db.execute("SELECT number, title, language FROM records ORDER BY number"):
        found[alphabets.letter_of(title, language or reader.own)].append((alphabets.order_of(title), number))
    letters = sorted(found, key=lambda letter: alphabets.place_of(letter, reader.code))
    return {letter: array("q", [number for _order, number in sorted(found[letter])]) for letter in letters}


def _titles(asked: Asked, numbers: "array[int]") -> Iterator[Title]:
    """Those records in that order, without what nobody may see any more."""
    rows: dict[int, sqlite3.Row] = {}
    for at in range(0, len(numbers), ON_A_PAGE):
        some = numbers[at : at + ON_A_PAGE]
        rows.update(
            (row[0], row) for row in asked.db.execute(f"{_SELECT} ({','.join('?' * len(some))})", some.tolist())
        )
    hidden = set(ended.hidden(asked.db, asked.today))
    for _number, record_id, type_name, slug, title, language in map(rows.__getitem__, numbers):
        if record_id not in hidden and (target := record_address(type_name, slug)):
            yield Title(title, language, target, labels.type_label(type_name))


def _pager(letter: str, page: int, count: int) -> Pager:
    pages = max(1, -(-count // ON_A_PAGE))
    first, last = (page - 1) * ON_A_PAGE + 1, min(page * ON_A_PAGE, count)
    text = _("%(first)s to %(last)s of %(total)s", first=first, last=last, total=count) if last >= first else ""
    return Pager(
        text,
        {"letter": _name(letter), "page": str(page - 1)} if 1 < page <= pages else None,
        {"letter": _name(letter), "page": str(page + 1)} if page < pages else None,
    )


def _name(letter: str) -> str:
    """A letter in an address, which is the name of a file in a copy."""
    return letter.casefold().replace("–", "-")
