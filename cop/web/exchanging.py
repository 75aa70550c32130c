"""What the desk's pages on exchanging show, read from `store.db`."""

import json
import sqlite3
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from markupsafe import Markup

from cop import exchanges, invitations, partners, standing, status
from cop.exchanges import Exchange
from cop.fields import TYPES
from cop.invitations import Invitation
from cop.model import OrganisationId, iso_time
from cop.partners import Partner
from cop.standing import Member
from cop.web import dates, words
from cop.web.door import Served
from cop.web.labels import changes, choice, field_label
from cop.web.language import _, apart, ngettext
from cop.web.links import record_address
from cop.web.words import listed

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
    settle: str  # where it is settled


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
    members = standing.others(db)
    yet_to = standing.yet_to_accept_us(db, accepted.values())
    rows = [_partner_row(db, one, accepted.get(one.organisation), recent, now, yet_to) for one in members]
    conflicts = _conflicts(db)
    return SyncPage(
        heading=_("Exchange with partners"),
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
        return _("We have no partners yet.")
    with_whom = ngettext("We exchange with %(num)s partner.", "We exchange with %(num)s partners.", partners_count)
    if not recent:
        return words.spaced(with_whom, _("Nothing has been exchanged yet."))
    return words.spaced(with_whom, _("The last exchange was %(when)s.", when=words.ago(recent[0].time, now)))


def _conflicts(db: sqlite3.Connection) -> list[Conflict]:
    rows = db.execute(
        "SELECT record_id, type, slug, title, state, conflicts FROM view_record WHERE conflicts <> '[]'"
        " ORDER BY title COLLATE NOCASE, record_id"
    ).fetchall()
    return [
        Conflict(
            row["title"] or _("Without a title"),
            record_address(row["type"], row["slug"]) if row["state"] == "" else "",
            listed([field_label(TYPES.get(row["type"]), name) for name in json.loads(row["conflicts"])]),
            f"/desk/conflicts/{row['record_id']}",
        )
        for row in rows
    ]


def _notes(db: sqlite3.Connection, accepted: dict[OrganisationId, Partner], recent: list[Exchange]) -> Iterator[str]:
    """What is not settled, and what to do about it."""
    own = status.waiting_own(db)
    if own:
        is_on = ngettext(
            "%(num)s change for ourselves only is on another of our computers.",
            "%(num)s changes for ourselves only are on another of our computers.",
            own,
        )
        yield words.spaced(is_on, _("They come when that computer and this one exchange."))
    if waiting := status.waiting(db) - own:
        here = ngettext("%(num)s change is not here yet.", "%(num)s changes are not here yet.", waiting)
        yield words.spaced(here, _("What is missing comes with a later exchange."))
    if unknown := status.not_understood(db):
        needs = ngettext(
            "%(num)s item needs a newer version of our program.",
            "%(num)s items need a newer version of our program.",
            unknown,
        )
        yield words.spaced(needs, _("They are kept and passed on."))
    last = _last_of_each(recent)
    if refused := sum(int(one.counts.get("refused", 0)) for one in last.values()):
        yield _turned_away(refused)
    for each in last.values():
        if each.error and each.organisation in accepted:
            who = apart(each.name)
            yield words.spaced(_("%(who)s was not reached last time. Nothing was lost.", who=who), told(each.error))


def _turned_away(refused: int) -> Markup:
    away = ngettext(
        "%(num)s entry was turned away here, because we do not know who wrote it.",
        "%(num)s entries were turned away here, because we do not know who wrote them.",
        refused,
    )
    command = Markup("<code>cop join INVITATION</code>")
    return words.spaced(away, _("If somebody new joined, accept their invitation: %(command)s", command=command))


def told(error: str) -> Markup:
    """What the program said when an exchange failed: it says it in English."""
    return Markup('<span lang="en" dir="ltr">{}</span>').format(error)


def _last_of_each(recent: list[Exchange]) -> dict[OrganisationId, Exchange]:
    last: dict[OrganisationId, Exchange] = {}
    for one in recent:
        last.setdefault(one.organisation, one)
    return last


def _partner_row(
    db: sqlite3.Connection,
    one: Member,
    partner: Partner | None,
    recent: list[Exchange],
    now: int,
    yet_to_accept_us: Collection[str],
) -> PartnerRow:
    heard = _moment(one.heard.time, now) if one.heard.time else None
    last = _last_of_each([e for e in recent if "partner_lacks" in e.counts]).get(one.organisation)
    lacking = int(last.counts["partner_lacks"]) if last else 0
    lacks = _not_accepted() if partner and partner.name in yet_to_accept_us else ""
    if partner and lacking:
        lacks = _lacks(standing.why_lacking(db, partner), lacking)
    return PartnerRow(one.name, one.address, one.is_partner, heard, one.heard.through, lacks)


def _lacks(why: standing.Lacking, entries: int) -> str:
    away = ngettext("%(num)s entry that they turned away.", "%(num)s entries that they turned away.", entries)
    if not why.accepted_us:
        return words.spaced(away, _not_accepted())
    if why.strangers:
        whom = listed([apart(name) for name in why.strangers])
        return words.spaced(away, _("They do not know %(whom)s. They can accept their invitation, too.", whom=whom))
    return words.spaced(away, _("They do not know who wrote them."))


def _not_accepted() -> str:
    return _("They have not accepted us yet, as far as we know. Send them our invitation.")


def _exchange_row(one: Exchange, now: int) -> ExchangeRow:
    counts = one.counts
    how = {exchanges.ASKED: _("we began"), exchanges.ANSWERED: _("they began"), exchanges.BUNDLE: _("by bundle")}
    return ExchangeRow(
        _moment(one.time, now),
        _("someone we do not know") if one.name == partners.STRANGER else one.name,
        how.get(one.direction, one.direction),
        _count_and_size(counts, "received", "bytes_in"),
        "" if one.direction == exchanges.BUNDLE else _count_and_size(counts, "sent", "bytes_out"),
        tuple(_good_to_know(one)),
    )


def _good_to_know(one: Exchange) -> Iterator[str]:
    if one.error:
        yield told(one.error)
    for name, number in sorted(one.counts.get("by", {}).items()):
        if name != one.name and number:
            yield ngettext(
                "%(num)s change of %(who)s, carried by them.",
                "%(num)s changes of %(who)s, carried by them.",
                number,
                who=apart(name),
            )
    if refused := one.counts.get("refused", 0):
        yield ngettext("%(num)s entry turned away here.", "%(num)s entries turned away here.", refused)
    if lacks := one.counts.get("partner_lacks", 0):
        yield ngettext("%(num)s entry turned away there.", "%(num)s entries turned away there.", lacks)


def _count_and_size(counts: Any, what: str, size: str) -> str:
    if what not in counts:
        return ""
    if not counts[what]:
        return _("nothing")
    count = changes(counts[what])
    return words.comma([count, words.size(counts[size]).replace(" ", NO_BREAK)]) if size in counts else count


def _moment(seconds: int, now: int) -> Moment:
    iso = iso_time(seconds)
    recent = now - seconds < 2 * 86_400
    return Moment(iso, words.ago(seconds, now) if recent else dates.words(iso[:10]))


# -- /desk/invite


def invite_page(served: Served, db: sqlite3.Connection) -> InvitePage:
    """Our invitation as text, phrase and QR code."""
    told = invitation(served, db)
    return InvitePage(
        heading=_("Invite a partner"),
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
