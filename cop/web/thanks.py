"""/thanks: what came of what people sent in, and whom to thank for it, as they wish to be named."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from cop import ending
from cop.fields import TYPES
from cop.filing import THANKED
from cop.web import cards, labels
from cop.web.asked import Asked
from cop.web.language import _
from cop.web.links import history_address, record_address
from cop.web.lists import Pager

PER_PAGE = 50
PAGES_IN_COPIES = 5
_FOUND = f"""SELECT facets.value AS who, {cards.COLUMNS} FROM facets JOIN records USING (number)
 WHERE facets.name = '{THANKED}' AND facets.type IN ({", ".join("?" for _type in TYPES)})
 ORDER BY records.seen DESC, facets.value, number LIMIT ? OFFSET ?"""


@dataclass(frozen=True)
class Thanked:
    """One entry, and somebody who helped with it."""

    who: str
    title: str
    lang: str
    kind: str
    target: str
    history: str


@dataclass(frozen=True)
class ThanksPage:
    """What the template of the list shows."""

    heading: str
    thanked: tuple[Thanked, ...]
    pager: Pager
    target: ClassVar[str] = "/thanks"
    template: ClassVar[str] = "cop_thanks.html"


def thanks(asked: Asked) -> ThanksPage:
    """/thanks, what reached this copy last first."""
    page = asked.page()
    rows = asked.db.execute(_FOUND, (*TYPES, PER_PAGE + 1, (page - 1) * PER_PAGE)).fetchall()
    more = len(rows) > PER_PAGE and not (asked.copied and page >= PAGES_IN_COPIES)
    return ThanksPage(
        heading=_("Thanks"),
        thanked=tuple(_thanked(rows[:PER_PAGE], asked.today)),
        pager=Pager("", {"page": str(page - 1)} if page > 1 else None, {"page": str(page + 1)} if more else None),
    )


def _thanked(rows: list[sqlite3.Row], today: date) -> Iterator[Thanked]:
    for row in rows:
        if not ending.is_hidden(row["type"], cards.loads(row["fields"]), today):
            yield Thanked(
                row["who"],
                row["title"],
                row["language"],
                labels.type_label(row["type"]),
                record_address(row["type"], row["slug"]),
                history_address(row["type"], row["slug"]),
            )
