"""Exchanging attachments after the text, by the side that asks: it fetches what it lacks, then brings what the partner lacks.

Bytes are worth what their hash says, so anybody may bring them; they are fetched only if a public record of ours names
hash and size, and up to `max_attachment`.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from cop import blobs
from cop.blob_report import Exchanged
from cop.blob_talk import MAX_ASKED, Told, pack, unpack
from cop.blobs import Part
from cop.errors import NotReachable, Refused
from cop.lacking import Named, lacking
from cop.model import OrganisationId
from cop.schema import writing
from cop.signing import sha256 as hash_of
from cop.transports.attachments import BlobLine
from cop.transports.base import AnswersOtherwise, LineCut
from cop.turns import Side

_logger = logging.getLogger(__name__)
PIECE_BYTES = 256_000  # brought at a time
MAX_WRONG = 3  # times that a partner may send wrong bytes, until it has other news
MAX_CUTS = 5  # of the line, one after the other, before we give up
Progress = Callable[[int, int], None]  # bytes done, of how many


@dataclass
class _Exchange:
    side: Side
    line: BlobLine
    progress: Progress
    done: int = 0  # bytes
    of: int = 0
    report: Exchanged = field(default_factory=Exchanged)

    @property
    def root(self) -> Path:
        return blobs.folder(self.side.site)

    def moved(self, count: int) -> None:
        self.done += count
        self.progress(self.done, max(self.of, self.done))


def run(side: Side, organisation: OrganisationId, line: BlobLine, progress: Progress, *, text_moved: bool) -> Exchanged:
    """Fetch what we lack and a partner has, then bring what it lacks. What came before the line was cut is kept.

    Nothing is asked if there is nothing to fetch, and nothing new to bring since the last time. Whatever goes wrong, the text is in.
    """
    found = lacking(side.site)
    exchange = _Exchange(side, line, progress, report=Exchanged(left_out=len(found.left_out)))
    held = list(found.held)
    if text_moved:
        with writing(side.db):
            side.db.execute("DELETE FROM local_blob_wrong WHERE source = ?", [organisation])
    if found.wanted or (held and (text_moved or _talk(side.db, organisation) != _state(held))):
        try:
            with FileLock(side.site.store_db.with_name("blobs.lock"), timeout=0):
                _exchange_all(exchange, organisation, found.wanted, held)
        except (NotReachable, Timeout) as error:  # the text is in; the rest comes next time
            _logger.info("Not all files were exchanged: %s", error)
        except Refused as error:
            _logger.warning("Not all files were exchanged: %s", error)
        except OSError as error:
            _logger.warning("Files could not be stored (%s). Is there room?", error.strerror)
    exchange.report.waiting = len(lacking(side.site).wanted)
    return exchange.report


def _exchange_all(
    exchange: _Exchange, organisation: OrganisationId, wanted: Sequence[Named], held: Sequence[Named]
) -> None:
    db, answering = exchange.side.db, exchange.line.partner
    theirs = _ask(exchange.line, [one.sha256 for one in held], [one.sha256 for one in wanted])
    if theirs is None:
        _keep_talk(db, organisation, _state(held))
        return
    if exchange.line.partner != answering:
        raise Refused("Somebody else answers than before. No files were exchanged.")
    without = given_up(db, organisation)
    fetch = [one for one in wanted if one.sha256 in theirs.have and one.sha256 not in without]
    bring = sorted((one for one in held if one.sha256 in theirs.want), key=lambda one: one.size)
    exchange.of = sum(one.size for one in (*fetch, *bring))
    for one in fetch:
        before = exchange.report.wrong
        _fetch(exchange, one)
        if exchange.report.wrong > before:
            keep_wrong(db, organisation, one.sha256)
    brought = [_bring(exchange, one) for one in bring]
    blobs.tidy(exchange.root, frozenset(one.sha256 for one in wanted))
    if all(brought):
        _keep_talk(db, organisation, _state(lacking(exchange.side.site).held))


def _ask(line: BlobLine, have: Sequence[str], want: Sequence[str]) -> Told | None:
    """What they have of what we want, and want of what we have; None if they do not speak of attachments."""
    their_have: list[str] = []
    their_want: list[str] = []
    for at in range(0, max(len(have), len(want)), MAX_ASKED):
        told = Told(tuple(have[at : at + MAX_ASKED]), tuple(want[at : at + MAX_ASKED]))
        try:
            answer = unpack(_patiently(line, pack(told)))
        except AnswersOtherwise:  # an older cop
            return None
        their_have += answer.have
        their_want += answer.want
    return Told(tuple(their_have), tuple(their_want))


def given_up(db: sqlite3.Connection, source: bytes) -> set[str]:
    """What this partner, or place, has given wrongly so often that asking again would only cost."""
    query = "SELECT sha256 FROM local_blob_wrong WHERE source = ? AND times >= ?"
    return {row[0] for row in db.execute(query, [source, MAX_WRONG])}


def keep_wrong(db: sqlite3.Connection, source: bytes, sha256: str) -> None:
    """Count that what a partner, or place, gave was not what its record says."""
    with writing(db):
        db.execute(
            "INSERT INTO local_blob_wrong VALUES (?, ?, 1)"
            " ON CONFLICT (source, sha256) DO UPDATE SET times = times + 1",
            [source, sha256],
        )


def _patiently(line: BlobLine, message: bytes) -> bytes:
    """Ask again if the line was let go, as while much text was taken in. Raises: NotReachable, Refused."""
    try:
        return line.ask(message)
    except LineCut:
        return line.ask(message)


def _state(held: Sequence[Named]) -> bytes:
    return hash_of("".join(sorted(one.sha256 for one in held)).encode())


def _talk(db: sqlite3.Connection, organisation: OrganisationId) -> bytes:
    row = db.execute("SELECT state FROM local_blob_talk WHERE organisation = ?", [organisation]).fetchone()
    return bytes(row[0]) if row else b""


def _keep_talk(db: sqlite3.Connection, organisation: OrganisationId, state: bytes) -> None:
    with writing(db):
        db.execute("INSERT OR REPLACE INTO local_blob_talk VALUES (?, ?)", [organisation, state])


def _fetch(exchange: _Exchange, one: Named) -> None:
    """Fetch one attachment, from where it stopped. Raises: NotReachable."""
    part, cuts = Part(exchange.root, one.sha256), 0
    exchange.moved(min(part.length, one.size))
    while True:
        before = part.length
        try:
            came = _fetch_on(exchange, one, part)
        except LineCut:
            cuts = 1 if part.length > before else cuts + 1
            if cuts > MAX_CUTS:
                raise
            continue
        if came is False and before:  # what came earlier, maybe from somebody else, may have been wrong
            continue
        exchange.report.received += came is True
        exchange.report.wrong += came is False
        return


def _fetch_on(exchange: _Exchange, one: Named, part: Part) -> bool | None:
    """True if it is here now, False if what came is wrong and gone, None if it is not there. Raises: NotReachable."""
    start, most = part.length, max(one.sizes)
    if start >= most:
        return part.finish()
    with exchange.line.fetch(one.sha256, start) as coming:
        if coming is None:
            part.drop()
            return False if start else None
        total = coming.total if coming.total >= 0 else most
        if total not in one.sizes or coming.start not in (0, start):
            part.drop()
            return False
        if coming.start != start:  # they send all of it, whatever was asked
            part.drop()
        too_many = part.add(_counted(exchange, coming.pieces), total - part.length)
    if part.length < total and not too_many and coming.total >= 0:
        raise LineCut("The line was cut.")
    if too_many:
        part.drop()
        return False
    return part.finish()


def _counted(exchange: _Exchange, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        exchange.moved(len(piece))
        yield piece


def _bring(exchange: _Exchange, one: Named) -> bool:
    """Bring one attachment, from where it stopped. Returns whether it need not be brought again. Raises: NotReachable."""
    path, cuts, furthest = blobs.path_of(exchange.root, one.sha256), 0, -1
    size = path.stat().st_size
    if size not in one.sizes or not _is_undamaged(path, one.sha256):
        return True
    while True:
        try:
            start = exchange.line.held_there(one.sha256)
            while start is not None and 0 <= start < size and start > furthest:
                furthest = start
                piece = b"".join(blobs.pieces(path, start, min(start + PIECE_BYTES, size)))
                start = exchange.line.send(one.sha256, size, start, piece)
                exchange.moved(len(piece))
        except LineCut:
            cuts, furthest = cuts + 1, -1
            if cuts > MAX_CUTS:
                raise
            continue
        exchange.report.sent += furthest >= 0 and start == size
        return start is None or start == size


def _is_undamaged(path: Path, sha256: str) -> bool:
    with path.open("rb") as file:
        fits = blobs.hash_of(file, path.stat().st_size)[0] == sha256
    if not fits:
        _logger.warning("%s is damaged and was not sent. Try: cop verify", path)
    return fits
