"""Messages between partners: what they hold, as a value and as capped, compressed bytes.

bytes = zstd of a CBOR map. Nothing is decompressed beyond MAX_MESSAGE_BYTES, whatever its header promises.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import zstandard

from cop import cbor, entry, sealing
from cop.errors import Refused, TooLarge
from cop.frontier import Points
from cop.model import OWN, PUBLIC, Entry, OrganisationId, PayloadHash, WriterId
from cop.signing import Signer

FORMAT = 1
MAX_BODY_BYTES = 8_000_000  # as it travels
MAX_MESSAGE_BYTES = 16_000_000  # decompressed
CHUNK_BYTES = 256_000  # payloads in one message, give or take one entry
MAX_POINTS = 20_000
MAX_WANTED = 500
_WINDOW = 1 << 24
_LEVEL = 10


@dataclass(frozen=True)
class Message:
    """One turn of an exchange."""

    writer: WriterId
    organisation: OrganisationId
    state: bytes  # frontier hash, 32 bytes
    points: Points | None = None  # None: only the state is told
    entries: tuple[Entry, ...] = ()  # verified
    payloads: tuple[bytes, ...] = ()
    wanted: tuple[PayloadHash, ...] = ()  # payloads the sender lacks
    unwelcome: tuple[WriterId, ...] = ()  # writers whose entries the sender has just turned away
    more: bool = False  # the sender has more for the receiver than fits here
    report: dict[str, Any] = field(default_factory=dict)  # counts of what the sender did with the last message


def pack(message: Message, sealed: bytes = b"") -> bytes:
    """The bytes of a message. `sealed` are payloads that not everybody may read."""
    content: dict[str, Any] = {
        "v": FORMAT,
        "writer": message.writer,
        "organisation": message.organisation,
        "state": message.state,
    }
    optional = {
        "points": _pack_points(message.points) if message.points is not None else None,
        "entries": [[e.data, e.signature] for e in message.entries],
        "payloads": list(message.payloads),
        "wanted": list(message.wanted),
        "unwelcome": list(message.unwelcome),
        "sealed": sealed,
        "more": message.more,
        "report": message.report,
    }
    content.update(
        {name: value for name, value in optional.items() if value or (name == "points" and value is not None)}
    )
    return zstandard.ZstdCompressor(level=_LEVEL, write_content_size=False).compress(cbor.encode(content))


def _pack_points(points: Points) -> list[Any]:
    return [[writer, [[sequence, short] for sequence, short in at]] for writer, at in points.items()]


def decompress(data: bytes) -> bytes:
    """Raises: TooLarge, Refused."""
    if len(data) > MAX_BODY_BYTES:
        raise TooLarge(f"A message has {len(data):,} bytes; the limit is {MAX_BODY_BYTES:,}.")
    parts, size = [], 0
    try:
        reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(data, read_size=65536)
        while part := reader.read(65536):
            size += len(part)
            if size > MAX_MESSAGE_BYTES:
                raise TooLarge(f"A message grows beyond {MAX_MESSAGE_BYTES:,} bytes.")
            parts.append(part)
    except zstandard.ZstdError as error:
        raise Refused("A message is damaged and cannot be unpacked.") from error
    return b"".join(parts)


def unpack(data: bytes, signer: Signer) -> Message:
    """Read and verify a message that anyone may have sent. Raises: Refused, BadSignature, TooLarge."""
    content = cbor.decode(decompress(data), "A message")
    if not isinstance(content, dict) or content.get("v") != FORMAT:
        raise Refused("The partner speaks a form of cop that this one does not know.", hint="Update cop on both sides.")
    payloads = [*_all_bytes(content, "payloads"), *_unsealed(content, signer)]
    report = content.get("report")
    return Message(
        writer=_key(content, "writer"),
        organisation=_key(content, "organisation"),
        state=_key(content, "state"),
        points=_points(content.get("points")) if "points" in content else None,
        entries=tuple(_entry(raw) for raw in _all(content, "entries")),
        payloads=tuple(payloads),
        wanted=tuple(_all_bytes(content, "wanted")[:MAX_WANTED]),
        unwelcome=tuple(_all_bytes(content, "unwelcome")),
        more=content.get("more") is True,
        report={k: v for k, v in report.items() if type(v) is int} if isinstance(report, dict) else {},
    )


def _unsealed(content: dict[str, Any], signer: Signer) -> list[bytes]:
    sealed = content.get("sealed")
    plain = sealing.unseal(signer, sealed) if isinstance(sealed, bytes) else None
    return _all_bytes({"payloads": cbor.decode(plain, "A sealed part")}, "payloads") if plain else []


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
    try:
        for writer, at in raw:  # type: ignore[attr-defined]
            points[bytes(memoryview(writer))] = [(sequence + 0, bytes(memoryview(short))) for sequence, short in at]
    except (TypeError, ValueError) as error:
        raise Refused("A message does not say readably what its sender holds.") from error
    if sum(map(len, points.values())) > MAX_POINTS:
        raise TooLarge("A message names more points than anyone needs.")
    return points


def chunk(
    db: sqlite3.Connection, numbers: Sequence[int], widest: int
) -> tuple[list[Entry], list[bytes], list[bytes], int]:
    """Entries from the front of `numbers` that fit one message, with the payloads a receiver may have.

    `widest` is the narrowest audience the receiver belongs to. Returns entries, public payloads, other payloads, and
    how many of `numbers` were taken.
    """
    entries: list[Entry] = []
    open_: list[bytes] = []
    closed: list[bytes] = []
    size = 0
    for number in numbers:
        if size >= CHUNK_BYTES:
            break
        row = db.execute("SELECT data, signature FROM log_entry WHERE entry_number = ?", [number]).fetchone()
        entries.append(entry.read(row[0], row[1]))
        size += len(row[0])
        for payload, audience in _payloads(db, "entry_number = ?", [number]):
            if audience <= widest:
                (open_ if audience == PUBLIC else closed).append(payload)
                size += len(payload)
    return entries, open_, closed, len(entries)


def _payloads(db: sqlite3.Connection, condition: str, values: Sequence[object]) -> Iterable[tuple[bytes, int]]:
    query = f"SELECT payload, audience FROM log_item JOIN log_payload USING (item_number) WHERE {condition}"
    return ((row[0], row[1]) for row in db.execute(query, values))


def answer_wanted(
    db: sqlite3.Connection, wanted: Iterable[PayloadHash], widest: int
) -> tuple[list[bytes], list[bytes]]:
    """Payloads that a partner asks for and may have: public ones, others. About one message full."""
    open_: list[bytes] = []
    closed: list[bytes] = []
    size = 0
    for payload_hash in wanted:
        for payload, audience in _payloads(db, "payload_hash = ? LIMIT 1", [payload_hash]):
            if audience <= min(widest, OWN) and size < CHUNK_BYTES:
                (open_ if audience == PUBLIC else closed).append(payload)
                size += len(payload)
    return open_, closed
