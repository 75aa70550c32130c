"""Attachments in a bundle: frames behind the one that says it is whole, so that an older cop, which stops there, reads the rest.

frame = CBOR map {file: SHA-256, size, at: offset, data: at most 1 MB}; the last of them is {files_end: true}.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cop import blobs, cbor
from cop.blobs import Part
from cop.config import Site
from cop.errors import Refused
from cop.lacking import Named, lacking

PIECE_BYTES = 1_000_000
END = cbor.encode({"files_end": True})
SENDER = "bundle"  # keeps beginnings that came this way apart


def to_pack(site: Site) -> tuple[Named, ...]:
    """What of attachments can go into a bundle: what records name and this copy holds."""
    return lacking(site).held


def not_here(site: Site) -> int:
    """How many of the attachments that records name are not in this copy."""
    found = lacking(site)
    return len(found.wanted) + len(found.left_out)


def frames(site: Site, files: Sequence[Named]) -> Iterator[bytes]:
    """The contents of the frames that carry attachments, smallest first."""
    root = blobs.folder(site)
    for one in sorted(files, key=lambda one: (one.size, one.sha256)):
        path = blobs.path_of(root, one.sha256)
        size = path.stat().st_size
        for at in range(0, size, PIECE_BYTES):
            data = b"".join(blobs.pieces(path, at, min(at + PIECE_BYTES, size)))
            yield cbor.encode({"file": bytes.fromhex(one.sha256), "size": size, "at": at, "data": data})
    yield END


@dataclass
class Applied:
    """What of the attachments in a bundle was taken in."""

    received: int = 0
    left_out: int = 0  # larger than max_attachment
    wrong: int = 0  # not what their hash says


@dataclass
class Taking:
    """Takes in the attachments of one bundle, after its text."""

    site: Site
    done: Applied = field(default_factory=Applied)

    def __post_init__(self) -> None:
        found = lacking(self.site)
        self._wanted = {one.sha256: one for one in found.wanted}
        self._too_large = {one.sha256 for one in found.left_out}

    def take(self, content: bytes) -> bool:
        """Take in one frame. Returns False for the last. Raises: Refused."""
        if content == END:
            return False
        sha256, size, at, data = _read(content)
        if sha256 in self._too_large:
            self._too_large.remove(sha256)
            self.done.left_out += 1
        elif sha256 in self._wanted and size in self._wanted[sha256].sizes:
            self._take(sha256, size, at, data)
        return True

    def _take(self, sha256: str, size: int, at: int, data: bytes) -> None:
        part = Part(blobs.folder(self.site), sha256, SENDER)
        length = part.length
        if at <= length < at + len(data) and at + len(data) <= size:
            part.add(iter([data[length - at :]]), size - length)
        if part.length == size:
            del self._wanted[sha256]
            fits = part.finish()
            self.done.received += fits
            self.done.wrong += not fits


def _read(content: bytes) -> tuple[str, int, int, bytes]:
    raw = cbor.decode(content, "A file in a bundle")
    told = [raw.get(name) for name in ("file", "size", "at", "data")] if isinstance(raw, dict) else [None] * 4
    match told:
        case [bytes() as file, int() as size, int() as at, bytes() as data] if len(file) == 32:
            return file.hex(), size, at, data
    raise Refused("A file in this bundle cannot be read.")
