"""Entries of a saved copy, and files of them. Pure.

A file ("segment") is a gzip of a JSON list: `[key, section, sort, html]` for an entry as it reads now, and a lone number,
`mark(key)`, for one that is gone. It is named by the SHA-256 of its bytes. `saved.js` reads the same. `edits.py` says how an
entry stands in files for readers who have the version before.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_WRAP = 1 << 32


class Row(NamedTuple):
    """One entry."""

    key: str  # its address without the slash, such as resources/guide
    section: int  # place of its kind in the copy
    sort: str  # its place in the section
    html: str


Rows = Mapping[str, Row]  # by key


class Read(NamedTuple):
    """What one file says."""

    rows: tuple[Row, ...]
    gone: frozenset[int]  # marks


def mark(key: str) -> int:
    """Stands for an entry that is gone, so that the file does not name it: its name may be what had to go.

    >>> mark("resources/guide")
    2338692986
    """
    return zlib.crc32(key.encode())


def check(rows: Iterable[Row]) -> int:
    """Tells one state of a copy from another, whatever the order: a sum, so that a phone can keep it up as entries change.

    >>> one, two = Row("a", 1, "x", "<p>"), Row("b", 1, "y", "<b>")
    >>> check([one, two]) == check([two, one]) != check([one])
    True
    """
    return sum(zlib.crc32("\n".join((row.key, str(row.section), row.sort, row.html)).encode()) for row in rows) % _WRAP


def packed(rows: Iterable[Row], gone: Iterable[int] = ()) -> bytes:
    """The bytes of a file: the same ones for the same content, in whatever order it comes."""
    held = sorted(rows, key=lambda row: (row.section, row.sort, row.key))  # alike beside alike packs smaller
    return as_bytes([*held, *sorted(gone)])


def as_bytes(told: list[object]) -> bytes:
    """Likewise of what was put in order already."""
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode("utf-8", "replace"), 9, mtime=0)


def read(data: bytes) -> Read:
    """What the bytes of a file of ours say."""
    told = json.loads(gzip.decompress(data))
    return Read(
        tuple(Row(*one) for one in told if isinstance(one, list)), frozenset(x for x in told if isinstance(x, int))
    )


def applied(before: Rows, one: Read) -> dict[str, Row]:
    """The state after what a file says."""
    kept = {key: row for key, row in before.items() if mark(key) not in one.gone} if one.gone else dict(before)
    return kept | {row.key: row for row in one.rows}


def name(data: bytes) -> str:
    """Of the file that holds these bytes."""
    return hashlib.sha256(data).hexdigest()
