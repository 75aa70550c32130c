"""Who is who: which organisations belong to our network, and which writers are theirs. Computed from entries.

`vouching` says which writers an organisation calls its own, `stances` who belongs to whose network.
"""

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from cop import belonging, cutoffs, merge, read_back, settings, signing, stances, vouching
from cop.log import WHO_IS_WHO
from cop.model import PUBLIC, Entry, Members, OrganisationId, Value
from cop.patch import id_text


def member_record_id(organisation: OrganisationId) -> str:
    """The record in which an organisation tells its name and kind."""
    return id_text(signing.sha256(b"cop/v1/member\0" + organisation)[:16])


def members(db: sqlite3.Connection) -> Members:
    """The network of this installation. It counts itself, even while its organisation has not vouched for it yet."""
    root, writer = settings.read(db, "organisation"), settings.read(db, "writer")
    if not isinstance(root, bytes):
        return Members()
    network = belonging.members_of(list(read_back.statements(db)), root, lambda ends: cutoffs.apart(db, ends))
    return replace(network, writers={writer: root, **network.writers}) if isinstance(writer, bytes) else network


def is_vouched_for(db: sqlite3.Connection) -> bool:
    """True if our organisation has signed for this installation."""
    writer, ours = settings.read(db, "writer"), settings.read(db, "organisation")
    return vouching.certified(read_back.statements(db)).get(writer, b"") == ours if isinstance(writer, bytes) else False


def is_ended(db: sqlite3.Connection) -> bool:
    """True if our organisation has ended this installation: nothing that it writes since then counts."""
    return settings.own_writer(db) in members(db).cutoffs


def left(db: sqlite3.Connection) -> set[OrganisationId]:
    """The organisations that said of themselves that they have left."""
    statements = list(read_back.statements(db))
    said = stances.current_stances(statements, vouching.certified(statements))
    return {one for one, about in said.items() if stances.LEAVE in stances.words(about.get(one, ()))}


def admissible(db: sqlite3.Connection, received: Collection[Entry]) -> Members:
    """Whose entries are stored, as it would be with `received` stored: what the door of sync goes by.

    Whoever was a member once is let in; the views leave out whom we removed. A statement counts only once its own
    writer is let in, so a stranger cannot bring itself in.
    """
    root = settings.read(db, "organisation")
    if not isinstance(root, bytes):
        return Members()
    offered = [entry for entry in received if entry.kind in WHO_IS_WHO]
    return stances.ever_accepted([*read_back.statements(db), *offered], root)


@dataclass(frozen=True)
class Organisation:
    """How an organisation calls itself."""

    name: str
    kind: str = ""
    url: str = ""

    @classmethod
    def of_key(cls, organisation: OrganisationId) -> "Organisation":
        """What stands for one that has not told its name yet."""
        return cls(f"Name not known yet (key {organisation.hex()[:8]})")


def names(db: sqlite3.Connection, network: Members) -> dict[OrganisationId, Organisation]:
    """What each member calls itself, and who was one.

    One that has not told its name yet is called as its invitation says; without that it gets the start of its key.
    """
    found: dict[OrganisationId, Organisation] = {}
    invited = {row[0]: dict(row) for row in db.execute("SELECT organisation, name, kind FROM local_partner")}
    everyone = network.organisations | set(network.writers.values())
    histories = read_back.revisions_of(db, [member_record_id(organisation) for organisation in everyone])
    for organisation in everyone:
        own = [
            r
            for r in histories.get(member_record_id(organisation), [])
            if network.writers.get(r.writer) == organisation and network.counts(r.writer, r.entry_id)
        ]
        view = merge.merge(own, PUBLIC)
        found[organisation] = _named(organisation, view.fields if view else invited.get(organisation, {}))
    return found


def called(db: sqlite3.Connection, organisation: OrganisationId) -> str:
    """What an organisation called itself in what is here, member or not; "" if it told nothing."""
    written_for = vouching.certified(read_back.statements(db))
    told = read_back.revisions(db, member_record_id(organisation))
    view = merge.merge([r for r in told if written_for.get(r.writer) == organisation], PUBLIC)
    return _named(organisation, view.fields).name if view and view.fields.get("name") else ""


def kinds_told(db: sqlite3.Connection, network: Members) -> dict[OrganisationId, frozenset[str]]:
    """Every kind that each ever said it is: what somebody counts as must not change with what it says today."""
    found: dict[OrganisationId, set[str]] = {}
    for organisation in network.organisations | set(network.writers.values()):
        for r in read_back.revisions(db, member_record_id(organisation)):
            own = network.writers.get(r.writer) == organisation and network.counts(r.writer, r.entry_id)
            if own and r.patch and isinstance(kind := r.patch.fields.get("kind"), str):
                found.setdefault(organisation, set()).add(kind)
    return {organisation: frozenset(kinds) for organisation, kinds in found.items()}


def _named(organisation: OrganisationId, fields: Mapping[str, Value]) -> Organisation:
    def text(name: str) -> str:
        value = fields.get(name)
        return value[:200] if isinstance(value, str) and value.isprintable() else ""

    return Organisation(text("name") or Organisation.of_key(organisation).name, text("kind"), text("url"))
