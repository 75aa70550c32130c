"""Organisations we chose to exchange with, and what we know of each."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cop import cbor, log, read_back, settings, stances, trust, vouching
from cop.addresses import check_address, is_of_this_computer
from cop.database import writing
from cop.errors import CopError, WrongUsage
from cop.frontier import Points
from cop.invitations import Invitation
from cop.model import Cutoff, Entry, OrganisationId, WriterId, iso_time
from cop.signing import Signer

STRANGER = "someone we do not know"


@dataclass(frozen=True)
class Partner:
    """An organisation we accepted, and how far we are with it."""

    organisation: OrganisationId
    name: str
    kind: str
    address: str
    heard_time: int = 0
    report: dict[str, Any] = field(default_factory=dict)
    has_left: bool = False  # the network, as we have heard

    def summary(self) -> dict[str, Any]:
        """For `cop partner list --json` and `cop status --json`."""
        heard = iso_time(self.heard_time) if self.heard_time else ""
        return {"name": self.name, "kind": self.kind, "address": self.address, "key": self.organisation.hex(),
                "last_heard": heard, "last_exchange": self.report, "has_left": self.has_left}  # fmt: skip


def all_partners(db: sqlite3.Connection) -> list[Partner]:
    """Everyone we accepted, A to Z."""
    return _those(db, "organisation NOT IN (SELECT organisation FROM local_parted)")


def to_be_told(db: sqlite3.Connection) -> list[Partner]:
    """Whom we left, and who have not heard of it from us yet."""
    return _those(db, "organisation IN (SELECT organisation FROM local_parted)")


def were_told(db: sqlite3.Connection, met: Iterable[Partner]) -> None:
    """Forget how those are reached whom we left: they know it now."""
    for one in met:
        if db.execute("DELETE FROM local_parted WHERE organisation = ?", [one.organisation]).rowcount:
            db.execute("DELETE FROM local_partner WHERE organisation = ?", [one.organisation])


def _those(db: sqlite3.Connection, condition: str) -> list[Partner]:
    rows = db.execute(
        f"SELECT organisation, name, kind, address, heard_time, report FROM local_partner WHERE {condition}"
        " ORDER BY name COLLATE NOCASE"
    )
    return [Partner(row[0], row[1], row[2], row[3], row[4], json.loads(row[5] or "{}")) for row in rows]


def names_of(met: Sequence[Partner]) -> str:
    """These partners in one line of text."""
    names = [one.name for one in met]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def name_of(db: sqlite3.Connection, organisation: OrganisationId) -> str:
    """How we call an organisation in reports: a partner, or whoever told its name in what is here."""
    known = [p.name for p in [*all_partners(db), *to_be_told(db)] if p.organisation == organisation]
    return known[0] if known else (trust.called(db, organisation) if organisation else "") or STRANGER


def current(db: sqlite3.Connection) -> list[Partner]:
    """Everyone we accepted, under the name that they have now. Two of one name are told apart by their keys."""
    told, left = trust.names(db, trust.members(db)), trust.left(db)
    found = [
        replace(p, name=_name_now(p, told.get(p.organisation)), has_left=p.organisation in left)
        for p in all_partners(db)
    ]
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

    Those that ended are nobody's any more. Of a partner that comes for the first time we hold nothing but its invitation.
    """
    known = trust.members(db)
    network = trust.admissible(db, entries) if entries else known
    found = {**_inviting_writers(db), **network.writers}
    return {writer: owner for writer, owner in found.items() if writer not in known.cutoffs}


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
    partners, word = [*current(db), *to_be_told(db)], name.casefold()
    before = {p.organisation for p in all_partners(db) if p.name.casefold() == word}
    same = [p for p in partners if p.name.casefold() == word] or [p for p in partners if p.organisation in before]
    alike = same or [p for p in partners if p.name.casefold().startswith(name.casefold())]
    if len(alike) != 1:
        known = ", ".join(p.name for p in partners) or "none yet"
        raise WrongUsage(f"There is no one partner called “{name}”. Partners: {known}.", hint="cop partner list")
    return alike[0]


def find_member(db: sqlite3.Connection, name: str, but: OrganisationId = b"") -> Partner:
    """Anyone who counts as a member, except one: a partner, or a partner's partner. Raises: WrongUsage."""
    network = trust.members(db)
    not_meant = {settings.read(db, "organisation"), but}
    for organisation, one in trust.names(db, network).items():
        if one.name.casefold() == name.casefold() and organisation in network.organisations - not_meant:
            return Partner(organisation, one.name, one.kind, "")
    return find(db, name)


def receivers(db: sqlite3.Connection, organisation: OrganisationId | None = None) -> list[WriterId]:
    """Keys to seal to what is for partners only: those of one partner, or of all members and of ourselves."""
    return [writer for writer, owner in owners(db).items() if organisation in (None, owner)]


def accept(db: sqlite3.Connection, signer: Signer, invitation: Invitation, now: int) -> None:
    """Accept a partner: from now on we store and show what it writes, and tell our partners that we know it."""
    ours = invitation.organisation == settings.read(db, "organisation")
    if ours and invitation.writer == settings.own_writer(db):
        raise WrongUsage("This is your own invitation.", hint="Give it to a partner, and join theirs.")
    with writing(db):
        db.execute("DELETE FROM local_parted WHERE organisation = ?", [invitation.organisation])
        db.execute(
            "INSERT INTO local_partner (organisation, name, kind, address, accepted_time, writer) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (organisation) DO UPDATE SET name = excluded.name, kind = excluded.kind,"
            " address = CASE WHEN address <> '' AND address NOT LIKE 'http%' THEN address"  # a place that we chose ourselves
            " ELSE coalesce(nullif(excluded.address, ''), address) END, writer = excluded.writer",
            [
                invitation.organisation,
                invitation.name,
                invitation.kind,
                _usable(db, invitation),
                now,
                invitation.writer,
            ],
        )
        if not ours:  # else it is another computer of our own organisation
            _be_there(db, signer, now)
            say(db, signer, invitation.organisation, stances.ACCEPT, now)


def _be_there(db: sqlite3.Connection, signer: Signer, now: int) -> None:
    """Take back that we left the network, should we have said so."""
    statements, ours = list(read_back.statements(db)), settings.read(db, "organisation")
    said = stances.current_stances(statements, vouching.certified(statements))
    if isinstance(ours, bytes) and stances.LEAVE in stances.words(said.get(ours, {}).get(ours, ())):
        say(db, signer, ours, stances.SELF, now)


def _usable(db: sqlite3.Connection, invitation: Invitation) -> str:
    """The address of an invitation, or "": then the one that we know stays, or bundles go by stick."""
    if is_of_this_computer(invitation.address) and _is_reached_elsewhere(db, invitation.organisation):
        return ""
    try:
        return check_address(invitation.address)
    except WrongUsage:
        return ""


def _is_reached_elsewhere(db: sqlite3.Connection, organisation: OrganisationId) -> bool:
    row = db.execute("SELECT address FROM local_partner WHERE organisation = ?", [organisation]).fetchone()
    return row is not None and row[0] != "" and not is_of_this_computer(row[0])


def say(
    db: sqlite3.Connection,
    signer: Signer,
    about: OrganisationId,
    what: str,
    now: int,
    *,
    last: Mapping[WriterId, Cutoff] | None = None,
    successor: OrganisationId = b"",
    elsewhere: Mapping[WriterId, Cutoff] | None = None,
) -> None:
    """Write down what we think of an organisation, unless we said so last. For `last` and so on see `stances.stance`."""
    statements = list(read_back.statements(db))
    owners = vouching.certified(statements)
    if signer.public not in owners:
        raise CopError("Your organisation has not vouched for this computer yet.", hint="cop device new says how.")
    earlier = stances.current_stances(statements, owners).get(owners[signer.public], {}).get(about, [])
    if stances.words(earlier) == {what} and last is None:
        return
    extra = stances.stance(about, what, [entry.entry_id for entry in earlier], last, successor, elsewhere)
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

    If it is a shared folder or object store, we start afresh there, as if we had never seen it. Whether a cop or a plain
    web server is at it may change with that, too.
    """
    address = check_address(address)
    with writing(db):
        db.execute("UPDATE local_partner SET address = ? WHERE organisation = ?", [address, partner.organisation])
        db.execute("DELETE FROM local_place_file WHERE place = ?", [address])
        settings.keep(db, _line_setting(partner), None)
    return address


def keep_first_address(db: sqlite3.Connection, partner: Partner) -> None:
    """Remember where a partner was reached, unless we knew an address before."""
    db.execute(
        "UPDATE local_partner SET address = ? WHERE organisation = ? AND address = ''",
        [partner.address, partner.organisation],
    )


def _line_setting(partner: Partner) -> str:
    return f"line {partner.organisation.hex()}"


def keep_line(db: sqlite3.Connection, partner: Partner) -> None:
    """Remember that a partner has proved to answer at its address itself."""
    if settings.read(db, _line_setting(partner)) != partner.address:
        with writing(db):
            settings.keep(db, _line_setting(partner), partner.address)


def may_leave_files(db: sqlite3.Connection, partner: Partner) -> bool:
    """True if files of a partner at its address count: we were told that address, and the partner never answered there.

    Else somebody on the line, or in the same room, could show us its old files in its place, and so hide what is new.
    """
    told = [one.address for one in all_partners(db) if one.organisation == partner.organisation]
    return partner.address in told and settings.read(db, _line_setting(partner)) != partner.address
