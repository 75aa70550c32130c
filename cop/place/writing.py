"""Writing in a place: what it lacks of what we hold, what somebody there lacks, and at last a word about ourselves."""

from collections.abc import Iterable, Mapping, Sequence

from cop import choosing, frontier, identity, invitations, partners, sealing, settings, trust, wire
from cop.composing import wanted
from cop.counting import count_changes
from cop.errors import CopError
from cop.model import PARTNERS, Entry, PayloadHash, WriterId
from cop.place import memory, state
from cop.place.names import ENTRIES, PAYLOADS, WANTED, FileName, name_for, publisher_of, state_path
from cop.place.reading import data_file
from cop.place.state import MAX_NOT_WHOLE, State
from cop.place.visit import Visit
from cop.read_back import split_hashes
from cop.signing import sha256
from cop.wire import Message

Wishes = Mapping[PayloadHash, Sequence[WriterId]]  # payloads that somebody lacks, and who
_BATCH = 500  # payload hashes looked up at a time
_FEW = 500  # payloads that one publisher may ask for at a time, as in `wire`


class Writer:
    """Writes numbered files of ours, and remembers each as soon as it stands there."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.receivers = partners.receivers(visit.side.db)
        self.wishes = _wishes(visit)
        self.number = max((name.number for name in own_names(visit)), default=0)

    def entries(self, entries: Sequence[Entry], open_: Sequence[bytes], closed: Sequence[bytes]) -> None:
        """One file of entries, after one of their payloads: whoever sees the entries finds the payloads too."""
        self.number += 1
        if open_ or closed:
            self._payloads(PAYLOADS, open_, closed)
        name, size = self._put(ENTRIES, self._pack(entries=entries))
        self._remember(name, size, entries=entries)
        self.visit.sent += count_changes(entries)

    def payloads(self, open_: Sequence[bytes], closed: Sequence[bytes]) -> None:
        """One file of payloads whose entries stand in the place already."""
        self.number += 1
        self._payloads(WANTED, open_, closed)

    def _payloads(self, kind: str, open_: Sequence[bytes], closed: Sequence[bytes]) -> None:
        sealed = sealing.seal(self.receivers, wire.secret(closed)) if closed else b""
        hashes = [sha256(payload) for payload in (*open_, *closed)]
        answered = [(writer, one) for one in hashes for writer in self.wishes.get(one, ())]
        name, size = self._put(kind, self._pack(payloads=open_, sealed=sealed))
        self._remember(name, size, payloads=hashes, answered=answered)

    def _pack(self, *, entries: Sequence[Entry] = (), payloads: Sequence[bytes] = (), sealed: bytes = b"") -> bytes:
        side = self.visit.side
        organisation = identity.own_organisation(side.db)
        message = Message(side.signer.public, organisation, bytes(32), entries=tuple(entries), payloads=tuple(payloads))
        return wire.pack(message, sealed)

    def _put(self, kind: str, data: bytes) -> tuple[FileName, int]:
        name = name_for(self.visit.side.signer.public, self.number, kind, data)
        self.visit.carrier.write(name.path, data)
        return name, len(data)

    def _remember(
        self,
        name: FileName,
        size: int,
        *,
        entries: Iterable[Entry] = (),
        payloads: Iterable[PayloadHash] = (),
        answered: Iterable[tuple[WriterId, PayloadHash]] = (),
    ) -> None:
        visit = self.visit
        visit.known[name.path] = memory.remember(
            visit.side.db, visit.place, name.path, size, entries=entries, payloads=payloads, answered=answered
        )
        visit.show_progress()


def own_names(visit: Visit) -> list[FileName]:
    """Our files there, as far as we remember them."""
    # not what merely lies there: anybody may put a file with a giant number into our folder
    remembered = (data_file(path) for path in visit.known)
    return [name for name in remembered if name and name.publisher == visit.own]


def write_all(visit: Visit) -> None:
    """Write what the place lacks. Raises: NotReachable; what was written by then stands, and is remembered."""
    db, writer = visit.side.db, Writer(visit)
    numbers = memory.entries_not_there(db, visit.place)
    while numbers:
        entries, (open_, closed, _), taken = choosing.chunk(db, numbers, PARTNERS)
        writer.entries(entries, open_, closed)
        numbers = numbers[taken:]
    _take_out_erased(visit)  # behind the entries that say so: who looks at this place now must know why
    lacking = memory.payloads_not_there(db, visit.place)
    answers = [one for one, who in writer.wishes.items() if not _is_answered(visit, one, who)]
    hashes = list(dict.fromkeys([*lacking, *answers]))
    while hashes:
        batch, hashes = hashes[:_BATCH], hashes[_BATCH:]
        while batch:
            open_, closed, _ = choosing.answer_wanted(db, batch, PARTNERS)
            if not open_ and not closed:
                break
            writer.payloads(open_, closed)
            written = {sha256(payload) for payload in (*open_, *closed)}
            batch = [one for one in batch if one not in written]
    _write_state(visit)


def _take_out_erased(visit: Visit) -> None:
    """Delete files of ours with something that was erased; what else stood in them is written once more, right after."""
    db = visit.side.db
    former = settings.read(db, "former_writers")
    writers = [visit.side.signer.public, *split_hashes(former if isinstance(former, bytes) else b"")]
    ours = {publisher_of(writer) for writer in writers}
    for path in memory.files_with_erased(db, visit.place):
        name = data_file(path)
        if name and name.publisher in ours and path in visit.known:
            for there in visit.listing.files.pop(name, {name.path: 0}):  # under all names that a cloud service gave it
                visit.carrier.delete(there)
            visit.forget([path])


def _wishes(visit: Visit) -> dict[PayloadHash, list[WriterId]]:
    """What members lack although they have read all files here in which it stands, as far as we know of any."""
    members = trust.members(visit.side.db).present
    found: dict[PayloadHash, list[WriterId]] = {}
    for publisher, one in sorted(visit.states.items()):
        if publisher != visit.own and one.writer in members:
            reached = {publisher_of(writer): number for writer, number in one.publishers}
            for payload_hash in one.wanted[:_FEW]:
                if not _may_still_find(visit, payload_hash, reached):
                    found.setdefault(payload_hash, []).append(one.writer)
    return found


def _may_still_find(visit: Visit, payload_hash: PayloadHash, reached: Mapping[str, int]) -> bool:
    """True if a payload stands in a file that somebody had not read yet when it asked."""
    paths = memory.files_with(visit.side.db, visit.place, payload_hash)
    names = [name for name in map(data_file, paths) if name]
    return any(name.number > reached.get(name.publisher, 0) for name in names)


def _is_answered(visit: Visit, payload_hash: PayloadHash, who: Iterable[WriterId]) -> bool:
    """True if a file of ours was written for all who lack it. One answer a file: nobody makes us fill a place."""
    db = visit.side.db
    return all(memory.is_answered(db, visit.place, writer, payload_hash) for writer in who)


def _write_state(visit: Visit) -> None:
    """Say what we have written and what we lack, unless that is what stands there."""
    path = state_path(visit.own)
    data = state.pack(_own_state(visit), visit.side.signer)
    before = visit.known.get(path)
    told = sha256(data)
    if before is None or before.seen != told or visit.state_hashes.get(visit.own) != told:
        visit.carrier.write(path, data)
    memory.remember(visit.side.db, visit.place, path, len(data), seen=told)
    for one in visit.news_of():
        path = state_path(publisher_of(one.writer))
        memory.remember(visit.side.db, visit.place, path, 0, seen=visit.state_hashes[publisher_of(one.writer)])


def _own_state(visit: Visit) -> State:
    side = visit.side
    config = side.site.config
    names = {name: known.size for path, known in visit.known.items() if (name := data_file(path))}
    reached: dict[str, int] = {}
    for name in names:
        reached[name.publisher] = max(reached.get(name.publisher, 0), name.number)
    writers = {one.writer for one in visit.states.values()} | {side.signer.public}
    try:
        invitation = invitations.own_invitation(side.db, config.name, config.kind, config.url).text()
    except CopError:  # a copy for which nobody has vouched yet has none to hand out
        invitation = ""
    return State(
        writer=side.signer.public,
        organisation=identity.own_organisation(side.db),
        held=frontier.frontier_hash(side.db),
        files=tuple(sorted((name, size) for name, size in names.items() if name.publisher == visit.own)),
        publishers=tuple((writer, reached.get(publisher_of(writer), 0)) for writer in sorted(writers)),
        wanted=tuple(sorted(wanted(side.db))),
        not_whole=tuple(visit.expected_but_not_whole()[:MAX_NOT_WHOLE]),
        invitation=invitation,
    )
