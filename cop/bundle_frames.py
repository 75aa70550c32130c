"""The file of a bundle: its first line, its header, and frames.

file = "cop bundle 1\\n", then frames. frame = length (4 bytes, big-endian), SHA-256 of the content, content. The first
frame says who made it for whom; the last of those with text, that the text is whole. Attachments stand behind it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cop import cbor, invitations
from cop.errors import BadSignature, NotReachable, Refused
from cop.holding import NotRebuilt
from cop.signing import sha256
from cop.wire import MAX_BODY_BYTES

MAGIC = b"cop bundle 1\n"
HASH_BYTES = 32
END = cbor.encode({"end": True})
_FORGED = (
    "Something in {path} is not what its writer signed: somebody may have changed it. It was not taken in. What came"
    " before it is kept."
)
_ASK = "Ask whoever you have it from, and those who made it, for a new one. Applying that is safe."


@dataclass(frozen=True)
class Header:
    """What a bundle says about itself."""

    name: str  # of the organisation that made it
    organisation: str  # its key, hex
    receiver: str  # name of the partner it is for, "" for anyone
    made: int  # seconds UTC, as its maker's clock said
    entries: int
    changes: int
    invitation: str = ""  # of its maker, so that it can be joined from the file; "" from the first cop
    files: int = 0  # attachments behind the text
    files_left_out: int = 0  # attachments that its maker has and left out


def write_frame(file: BinaryIO, content: bytes) -> None:
    """Add a frame to the file."""
    file.write(len(content).to_bytes(4, "big") + sha256(content) + content)


def show(path: Path) -> Header:
    """What a bundle says about itself. Raises: NotReachable, Refused."""
    with opened(path) as file:
        return read_header(read_frame(file, path))


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, behind its first line. Reading is within: a stick may be pulled out at any time."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise Refused(
                    f"{path} is no bundle of cop, or it is damaged.", hint="Ask for a new one: cop bundle create FILE"
                )
            yield file
    except Refused as error:
        if error.hint:
            raise
        is_forged = isinstance(error, BadSignature | NotRebuilt)
        raise Refused(_FORGED.format(path=path) if is_forged else str(error), _ASK) from error
    except OSError as error:
        raise NotReachable(
            f"{path} cannot be read ({error.strerror}). What came before is kept.",
            hint="Is the stick in? Is the name right?",
        ) from error


def read_frame(file: BinaryIO, path: Path) -> bytes:
    """The content of the next frame; its size is checked before it is read. Raises: Refused."""
    head = file.read(4 + HASH_BYTES)
    size = int.from_bytes(head[:4], "big")
    content = file.read(size) if len(head) == 4 + HASH_BYTES and size <= MAX_BODY_BYTES else b""
    if len(head) < 4 + HASH_BYTES or len(content) != size or sha256(content) != head[4:]:
        raise Refused(
            f"{path} is damaged or not whole. What came before the damage is kept.",
            hint="Ask for a new one: cop bundle create FILE. Applying it again is safe.",
        )
    return content


def read_header(content: bytes) -> Header:
    """What the first frame says. Raises: Refused."""
    raw = cbor.decode(content, "The start of a bundle")
    kinds = {"name": str, "organisation": str, "receiver": str, "made": int, "entries": int, "changes": int}
    if not isinstance(raw, dict) or any(not isinstance(raw.get(name), kind) for name, kind in kinds.items()):
        raise Refused("The start of this bundle cannot be read.")
    clean: dict[str, Any] = {name: _plain(raw[name]) if kind is str else raw[name] for name, kind in kinds.items()}
    if not re.fullmatch("[0-9a-f]{64}", clean["organisation"]):
        raise Refused("The start of this bundle does not say readably who made it.")
    invitation = raw.get("invitation", "")
    is_one = isinstance(invitation, str) and len(invitation) <= invitations.MAX_INVITATION and invitation.isprintable()
    counts = {name: raw[name] for name in ("files", "files_left_out") if _is_count(raw.get(name))}
    return Header(**clean, invitation=invitation if is_one else "", **counts)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1_000_000


def is_bundle(path: Path) -> bool:
    """True if the file begins as a bundle does. Raises: NotReachable."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise NotReachable(f"{path} cannot be read ({error.strerror}).", hint="Is the stick in?") from error


def _plain(text: str) -> str:
    """A text that may be shown on a terminal."""
    return "".join(character for character in text[:200] if character.isprintable())


def is_end(content: bytes) -> bool:
    """True for the frame that ends the text."""
    return content == END
