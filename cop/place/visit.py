"""Coming to a place: what lies there, and what its publishers say of themselves."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from cop import trust
from cop.errors import NotReachable, NotThere, Refused
from cop.identity import Side
from cop.model import OrganisationId, WriterId
from cop.place import memory, state
from cop.place.memory import Known
from cop.place.names import FileName, Listing, publisher_of, sort_out, state_path
from cop.place.state import MAX_STATE_BYTES, State
from cop.progress import Progress
from cop.signing import sha256
from cop.transports.base import FileCarrier

MAX_STRANGERS = 30  # that say something of themselves; their files are read all the same
MAX_STRANGER_BYTES = 50_000  # of a state of theirs


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
    apart: int = 0  # changes of those who left, were removed or ended
    texts: int = 0  # texts that came now, of changes that were known before
    erasures: int = 0  # entries that came and want something erased
    erased: int = 0  # texts that were not taken, because they were erased here
    turned_away: dict[str, int] = field(default_factory=dict)  # per file, entries of writers we do not know
    unreadable: int = 0  # files
    not_written: str = ""  # why what we hold could not be left there
    by: dict[OrganisationId, int] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """What memory calls this place."""
        return self.carrier.address

    @property
    def own(self) -> str:
        """Our own folder there."""
        return publisher_of(self.side.signer.public)

    def show_progress(self) -> None:
        """Tell how many bytes have moved; how many will is not known."""
        self.progress(self.carrier.bytes_in + self.carrier.bytes_out, 0)

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
    met = [publisher_of(writer) for writer in writers]
    told = _Told(carrier, {*met, *(publisher_of(writer) for writer in (side.signer.public, *_members(side)))})
    if carrier.can_list:
        listing = sort_out(carrier.list())
        for publisher, path in listing.states.items():
            told.read(publisher, path)
    else:
        told.follow(met)
        listing = Listing({name: {name.path: size} for one in told.states.values() for name, size in one.files})
    if not listing and not told.states and (known or not carrier.can_list):
        raise _empty(carrier)
    return Visit(side, carrier, now, progress, listing, told.states, told.hashes, known)


def _members(side: Side) -> Iterable[WriterId]:
    return trust.members(side.db).writers


def invitations_at(carrier: FileCarrier) -> Iterator[tuple[WriterId, str]]:
    """Who left which invitation, whoever that is. Raises: NotReachable."""
    if not carrier.can_list:
        raise _empty(carrier)
    for publisher, path in islice(sort_out(carrier.list()).states.items(), state.MAX_PUBLISHERS):
        try:
            told = state.unpack_invitation(carrier.read(path, MAX_STATE_BYTES), publisher)
        except (NotThere, Refused):
            continue
        yield told


def _empty(carrier: FileCarrier) -> NotReachable:
    if not carrier.can_list:
        return NotReachable(f"{carrier.address} holds no files of cop.", hint="Is the address right?")
    return NotReachable(
        f"{carrier.address} is empty, and it was not before. Nothing was read or written.",
        hint="Is the stick in, or the network share connected? If it was emptied on purpose, start again with:"
        f' cop partner add "NAME" "{carrier.address}"',
    )


@dataclass
class _Told:
    """What publishers say of themselves: all members, and as much of others as a newcomer needs."""

    carrier: FileCarrier
    expected: set[str]  # publishers
    states: dict[str, State] = field(default_factory=dict)
    hashes: dict[str, bytes] = field(default_factory=dict)
    strangers: int = 0

    def read(self, publisher: str, path: str) -> None:
        """Read what one says. Late, half, forged or too much, it is left out: it is a hint and no more."""
        stranger = publisher not in self.expected
        if len(self.states) >= state.MAX_PUBLISHERS or (stranger and self.strangers >= MAX_STRANGERS):
            return
        self.strangers += stranger
        try:
            data = self.carrier.read(path, MAX_STRANGER_BYTES if stranger else MAX_STATE_BYTES)
            self.states[publisher] = state.unpack(data, publisher)
        except (NotThere, Refused):
            return
        self.hashes[publisher] = sha256(data)

    def follow(self, publishers: Iterable[str]) -> None:
        """On a web server without lists, go from one publisher to those that it knows."""
        waiting, tried = list(publishers), set[str]()
        while waiting and len(tried) < state.MAX_PUBLISHERS:
            publisher = waiting.pop()
            if publisher in tried:
                continue
            tried.add(publisher)
            self.read(publisher, state_path(publisher))
            if publisher in self.states:
                waiting += [publisher_of(writer) for writer, _ in self.states[publisher].publishers]
