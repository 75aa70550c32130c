"""What a partner holds of what we hold: the entries and texts that a message to it, or from it, may lean on."""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cop.errors import Refused
from cop.model import PUBLIC, EntryId, PayloadHash, RecordId, WriterId
from cop.patch import SALT_BYTES

SHORT_ENTRY = 8  # bytes of an entry id that name an entry the receiver holds
SHORT_PAYLOAD = 6  # bytes of a payload hash, likewise
MAX_DICTIONARY_BYTES = 4_000_000


class NotRebuilt(Refused):
    """Packed entries lean on something that is not held here: ask for them whole."""


@dataclass(frozen=True)
class Known:
    """An entry that others may lean on."""

    entry_id: EntryId
    writer: WriterId
    sequence: int


@dataclass(frozen=True)
class Base:
    """A payload that others were edited from."""

    payload_hash: PayloadHash
    record_id: RecordId
    text: bytes | None  # without its salt; None if it is not held


class Holding:
    """What both sides hold: the log, apart from entries that the other side lacks. Without a log: nothing."""

    def __init__(
        self, db: sqlite3.Connection | None = None, lacks: Callable[[int], bool] = lambda number: False
    ) -> None:
        self._db = db
        self._lacks = lacks  # by entry number

    def entry(self, short: bytes) -> Known | None:
        """The one entry whose id begins so."""
        if self._db is None:
            return None
        rows = self._db.execute(
            "SELECT entry_id, writer, sequence, entry_number FROM log_entry WHERE entry_id >= ? AND entry_id < ? LIMIT 2",
            [short, _after(short)],
        ).fetchall()
        return Known(*rows[0][:3]) if len(rows) == 1 and not self._lacks(rows[0][3]) else None

    def base(self, short: bytes) -> Base | None:
        """The one public payload whose hash begins so."""
        if self._db is None:
            return None
        rows = self._db.execute(
            "SELECT DISTINCT payload_hash, record_id, min(entry_number), payload FROM log_item"
            " LEFT JOIN log_payload USING (item_number) WHERE payload_hash >= ? AND payload_hash < ? AND audience = ?"
            " GROUP BY 1, 2 LIMIT 2",
            [short, _after(short), PUBLIC],
        ).fetchall()
        if len(rows) != 1 or self._lacks(rows[0][2]):
            return None
        payload_hash, record_id, _, payload = rows[0]
        return Base(payload_hash, record_id, payload[SALT_BYTES:] if payload else None)


def _after(short: bytes) -> bytes:
    """The smallest bytes that come behind everything that begins so."""
    return short + b"\xff" * 33


class Dictionary:
    """The texts that changes were made from, in the order in which items name them; both sides build it alike."""

    def __init__(self) -> None:
        self._bases: dict[PayloadHash, Base] = {}

    def add(self, base: Base) -> None:
        """Count this text in, once."""
        self._bases.setdefault(base.payload_hash, base)

    def build(self, without: Iterable[int] | None = None) -> tuple[bytes, list[int]]:
        """The dictionary, and the bases (by position) that are no part of it.

        The sender leaves out what it does not hold and what is too much; `without` tells the receiver. Raises: NotRebuilt.
        """
        left_out = set(without or ())
        parts, size = [], 0
        for at, base in enumerate(self._bases.values()):
            if at in left_out:
                continue
            if base.text is not None and size + len(base.text) <= MAX_DICTIONARY_BYTES:
                parts.append(base.text)
                size += len(base.text)
            elif without is None:
                left_out.add(at)
            else:
                raise NotRebuilt("A change was made from a text that is not held here.")
        return b"".join(parts), sorted(left_out)


NOTHING = Holding()
