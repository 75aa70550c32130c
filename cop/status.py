"""What stands open here: for `cop status`. Reads only."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cop import (
    belonging,
    differences,
    identity,
    lacking,
    merge,
    partners,
    read_back,
    settings,
    stances,
    trust,
    vouching,
)
from cop.config import Site
from cop.counting import changes_in
from cop.entry import KINDS
from cop.fields import TYPES
from cop.model import OrganisationId, iso_time

Report = dict[str, Any]


def status_of(site: Site, db: sqlite3.Connection, unsaved: Sequence[str], missing: Sequence[str]) -> Report:
    """The report of `cop status --json`; its keys do not change.

    `unsaved` and `missing` are paths below content/, as `worktree.changed_paths` finds them.
    """
    from cop import contributions, removals, traces  # late, all: an exchange, which counts what waits, lays nothing out
    from cop.imprint import network_digest

    return {
        "organisation": site.config.name,
        "writer": settings.own_writer(db).hex(),
        "ended": trust.is_ended(db),
        "vouched": trust.is_vouched_for(db),
        "records": record_counts(db),
        "entries": _count(db, "SELECT count(*) FROM log_entry"),
        "unsaved": [f"content/{path}" for path in unsaved],
        "missing": [f"content/{path}" for path in missing],
        "behind": _behind(db, {*unsaved, *missing}),
        "conflicts": conflicts(db),
        "checks": merged_by_machine(db),
        "removals": removals.summary(db),
        "erased_in": traces.files_left(site, db),
        "inbox": contributions.count(db),
        "to_look_at": _count(db, "SELECT count(*) FROM view_waiting"),
        "waiting": waiting(db),
        "waiting_by": waiting_by(db),
        "not_understood": not_understood(db),
        "attachments": lacking.report(site),
        "partners": partner_summaries(db),
        "heard": heard_json(db),
        "digest": network_digest(db),
    }


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


def partner_summaries(db: sqlite3.Connection) -> list[Report]:
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


def ended_by(db: sqlite3.Connection, asked: Iterable[partners.Partner]) -> tuple[str, ...]:
    """The names of those partners who have ended the exchange with us, as far as their word of it is here."""
    statements, ours = list(read_back.statements(db)), identity.own_organisation(db)
    said = stances.current_stances(statements, vouching.certified(statements))
    return tuple(
        one.name for one in asked if stances.REMOVE in stances.words(said.get(one.organisation, {}).get(ours, ()))
    )


def _count(db: sqlite3.Connection, query: str) -> int:
    return int(db.execute(query).fetchone()[0])


def record_counts(db: sqlite3.Connection) -> dict[str, int]:
    """Records that are not withdrawn, per kind."""
    query = "SELECT type, count(*) FROM view_record WHERE state <> 'withdrawn' GROUP BY type"
    counts = {row[0]: row[1] for row in db.execute(query)}
    return {name: counts[name] for name in TYPES if name in counts}


def conflict_count(db: sqlite3.Connection) -> int:
    """Fields with more than one answer."""
    rows = db.execute("SELECT conflicts FROM view_record WHERE conflicts <> '[]'")
    return sum(len(json.loads(row[0])) for row in rows)


def waiting(db: sqlite3.Connection) -> int:
    """Entries whose earlier ones have not arrived, and changes announced and not here yet."""
    return _count(db, "SELECT count(*) FROM local_gap WHERE previous NOT IN (SELECT entry_id FROM log_entry)") + _count(
        db, "SELECT count(*) FROM local_missing"
    )


def waiting_by(db: sqlite3.Connection) -> list[str]:
    """Who wrote the changes that are announced and not here yet, A to Z: members only."""
    rows = db.execute(
        "SELECT DISTINCT writer FROM local_missing JOIN log_item USING (item_number) JOIN log_entry USING (entry_number)"
    )
    network = trust.members(db)
    names = trust.names(db, network)
    return sorted({names[owner].name for (writer,) in rows if (owner := network.writers.get(writer))}, key=str.casefold)


def kept_apart(db: sqlite3.Connection, organisation: OrganisationId) -> int:
    """Changes by an organisation that are here and not shown, because it is no member, or they came after its end."""
    network = trust.members(db)
    owners = {**vouching.certified(read_back.statements(db)), **network.writers}
    theirs = {writer for writer, owner in owners.items() if owner == organisation}
    if theirs and theirs <= network.present.keys():
        return 0
    rows = db.execute("SELECT writer, entry_id, entry_number FROM log_entry").fetchall()
    return changes_in(db, [number for w, id_, number in rows if w in theirs and not network.counts(w, id_)])


def not_understood(db: sqlite3.Connection) -> int:
    """Entries and records of kinds that this cop does not know: kept and passed on."""
    kinds = json.dumps(sorted(KINDS))
    query = "SELECT count(*) FROM log_entry WHERE kind <> 'change' AND kind NOT IN (SELECT value FROM json_each(?))"
    unknown: int = db.execute(query, [kinds]).fetchone()[0]
    return unknown + _count(
        db, "SELECT count(*) FROM view_record WHERE state IN ('unknown', 'unreadable') AND type <> 'member'"
    )


def _behind(db: sqlite3.Connection, apart_from: set[str]) -> list[str]:
    """Content files whose record has moved on in the log."""
    rows = db.execute(
        "SELECT path FROM local_file JOIN view_record USING (record_id) WHERE base <> heads"
        " AND state NOT IN ('withdrawn', 'erased') AND heads <> x'' ORDER BY path"  # without heads: all of it is kept apart
    )
    return [f"content/{row[0]}" for row in rows if row[0] not in apart_from]


def conflicts(db: sqlite3.Connection) -> list[Report]:
    """Every field with more than one current value, with all values."""
    network = trust.members(db)
    names = trust.names(db, network)
    found: list[Report] = []
    for record_id, title in db.execute(
        "SELECT record_id, title FROM view_record WHERE conflicts <> '[]' ORDER BY 1"
    ).fetchall():
        view = merge.merge(merge.accepted(read_back.revisions(db, record_id), network))
        for name in view.conflicts if view else ():
            values = [
                {
                    "id": version.revision.payload_hash.hex(),
                    "value": version.value,
                    "organisation": names[network.writers[version.revision.writer]].name,
                    "claimed": iso_time(version.revision.claimed_time),
                    "person": version.revision.patch.person if version.revision.patch else "",
                    "why": version.revision.patch.why if version.revision.patch else "",
                }
                for version in view.conflicts[name]  # type: ignore[union-attr]
            ]
            both = differences.together(view.type, name, [one["value"] for one in values])  # type: ignore[union-attr]
            found.append(
                {"record": record_id, "title": title, "field": name, "values": values, "both": both is not None}
            )
    return found


def merged_by_machine(db: sqlite3.Connection) -> list[Report]:
    """Records with fields that a person should look at, because changes of two people were put together in them."""
    rows = db.execute("SELECT record_id, title, checks FROM view_record WHERE checks <> '[]' ORDER BY 1")
    return [{"record": row[0], "title": row[1], "fields": json.loads(row[2])} for row in rows]
