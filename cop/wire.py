"""Messages between partners, as values and as capped, compressed bytes. `choosing` says what goes into one.

bytes = zstd of a CBOR map. Nothing is decompressed beyond 16 MB, whatever its header promises. Entries travel packed
(`packing`); messages of format 1, in bundles of the first version, have them whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import zstandard

from cop import cbor, entry, sealing, signing
from cop.errors import BadSignature, Refused, TooLarge
from cop.frontier import STATE_BYTES, Points
from cop.holding import NOTHING, Holding, NotRebuilt
from cop.model import Entry, OrganisationId, PayloadHash, WriterId
from cop.packing import Packed
from cop.packing import pack as pack_entries
from cop.signing import Signer, sha256
from cop.unpacking import decompress
from cop.unpacking import unpack as unpack_entries

FORMAT = 2
FORMATS = (1, 2)
MAX_BODY_BYTES = 8_000_000  # as it travels
CHUNK_BYTES = 256_000  # payloads in one message, give or take one entry, unless the receiver has room for more
MAX_ROOM = 2_000_000
MIN_ROOM = 64_000
MAX_POINTS = 20_000
MAX_WANTED = 2000
MAX_ENTRIES = 4000  # in one message
_LEVEL = 10


@dataclass(frozen=True)
class Message:
    """One turn of an exchange."""

    writer: WriterId
    organisation: OrganisationId
    state: bytes  # frontier hash
    base: bytes = b""  # the frontier hash at which both held the same, as the sender remembers
    points: Points | None = None  # None: only the state is told
    apart: bytes = b""  # entries it holds that follow on something it lacks: starts of their ids, end to end
    entries: tuple[Entry, ...] = ()  # verified
    payloads: tuple[bytes, ...] = ()
    sealed: tuple[bytes, ...] = ()  # likewise, and for the receiver's eyes only
    own: tuple[bytes, ...] = ()  # likewise, and for our own organisation only: nobody's announcement widens that
    wanted: tuple[PayloadHash, ...] = ()  # payloads the sender lacks
    unwelcome: tuple[WriterId, ...] = ()  # writers whose entries the sender has just turned away
    more: bool = False  # the sender has more for the receiver than fits here
    left: int = 0  # how much more, about, in bytes before packing
    left_changes: int = 0  # how many changes that is; told to whoever only wants to know
    room: int = CHUNK_BYTES  # how much the sender wants in the answer, in bytes before packing
    whole: bool = False  # the sender could not put packed entries together: it wants them whole
    current: bool = False  # the sender wants current texts only, and none that were replaced
    replaced: bytes = b""  # starts of the hashes of payloads that the sender left out for that reason, end to end
    several: bool = False  # the sender takes several messages in one answer
    follows: bool = False  # another message stands behind this one, in the same answer
    looks: bool = False  # the sender only wants to know what would come
    proof: bytes = b""  # the sender's signature of its points, in a file, where nothing else says who sent them
    report: dict[str, Any] = field(default_factory=dict)  # counts of what the sender did with the last message


def pack(message: Message, sealed: bytes = b"", holding: Holding = NOTHING) -> bytes:
    """The bytes of a message for a receiver who holds `holding`. `sealed` are payloads that not everybody may read."""
    payloads = {sha256(payload): payload for payload in message.payloads}
    packed = pack_entries(message.entries, payloads, holding)
    content: dict[str, Any] = {
        "v": FORMAT,
        "writer": message.writer,
        "organisation": message.organisation,
        "state": message.state,
        "base": message.base,
        "packed": [packed.entries, packed.salts, packed.sizes, packed.texts, packed.without, packed.check]
        if message.entries
        else [],
        "payloads": [payload for payload_hash, payload in payloads.items() if payload_hash not in packed.carried],
        "apart": message.apart,
        "wanted": list(message.wanted),
        "unwelcome": list(message.unwelcome),
        "sealed": sealed,
        "more": message.more,
        "left": message.left,
        "left_changes": message.left_changes,
        "proof": message.proof,
        "room": message.room if message.room != CHUNK_BYTES else 0,
        "whole": message.whole,
        "current": message.current,
        "replaced": message.replaced,
        "several": message.several,
        "follows": message.follows,
        "looks": message.looks,
        "report": message.report,
    }
    content = {name: value for name, value in content.items() if value}
    if message.points is not None:
        content["points"] = _pack_points(message.points)
    return zstandard.ZstdCompressor(level=_LEVEL, write_content_size=False).compress(cbor.encode(content))


def prove_points(points: Points, signer: Signer) -> bytes:
    """The signature of somebody who says how far it holds each log."""
    return signer.sign(signing.POINTS, cbor.encode(_pack_points(points)))


def are_points_proved(message: Message) -> bool:
    """True if the writer of a message signed its points."""
    try:
        signing.verify(signing.POINTS, message.writer, cbor.encode(_pack_points(message.points or {})), message.proof)
    except BadSignature:
        return False
    return True


def _pack_points(points: Points) -> list[Any]:
    return [[writer, [[sequence, short] for sequence, short in at]] for writer, at in points.items()]


def unpack(data: bytes, signer: Signer, holding: Holding = NOTHING) -> Message:
    """Read and verify a message that anyone may have sent.

    `holding` is what its entries may lean on. Raises: NotRebuilt, Refused, BadSignature, TooLarge.
    """
    if len(data) > MAX_BODY_BYTES:
        raise TooLarge(f"A message has {len(data):,} bytes; the limit is {MAX_BODY_BYTES:,}.")
    content = cbor.decode(decompress(data), "A message")
    if not isinstance(content, dict) or content.get("v") not in FORMATS:
        raise Refused("The partner speaks a form of cop that this one does not know.", hint="Update cop on both sides.")
    entries, payloads = _unpacked(content, holding)
    sealed, own = _unsealed(content, signer)
    report, room = content.get("report"), content.get("room")
    return Message(
        writer=_key(content, "writer"),
        organisation=_key(content, "organisation"),
        state=_state(content, "state"),
        base=_state(content, "base"),
        points=_points(content.get("points")) if "points" in content else None,
        apart=_bytes(content, "apart"),
        entries=tuple(entries),
        payloads=(*payloads, *_all_bytes(content, "payloads")),
        sealed=sealed,
        own=own,
        wanted=tuple(_all_bytes(content, "wanted")[:MAX_WANTED]),
        unwelcome=tuple(_all_bytes(content, "unwelcome")),
        more=content.get("more") is True,
        left=_count(content.get("left")),
        left_changes=_count(content.get("left_changes")),
        proof=_bytes(content, "proof"),
        room=min(max(_count(room), MIN_ROOM), MAX_ROOM) if room else CHUNK_BYTES,
        whole=content.get("whole") is True,
        current=content.get("current") is True,
        replaced=_bytes(content, "replaced"),
        several=content.get("several") is True,
        follows=content.get("follows") is True,
        looks=content.get("looks") is True,
        report={k: v for k, v in report.items() if type(v) is int} if isinstance(report, dict) else {},
    )


def _unpacked(content: dict[str, Any], holding: Holding) -> tuple[list[Entry], list[bytes]]:
    """Entries, verified, and the payloads that came with them."""
    if content["v"] == 1:
        return [_entry(raw) for raw in _few(_all(content, "entries"))], []
    raw = _all(content, "packed")
    if not raw:
        return [], []
    kinds = (list, bytes, list, bytes, list, bytes)
    if len(raw) < len(kinds) or not all(isinstance(part, kind) for part, kind in zip(raw, kinds, strict=False)):
        raise Refused("A message has no readable part 'packed'.")
    if not all(type(number) is int and number >= 0 for number in (*raw[2], *raw[4])):
        raise Refused("A message has no readable part 'packed'.")
    _few(raw[0])
    found = unpack_entries(Packed(*raw[: len(kinds)]), holding)
    try:
        return [entry.parse(data, signature) for data, signature in dict.fromkeys(found.entries)], found.payloads
    except BadSignature as error:
        if not found.rebuilt:
            raise
        raise NotRebuilt("An entry could not be put together again.") from error


def _few(entries: list[Any]) -> list[Any]:
    if len(entries) > MAX_ENTRIES:
        raise TooLarge(f"A message has {len(entries):,} entries; the limit is {MAX_ENTRIES:,}.")
    return entries


def _count(raw: object) -> int:
    return raw if type(raw) is int and raw >= 0 else 0


def _bytes(content: dict[str, Any], name: str) -> bytes:
    value = content.get(name, b"")
    return value if isinstance(value, bytes) else b""


def _state(content: dict[str, Any], name: str) -> bytes:
    """A frontier hash; those of the first version were longer."""
    value = content.get(name, b"")
    if not isinstance(value, bytes) or len(value) > 32 or (name == "state" and not value):
        raise Refused(f"A message has no readable part {name!r}.")
    return value[:STATE_BYTES]


def secret(partners: Sequence[bytes], own: Sequence[bytes] = ()) -> bytes:
    """What is sealed: payloads for partners, and those for our own organisation apart from them; b"" for none."""
    if own:
        return cbor.encode({"payloads": list(partners), "own": list(own)})
    return cbor.encode(list(partners)) if partners else b""


def _unsealed(content: dict[str, Any], signer: Signer) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    sealed = content.get("sealed")
    plain = sealing.unseal(signer, sealed) if isinstance(sealed, bytes) else None
    read = cbor.decode(plain, "A sealed part") if plain else []
    parts = read if isinstance(read, dict) else {"payloads": read}
    return tuple(_all_bytes(parts, "payloads")), tuple(_all_bytes(parts, "own"))


def _entry(raw: object) -> Entry:
    if not isinstance(raw, list) or len(raw) < 2 or not all(isinstance(part, bytes) for part in raw[:2]):
        raise Refused("A message has an entry that cannot be read.")
    return entry.parse(raw[0], raw[1])


def _key(content: dict[str, Any], name: str) -> bytes:
    value = content.get(name)
    if not isinstance(value, bytes) or len(value) != 32:
        raise Refused(f"A message has no readable part {name!r}.")
    return value


def _all(content: dict[str, Any], name: str) -> list[Any]:
    value = content.get(name, [])
    if not isinstance(value, list):
        raise Refused(f"A message has no readable part {name!r}.")
    return value


def _all_bytes(content: dict[str, Any], name: str) -> list[bytes]:
    value = _all(content, name)
    if not all(isinstance(one, bytes) for one in value):
        raise Refused(f"A message has no readable part {name!r}.")
    return value


def _points(raw: object) -> Points:
    points: dict[WriterId, list[tuple[int, bytes]]] = {}
    told: list[Any] = raw if isinstance(raw, list) else [None]
    try:
        for writer, at in told[:MAX_POINTS]:
            points[bytes(memoryview(writer))] = [
                (sequence + 0, bytes(memoryview(short))) for sequence, short in list(at)[:MAX_POINTS]
            ]
    except (TypeError, ValueError) as error:
        raise Refused("A message does not say readably what its sender holds.") from error
    return points
