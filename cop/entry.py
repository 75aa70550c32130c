"""An entry: one signed changeset, as bytes and as a value.

data = CBOR map {"v": 1, "w": writer, "n": sequence, "p": previous, "t": claimed time, "k": kind,
"i": [[record id, [parents], payload hash, size, audience], ...], "x": extension map}. Unknown keys stay in `data`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cop import cbor, signing
from cop.errors import Refused, TooLarge
from cop.model import Entry, EntryId, Item, WriterId
from cop.patch import MAX_PAYLOAD_BYTES, id_bytes, id_text

FORMAT = 1
KINDS = frozenset(
    {"change", "withdraw", "same-as", "endorse", "erase", "receipt", "writer", "writer-end", "organisation"}
)  # the others are kept and passed on
MAX_ITEMS = 1000
MAX_ENTRY_BYTES = 1_000_000  # of `data`, payloads apart
MAX_PARENTS = 1000
MAX_PAYLOADS_BYTES = 4 * MAX_PAYLOAD_BYTES  # of all payloads of one entry: they must fit one message
HASH_BYTES = 32


def sign(
    signer: signing.Signer,
    *,
    sequence: int,
    previous: EntryId,
    kind: str,
    items: Sequence[Item],
    claimed_time: int,
    extra: Mapping[str, object],
) -> Entry:
    """Make the next entry of the signer's log."""
    data = encode(signer.public, sequence, previous, kind, items, claimed_time, extra)
    return parse(data, signer.sign(signing.ENTRY, data))


def encode(
    writer: WriterId,
    sequence: int,
    previous: EntryId,
    kind: str,
    items: Sequence[Item],
    claimed_time: int,
    extra: Mapping[str, object],
) -> bytes:
    """The bytes that are signed."""
    content = {
        "v": FORMAT,
        "w": writer,
        "n": sequence,
        "p": previous,
        "t": claimed_time,
        "k": kind,
        "i": [[id_bytes(i.record_id), list(i.parents), i.payload_hash, i.size, i.audience] for i in items],
        "x": dict(extra),
    }
    return cbor.encode(content)


def parse(data: bytes, signature: bytes) -> Entry:
    """Read and verify an entry that anyone may have made. Raises: BadSignature, TooLarge, Refused."""
    entry = read(data, signature)
    signing.verify(signing.ENTRY, entry.writer, data, signature)
    return entry


def read(data: bytes, signature: bytes) -> Entry:
    """Read an entry that was verified before. Raises: TooLarge, Refused."""
    if len(data) > MAX_ENTRY_BYTES:
        raise TooLarge(f"An entry has {len(data):,} bytes; the limit is {MAX_ENTRY_BYTES:,}.")
    content = cbor.decode(data, "An entry")
    if not isinstance(content, dict) or content.get("v") != FORMAT:
        raise Refused("An entry is in a format that this cop does not know.", hint="Update cop, then try again.")
    extra = content.get("x", {})
    items = tuple(_item(raw) for raw in _list(content, "i", MAX_ITEMS))
    if sum(item.size for item in items) > MAX_PAYLOADS_BYTES:
        raise TooLarge(f"An entry announces more than {MAX_PAYLOADS_BYTES:,} bytes.")
    return Entry(
        writer=_bytes(content, "w", HASH_BYTES),
        sequence=_number(content, "n", 1),
        previous=_previous(content),
        kind=_text(content, "k"),
        items=items,
        claimed_time=_number(content, "t", -(2**62)),
        extra=extra if isinstance(extra, dict) else {},
        data=data,
        signature=signature,
        entry_id=signing.sha256(data),
    )


def _item(raw: Any) -> Item:
    if not isinstance(raw, list) or len(raw) < 5:
        raise Refused("An entry lists a record in a way that cannot be read.")
    record, parents, payload_hash, size, audience = raw[:5]
    hashes = [payload_hash, *parents] if isinstance(parents, list) and len(parents) <= MAX_PARENTS else [None]
    if not isinstance(record, bytes) or not all(isinstance(h, bytes) and len(h) == HASH_BYTES for h in hashes):
        raise Refused("An entry lists a record in a way that cannot be read.")
    if type(size) is not int or not 0 <= size <= MAX_PAYLOAD_BYTES or type(audience) is not int or audience < 0:
        raise TooLarge("An entry announces a record that is too large.")
    return Item(id_text(record), tuple(parents), payload_hash, size, audience)


def _previous(content: Mapping[str, Any]) -> EntryId:
    first = content.get("n") == 1
    return _bytes(content, "p", 0 if first else HASH_BYTES)


def _bytes(content: Mapping[str, Any], key: str, length: int) -> bytes:
    value = content.get(key)
    if not isinstance(value, bytes) or len(value) != length:
        raise Refused(f"An entry has no readable part {key!r}.")
    return value


def _number(content: Mapping[str, Any], key: str, least: int) -> int:
    value = content.get(key)
    if type(value) is not int or not least <= value < 2**62:
        raise Refused(f"An entry has no readable part {key!r}.")
    return value


def _text(content: Mapping[str, Any], key: str) -> str:
    value = content.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 40:
        raise Refused(f"An entry has no readable part {key!r}.")
    return value


def _list(content: Mapping[str, Any], key: str, most: int) -> list[Any]:
    value = content.get(key)
    if not isinstance(value, list) or len(value) > most:
        raise Refused(f"An entry has no readable part {key!r}.")
    return value
