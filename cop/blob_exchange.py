"""Exchanging attachments after the text, by the side that asks: it fetches what it lacks, then brings what the partner lacks.

Bytes are worth what their hash says, so anybody may bring them; they are fetched only if a public record of ours names
hash and size, and up to `max_attachment`.
"""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cop import blobs
from cop.blob_memory import given_up, keep_talk, keep_wrong, talk
from cop.blob_report import Exchanged, Planned, planned
from cop.blob_talk import MAX_ASKED, Told, pack, unpack
from cop.blobs import Part
from cop.database import writing
from cop.errors import NotReachable, Refused
from cop.identity import Side
from cop.lacking import Lacking, Named, lacking
from cop.model import OrganisationId
from cop.progress import Progress
from cop.signing import sha256 as hash_of
from cop.transports.attachments import BlobLine
from cop.transports.base import AnswersOtherwise, LineCut

_logger = logging.getLogger(__name__)
PIECE_BYTES = 256_000  # brought at a time
MAX_CUTS = 5  # of the line, one after the other, before we give up


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
    if text_moved:
        with writing(side.db):
            side.db.execute("DELETE FROM local_blob_wrong WHERE source = ?", [organisation])
    if _is_worth_asking(side.db, organisation, found, text_moved=text_moved):
        _exchange_alone(exchange, organisation, found)
    exchange.report.waiting = len(lacking(side.site).wanted)
    return exchange.report


def _exchange_alone(exchange: _Exchange, organisation: OrganisationId, found: Lacking) -> None:
    """Exchange unless another `cop` does, and log what went wrong: the text is in, and the rest comes next time."""
    from filelock import FileLock, Timeout  # late: most exchanges have no files to move

    try:
        with FileLock(exchange.side.site.store_db.with_name("blobs.lock"), timeout=0):
            _exchange_all(exchange, organisation, found)
    except (NotReachable, Timeout) as error:
        _logger.info("Not all files were exchanged: %s", error)
    except Refused as error:
        _logger.warning("Not all files were exchanged: %s", error)
    except OSError as error:
        _logger.warning("Files could not be stored (%s). Is there room?", error.strerror)


def preview(side: Side, organisation: OrganisationId, line: BlobLine, *, text_moves: bool) -> Planned:
    """What `run` would fetch and bring. Nothing moves but the question; without an answer it says nothing of files."""
    found, plan = lacking(side.site), None
    if _is_worth_asking(side.db, organisation, found, text_moved=text_moves):
        with suppress(NotReachable, Refused):
            plan = _plan(side.db, organisation, line, found)
    plan = plan or _Plan()
    root = blobs.folder(side.site)
    return planned(found, plan.fetch, plan.bring, sum(min(Part(root, o.sha256).length, o.size) for o in plan.fetch))


def _is_worth_asking(db: sqlite3.Connection, organisation: OrganisationId, found: Lacking, *, text_moved: bool) -> bool:
    news = text_moved or talk(db, organisation) != _state(found.held)
    return bool(found.wanted or (found.held and news))


@dataclass(frozen=True)
class _Plan:
    """What to move, in this order."""

    fetch: tuple[Named, ...] = ()
    bring: tuple[Named, ...] = ()


def _plan(db: sqlite3.Connection, organisation: OrganisationId, line: BlobLine, found: Lacking) -> _Plan | None:
    """What is worth moving, as the partner tells; None if it does not speak of attachments. Raises: NotReachable, Refused."""
    answering = line.partner
    theirs = _ask(line, [one.sha256 for one in found.held], [one.sha256 for one in found.wanted])
    if theirs is None:
        return None
    if line.partner != answering:
        raise Refused("Somebody else answers than before. No files were exchanged.")
    without = given_up(db, organisation)
    fetch = (one for one in found.wanted if one.sha256 in theirs.have and one.sha256 not in without)
    bring = sorted((one for one in found.held if one.sha256 in theirs.want), key=lambda one: one.size)
    return _Plan(tuple(fetch), tuple(bring))


def _exchange_all(exchange: _Exchange, organisation: OrganisationId, found: Lacking) -> None:
    db = exchange.side.db
    plan = _plan(db, organisation, exchange.line, found)
    if plan is None:
        keep_talk(db, organisation, _state(found.held))
        return
    exchange.of = sum(one.size for one in (*plan.fetch, *plan.bring))
    for one in plan.fetch:
        before = exchange.report.wrong
        _fetch(exchange, one)
        if exchange.report.wrong > before:
            keep_wrong(db, organisation, one.sha256)
    brought = [_bring(exchange, one) for one in plan.bring]
    blobs.tidy(exchange.root, frozenset(one.sha256 for one in found.wanted))
    if all(brought):
        keep_talk(db, organisation, _state(lacking(exchange.side.site).held))


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


def _patiently(line: BlobLine, message: bytes) -> bytes:
    """Ask again if the line was let go, as while much text was taken in. Raises: NotReachable, Refused."""
    try:
        return line.ask(message)
    except LineCut:
        return line.ask(message)


def _state(held: Sequence[Named]) -> bytes:
    return hash_of("".join(sorted(one.sha256 for one in held)).encode())


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
