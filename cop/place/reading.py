"""Reading in a place: what is there, what of it is new, and what of that can be used."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import cop
from cop import log, sync, trust, wire
from cop.errors import NotReachable, NotThere, Refused, TooLarge
from cop.model import OrganisationId, WriterId
from cop.place import memory, state
from cop.place.memory import DONE, Known
from cop.place.names import (
    PAYLOADS,
    FileName,
    Listing,
    parse,
    publisher_of,
    sort_out,
    state_path,
)
from cop.place.state import MAX_STATE_BYTES, State
from cop.signing import sha256
from cop.sync import Progress, Side
from cop.transports.base import FileCarrier
from cop.wire import MAX_BODY_BYTES, Message

MAX_MISSES = 20  # remembered files that are not there, before we believe the listing about the rest
_NOT_UNDERSTOOD = b"cop " + cop.__version__.encode()  # read again by another version


@dataclass
class Visit:
    """One visit to a place: what was seen there, and what came of it."""

    side: Side
    carrier: FileCarrier
    now: int
    progress: Progress
    listing: Listing
    states: dict[str, State]  # what publishers say of themselves, as far as it verifies
    state_hashes: dict[str, bytes]  # per publisher, of the bytes of its state
    known: dict[str, Known]  # what we remember of the place, by name
    not_whole: set[FileName] = field(default_factory=set)
    received: int = 0  # changes
    sent: int = 0
    turned_away: dict[str, int] = field(default_factory=dict)  # per file, entries of writers we do not know
    unreadable: int = 0  # files
    by: dict[OrganisationId, int] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """What memory calls this place."""
        return self.carrier.address

    @property
    def own(self) -> str:
        """Our own folder there."""
        return publisher_of(self.side.signer.public)

    def forget(self, paths: Iterable[str]) -> None:
        """Files that do not count as being there any more."""
        memory.forget(self.side.db, [self.known.pop(path) for path in paths])

    def expected_but_not_whole(self) -> list[FileName]:
        """Damaged files of others, but for those that their publishers have given up."""
        told = {publisher: dict(one.files) for publisher, one in self.states.items()}
        return sorted(
            name
            for name in self.not_whole
            if name.publisher != self.own and name in told.get(name.publisher, self.not_whole)
        )

    def news_of(self) -> Iterator[State]:
        """States of others that changed since our last visit."""
        for publisher, one in self.states.items():
            before = self.known.get(state_path(publisher))
            if publisher != self.own and (before is None or before.seen != self.state_hashes[publisher]):
                yield one


def arrive(side: Side, carrier: FileCarrier, writers: Iterable[WriterId], now: int, progress: Progress) -> Visit:
    """Look around in a place. Raises: NotReachable, also if it is empty and was not before."""
    known = memory.files(side.db, carrier.address)
    found: dict[str, tuple[State, bytes]] = {}
    if carrier.can_list:
        listing = sort_out(carrier.list())
        for publisher, path in listing.states.items():
            _keep_state(carrier, publisher, path, found)
    else:
        _follow(carrier, [publisher_of(writer) for writer in writers], found)
        listing = Listing({name: {name.path: size} for one, _ in found.values() for name, size in one.files})
    if not listing and not found and (known or not carrier.can_list):
        raise _empty(carrier)
    states = {publisher: one for publisher, (one, _) in found.items()}
    hashes = {publisher: told for publisher, (_, told) in found.items()}
    return Visit(side, carrier, now, progress, listing, states, hashes, known)


def _empty(carrier: FileCarrier) -> NotReachable:
    if not carrier.can_list:
        return NotReachable(f"{carrier.address} holds no files of cop.", hint="Is the address right?")
    return NotReachable(
        f"{carrier.address} is empty, and it was not before. Nothing was read or written.",
        hint="Is the stick in, or the network share connected? If it was emptied on purpose, start again with:"
        f' cop partner add "NAME" "{carrier.address}"',
    )


def _keep_state(carrier: FileCarrier, publisher: str, path: str, found: dict[str, tuple[State, bytes]]) -> None:
    """Read what a publisher says of itself. Late, half or forged, it is left out: it is a hint and no more."""
    try:
        data = carrier.read(path, MAX_STATE_BYTES)
        found[publisher] = state.unpack(data, publisher), sha256(data)
    except (NotThere, Refused):
        return


def _follow(carrier: FileCarrier, publishers: list[str], found: dict[str, tuple[State, bytes]]) -> None:
    """On a web server without lists, go from one publisher to those that it knows."""
    waiting, tried = publishers, set[str]()
    while waiting and len(tried) < state.MAX_PUBLISHERS:
        publisher = waiting.pop()
        if publisher in tried:
            continue
        tried.add(publisher)
        _keep_state(carrier, publisher, state_path(publisher), found)
        if publisher in found:
            waiting += [publisher_of(writer) for writer, _ in found[publisher][0].publishers]


def new_files(visit: Visit) -> list[FileName]:
    """Files that were not read here yet, or that could be of more use now; entries before their payloads."""
    tags = _tags(visit.side.db)
    return [name for name in sorted(visit.listing.files) if _is_new(visit.known.get(name.path), tags)]


def _is_new(known: Known | None, tags: "_Tags") -> bool:
    return known is None or known.seen not in (DONE, tags.members, tags.all, _NOT_UNDERSTOOD)


@dataclass(frozen=True)
class _Tags:
    """What decides whether it is worth reading a file again."""

    members: bytes  # who belongs to the network
    all: bytes  # that, and how many entries are held


def _tags(db: sqlite3.Connection) -> _Tags:
    network = trust.members(db)
    members = sha256(b"".join(sorted(network.organisations)) + b"".join(sorted(network.writers)))[:16]
    last = db.execute("SELECT coalesce(max(entry_number), 0) FROM log_entry").fetchone()[0]
    return _Tags(members, members + last.to_bytes(8, "big"))


def read_all(visit: Visit) -> None:
    """Store what is new. Files may bring somebody in whose entries stood in an earlier file, so look again then."""
    _compare_with_memory(visit)
    while True:
        before = _tags(visit.side.db).members
        for name in new_files(visit):
            _read_one(visit, name)
            visit.progress(visit.received)
        if _tags(visit.side.db).members == before:
            return


def _compare_with_memory(visit: Visit) -> None:
    """Files that are gone, or are ours and not as we wrote them, do not count as being there."""
    if visit.carrier.read_only:
        return
    gone, misses = [], 0
    for path, known in visit.known.items():
        name = data_file(path)
        if name is None:
            continue
        sizes = visit.listing.files.get(name, {})
        if not sizes and misses < MAX_MISSES and _came_late(visit, name):
            continue
        misses += not sizes
        if not sizes or (name.publisher == visit.own and known.size not in sizes.values()):
            gone.append(path)
    visit.forget([*gone, *(path for path in _complaints(visit) if path not in gone)])


def data_file(path: str) -> FileName | None:
    """What a name that we remember says; None for `state.cop`."""
    _, publisher, name = path.split("/")
    return parse(publisher, name)


def _came_late(visit: Visit, name: FileName) -> bool:
    """True for a file that is there although the listing does not show it."""
    try:
        data = visit.carrier.read(name.path, MAX_BODY_BYTES)
    except (NotThere, TooLarge):
        return False
    if name.fits(data):
        visit.listing.files[name] = {name.path: len(data)}
    return name.fits(data)


def _complaints(visit: Visit) -> Iterator[str]:
    """Files that somebody found damaged, that we took for whole, and that are damaged indeed."""
    told = {name for one in visit.states.values() for name in one.not_whole}
    for name in sorted(told):
        known = visit.known.get(name.path)
        if known is None or name not in visit.listing.files or whole(visit, name) is not None:
            continue
        yield name.path
        if name.publisher == visit.own and known.size in visit.listing.files[name].values():
            visit.carrier.delete(name.path)  # ours, and full of something else: nobody can ever use it
            del visit.listing.files[name]


def whole(visit: Visit, name: FileName) -> bytes | None:
    """The bytes that belong under a name, from that file or from a copy of it; None while there are no such bytes."""
    sizes = visit.listing.files[name]
    for path in sorted(sizes, key=lambda path: (path != name.path, path)):
        if not 0 < sizes[path] <= MAX_BODY_BYTES:
            continue
        try:
            data = visit.carrier.read(path, MAX_BODY_BYTES)
        except (NotThere, TooLarge):
            continue
        if name.fits(data):
            return data
    return None


def _read_one(visit: Visit, name: FileName) -> None:
    """Store what one file brings, and remember how far it was of use."""
    if name.kind == PAYLOADS and not _entries_came(visit, name):
        return
    data = whole(visit, name)
    if data is None:
        visit.not_whole.add(name)
        return
    visit.not_whole.discard(name)
    side = visit.side
    try:
        message = wire.unpack(data, side.signer)
        came = sync.receive(side, message, sync.partner_name(side.db, message.organisation), visit.now)
    except Refused:
        visit.unreadable += 1
        visit.known[name.path] = memory.remember(side.db, visit.place, name.path, len(data), seen=_NOT_UNDERSTOOD)
        return
    visit.received += came.changes
    if name.path not in visit.known or name.path in visit.turned_away:  # else they were told at an earlier visit
        visit.turned_away[name.path] = sum(came.refused.values())
    for owner, changes in came.by.items():
        visit.by[owner] = visit.by.get(owner, 0) + changes
    _remember(visit, name, len(data), message, complete=not came.refused)


def _entries_of(visit: Visit, name: FileName) -> list[Known]:
    """Files with the entries that the payloads in a file belong to, as far as they were read."""
    pairs = visit.listing.entry_files.get((name.publisher, name.number), [])
    return [visit.known[one.path] for one in pairs if one.path in visit.known]


def _entries_came(visit: Visit, name: FileName) -> bool:
    """True if the entries that payloads belong to were read, and some of them stored."""
    return any(one.seen == DONE or memory.has_entries(visit.side.db, one) for one in _entries_of(visit, name))


def _remember(visit: Visit, name: FileName, size: int, message: Message, *, complete: bool) -> None:
    db = visit.side.db
    hashes = list(log.by_hash(message.payloads))
    seen = DONE if complete else _tags(db).members
    if memory.unknown_payloads(db, hashes):  # their entries were turned away, or come with another file
        refused = any(one.seen != DONE for one in _entries_of(visit, name))
        seen = _tags(db).members if refused else _tags(db).all
    visit.known[name.path] = memory.remember(
        db, visit.place, name.path, size, seen=seen, entries=message.entries, payloads=hashes
    )
