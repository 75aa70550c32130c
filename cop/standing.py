"""How we stand with the others: when each was last heard, through whom, and what a partner lacks and why. Reads only."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cop import belonging, identity, partners, read_back, settings, stances, trust, vouching
from cop.model import OrganisationId, iso_time


@dataclass(frozen=True)
class Heard:
    """When something of an organisation last reached us, and who brought it."""

    time: int = 0  # seconds UTC; 0: never
    through: str = ""  # name of the partner that carried it, "" if they brought it themselves


def heard(db: sqlite3.Connection) -> dict[OrganisationId, Heard]:
    """Per member but us, the last entry of theirs that arrived, or a later exchange with them."""
    network, ours = trust.members(db), settings.read(db, "organisation")
    known = {p.organisation: p for p in partners.all_partners(db)}
    names_now = {p.organisation: p.name for p in partners.current(db)}
    by_name = {p.name: p.organisation for p in known.values()} | {name: key for key, name in names_now.items()}
    found: dict[OrganisationId, Heard] = {
        organisation: Heard(known[organisation].heard_time if organisation in known else 0)
        for organisation in {*network.organisations, *known} - {ours}
    }
    rows = db.execute(
        "SELECT writer, received_time, received_from FROM log_entry WHERE entry_number IN"
        " (SELECT max(entry_number) FROM log_entry GROUP BY writer)"
    ).fetchall()
    for writer, time, received_from in rows:
        owner = network.writers.get(writer)
        if owner in found and time > found[owner].time:
            carrier = by_name.get(received_from)
            through = "" if carrier == owner else names_now[carrier] if carrier else received_from
            found[owner] = Heard(time, through)
    return found


def heard_from(db: sqlite3.Connection, partner: partners.Partner) -> Heard:
    """Likewise of one partner, also of one whom we left and who was not told yet: that is no member for us any more."""
    return heard(db).get(partner.organisation, Heard(partner.heard_time))


@dataclass(frozen=True)
class Member:
    """A member of the network but us."""

    organisation: OrganisationId
    name: str
    address: str  # where we reach it, "" if we do not know or did not accept it ourselves
    is_partner: bool  # we accepted it ourselves
    heard: Heard


def others(db: sqlite3.Connection) -> list[Member]:
    """Everyone but us: partners A to Z, then those whom partners accepted."""
    accepted = {p.organisation: p for p in partners.current(db)}
    told = {key: one.name for key, one in trust.names(db, trust.members(db)).items()}
    known = [p.name for p in accepted.values()]
    found = []
    for organisation, one in heard(db).items():
        partner = accepted.get(organisation)
        name = partner.name if partner else told[organisation]
        if not partner and name in known:
            name = f"{name} (key {organisation.hex()[:8]})"
        known.append(name)
        found.append(Member(organisation, name, partner.address if partner else "", partner is not None, one))
    return sorted(found, key=lambda member: (not member.is_partner, member.name.casefold()))


def heard_json(db: sqlite3.Connection) -> dict[str, dict[str, str]]:
    """When each member was last heard, for `--json`, by name."""
    return {
        one.name: {"last_heard": iso_time(one.heard.time) if one.heard.time else "", "through": one.heard.through}
        for one in others(db)
    }


def partner_summaries(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """For `cop partner list --json` and `cop status --json`."""
    times = heard(db)
    return [
        {
            **partner.summary(),
            "last_heard": iso_time(one.time) if (one := times[partner.organisation]).time else "",
            "through": one.through,
        }
        for partner in partners.current(db)
    ]


@dataclass(frozen=True)
class Lacking:
    """Why a partner turned entries away."""

    accepted_us: bool  # as far as we know
    strangers: tuple[str, ...]  # members of our network whom nobody in theirs has accepted
    vouched: bool = True  # our organisation has signed for this computer


def why_lacking(db: sqlite3.Connection, partner: partners.Partner) -> Lacking:
    """Who of our network is no member of the partner's, as far as its entries have reached us."""
    statements, ours = list(read_back.statements(db)), settings.read(db, "organisation")
    theirs = belonging.members_of(statements, partner.organisation).organisations
    network = trust.members(db)
    names = trust.names(db, network)
    strangers = sorted(names[one].name for one in network.organisations - theirs if one != ours)
    return Lacking(ours in theirs, tuple(strangers), trust.is_vouched_for(db))


def yet_to_accept_us(db: sqlite3.Connection, asked: Iterable[partners.Partner]) -> tuple[str, ...]:
    """The names of those partners in whose network we are not, as far as their word of it is here."""
    statements, ours = list(read_back.statements(db)), identity.own_organisation(db)
    owners = vouching.certified(statements)
    speakers = {owners.get(entry.writer) for entry in statements}
    ended = ended_by(db, asked := list(asked))
    return tuple(
        one.name
        for one in asked
        if one.organisation in speakers - {ours}
        and one.name not in ended
        and ours not in belonging.members_of(statements, one.organisation).organisations
    )


def ended_by(db: sqlite3.Connection, asked: Iterable[partners.Partner]) -> tuple[str, ...]:
    """The names of those partners who have ended the exchange with us, as far as their word of it is here."""
    statements, ours = list(read_back.statements(db)), identity.own_organisation(db)
    said = stances.current_stances(statements, vouching.certified(statements))
    return tuple(
        one.name for one in asked if stances.REMOVE in stances.words(said.get(one.organisation, {}).get(ours, ()))
    )
