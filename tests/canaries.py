"""Looks for a word in every byte of a folder, in every form in which a program may have kept it."""

import base64
import gzip
import json
import quopri
import unicodedata
import zlib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

import zstandard

_MOST = 50_000_000  # bytes of anything that was compressed


def forms(word: str) -> set[bytes]:
    """The word as texts, web addresses, messages and search indexes would hold it."""
    folded = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    found: set[bytes] = set()
    for text in {word, folded, unicodedata.normalize("NFD", word)}:
        for said in {text, text.lower(), text.upper(), text[::-1].lower()}:  # the search keeps words backwards, too
            found.update(_encoded(said))
    return found


def _encoded(text: str) -> Iterator[bytes]:
    data = text.encode()
    numbers = "".join(c if c.isascii() else f"&#{ord(c)};" for c in text)
    hexes = "".join(c if c.isascii() else f"&#x{ord(c):x};" for c in text)
    texts = (quote(text), json.dumps(text)[1:-1], escape(text), numbers, hexes, data.hex(), data.hex().upper())
    yield from (one.encode() for one in texts)
    yield from (data, text.encode("utf-16-le"), text.encode("utf-16-be"), quopri.encodestring(data).rstrip())
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(b"\0" * before + data)
            yield coded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]  # what does not depend on its neighbours


def where(root: Path, word: str) -> list[str]:
    """The files below a folder in which a word stands, or in whose names, or in something compressed within."""
    wanted = forms(word)
    found = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if any(form in name.encode() for form in wanted):
            found.append(f"{name} (name)")
        if path.is_file() and any(form in data for data in _layers(path.read_bytes()) for form in wanted):
            found.append(name)
    return found


def _layers(data: bytes) -> Iterator[bytes]:
    """The bytes, and what unpacks from any place within."""
    yield data
    for at in _starts(data, zstandard.FRAME_HEADER):
        yield from _unpacked(lambda at=at: _zstd(data[at:]))
    for at in _starts(data, b"\x1f\x8b\x08"):
        yield from _unpacked(lambda at=at: gzip.decompress(data[at:]))
    for start in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"):
        for at in _starts(data, start):
            yield from _unpacked(lambda at=at: zlib.decompressobj().decompress(data[at:], _MOST))


def _starts(data: bytes, sign: bytes) -> Iterator[int]:
    at = data.find(sign)
    while at >= 0:
        yield at
        at = data.find(sign, at + 1)


def _unpacked(unpack) -> Iterator[bytes]:  # type: ignore[no-untyped-def]
    try:
        inner = unpack()
    except (zstandard.ZstdError, zlib.error, OSError, EOFError):
        return
    if inner:
        yield from _layers(inner)


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(data).read(_MOST)
