"""Puts packed entries (`packing`) together again, from a message that anyone may have sent."""

from dataclasses import dataclass
from typing import Any

import zstandard

from cop import cbor
from cop import entry as entries
from cop.entry import HASH_BYTES
from cop.errors import Refused, TooLarge
from cop.holding import SHORT_ENTRY, SHORT_PAYLOAD, Base, Dictionary, Holding, Known, NotRebuilt
from cop.model import PUBLIC, Item, PayloadHash, RecordId
from cop.packing import CHECK_BYTES, WINDOW_LOG, Packed, for_zstd
from cop.patch import SALT_BYTES, id_text
from cop.signing import sha256

MAX_TEXT_BYTES = 16_000_000
_UNREADABLE = "A message has entries that cannot be read."


@dataclass(frozen=True)
class Unpacked:
    """Entries as they were signed (not yet verified), and the payloads that came with them."""

    entries: list[tuple[bytes, bytes]]  # data, signature
    payloads: list[bytes]
    rebuilt: bool  # some of it leans on what is held here


def unpack(packed: Packed, holding: Holding) -> Unpacked:
    """Put entries together again. Raises: NotRebuilt, Refused, TooLarge. Whether they are true, their signatures say."""
    unpacker = _Unpacker(holding)
    for raw in packed.entries:
        unpacker.look_up(raw)
    dictionary, _ = unpacker.dictionary.build(packed.without)
    if sha256(dictionary)[:CHECK_BYTES] != packed.check:
        raise NotRebuilt("The texts that changes were made from are others here.")
    unpacker.payloads = _split(decompress(packed.texts, dictionary), packed)
    found = [unpacker.entry(raw) for raw in packed.entries]
    return Unpacked(found, unpacker.payloads, any(len(raw) == 6 for raw in packed.entries))


def decompress(data: bytes, dictionary: bytes = b"") -> bytes:
    """Text that anyone may have compressed, up to MAX_TEXT_BYTES. Raises: TooLarge, Refused."""
    parts, size = [], 0
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << WINDOW_LOG, dict_data=for_zstd(dictionary))
    try:
        reader = decompressor.stream_reader(data, read_size=65536)
        while part := reader.read(65536):
            size += len(part)
            if size > MAX_TEXT_BYTES:
                raise TooLarge(f"A message grows beyond {MAX_TEXT_BYTES:,} bytes.")
            parts.append(part)
    except zstandard.ZstdError as error:
        raise Refused("A message is damaged and cannot be unpacked.") from error
    return b"".join(parts)


def _split(texts: bytes, packed: Packed) -> list[bytes]:
    if len(packed.salts) != SALT_BYTES * len(packed.sizes) or sum(packed.sizes) != len(texts):
        raise Refused(_UNREADABLE)
    payloads, start = [], 0
    for at, size in enumerate(packed.sizes):
        payloads.append(packed.salts[SALT_BYTES * at : SALT_BYTES * (at + 1)] + texts[start : start + size])
        start += size
    return payloads


class _Unpacker:
    """Undoes what `_Packer` did."""

    def __init__(self, holding: Holding) -> None:
        self.dictionary = Dictionary()
        self.payloads: list[bytes] = []
        self._holding = holding
        self._bases: dict[bytes, Base] = {}
        self._entries: list[Known] = []
        self._of_payload: list[tuple[PayloadHash, RecordId]] = []  # as far as unpacked

    def look_up(self, raw: Any) -> None:
        """Find the texts that the items of a packed entry were made from."""
        if not isinstance(raw, list) or len(raw) not in (3, 6) or (len(raw) == 6 and not isinstance(raw[3], list)):
            raise Refused(_UNREADABLE)
        for item in raw[3] if len(raw) == 6 else ():
            if isinstance(item, bytes) and len(item) == SHORT_PAYLOAD and item not in self._bases:
                base = self._holding.base(item)
                if base is None:
                    raise NotRebuilt("A change was made from one that is not held here.")
                self._bases[item] = base
                self.dictionary.add(base)

    def entry(self, raw: Any) -> tuple[bytes, bytes]:
        """The signed bytes of an entry, and the signature."""
        data, signature = self._whole(raw) if len(raw) == 3 else self._packed(raw)
        return data, signature

    def _whole(self, raw: Any) -> tuple[bytes, bytes]:
        data, signature, carried = raw
        if not isinstance(data, bytes) or not isinstance(signature, bytes) or not isinstance(carried, list):
            raise Refused(_UNREADABLE)
        one = entries.read(data, signature)
        for at in carried:
            if type(at) is not int or not 0 <= at < len(one.items):
                raise Refused(_UNREADABLE)
            self._next_payload(one.items[at].record_id)
        self._entries.append(Known(one.entry_id, one.writer, one.sequence))
        return data, signature

    def _next_payload(self, record_id: RecordId) -> tuple[PayloadHash, int]:
        at = len(self._of_payload)
        if at >= len(self.payloads):
            raise Refused(_UNREADABLE)
        payload = self.payloads[at]
        self._of_payload.append((sha256(payload), record_id))
        return self._of_payload[at][0], len(payload)

    def _packed(self, raw: Any) -> tuple[bytes, bytes]:
        name, claimed_time, kind, packed_items, extra, signature = raw
        if not isinstance(signature, bytes) or type(claimed_time) is not int or not isinstance(kind, str):
            raise Refused(_UNREADABLE)
        previous = self._previous(name)
        items = [self._item(item) for item in packed_items]
        data = entries.encode(
            previous.writer, previous.sequence + 1, previous.entry_id, kind, items, claimed_time, _extra(extra)
        )
        self._entries.append(Known(sha256(data), previous.writer, previous.sequence + 1))
        return data, signature

    def _previous(self, name: Any) -> Known:
        if isinstance(name, list) and len(name) == 1 and isinstance(name[0], bytes):
            return Known(b"", name[0], 0)
        if type(name) is int and 0 <= name < len(self._entries):
            return self._entries[name]
        if not isinstance(name, bytes) or len(name) != SHORT_ENTRY:
            raise Refused(_UNREADABLE)
        known = self._holding.entry(name)
        if known is None:
            raise NotRebuilt("An entry follows one that is not held here.")
        return known

    def _item(self, raw: Any) -> Item:
        if isinstance(raw, list) and len(raw) == 5:
            record, parents, audience, payload_hash, size = raw
            if not isinstance(payload_hash, bytes) or type(audience) is not int or type(size) is not int:
                raise Refused(_UNREADABLE)
            return Item(_record_id(record), _hashes(parents), payload_hash, size, audience)
        record_id, parents = self._origin(raw)
        payload_hash, size = self._next_payload(record_id)
        return Item(record_id, parents, payload_hash, size, PUBLIC)

    def _origin(self, raw: Any) -> tuple[RecordId, tuple[PayloadHash, ...]]:
        """The record that an item changes, and the parents."""
        if isinstance(raw, list) and len(raw) == 2:
            return _record_id(raw[0]), _hashes(raw[1])
        if type(raw) is int and 0 <= raw < len(self._of_payload):
            payload_hash, record_id = self._of_payload[raw]
            return record_id, (payload_hash,)
        base = self._bases.get(raw) if isinstance(raw, bytes) else None
        return (base.record_id, (base.payload_hash,)) if base else (_record_id(raw), ())


def _extra(raw: Any) -> dict[str, Any]:
    extra = cbor.decode(raw, "An entry") if isinstance(raw, bytes) and raw else {}
    if raw != b"" and not (isinstance(extra, dict) and extra):
        raise Refused(_UNREADABLE)
    return extra


def _record_id(raw: Any) -> RecordId:
    if not isinstance(raw, bytes):
        raise Refused(_UNREADABLE)
    return id_text(raw)


def _hashes(raw: Any) -> tuple[PayloadHash, ...]:
    if not isinstance(raw, bytes) or len(raw) % HASH_BYTES:
        raise Refused(_UNREADABLE)
    return tuple(raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES))
