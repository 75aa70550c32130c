"""Packs entries for a partner: without what it can work out, such as writers, parents, hashes and sizes.

A packed entry is [previous, time, kind, items, extension map, signature]. The receiver (`unpacking`) puts the signed
bytes together again from it and from what it holds; the signature decides whether that succeeded. Texts travel apart,
compressed against the texts that they were edited from. docs/formats.md has the whole form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import zstandard

from cop import cbor
from cop import entry as entries
from cop.holding import SHORT_ENTRY, SHORT_PAYLOAD, Dictionary, Holding, Known
from cop.model import PUBLIC, Entry, EntryId, Item, PayloadHash, RecordId
from cop.patch import SALT_BYTES, id_bytes
from cop.signing import sha256

CHECK_BYTES = 4
WINDOW_LOG = 24  # zstd: nothing is read that looks back further than 16 MB
_THOROUGH, _QUICK = 19, 7  # zstd levels; from 7 to 10, two percent fewer bytes take twice the time
_THOROUGH_BYTES = 1_000_000  # of text and dictionary: above, the better level would be felt


@dataclass
class Packed:
    """Entries as they travel."""

    entries: list[Any] = field(default_factory=list)
    salts: bytes = b""  # 16 bytes for each payload that travels openly
    sizes: list[int] = field(default_factory=list)  # of their texts
    texts: bytes = b""  # zstd of the texts, one after the other
    without: list[int] = field(default_factory=list)  # bases that are no part of the dictionary, by their position
    check: bytes = b""  # start of the dictionary's SHA-256
    carried: frozenset[PayloadHash] = frozenset()  # payloads within; not sent itself


def pack(going: Sequence[Entry], payloads: Mapping[PayloadHash, bytes], holding: Holding) -> Packed:
    """Pack entries for a receiver who holds what `holding` says. `payloads` are those that travel openly."""
    packed, packer, left = Packed(), _Packer(holding), dict(payloads)
    salts: list[bytes] = []
    texts: list[bytes] = []
    for one in going:
        carried = [_take(item, left) for item in one.items]
        packed.entries.append(packer.entry(one, carried))
        salts += [payload[:SALT_BYTES] for payload in carried if payload]
        texts += [payload[SALT_BYTES:] for payload in carried if payload]
    packed.carried = frozenset(payloads.keys() - left.keys())
    dictionary, packed.without = packer.dictionary.build()
    packed.salts, packed.sizes = b"".join(salts), [len(text) for text in texts]
    packed.texts, packed.check = _compress(b"".join(texts), dictionary), sha256(dictionary)[:CHECK_BYTES]
    return packed


def _take(item: Item, left: dict[PayloadHash, bytes]) -> bytes:
    """The payload of an item if it travels here; each travels once."""
    fits = item.audience == PUBLIC and item.size >= SALT_BYTES and len(left.get(item.payload_hash, b"")) == item.size
    return left.pop(item.payload_hash) if fits else b""


class _Packer:
    """Packs one entry after the other, and remembers what later ones may lean on."""

    def __init__(self, holding: Holding) -> None:
        self.dictionary = Dictionary()
        self._holding = holding
        self._entries: dict[EntryId, tuple[int, Known]] = {}
        self._payloads: dict[PayloadHash, tuple[int, RecordId]] = {}

    def entry(self, one: Entry, carried: Sequence[bytes]) -> list[Any]:
        """A packed entry, or [data, signature, items whose payload travels] of one that must go whole."""
        previous = self._previous(one) if _is_regular(one) else None
        if previous is None:
            packed: list[Any] = [one.data, one.signature, [at for at, payload in enumerate(carried) if payload]]
        else:
            items = [self._item(item, bool(payload)) for item, payload in zip(one.items, carried, strict=True)]
            packed = [previous, one.claimed_time, one.kind, items, _extra(one), one.signature]
        for item, payload in zip(one.items, carried, strict=True):
            if payload:
                self._payloads[item.payload_hash] = len(self._payloads), item.record_id
        self._entries.setdefault(one.entry_id, (len(self._entries), Known(one.entry_id, one.writer, one.sequence)))
        return packed

    def _previous(self, one: Entry) -> Any:
        if one.sequence == 1:
            return [one.writer]
        at, before = self._entries.get(one.previous, (0, None))
        known = before or self._holding.entry(one.previous[:SHORT_ENTRY])
        if known != Known(one.previous, one.writer, one.sequence - 1):  # an entry may name one of another log
            return None
        return at if before else one.previous[:SHORT_ENTRY]

    def _item(self, item: Item, carried: bool) -> Any:
        if not carried:
            return [id_bytes(item.record_id), b"".join(item.parents), item.audience, item.payload_hash, item.size]
        if not item.parents:
            return id_bytes(item.record_id)
        return self._from_one(item) if len(item.parents) == 1 else [id_bytes(item.record_id), b"".join(item.parents)]

    def _from_one(self, item: Item) -> Any:
        parent = item.parents[0]
        at, record_id = self._payloads.get(parent, (0, ""))
        if record_id == item.record_id:
            return at
        base = self._holding.base(parent[:SHORT_PAYLOAD])
        if base and (base.payload_hash, base.record_id) == (parent, item.record_id):
            self.dictionary.add(base)
            return parent[:SHORT_PAYLOAD]
        return [id_bytes(item.record_id), parent]


def _is_regular(one: Entry) -> bool:
    """True if the signed bytes are what we would write for these values: no parts that we do not know."""
    return one.data == entries.encode(
        one.writer, one.sequence, one.previous, one.kind, one.items, one.claimed_time, one.extra
    )


def _extra(one: Entry) -> bytes:
    """As bytes of their own, because what they hold may be nested as deep as an entry allows."""
    return cbor.encode(dict(one.extra)) if one.extra else b""


def _compress(text: bytes, dictionary: bytes) -> bytes:
    level = _THOROUGH if len(text) + len(dictionary) <= _THOROUGH_BYTES else _QUICK
    window = min(WINDOW_LOG, max(10, (len(text) + len(dictionary)).bit_length()))
    parameters = zstandard.ZstdCompressionParameters.from_level(level, window_log=window, write_content_size=False)
    return zstandard.ZstdCompressor(compression_params=parameters, dict_data=for_zstd(dictionary)).compress(text)


def for_zstd(dictionary: bytes) -> zstandard.ZstdCompressionDict | None:
    """Text as a dictionary of zstd; None if it is too short to be one."""
    raw = zstandard.DICT_TYPE_RAWCONTENT
    return zstandard.ZstdCompressionDict(dictionary, dict_type=raw) if len(dictionary) >= 8 else None
