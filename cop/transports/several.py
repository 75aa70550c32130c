"""Several messages in one answer over HTTP, each proved by itself: nobody waits for a whole first copy to be packed.

An answer of the type CONTENT_TYPE is parts, one after the other. A part = length of its head (4 bytes, big-endian),
head, length of its message, message. The head holds what the headers of an answer with that message alone would: its
digest and the signature over status, digest and the request's signature. Whether another part follows, the message says.
"""

from collections.abc import Iterator, Mapping

from cop.errors import Refused
from cop.wire import MAX_BODY_BYTES

CONTENT_TYPE = "application/x-cop-several"
MAX_HEAD_BYTES = 4000
LENGTH_BYTES = 4


def part(headers: Mapping[str, str], message: bytes) -> bytes:
    """One part, as it travels."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("ascii")
    return b"".join(piece for data in (head, message) for piece in (len(data).to_bytes(LENGTH_BYTES, "big"), data))


class Parts:
    """The parts of one answer, as its bytes come. Holds no more than one part and a piece."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def next(self) -> tuple[dict[str, str], bytes] | None:
        """The next part's headers and message; None where the answer ends or was cut. Raises: Refused, LineCut."""
        head = self._piece(MAX_HEAD_BYTES)
        message = self._piece(MAX_BODY_BYTES) if head is not None else None
        return (_headers(head), message) if head is not None and message is not None else None

    def is_done(self) -> bool:
        """True if nothing more comes: the line can carry another request."""
        return not self._left and not next(self._pieces, b"")

    def _piece(self, most: int) -> bytes | None:
        told = self._take(LENGTH_BYTES)
        size = int.from_bytes(told, "big") if told is not None else 0
        if size > most:
            raise Refused(f"A partner sends more than {most:,} bytes at a time.")
        return self._take(size) if told is not None else None

    def _take(self, size: int) -> bytes | None:
        have, parts = len(self._left), [self._left]
        while have < size and (piece := next(self._pieces, b"")):
            parts.append(piece)
            have += len(piece)
        data = b"".join(parts)
        self._left = data[size:]
        return data[:size] if have >= size else None


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("ascii", "replace").split("\r\n")
    return {name.strip(): value.strip() for name, found, value in (line.partition(":") for line in lines) if found}
