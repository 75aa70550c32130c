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
    kind: str  # change, withdraw, writer, organisation; others are kept and passed on
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

    def names(self) -> list[str]:
        """The fields this patch touches, A to Z."""
        return sorted({*self.fields, *self.added, *self.removed})

    @property
    def changes_nothing(self) -> bool:
        """True for the difference between two states that are the same."""
        return not (self.fields or self.added or self.removed)


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
        True  # False: not by a member, or of a kind that is not known here; it only links what it stands between
    )


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
