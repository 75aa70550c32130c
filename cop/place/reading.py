"""Reading in a place: what of it is new, and what of that can be used."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cop
from cop import identity, log, partners, trust, wire
from cop.database import writing
from cop.errors import NotThere, Refused, TooLarge
from cop.place import memory
from cop.place.memory import DONE, Known
from cop.place.names import ENTRIES, PAYLOADS, FileName, parse
from cop.place.visit import Visit
from cop.receiving import receive
from cop.signing import sha256
from cop.wire import CHUNK_BYTES, MAX_BODY_BYTES, Message

MAX_MISSES = 20  # remembered files that are not there, before we believe the listing about the rest
_NOT_UNDERSTOOD = b"cop " + cop.__version__.encode()  # read again by another version


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
        for group in _groups(visit, new_files(visit)):
            _read_together(visit, group)
            visit.show_progress()
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


@dataclass(frozen=True)
class _File:
    """A file that is whole and can be read."""

    name: FileName
    size: int  # bytes
    message: Message


def _groups(visit: Visit, names: Sequence[FileName]) -> Iterator[list[FileName]]:
    """Files of one publisher that make about one message full: storing many small ones singly takes long."""
    group: list[FileName] = []
    size = 0
    for name in names:
        if group and (name.publisher != group[0].publisher or size >= CHUNK_BYTES):
            yield group
            group, size = [], 0
        group.append(name)
        size += max(visit.listing.files[name].values())
    if group:
        yield group


def _read_together(visit: Visit, group: Sequence[FileName]) -> None:
    """Store what some files bring in one go; one by one if one of them makes no sense."""
    found = list(_open(visit, group))
    try:
        _store(visit, found)
    except Refused:
        for file in found:
            try:
                _store(visit, [file])
            except Refused:
                _give_up(visit, file.name, file.size)


def _open(visit: Visit, group: Sequence[FileName]) -> Iterator[_File]:
    """The files of a group that are whole and can be read, entries before their payloads."""
    entries_here: set[int] = set()
    for name in group:
        if name.kind == PAYLOADS and name.number not in entries_here and not _entries_came(visit, name):
            continue
        data = whole(visit, name)
        if data is None:
            visit.not_whole.add(name)
            continue
        visit.not_whole.discard(name)
        try:
            file = _File(name, len(data), wire.unpack(data, visit.side.signer))
        except Refused:
            _give_up(visit, name, len(data))
            continue
        if name.kind == ENTRIES:
            entries_here.add(name.number)
        yield file


def _give_up(visit: Visit, name: FileName, size: int) -> None:
    visit.unreadable += 1
    visit.known[name.path] = memory.remember(visit.side.db, visit.place, name.path, size, seen=_NOT_UNDERSTOOD)


def _store(visit: Visit, files: Sequence[_File]) -> None:
    """Store what files of one publisher bring, all or nothing, and remember how far each was of use. Raises: Refused."""
    if not files:
        return
    side = visit.side
    message = replace(
        files[0].message,
        entries=tuple(entry for file in files for entry in file.message.entries),
        payloads=tuple(payload for file in files for payload in file.message.payloads),
        sealed=tuple(payload for file in files for payload in file.message.sealed),
    )
    came = receive(side, message, partners.name_of(side.db, message.organisation), visit.now)
    visit.received += came.changes
    visit.apart += came.apart
    visit.texts += came.texts
    visit.erasures += came.erasures
    visit.erased += came.erased
    visit.side = replace(side, signer=identity.present(side.site, side.db, side.signer, visit.now))
    for owner, changes in came.by.items():
        visit.by[owner] = visit.by.get(owner, 0) + changes
    with writing(side.db):
        for file in files:
            refused = sum(entry.writer in came.refused for entry in file.message.entries)
            if file.name.path not in visit.known or file.name.path in visit.turned_away:  # else told before
                visit.turned_away[file.name.path] = refused
            _remember(visit, file, complete=not refused)


def _entries_of(visit: Visit, name: FileName) -> list[Known]:
    """Files with the entries that the payloads in a file belong to, as far as they were read."""
    pairs = visit.listing.entry_files.get((name.publisher, name.number), [])
    return [visit.known[one.path] for one in pairs if one.path in visit.known]


def _entries_came(visit: Visit, name: FileName) -> bool:
    """True if the entries that payloads belong to were read, and some of them stored."""
    return any(one.seen == DONE or memory.has_entries(visit.side.db, one) for one in _entries_of(visit, name))


def _remember(visit: Visit, file: _File, *, complete: bool) -> None:
    db, name = visit.side.db, file.name
    hashes = list(log.by_hash([*file.message.payloads, *file.message.sealed]))
    seen = DONE if complete else _tags(db).members
    if memory.unknown_payloads(db, hashes):  # their entries were turned away, or come with another file
        refused = any(one.seen != DONE for one in _entries_of(visit, name))
        seen = _tags(db).members if refused else _tags(db).all
    visit.known[name.path] = memory.remember(
        db, visit.place, name.path, file.size, seen=seen, entries=file.message.entries, payloads=hashes
    )
