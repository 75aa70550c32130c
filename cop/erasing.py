"""What erasures and receipts say.

Pure: no database, no clock, no order of arrival. An entry of kind `erase` names payloads, or whole records. A field is
erased by naming every payload that holds it; beside each stands what is left of it, as another payload that is read in
its place. So nothing that others made from it loses its ground. `verdicts` says whose erasures count, `instead` what is
read then. See docs/decisions/forgetting.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cop.errors import Refused
from cop.model import Entry, EntryId, PayloadHash, RecordId, WriterId
from cop.patch import id_bytes, id_text

KIND, RECEIPT = "erase", "receipt"  # of entries
NO_REVISIONS = frozenset({KIND, RECEIPT})  # what stands in these is no change of a record by itself
REASONS = (
    "asked",
    "personal",
    "rights",
    "mistake",
    "other",
)  # never free text: that would keep what is to be forgotten
OTHER = "other"
DESTROY, HIDE, SPENT = "destroy", "hide", "spent"  # from A to Z, the first of several says what becomes of a record
_HASH_BYTES = 32


@dataclass(frozen=True)
class Erasure:
    """What one entry of kind `erase` says."""

    entry_id: EntryId
    writer: WriterId
    claimed_time: int  # seconds UTC
    payloads: frozenset[PayloadHash] = frozenset()
    records: frozenset[RecordId] = frozenset()  # as a whole, with all that was or will be written of them
    fields: frozenset[str] = frozenset()  # where parts of records are meant: which
    reason: str = OTHER
    keeps: frozenset[EntryId] = frozenset()  # not empty: it says no to these, as far as the text is its writer's own
    agrees: frozenset[EntryId] = frozenset()  # not empty: it says yes to these, and asks nothing of others


def extra(
    *,
    payloads: Iterable[PayloadHash] = (),
    records: Iterable[RecordId] = (),
    fields: Iterable[str] = (),
    reason: str = "",
    keeps: Iterable[EntryId] = (),
    agrees: Iterable[EntryId] = (),
) -> dict[str, object]:
    """The extension map of such an entry."""
    parts: dict[str, object] = {
        "payloads": sorted(payloads),
        "records": sorted(map(id_bytes, records)),
        "fields": sorted(fields),
        "reason": reason,
        "keeps": sorted(keeps),
        "agrees": sorted(agrees),
    }
    return {name: part for name, part in parts.items() if part}


def read(entry: Entry) -> Erasure | None:
    """What an entry says that anyone may have signed; None if it is of another kind."""
    if entry.kind != KIND:
        return None
    told = entry.extra
    reason = told.get("reason")
    return Erasure(
        entry.entry_id,
        entry.writer,
        entry.claimed_time,
        frozenset(_hashes(told.get("payloads"))),
        frozenset(_records(told.get("records"))),
        frozenset(name for name in _list(told.get("fields")) if isinstance(name, str)),
        reason if isinstance(reason, str) and reason in REASONS else OTHER,
        frozenset(_hashes(told.get("keeps"))),
        frozenset(_hashes(told.get("agrees"))),
    )


def receipt(erasures: Mapping[EntryId, int]) -> dict[str, object]:
    """The extension map of a receipt: per erasure, how many texts were destroyed here."""
    return {"done": [[entry_id, count] for entry_id, count in sorted(erasures.items())]}


def received(entry: Entry) -> dict[EntryId, int]:
    """What a receipt says."""
    done = _list(entry.extra.get("done")) if entry.kind == RECEIPT else []
    return {
        one[0]: one[1]
        for one in done
        if isinstance(one, list) and len(one) == 2 and _is_hash(one[0]) and type(one[1]) is int
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == _HASH_BYTES


def _hashes(value: Any) -> list[bytes]:
    return [one for one in _list(value) if _is_hash(one)]


def _records(value: Any) -> Iterable[RecordId]:
    for one in _list(value):
        try:
            yield id_text(one)
        except (Refused, TypeError):
            continue
