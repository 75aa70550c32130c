"""What two sides say to each other of attachments: which they have, and which they want."""

from dataclasses import dataclass
from typing import Any

from cop import cbor
from cop.errors import Refused

MAX_ASKED = 2000  # hashes in one message, each way
MAX_TALK_BYTES = 200_000


@dataclass(frozen=True)
class Told:
    """What one side says of attachments: SHA-256 each."""

    have: tuple[str, ...] = ()
    want: tuple[str, ...] = ()


def pack(told: Told) -> bytes:
    """The bytes of a message."""
    return cbor.encode(
        {"v": 1, **{name: [bytes.fromhex(one) for one in getattr(told, name)] for name in ("have", "want")}}
    )


def unpack(data: bytes) -> Told:
    """Read a message that anyone may have sent. Raises: Refused."""
    content = cbor.decode(data, "A message on attachments") if len(data) <= MAX_TALK_BYTES else None
    if not isinstance(content, dict) or content.get("v") != 1:
        raise Refused("The partner speaks of attachments in a form that this cop does not know.")
    return Told(_hashes(content.get("have")), _hashes(content.get("want")))


def _hashes(value: Any) -> tuple[str, ...]:
    found = [one.hex() for one in value if isinstance(one, bytes) and len(one) == 32] if isinstance(value, list) else []
    return tuple(found[:MAX_ASKED])
