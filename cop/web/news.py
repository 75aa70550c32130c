"""What changed: everything, newest first; or what is new since a day or since the last exchange, in reading order.

The order is that of arrival in this copy. A date that somebody wrote, or a clock that is wrong, moves nothing to the top
and hides nothing that came later.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from cop import ending
from cop.fields import TYPES
from cop.web import cards, dates, happened, labels
from cop.web.arrived import last_exchange
from cop.web.asked import Asked, read_meta
from cop.web.cards import Card
from cop.web.language import _, apart, ngettext
from cop.web.lists import Pager
from cop.web.narrow import EXCHANGE
from cop.web.words import listed

PER_PAGE = 30
PAGES_IN_COPIES = 5  # one change moves what stands on each of them, and whoever keeps a copy fetches what moved
_LOOKED_AT = 6  # changes of one record that its line is made from
_NAMED = 3  # fields
_COLUMNS = f"{cards.COLUMNS}, seen"


@dataclass(frozen=True)
class New:
    """One record, and what is new about it."""

    card: Card
    told: str  # "Caafi Health changed: Title and Summary."
    why: str
    note: str  # where the clock of its writer and the arrival here say different days


@dataclass(frozen=True)
class Day:
    """What reached this copy on one day."""

    iso: str
    heading: str
    records: tuple[New, ...]


@dataclass(frozen=True)
class NewPage:
    """What the template of the page of changes shows."""

    heading: str
    lead: str
    typed: str  # what stands in the box for the date
    wrong: str  # what is wrong about it
    exchange: str  # when the last exchange brought something, in words, or ""
    days: tuple[Day, ...]
    nothing: str
    pager: Pager
    template: ClassVar[str] = "cop_new.html"


@dataclass(frozen=True)
class _Since:
    """From when on; everything if `iso` is ""."""

    iso: str
    words: str
    wrong: str = ""


def new(asked: Asked) -> NewPage:
    """/new"""
    typed, exchange = asked.text("since"), last_exchange(asked.db).since
    since = _read(typed, exchange)
    rows = _rows(asked, since)
    query = {"since": typed} if typed else {}
    page = asked.page()
    return NewPage(
        heading=_("What changed"),
        lead=_lead(asked, since),
        typed=since.iso[:10],
        wrong=since.wrong,
        exchange=dates.words(exchange[:10]) if exchange else "",
        days=tuple(_days(asked.db, rows[:PER_PAGE], since)),
        nothing=_nothing(asked.db, since),
        pager=Pager(
            "",
            {**query, "page": str(page - 1)} if page > 1 else None,
            {**query, "page": str(page + 1)} if len(rows) > PER_PAGE and not _ends(asked) else None,
        ),
    )


def _read(typed: str, exchange: str) -> _Since:
    if not typed:
        return _Since("", "")
    if typed == EXCHANGE:
        if exchange:
            return _Since(exchange, _("the last exchange, on %(day)s", day=dates.words(exchange[:10])))
        return _Since(
            "", "", _("Nothing has come from other organisations yet, so there was no exchange to look back to.")
        )
    when = dates.read(typed)
    if when is None:
        return _Since(
            "", "", _("“%(typed)s” is no date that we can read. Write it like 2026-11-01.", typed=apart(typed))
        )
    return _Since(when.first.isoformat(), dates.words(typed))


def _ends(asked: Asked) -> bool:
    return asked.copied and asked.page() >= PAGES_IN_COPIES


def _lead(asked: Asked, since: _Since) -> str:
    if asked.copied:
        return _("What was added or changed last, newest first. Older changes stand in the history of each entry.")
    if not since.iso:
        return _("Everything that was added or changed in this copy, newest first.")
    count = asked.db.execute("SELECT count(*) FROM records WHERE seen >= ?", (since.iso,)).fetchone()[0]
    return ngettext(
        "%(num)s entry is new or has changed in this copy since %(since)s.",
        "%(num)s entries are new or have changed in this copy since %(since)s. What came first stands first, so you can read on from there.",
        count,
        since=since.words,
    )


def _nothing(db: sqlite3.Connection, since: _Since) -> str:
    as_of = read_meta(db).get("as_of", "")
    if not since.iso or not as_of:
        return _("There is nothing here yet.")
    return _("Nothing new has reached this copy since then. It last changed on %(day)s.", day=dates.words(as_of[:10]))


def _rows(asked: Asked, since: _Since) -> list[sqlite3.Row]:
    """One page of records and one more, in the order in which they are read."""
    if since.iso:
        order, condition, values = cards.OLDEST, "seen >= ?", [since.iso]
    else:
        order, condition, values = cards.NEWEST, "1", []
    return asked.db.execute(
        f"SELECT {_COLUMNS} FROM records WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?",
        (*values, PER_PAGE + 1, (asked.page() - 1) * PER_PAGE),
    ).fetchall()


def _days(db: sqlite3.Connection, rows: Sequence[sqlite3.Row], since: _Since) -> Iterable[Day]:
    days: dict[str, list[New]] = {}
    for row in rows:
        if ending.is_hidden(row["type"], cards.loads(row["fields"]), date.today()):
            continue
        days.setdefault(row["seen"][:10], []).append(_new(db, row, since.iso or row["seen"]))
    for iso, found in days.items():
        yield Day(iso, dates.words(iso) if iso else _("At an unknown time"), tuple(found))


def _new(db: sqlite3.Connection, row: sqlite3.Row, since: str) -> New:
    """A record with those of its changes that are new."""
    card = cards.card(row, cards.as_now(row["type"], cards.loads(row["fields"])), with_type=True)
    changes = db.execute(
        f"SELECT {happened.COLUMNS} FROM history WHERE record_id = ? AND seen >= ? ORDER BY position DESC LIMIT ?",
        (row["record_id"], since, _LOOKED_AT),
    ).fetchall()
    if not changes:
        return New(card, "", "", "")
    last = max(changes, key=lambda one: (one["seen"], one["position"]))
    return New(card, _told(row["type"], changes), last["why"], happened.moment(last).note)


def _told(type_name: str, changes: Sequence[sqlite3.Row]) -> str:
    """Who did what, organisations from A to Z."""
    names = sorted({one["organisation"] for one in changes if one["organisation"]}, key=str.casefold)
    who = listed([apart(name) for name in names]) if names else _("Somebody")
    if any(one["position"] == 1 for one in changes):
        return _("Added by %(who)s.", who=who) if len(names) < 2 else _("Added or changed by %(who)s.", who=who)
    fields = list(dict.fromkeys(name for one in changes for name in cards.loads(one["patch"])))
    if not fields:
        return _("Changed by %(who)s.", who=who)
    told = [labels.field_label(TYPES.get(type_name), name) for name in fields[:_NAMED]]
    if len(fields) > _NAMED:
        told.append(ngettext("%(num)s more", "%(num)s more", len(fields) - _NAMED))
    return _("Changed by %(who)s: %(fields)s.", who=who, fields=listed(told))
