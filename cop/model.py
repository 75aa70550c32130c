"""The values that everything else passes around. Imports nothing else of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

RecordId = str  # 26 characters: 16 bytes in lower-case base32 (RFC 4648) without padding
EntryId = bytes  # 32 bytes: SHA-256 of an entry's data
PayloadHash = bytes  # 32 bytes: SHA-256 of a payload
WriterId = bytes  # 32 bytes: the writer's Ed25519 public key
OrganisationId = bytes  # 32 bytes: the organisation's Ed25519 public key
Value = None | bool | int | float | str | Sequence["Value"] | Mapping[str, "Value"]

PUBLIC, PARTNERS, OWN = 0, 1, 2  # audiences, from wide to narrow; a number we do not know counts as OWN
AUDIENCES = ("public", "partners", "own")


@dataclass(frozen=True)
class Item:
    """One record that an entry changes."""

    record_id: RecordId
    parents: tuple[PayloadHash, ...]  # the patches this one was made from
    payload_hash: PayloadHash
    size: int  # of the payload, bytes
    audience: int


@dataclass(frozen=True)
class Entry:
    """One signed changeset in one writer's log."""

    writer: WriterId
    sequence: int  # 1, 2, 3, ...; not unique once a log has forked
    previous: EntryId  # entry sequence-1 of the same log, b"" for the first
    kind: str  # change, withdraw, same-as, endorse, erase, receipt, writer, organisation; others are kept and passed on
    items: tuple[Item, ...]
    claimed_time: int  # seconds UTC, what the writer's clock said: shown to people, decides nothing
    extra: Mapping[str, Value | bytes]  # the extension map, with what we do not understand
    data: bytes  # exactly the bytes that were signed; never re-encoded
    signature: bytes  # Ed25519, 64 bytes, over `data`
    entry_id: EntryId


@dataclass(frozen=True)
class Patch:
    """The fields of one record that one save changed."""

    type: str
    fields: Mapping[str, Value] = field(default_factory=dict)  # None takes the field away
    added: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # per set field
    removed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    why: str = ""  # in the words of the person who saved it; of this save alone, so it never merges
    person: str = ""  # who saved it, named as they wish; likewise
    took_part: str = ""  # in the decision, as they typed it: names or roles; likewise

    def names(self) -> list[str]:
        """The fields this patch touches, A to Z."""
        return sorted({*self.fields, *self.added, *self.removed})

    @property
    def changes_nothing(self) -> bool:
        """True for the difference between two states that are the same."""
        return not (self.fields or self.added or self.removed)


@dataclass(frozen=True)
class Erased:
    """An erasure that took something out of a revision: who wanted it, when and why."""

    entry_id: EntryId
    writer: WriterId
    claimed_time: int  # seconds UTC
    received_time: int  # seconds UTC
    reason: str  # a word of `erasing.REASONS`
    waits: bool  # hidden, until a person here or of those who wrote it has decided


@dataclass(frozen=True)
class Revision:
    """One patch in the history of one record, with where it came from."""

    payload_hash: PayloadHash
    parents: tuple[PayloadHash, ...]
    audience: int
    patch: Patch | None  # None when its payload is not held here, or cannot be read
    writer: WriterId
    entry_id: EntryId
    kind: str
    claimed_time: int  # seconds UTC
    received_time: int  # seconds UTC
    held: bool = True  # its payload is here, readable or not
    counts: bool = (
        True  # False: not by a member, or no change but a vote, or not known here; it only links what it stands between
    )
    word: Patch | None = None  # of a vote: what was said with it, and by whom; it changes nothing
    erased: tuple[Erased, ...] = ()  # then `patch` is what was left of it, and None if nothing was


Cutoff = frozenset[tuple[int, EntryId]]  # the last entries of a writer that count, each with its sequence number


@dataclass(frozen=True)
class Members:
    """The network as one installation sees it."""

    organisations: frozenset[OrganisationId] = frozenset()
    writers: Mapping[WriterId, OrganisationId] = field(default_factory=dict)  # all of whom something counts
    cutoffs: Mapping[WriterId, frozenset[Cutoff]] = field(default_factory=dict)  # of those who ended: all must hold
    apart: frozenset[EntryId] = frozenset()  # entries held here that came after these
    heirs: Mapping[OrganisationId, OrganisationId] = field(default_factory=dict)  # lost key: the one that stands for it

    @property
    def present(self) -> dict[WriterId, OrganisationId]:
        """Writers who go on: whom we exchange with, and seal to."""
        return {writer: owner for writer, owner in self.writers.items() if writer not in self.cutoffs}

    def counts(self, writer: WriterId, entry_id: EntryId) -> bool:
        """True if readers see what that entry says."""
        return writer in self.writers and entry_id not in self.apart


@dataclass(frozen=True)
class Version:
    """One of several values of a field in conflict."""

    value: Value
    revision: Revision


@dataclass(frozen=True)
class RecordView:
    """A record as its revisions add up to."""

    type: str
    fields: Mapping[str, Value]  # current values; sets are sorted lists
    conflicts: Mapping[str, tuple[Version, ...]]  # the first version is the one shown
    checks: tuple[str, ...]  # fields merged by machine that a person should look at
    heads: tuple[PayloadHash, ...]  # patches that no other names as parent, sorted


@lru_cache(maxsize=4096)
def iso_time(seconds: int) -> str:
    """A time for tables and JSON, such as 2026-11-22T09:14:00Z; times no calendar can show give ''."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""
