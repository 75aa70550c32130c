"""A bundle: everything a partner lacks in one file, for a stick, an e-mail or a messenger.

The frames between its header and its end are messages as in `wire`, see `bundle_frames`. Each is stored whole or not
at all, so half a file is safe to apply and useful.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from cop import (
    bundle_files,
    catching_up,
    cbor,
    choosing,
    copies,
    files,
    frontier,
    invitations,
    log,
    partners,
    sealing,
    settings,
    stale,
    trust,
    wire,
)
from cop.bundle_frames import END, HASH_BYTES, MAGIC, Header, is_end, opened, read_frame, read_header, write_frame
from cop.counting import changes_in, count_changes, named
from cop.errors import CopError
from cop.frontier import Points
from cop.identity import Side, own_organisation
from cop.model import PARTNERS, PUBLIC, Entry, WriterId
from cop.partners import Partner, all_partners, keep_points, owner_of
from cop.progress import Progress, no_progress
from cop.receiving import receive, take_restored
from cop.wire import Message

NOT_PROVED = "a bundle"  # through which something came, if its maker did not prove to have made it


@dataclass
class Applied:
    """What applying a bundle did, or would do; the keys of `cop bundle apply --json`."""

    name: str
    organisation: str  # key of its maker, hex
    received: int = 0  # changes of records that were new here
    texts: int = 0  # texts that came now, of changes that were known before
    erasures: int = 0  # entries that came and want something erased
    erased: int = 0  # texts in it that were not taken, because they were erased here
    removals: int = 0  # requests of others that wait for a person here
    known: int = 0  # entries that were here already
    refused: int = 0  # entries of writers we do not know
    apart: int = 0  # changes of organisations that we removed: kept, not shown
    restored: int = 0  # entries that were written here, lost, and came back
    renewed: bool = False  # we go on under another key since then
    by: dict[str, int] = field(default_factory=dict)  # changes that came, per organisation that made them
    waiting: int = 0
    waiting_own: int = 0  # of these, for ourselves only: they lie on another of our computers
    conflicts: int = 0
    not_understood: int = 0
    pages_waiting: int = 0  # records whose pages are made when they are next asked for
    whole: bool = False  # the file was read to its end and is undamaged
    bytes: int = 0  # size of what would come; only for a dry run
    files: int = 0  # attachments that came, or are in it
    files_left_out: int = 0  # attachments larger than max_attachment, or that are not in it
    files_wrong: int = 0  # attachments that were not what their hash says


def create(side: Side, path: Path, partner: Partner | None, *, full: bool, now: int, files_too: bool = False) -> Header:
    """Write a bundle: what `partner` lacked at the last exchange, or everything for anyone; and files, if wished."""
    db = side.db
    held: Points = partners.points(db, partner) if partner and not full else {}
    numbers = sorted({*_who_is_who(db), *frontier.lacking(db, held)})
    attached = bundle_files.to_pack(side.site)
    header = Header(
        name=side.site.config.name,
        organisation=own_organisation(db).hex(),
        receiver=partner.name if partner else "",
        made=now,
        entries=len(numbers),
        changes=changes_in(db, numbers),
        invitation=_own_invitation(side),
        files=len(attached) if files_too else 0,
        files_left_out=0 if files_too else len(attached),
    )
    try:
        with files.writing(path) as file:
            file.write(MAGIC)
            write_frame(file, cbor.encode(asdict(header)))
            for body in _messages(side, numbers, _receivers(db, partner)):
                write_frame(file, body)
            write_frame(file, END)
            for piece in bundle_files.frames(side.site, attached) if files_too else ():
                write_frame(file, piece)
            copies.register(db, copies.BUNDLE, path, header.receiver, numbers, now)  # before it has its name
    except OSError as error:
        raise CopError(
            f"{path} could not be written ({error.strerror}).", hint="Is there room? May you write there?"
        ) from error
    return header


def _own_invitation(side: Side) -> str:
    config = side.site.config
    return invitations.own_invitation(side.db, config.name, config.kind, config.url).text()


def _who_is_who(db: sqlite3.Connection) -> Iterator[int]:
    """Entries without which a receiver cannot know whom to trust."""
    rows = db.execute(f"SELECT entry_number FROM log_entry WHERE {log.TELLS_WHO}")
    return (row[0] for row in rows)


def _receivers(db: sqlite3.Connection, partner: Partner | None) -> list[WriterId]:
    keys = partners.receivers(db, partner.organisation if partner else None)
    return [key for key in keys if key != settings.own_writer(db)]


def _messages(side: Side, numbers: list[int], receivers: list[WriterId]) -> Iterator[bytes]:
    at = 0
    while at < len(numbers):
        entries, held, taken = choosing.chunk(side.db, numbers[at:], PARTNERS)
        points = frontier.own_points(side.db) if at == 0 else None  # so that an answer brings only what we lack
        message = Message(
            side.signer.public,
            own_organisation(side.db),
            bytes(HASH_BYTES),
            points=points,
            proof=wire.prove_points(points, side.signer) if points is not None else b"",
            entries=tuple(entries),
            payloads=tuple(held[PUBLIC]),
        )
        secret = wire.secret(held[PARTNERS])
        yield wire.pack(message, sealing.seal(receivers, secret) if secret and receivers else b"")
        at += taken


def apply(
    side: Side,
    path: Path,
    now: int,
    *,
    dry_run: bool = False,
    progress: Progress = no_progress,
    pages: Progress = no_progress,
) -> Applied:
    """Store what a bundle brings; never writes to where it lies. `progress` is told bytes, `pages` is told records.

    Raises: NotReachable, Refused. Where it is damaged, what came before the damage has been stored.
    """
    with opened(path) as file:
        header = read_header(read_frame(file, path))
        applied = Applied(header.name, header.organisation, files_left_out=header.files_left_out)
        seen, carrier = _Seen(), NOT_PROVED
        done, of = len(MAGIC), path.stat().st_size
        with catching_up.bringing_up_to_date(side.site, side.db, pages):
            while not applied.whole:
                content = read_frame(file, path)
                done += 4 + HASH_BYTES + len(content)
                progress(min(done, of), of)
                if is_end(content):
                    applied.whole = True
                elif dry_run:
                    seen.count(side.db, wire.unpack(content, side.signer).entries)
                else:
                    message = wire.unpack(content, side.signer)
                    carrier = _maker(side.db, message) or carrier
                    _apply_one(side, message, applied, carrier, now)
        if header.files and not dry_run:  # which of them are wanted, the text says
            _take_files(side, file, path, applied, lambda count: progress(min(done + count, of), of))
    applied.pages_waiting = stale.count(side.db)
    if not dry_run:
        applied.restored, applied.renewed = take_restored(side.db)
        applied.files_left_out = min(applied.files_left_out, bundle_files.not_here(side.site))
    if dry_run:
        applied.files = header.files
        seen.tell(side.db, applied)
    return applied


def _take_files(side: Side, file: BinaryIO, path: Path, applied: Applied, moved: Callable[[int], None]) -> None:
    """Attachments, behind the end of the text. Raises: Refused where they are damaged; what came before is kept."""
    taking, count, applied.whole = bundle_files.Taking(side.site), 0, False
    while not applied.whole:
        content = read_frame(file, path)
        count += 4 + HASH_BYTES + len(content)
        moved(count)
        applied.whole = not taking.take(content)
        applied.files, applied.files_wrong = taking.done.received, taking.done.wrong
    applied.files_left_out += taking.done.left_out


def _maker(db: sqlite3.Connection, message: Message) -> str:
    """Who made a bundle, if this message proves it: what stands at its start, anybody may have written."""
    owner = owner_of(db, message.writer, message.entries)
    if message.points is None or not owner or owner != message.organisation or not wire.are_points_proved(message):
        return ""
    names = {key: one.name for key, one in trust.names(db, trust.members(db)).items()}
    return {**names, **{one.organisation: one.name for one in all_partners(db)}}.get(owner, "")


def _apply_one(side: Side, message: Message, applied: Applied, carrier: str, now: int) -> None:
    came = receive(side, message, carrier, now)
    applied.received += came.changes
    applied.texts += came.texts
    applied.apart += came.apart
    applied.erasures += came.erasures
    applied.erased += came.erased
    for name, changes in named(side.db, came.by).items():
        applied.by[name] = applied.by.get(name, 0) + changes
    applied.refused += sum(came.refused.values())
    applied.known += len(message.entries) - came.entries - sum(came.refused.values())
    _keep_points(side.db, message)


def _keep_points(db: sqlite3.Connection, message: Message) -> None:
    """Remember what a partner holds, if it says so itself: whoever handles a stick may have written something else."""
    if message.points is None or owner_of(db, message.writer) != message.organisation:
        return
    for partner in all_partners(db):
        if partner.organisation == message.organisation and wire.are_points_proved(message):
            keep_points(db, partner, message.points)


class _Seen:
    """What a dry run has seen: numbers per writer, and who vouches for whom. It does not grow with the bundle."""

    def __init__(self) -> None:
        self._known = 0
        self._new: dict[WriterId, tuple[int, int, int]] = {}  # entries, changes, bytes
        self._statements: list[Entry] = []

    def count(self, db: sqlite3.Connection, entries: Iterable[Entry]) -> None:
        """Look at some more; nothing is stored."""
        for entry in entries:
            if log.holds(db, entry.entry_id):
                self._known += 1
                continue
            if entry.kind in log.WHO_IS_WHO:
                self._statements.append(entry)
            before = self._new.get(entry.writer, (0, 0, 0))
            size = len(entry.data) + sum(item.size for item in entry.items)
            self._new[entry.writer] = before[0] + 1, before[1] + count_changes([entry]), before[2] + size

    def tell(self, db: sqlite3.Connection, applied: Applied) -> None:
        """What applying would store."""
        writers = trust.admissible(db, self._statements).writers
        applied.known = self._known
        applied.received = sum(one[1] for writer, one in self._new.items() if writer in writers)
        applied.bytes = sum(one[2] for writer, one in self._new.items() if writer in writers)
        applied.refused = sum(one[0] for writer, one in self._new.items() if writer not in writers)
