"""What a publisher says of itself in a place: one small signed file, replaced at each exchange. Pure.

It is a hint. Without it, or with an old one, everything still arrives; with it, a web server without lists can be read,
and somebody who lacks something can say so.
"""

from dataclasses import dataclass
from typing import Any

from cop import cbor, signing
from cop.errors import Refused
from cop.frontier import STATE_BYTES
from cop.model import OrganisationId, PayloadHash, WriterId
from cop.place.names import ENTRIES, PAYLOADS, SHORT, WANTED, FileName, parse, publisher_of
from cop.signing import Signer

PURPOSE = b"cop/v1/place\0"
FORMAT = 1
MAX_STATE_BYTES = 4_000_000
MAX_PUBLISHERS = 1000
MAX_NAMES = 100_000
MAX_NOT_WHOLE = 100
MAX_WANTED = 500
_WHAT = "What a partner says of its files"
_NONSENSE = (KeyError, IndexError, TypeError, ValueError)


@dataclass(frozen=True)
class State:
    """The content of `state.cop`."""

    writer: WriterId
    organisation: OrganisationId
    held: bytes  # frontier hash
    files: tuple[tuple[FileName, int], ...] = ()  # its own files and their sizes
    publishers: tuple[tuple[WriterId, int], ...] = ()  # whose files it knows here, and the highest number it has read
    wanted: tuple[PayloadHash, ...] = ()  # payloads it lacks
    not_whole: tuple[FileName, ...] = ()  # files that it found damaged
    invitation: str = ""  # so that others can meet it here


def pack(state: State, signer: Signer) -> bytes:
    """The signed bytes; the same for the same state."""
    content = cbor.encode(
        {
            "v": FORMAT,
            "writer": state.writer,
            "organisation": state.organisation,
            "held": state.held,
            "files": [[name.number, name.kind, bytes.fromhex(name.short), size] for name, size in state.files],
            "publishers": [list(one) for one in state.publishers],
            "wanted": list(state.wanted),
            "not_whole": [_told(name) for name in state.not_whole],
            "invitation": state.invitation,
        }
    )
    return cbor.encode([content, signer.sign(PURPOSE, content)])


def _told(name: FileName) -> list[Any]:
    return [bytes.fromhex(name.publisher), name.number, name.kind, bytes.fromhex(name.short)]


def unpack(data: bytes, publisher: str) -> State:
    """Read a state that anyone may have written, or half of one. Raises: Refused."""
    content = _signed(data, publisher)
    try:
        return _read(content)
    except _NONSENSE as error:
        raise Refused(f"{_WHAT} cannot be read.") from error


def unpack_invitation(data: bytes, publisher: str) -> tuple[WriterId, str]:
    """Only who wrote a state, and its invitation. Raises: Refused."""
    content = _signed(data, publisher)
    return content["writer"], str(content.get("invitation", ""))


def _signed(data: bytes, publisher: str) -> dict[str, Any]:
    """What a publisher signed. Nothing is made of its names of files before that is sure. Raises: Refused."""
    raw = cbor.decode(data, _WHAT)
    if not isinstance(raw, list) or len(raw) != 2 or not all(isinstance(part, bytes) for part in raw):
        raise Refused(f"{_WHAT} cannot be read.")
    content: dict[str, Any] = cbor.decode(raw[0], _WHAT)
    try:
        writer = _bytes(content["writer"])
    except _NONSENSE as error:
        raise Refused(f"{_WHAT} cannot be read.") from error
    if publisher_of(writer) != publisher:
        raise Refused(f"{_WHAT} lies under another name.")
    signing.verify(PURPOSE, writer, raw[0], raw[1])
    return content


def _read(content: dict[str, Any]) -> State:
    if content["v"] != FORMAT:
        raise ValueError("another format")
    writer = _bytes(content["writer"])
    publisher = publisher_of(writer)
    return State(
        writer,
        _bytes(content["organisation"]),
        _bytes(content["held"], STATE_BYTES),
        tuple((_name(publisher, *one[:3]), _size(one[3])) for one in content["files"][:MAX_NAMES]),
        tuple((_bytes(one[0]), _size(one[1])) for one in content["publishers"][:MAX_PUBLISHERS]),
        tuple(_bytes(one) for one in content["wanted"][:MAX_WANTED]),
        tuple(_name(_bytes(one[0], 16).hex(), *one[1:4]) for one in content["not_whole"][:MAX_NOT_WHOLE]),
        content["invitation"] if isinstance(content["invitation"], str) else "",
    )


def _bytes(value: object, length: int = 32) -> bytes:
    if not isinstance(value, bytes) or len(value) != length:
        raise ValueError("not a key or hash")
    return value


def _size(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("no size")
    return value


def _name(publisher: str, number: object, kind: object, short: object) -> FileName:
    name = parse(publisher, f"{_size(number):06}-{kind}-{_bytes(short, SHORT // 2).hex()}.cop")
    if name is None or kind not in (ENTRIES, PAYLOADS, WANTED):
        raise ValueError("no name of a file")
    return name
