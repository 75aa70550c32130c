"""Who is who: which organisations belong to our network, and which writers are theirs. Computed from entries.

An entry of kind `writer` holds an organisation's signature under a writer's key. An entry of kind `organisation`
says what an organisation thinks of another (`accept`, `remove`) or tells its own name (`self`). Members are we and
everyone whom a member accepts, except those we removed ourselves; see docs/decisions/membership.md.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from cop import log, merge, signing
from cop.model import PUBLIC, Entry, EntryId, OrganisationId, Value, WriterId
from cop.patch import id_text

SELF, ACCEPT, REMOVE = "self", "accept", "remove"
KEY_BYTES = 32


@dataclass(frozen=True)
class Members:
    """The network as one installation sees it."""

    organisations: frozenset[OrganisationId] = frozenset()
    writers: Mapping[WriterId, OrganisationId] = field(default_factory=dict)


def member_record_id(organisation: OrganisationId) -> str:
    """The record in which an organisation tells its name and kind."""
    return id_text(signing.sha256(b"cop/v1/member\0" + organisation)[:16])


def certificate(organisation: signing.Signer, writer: WriterId) -> dict[str, object]:
    """The extension map of a `writer` entry."""
    return {
        "organisation": organisation.public,
        "writer": writer,
        "certificate": signing.certify(organisation, writer),
    }


def stance(organisation: OrganisationId, what: str, replaces: Iterable[EntryId]) -> dict[str, object]:
    """The extension map of an `organisation` entry."""
    return {"organisation": organisation, "stance": what, "replaces": list(replaces)}


def certified(statements: Iterable[Entry]) -> dict[WriterId, OrganisationId]:
    """Per writer, the organisation that signed for it. The first in byte order, should several have."""
    return {writer: min(organisations) for writer, organisations in _vouched(statements).items()}


def _vouched(statements: Iterable[Entry]) -> dict[WriterId, set[OrganisationId]]:
    """Per writer, who signed for it. It must want that itself: else anyone could claim somebody's writer as theirs."""
    found: dict[WriterId, set[OrganisationId]] = {}
    for entry in statements:
        organisation, writer = entry.extra.get("organisation"), entry.extra.get("writer")
        signature = entry.extra.get("certificate")
        if entry.kind != "writer" or not (isinstance(organisation, bytes) and isinstance(writer, bytes)):
            continue
        if (
            not isinstance(signature, bytes)
            or len(organisation) != KEY_BYTES
            or not _wants_it(entry, writer, organisation)
        ):
            continue
        if organisation not in found.get(writer, ()) and signing.is_certified(organisation, writer, signature):
            found.setdefault(writer, set()).add(organisation)
    return found


def _wants_it(entry: Entry, writer: WriterId, organisation: OrganisationId) -> bool:
    """True if a writer says itself that it belongs to an organisation, or asked for it from another computer."""
    consent = entry.extra.get("consent")
    return writer == entry.writer or (isinstance(consent, bytes) and signing.is_asked(organisation, writer, consent))


def current_stances(statements: Iterable[Entry], owners: Mapping[WriterId, OrganisationId]) -> dict[
    OrganisationId, dict[OrganisationId, list[Entry]]
]:  # fmt: skip
    """Per organisation, per organisation it speaks of, the statements that no later one of its own replaced."""
    said: dict[OrganisationId, dict[OrganisationId, list[Entry]]] = {}
    for entry in statements:
        about = entry.extra.get("organisation")
        if entry.kind == "organisation" and entry.writer in owners and isinstance(about, bytes):
            said.setdefault(owners[entry.writer], {}).setdefault(about, []).append(entry)
    return {
        speaker: {about: _not_replaced(entries) for about, entries in targets.items()}
        for speaker, targets in said.items()
    }


def _not_replaced(entries: list[Entry]) -> list[Entry]:
    replaced: set[object] = set()
    for entry in entries:
        names = entry.extra.get("replaces")
        replaced.update(name for name in names if isinstance(name, bytes)) if isinstance(names, list) else None
    return [entry for entry in entries if entry.entry_id not in replaced] or entries


def members_of(statements: Collection[Entry], root: OrganisationId) -> Members:
    """The network that `root` belongs to. Pure; the order of the statements does not matter."""
    owners = certified(statements)
    current = current_stances(statements, owners)
    ours = current.get(root, {})
    removed = {about for about, entries in ours.items() if not _is_accepted(entries)} - {root}
    reached, waiting = {root}, [root]
    while waiting:
        for about, entries in current.get(waiting.pop(), {}).items():
            if about not in reached and about not in removed and _is_accepted(entries):
                reached.add(about)
                waiting.append(about)
    return Members(frozenset(reached), {writer: owner for writer, owner in owners.items() if owner in reached})


def _is_accepted(entries: Iterable[Entry]) -> bool:
    said = stances(entries)
    return bool(said & {ACCEPT, SELF}) and REMOVE not in said


def stances(entries: Iterable[Entry]) -> set[str]:
    """What statements say, as far as it is a word."""
    said = (entry.extra.get("stance") for entry in entries)
    return {word for word in said if isinstance(word, str)}


def ever_accepted(statements: Collection[Entry], root: OrganisationId) -> Members:
    """Everyone who ever belonged to the network of `root`, whatever was said later.

    It only grows, so the order in which entries arrive cannot change what is stored. What somebody says who is not
    reached from `root` counts for nothing.
    """
    owners = _vouched(statements)
    accepted: dict[OrganisationId, set[OrganisationId]] = {}
    for entry in statements:
        about = entry.extra.get("organisation")
        if isinstance(about, bytes) and stances([entry]) & {ACCEPT, SELF}:
            for owner in owners.get(entry.writer, ()):
                accepted.setdefault(owner, set()).add(about)
    reached, waiting = {root}, [root]
    while waiting:
        new = accepted.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return Members(frozenset(reached), {w: min(of & reached) for w, of in owners.items() if of & reached})


def members(db: sqlite3.Connection) -> Members:
    """The network of this installation. It counts itself, even while its organisation has not vouched for it yet."""
    root, writer = log.setting(db, "organisation"), log.setting(db, "writer")
    if not isinstance(root, bytes):
        return Members()
    network = members_of(list(log.statements(db)), root)
    return Members(network.organisations, {writer: root, **network.writers}) if isinstance(writer, bytes) else network


def admissible(db: sqlite3.Connection, received: Collection[Entry]) -> Members:
    """Whose entries are stored, as it would be with `received` stored: what the door of sync goes by.

    Whoever was a member once is let in; the views leave out whom we removed. A statement counts only once its own
    writer is let in, so a stranger cannot bring itself in.
    """
    root = log.setting(db, "organisation")
    if not isinstance(root, bytes):
        return Members()
    offered = [entry for entry in received if entry.kind in ("writer", "organisation")]
    return ever_accepted([*log.statements(db), *offered], root)


@dataclass(frozen=True)
class Organisation:
    """How an organisation calls itself."""

    name: str
    kind: str = ""
    url: str = ""

    @classmethod
    def of_key(cls, organisation: OrganisationId) -> "Organisation":
        """What stands for one that has not told its name yet."""
        return cls(f"Organisation {organisation.hex()[:8]}")


def names(db: sqlite3.Connection, network: Members) -> dict[OrganisationId, Organisation]:
    """What each member calls itself; one that has not told its name yet gets the start of its key."""
    found: dict[OrganisationId, Organisation] = {}
    histories = log.revisions_of(db, [member_record_id(organisation) for organisation in network.organisations])
    for organisation in network.organisations:
        own = [
            r
            for r in histories.get(member_record_id(organisation), [])
            if network.writers.get(r.writer) == organisation
        ]
        view = merge.merge(own, PUBLIC)
        found[organisation] = _named(organisation, view.fields if view else {})
    return found


def _named(organisation: OrganisationId, fields: Mapping[str, Value]) -> Organisation:
    def text(name: str) -> str:
        value = fields.get(name)
        return value[:200] if isinstance(value, str) and value.isprintable() else ""

    return Organisation(text("name") or Organisation.of_key(organisation).name, text("kind"), text("url"))
