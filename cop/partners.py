"""Organisations we chose to exchange with, and what we know of each."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cop import cbor, log, trust
from cop.addresses import check_address
from cop.errors import CopError, WrongUsage
from cop.frontier import Points
from cop.invitations import Invitation
from cop.model import Entry, OrganisationId, WriterId, iso_time
from cop.schema import writing
from cop.signing import Signer


@dataclass(frozen=True)
class Partner:
    """An organisation we accepted, and how far we are with it."""

    organisation: OrganisationId
    name: str
    kind: str
    address: str
    heard_time: int = 0
    report: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """For `cop partner list --json` and `cop status --json`."""
        heard = iso_time(self.heard_time) if self.heard_time else ""
        return {"name": self.name, "kind": self.kind, "address": self.address, "key": self.organisation.hex(),
                "last_heard": heard, "last_exchange": self.report}  # fmt: skip


def all_partners(db: sqlite3.Connection) -> list[Partner]:
    """Everyone we accepted, A to Z."""
    rows = db.execute(
        "SELECT organisation, name, kind, address, heard_time, report FROM local_partner ORDER BY name COLLATE NOCASE"
    )
    return [Partner(row[0], row[1], row[2], row[3], row[4], json.loads(row[5] or "{}")) for row in rows]


def names_of(met: Sequence[Partner]) -> str:
    """These partners in one line of text."""
    names = [one.name for one in met]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def current(db: sqlite3.Connection) -> list[Partner]:
    """Everyone we accepted, under the name that they have now. Two of one name are told apart by their keys."""
    told = trust.names(db, trust.members(db))
    found = [replace(p, name=_name_now(p, told.get(p.organisation))) for p in all_partners(db)]
    names = [p.name.casefold() for p in found]
    alike = {name for name in names if names.count(name) > 1}
    marked = [
        replace(p, name=f"{p.name} (key {p.organisation.hex()[:8]})") if p.name.casefold() in alike else p
        for p in found
    ]
    return sorted(marked, key=lambda p: p.name.casefold())


def _name_now(partner: Partner, told: trust.Organisation | None) -> str:
    """What they call themselves, once that has arrived."""
    nameless = trust.Organisation.of_key(partner.organisation).name
    return told.name if told and told.name != nameless else partner.name


def _inviting_writers(db: sqlite3.Connection) -> dict[WriterId, OrganisationId]:
    """The installations whose invitations we accepted."""
    return {row[0]: row[1] for row in db.execute("SELECT writer, organisation FROM local_partner WHERE writer <> x''")}


def owners(db: sqlite3.Connection, entries: Collection[Entry] = ()) -> dict[WriterId, OrganisationId]:
    """Whose installations writers are: by their invitation, by what we hold, or by `entries` that they bring.

    Of a partner that comes for the first time we hold nothing but its invitation.
    """
    network = trust.admissible(db, entries) if entries else trust.members(db)
    return {**_inviting_writers(db), **network.writers}


def owner_of(db: sqlite3.Connection, writer: WriterId, entries: Collection[Entry] = ()) -> OrganisationId:
    """Whose installation a writer is, as `owners` says; b"" for nobody's."""
    return owners(db, entries).get(writer, b"")


def inviting_writer(db: sqlite3.Connection, partner: Partner) -> WriterId:
    """The installation whose invitation brought us this partner, or b""."""
    row = db.execute("SELECT writer FROM local_partner WHERE organisation = ?", [partner.organisation]).fetchone()
    return bytes(row[0]) if row else b""


def find(db: sqlite3.Connection, name: str) -> Partner:
    """The partner of that name, or the only one whose name begins so. Raises: WrongUsage.

    A partner that has another name now is found by the one it had when we accepted it, too.
    """
    partners, word = current(db), name.casefold()
    before = {p.organisation for p in all_partners(db) if p.name.casefold() == word}
    same = [p for p in partners if p.name.casefold() == word] or [p for p in partners if p.organisation in before]
    alike = same or [p for p in partners if p.name.casefold().startswith(name.casefold())]
    if len(alike) != 1:
        known = ", ".join(p.name for p in partners) or "none yet"
        raise WrongUsage(f"There is no one partner called “{name}”. Partners: {known}.", hint="cop partner list")
    return alike[0]


def find_member(db: sqlite3.Connection, name: str) -> Partner:
    """Anyone who counts as a member: a partner, or a partner's partner. Raises: WrongUsage."""
    for organisation, one in trust.names(db, trust.members(db)).items():
        if one.name.casefold() == name.casefold() and organisation != log.setting(db, "organisation"):
            return Partner(organisation, one.name, one.kind, "")
    return find(db, name)


def receivers(db: sqlite3.Connection, organisation: OrganisationId | None = None) -> list[WriterId]:
    """Keys to seal to what is for partners only: those of one partner, or of all members and of ourselves."""
    return [writer for writer, owner in owners(db).items() if organisation in (None, owner)]


def accept(db: sqlite3.Connection, signer: Signer, invitation: Invitation, now: int) -> None:
    """Accept a partner: from now on we store and show what it writes, and tell our partners that we know it."""
    ours = invitation.organisation == log.setting(db, "organisation")
    if ours and invitation.writer == log.own_writer(db):
        raise WrongUsage("This is your own invitation.", hint="Give it to a partner, and join theirs.")
    with writing(db):
        db.execute(
            "INSERT INTO local_partner (organisation, name, kind, address, accepted_time, writer) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (organisation) DO UPDATE SET name = excluded.name, kind = excluded.kind,"
            " address = coalesce(nullif(excluded.address, ''), address), writer = excluded.writer",
            [invitation.organisation, invitation.name, invitation.kind, _usable(invitation), now, invitation.writer],
        )
        if not ours:  # else it is another computer of our own organisation
            say(db, signer, invitation.organisation, trust.ACCEPT, now)


def _usable(invitation: Invitation) -> str:
    """The address of an invitation, or "": then bundles go by stick, and `cop partner add` sets one later."""
    try:
        return check_address(invitation.address)
    except WrongUsage:
        return ""


def remove(db: sqlite3.Connection, signer: Signer, partner: Partner, now: int) -> None:
    """End with a partner: what it wrote is kept in the log and no longer shown here."""
    with writing(db):
        db.execute("DELETE FROM local_partner WHERE organisation = ?", [partner.organisation])
        if partner.organisation != log.setting(db, "organisation"):  # else another computer of ours
            say(db, signer, partner.organisation, trust.REMOVE, now)


def say(db: sqlite3.Connection, signer: Signer, about: OrganisationId, what: str, now: int) -> None:
    """Write down what we think of an organisation, unless we said so last."""
    statements = list(log.statements(db))
    owners = trust.certified(statements)
    if signer.public not in owners:
        raise CopError("Your organisation has not vouched for this computer yet.", hint="cop device new says how.")
    earlier = trust.current_stances(statements, owners).get(owners[signer.public], {}).get(about, [])
    if trust.stances(earlier) == {what}:
        return
    extra = trust.stance(about, what, [entry.entry_id for entry in earlier])
    log.write(db, signer, "organisation", [], claimed_time=now, extra=extra)


def keep_report(db: sqlite3.Connection, organisation: OrganisationId, report: dict[str, Any], now: int) -> None:
    """Remember how the last exchange with a partner went."""
    db.execute(
        "UPDATE local_partner SET heard_time = ?, report = ? WHERE organisation = ?",
        [now, json.dumps(report, ensure_ascii=False), organisation],
    )


def agreed(db: sqlite3.Connection, partner: Partner) -> bytes:
    """The frontier hash at which we and a partner last held the same entries, or b""."""
    row = db.execute("SELECT agreed FROM local_partner WHERE organisation = ?", [partner.organisation]).fetchone()
    return bytes(row[0]) if row else b""


def keep_agreed(db: sqlite3.Connection, partner: Partner, state: bytes) -> None:
    """Remember that we and a partner hold the same entries."""
    db.execute("UPDATE local_partner SET agreed = ? WHERE organisation = ?", [state, partner.organisation])


def points(db: sqlite3.Connection, partner: Partner) -> Points:
    """What a partner held at the last exchange; empty if we never met."""
    row = db.execute("SELECT points FROM local_partner WHERE organisation = ?", [partner.organisation]).fetchone()
    held = cbor.decode(row[0], "What we know of a partner") if row and row[0] else []
    return {writer: [(sequence, short) for sequence, short in at] for writer, at in held}


def keep_points(db: sqlite3.Connection, partner: Partner, held: Points) -> None:
    """Remember what a partner holds, for bundles that bring just what it lacks."""
    packed = cbor.encode([[writer, [list(point) for point in at]] for writer, at in held.items()])
    db.execute("UPDATE local_partner SET points = ? WHERE organisation = ?", [packed, partner.organisation])


def set_address(db: sqlite3.Connection, partner: Partner, address: str) -> str:
    """Remember another way to reach a partner, and return it in full.

    If it is a shared folder or object store, we start afresh there, as if we had never seen it.
    """
    address = check_address(address)
    with writing(db):
        db.execute("UPDATE local_partner SET address = ? WHERE organisation = ?", [address, partner.organisation])
        db.execute("DELETE FROM local_place_file WHERE place = ?", [address])
    return address


def keep_first_address(db: sqlite3.Connection, partner: Partner) -> None:
    """Remember where a partner was reached, unless we knew an address before."""
    db.execute(
        "UPDATE local_partner SET address = ? WHERE organisation = ? AND address = ''",
        [partner.address, partner.organisation],
    )
