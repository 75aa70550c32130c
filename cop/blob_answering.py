"""The side that is asked for attachments, and that pieces are brought to.

Bytes are worth what their hash says, so anybody may bring them; they are taken only if a public record of ours names
hash and size, and up to `max_attachment`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from cop import blobs, stale, trust, views
from cop.blob_talk import Told, pack, unpack
from cop.blobs import Part
from cop.config import Site
from cop.errors import Refused
from cop.lacking import lacking, named
from cop.model import WriterId

MAX_PIECE_BYTES = 1_000_000  # taken at a time
LOCK_SECONDS = 30


def answer(site: Site, db: sqlite3.Connection, data: bytes, sender: WriterId) -> bytes:
    """What we have of what they want, and want of what they have. From strangers we want nothing. Raises: Refused."""
    told = unpack(data)
    if stale.is_any(db):  # what they have just brought says what we want
        views.refresh(site, db)
    found = lacking(site)
    held = {one.sha256 for one in found.held}
    wanted = {one.sha256 for one in found.wanted} if is_known(db, sender) else set()
    return pack(Told(tuple(h for h in told.want if h in held), tuple(h for h in told.have if h in wanted)))


def is_known(db: sqlite3.Connection, sender: WriterId) -> bool:
    """True if attachments are taken from this writer."""
    return bool(sender) and sender in trust.members(db).present


def published(site: Site, sha256: str) -> Path | None:
    """Where an attachment lies that a public record names and that is held here; else None."""
    path = blobs.path_of(blobs.folder(site), sha256)
    return path if path.is_file() and named(site.site_db, sha256) else None


def length_held(site: Site, db: sqlite3.Connection, sha256: str, sender: WriterId) -> int | None:
    """How much of an attachment is here, or came of this sender; None if we neither publish nor want it."""
    one, path = named(site.site_db, sha256), published(site, sha256)
    if path:
        return path.stat().st_size
    if one is None or one.size > site.config.max_attachment_bytes or not is_known(db, sender):
        return None
    return _part(site, sha256, sender).length


def _part(site: Site, sha256: str, sender: WriterId) -> Part:
    return Part(blobs.folder(site), sha256, sender.hex()[:16])


def take(
    site: Site, db: sqlite3.Connection, piece: bytes, *, sha256: str, size: int, start: int, sender: WriterId
) -> int:
    """Store a piece that a partner brings, if it goes on where the last one stopped. Returns how much is here now.

    Raises: Refused if we do not want it, or if what has come is not what its hash says.
    """
    one = named(site.site_db, sha256)
    if not is_known(db, sender) or one is None or size not in one.sizes:
        raise Refused("No public record here names such a file, or you are no partner.")
    if size > site.config.max_attachment_bytes or len(piece) > MAX_PIECE_BYTES:
        raise Refused("This is larger than is taken here.")
    with _one_at_a_time(site):
        part = _part(site, sha256, sender)
        if blobs.holds(blobs.folder(site), sha256):
            return size
        if part.length > size:
            part.drop()
        if part.length == start and start + len(piece) <= size:
            part.add(iter([piece]), size - start)
        if part.length == size and not part.finish():
            raise Refused("What came is not what its hash says. It was thrown away.")
        return size if blobs.holds(blobs.folder(site), sha256) else part.length


@contextmanager
def _one_at_a_time(site: Site) -> Iterator[None]:
    try:
        with FileLock(site.store_db.with_name("brought.lock"), timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise Refused("Too much is coming in at once.") from error
