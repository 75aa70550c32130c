"""The same site gives the same bytes: takes out of a ZIM file what libzim and Xapian draw by lot.

Where things stand: https://wiki.openzim.org/wiki/ZIM_file_format. A Xapian index begins with some signs, its version and an
identifier, which nothing looks at in a file that is only read.
"""

import hashlib
import mmap
from pathlib import Path

MAGIC = b"ZIM\x04"
XAPIAN = b"\x0f\x0dXapian Glass"  # followed by two bytes of version
_AT, _BYTES = 8, 16  # where the identifier of a ZIM file stands, and how long all of them are
_CHECKSUM = 16  # MD5 of all before it, at the end
_CHUNK = 1 << 20


def make_steady(path: Path) -> None:
    """Put what follows from the content in place of the identifiers, and mend the checksum."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as held:
        for at in (_AT, *_indexes(held)):
            held[at : at + _BYTES] = bytes(_BYTES)
        identifier = _digest(held, "sha256")[:_BYTES]
        held[_AT : _AT + _BYTES] = identifier
        held[-_CHECKSUM:] = _digest(held, "md5")


def _indexes(held: mmap.mmap) -> list[int]:
    """Where the identifiers of the indexes of titles and of texts stand."""
    found, at = [], held.find(XAPIAN)
    while at >= 0:
        found.append(at + len(XAPIAN) + 2)
        at = held.find(XAPIAN, at + 1)
    return found


def _digest(held: mmap.mmap, name: str) -> bytes:
    digest, end = hashlib.new(name, usedforsecurity=False), len(held) - _CHECKSUM
    for at in range(0, end, _CHUNK):
        digest.update(held[at : min(at + _CHUNK, end)])
    return digest.digest()
