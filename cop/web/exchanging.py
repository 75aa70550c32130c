"""What the desk's pages on exchanging show, read from `store.db`."""

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any, ClassVar

from cop import amounts, exchanges, invitations, partners, status
from cop.exchanges import Exchange
from cop.fields import TYPES
from cop.invitations import Invitation
from cop.model import OrganisationId, iso_time
from cop.partners import Partner
from cop.status import Member
from cop.web import dates
from cop.web.asked import listed
from cop.web.door import Served
from cop.web.labels import choice, count, field_label
from cop.web.links import record_address

MOST_CONFLICTS = 50
NO_BREAK = "\u00a0"


@dataclass(frozen=True)
class Moment:
    """A time for people."""

    iso: str
    words: str


@dataclass(frozen=True)
class Conflict:
    """A record with more than one answer."""

    title: str
    target: str  # "" if readers do not see it
    fields: str


@dataclass(frozen=True)
class PartnerRow:
    """One member of the network."""

    name: str
    address: str
    is_partner: bool
    heard: Moment | None
    through: str
    lacks: str  # what they turned away, and what to do; "" if nothing


@dataclass(frozen=True)
class ExchangeRow:
    """One of the last exchanges."""

    when: Moment
    name: str
    how: str
    came: str
    went: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SyncPage:
    """What the template of /desk/sync shows."""

    heading: str
    lead: str
    conflicts: tuple[Conflict, ...]
    more_conflicts: int
    notes: tuple[str, ...]  # what waits, was not understood, was turned away
    partners: tuple[PartnerRow, ...]
    members: tuple[PartnerRow, ...]
    exchanges: tuple[ExchangeRow, ...]
    template: ClassVar[str] = "cop_desk_sync.html"


@dataclass(frozen=True)
class InvitePage:
    """What the template of /desk/invite shows."""

    heading: str
    organisation: str
    kind: str
    line: str
    phrase: str
    address: str
    here_only: bool  # nobody else reaches that address
    template: ClassVar[str] = "cop_desk_invite.html"


# -- /desk/sync


def sync_page(served: Served, db: sqlite3.Connection) -> SyncPage:
    """Partners, the last exchanges, and what waits for a person."""
    now = int(time.time())
    recent = exchanges.recent(db)
    accepted = {p.organisation: p for p in partners.current(db)}
    members = status.others(db)
    rows = [_partner_row(db, one, accepted.get(one.organisation), recent, now) for one in members]
    conflicts = _conflicts(db)
    return SyncPage(
        heading="Exchange with partners",
        lead=_lead(len(accepted), recent, now),
        conflicts=tuple(conflicts[:MOST_CONFLICTS]),
        more_conflicts=max(len(conflicts) - MOST_CONFLICTS, 0),
        notes=tuple(_notes(db, accepted, recent)),
        partners=tuple(row for row in rows if row.is_partner),
        members=tuple(row for row in rows if not row.is_partner),
        exchanges=tuple(_exchange_row(one, now) for one in recent),
    )


def _lead(partners_count: int, recent: list[Exchange], now: int) -> str:
    if not partners_count:
        return "We have no partners yet."
    with_whom = f"We exchange with {count(partners_count, 'partner', 'partners')}."
    if not recent:
        return f"{with_whom} Nothing has been exchanged yet."
    return f"{with_whom} The last exchange was {amounts.ago(recent[0].time, now)}."


def _conflicts(db: sqlite3.Connection) -> list[Conflict]:
    rows = db.execute(
        "SELECT type, slug, title, state, conflicts FROM view_record WHERE conflicts <> '[]'"
        " ORDER BY title COLLATE NOCASE, record_id"
    ).fetchall()
    return [
        Conflict(
            row["title"] or "Without a title",
            record_address(row["type"], row["slug"]) if row["state"] == "" else "",
            listed([field_label(TYPES.get(row["type"]), name).lower() for name in json.loads(row["conflicts"])]),
        )
        for row in rows
    ]


def _notes(db: sqlite3.Connection, accepted: dict[OrganisationId, Partner], recent: list[Exchange]) -> list[str]:
    """What is not settled, and what to do about it."""
    found = []
    if waiting := status.waiting(db):
        found.append(f"{count(waiting, 'change is', 'changes are')} not here yet. They come with a later exchange.")
    if unknown := status.not_understood(db):
        them = count(unknown, "item needs", "items need")
        found.append(f"{them} a newer version of our program. They are kept and passed on.")
    last = _last_of_each(recent)
    if refused := sum(int(one.counts.get("refused", 0)) for one in last.values()):
        found.append(
            f"{count(refused, 'entry was', 'entries were')} turned away here, because we do not know who wrote them. "
            "If somebody new joined, accept their invitation: cop join INVITATION"
        )
    for one in last.values():
        if one.error and one.organisation in accepted:
            found.append(f"{one.name} was not reached last time. Nothing was lost. {one.error}")
    return found


def _last_of_each(recent: list[Exchange]) -> dict[OrganisationId, Exchange]:
    last: dict[OrganisationId, Exchange] = {}
    for one in recent:
        last.setdefault(one.organisation, one)
    return last


def _partner_row(
    db: sqlite3.Connection, one: Member, partner: Partner | None, recent: list[Exchange], now: int
) -> PartnerRow:
    heard = _moment(one.heard.time, now) if one.heard.time else None
    last = _last_of_each([e for e in recent if "partner_lacks" in e.counts]).get(one.organisation)
    lacking = int(last.counts["partner_lacks"]) if last else 0
    lacks = _lacks(status.why_lacking(db, partner), lacking) if partner and lacking else ""
    return PartnerRow(one.name, one.address, one.is_partner, heard, one.heard.through, lacks)


def _lacks(why: status.Lacking, entries: int) -> str:
    turned_away = f"{count(entries, 'entry', 'entries')} that they turned away."
    if not why.accepted_us:
        return f"{turned_away} They have not accepted us yet, as far as we know. Send them our invitation."
    if why.strangers:
        return f"{turned_away} They do not know {listed(why.strangers)}. They can accept their invitation, too."
    return f"{turned_away} They do not know who wrote them."


def _exchange_row(one: Exchange, now: int) -> ExchangeRow:
    counts = one.counts
    how = {exchanges.ASKED: "we began", exchanges.ANSWERED: "they began", exchanges.BUNDLE: "by bundle"}
    notes = []
    if one.error:
        notes.append(one.error)
    for name, changes in sorted(counts.get("by", {}).items()):
        if name != one.name and changes:
            notes.append(f"{count(changes, 'change', 'changes')} of {name}, carried by them.")
    if refused := counts.get("refused", 0):
        notes.append(f"{count(refused, 'entry', 'entries')} turned away here.")
    if lacks := counts.get("partner_lacks", 0):
        notes.append(f"{count(lacks, 'entry', 'entries')} turned away there.")
    return ExchangeRow(
        _moment(one.time, now),
        one.name,
        how.get(one.direction, one.direction),
        _count_and_size(counts, "received", "bytes_in"),
        "" if one.direction == exchanges.BUNDLE else _count_and_size(counts, "sent", "bytes_out"),
        tuple(notes),
    )


def _count_and_size(counts: Any, what: str, size: str) -> str:
    if what not in counts:
        return ""
    if not counts[what]:
        return "nothing"
    told = count(counts[what], "change", "changes")
    return f"{told}, {amounts.size(counts[size]).replace(' ', NO_BREAK)}" if size in counts else told


def _moment(seconds: int, now: int) -> Moment:
    iso = iso_time(seconds)
    recent = now - seconds < 2 * 86_400
    return Moment(iso, amounts.ago(seconds, now) if recent else dates.words(iso[:10]))


# -- /desk/invite


def invite_page(served: Served, db: sqlite3.Connection) -> InvitePage:
    """Our invitation as text, phrase and QR code."""
    told = invitation(served, db)
    return InvitePage(
        heading="Invite a partner",
        organisation=told.name,
        kind=choice(told.kind),
        line=told.text(),
        phrase=told.phrase(),
        address=told.address,
        here_only=not (served.site.config.url or served.address),
    )


def invitation(served: Served, db: sqlite3.Connection) -> Invitation:
    """Ours, with the address where others reach us, as far as we know."""
    config = served.site.config
    address = config.url or served.address or f"http://127.0.0.1:{served.port}"
    return invitations.own_invitation(db, config.name, config.kind, address)
