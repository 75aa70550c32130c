"""A bundle: everything a partner lacks in one file, for a stick, an e-mail or a messenger.

file = "cop bundle 1\\n", then frames. frame = length (4 bytes, big-endian), SHA-256 of the content, content. The first
frame says who made it for whom, the last that the file is whole; those between are messages as in `wire`. Each frame
is stored whole or not at all, so half a file is safe to apply and useful.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from cop import (
    bundle_files,
    catching_up,
    cbor,
    files,
    frontier,
    invitations,
    log,
    partners,
    sealing,
    stale,
    trust,
    wire,
)
from cop.errors import CopError, NotReachable, Refused
from cop.frontier import Points
from cop.model import PARTNERS, PUBLIC, Entry, WriterId
from cop.partners import Partner, all_partners, keep_points, owner_of
from cop.progress import Progress, no_progress
from cop.signing import sha256
from cop.turns import Side, changes_in, count_changes, named, own_organisation, receive, take_restored
from cop.wire import Message

MAGIC = b"cop bundle 1\n"
HASH_BYTES = 32


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


@dataclass
class Applied:
    """What applying a bundle did, or would do; the keys of `cop bundle apply --json`."""

    name: str
    organisation: str  # key of its maker, hex
    received: int = 0  # changes of records that were new here
    texts: int = 0  # texts that came now, of changes that were known before
    known: int = 0  # entries that were here already
    refused: int = 0  # entries of writers we do not know
    apart: int = 0  # changes of organisations that we removed: kept, not shown
    restored: int = 0  # entries that were written here, lost, and came back
    renewed: bool = False  # we go on under another key since then
    by: dict[str, int] = field(default_factory=dict)  # changes that came, per organisation that made them
    waiting: int = 0
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
            _write_frame(file, cbor.encode(asdict(header)))
            for body in _messages(side, numbers, _receivers(db, partner)):
                _write_frame(file, body)
            _write_frame(file, cbor.encode({"end": True}))
            for piece in bundle_files.frames(side.site, attached) if files_too else ():
                _write_frame(file, piece)
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
    rows = db.execute(
        "SELECT entry_number FROM log_entry WHERE kind <> 'change' AND kind IN ('writer', 'organisation')"
    )
    return (row[0] for row in rows)


def _receivers(db: sqlite3.Connection, partner: Partner | None) -> list[WriterId]:
    keys = partners.receivers(db, partner.organisation if partner else None)
    return [key for key in keys if key != log.own_writer(db)]


def _messages(side: Side, numbers: list[int], receivers: list[WriterId]) -> Iterator[bytes]:
    at = 0
    while at < len(numbers):
        entries, held, taken = wire.chunk(side.db, numbers[at:], PARTNERS)
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


def _write_frame(file: BinaryIO, content: bytes) -> None:
    file.write(len(content).to_bytes(4, "big") + sha256(content) + content)


def show(path: Path) -> Header:
    """What a bundle says about itself. Raises: NotReachable, Refused."""
    with _open(path) as file:
        return _header(_read_frame(file, path))


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """The file, behind its first line. Reading is within: a stick may be pulled out at any time."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise Refused(
                    f"{path} is no bundle of cop, or it is damaged.", hint="Ask for a new one: cop bundle create FILE"
                )
            yield file
    except OSError as error:
        raise NotReachable(
            f"{path} cannot be read ({error.strerror}). What came before is kept.",
            hint="Is the stick in? Is the name right?",
        ) from error


def _read_frame(file: BinaryIO, path: Path) -> bytes:
    """The content of the next frame; its size is checked before it is read. Raises: Refused."""
    head = file.read(4 + HASH_BYTES)
    size = int.from_bytes(head[:4], "big")
    content = file.read(size) if len(head) == 4 + HASH_BYTES and size <= wire.MAX_BODY_BYTES else b""
    if len(head) < 4 + HASH_BYTES or len(content) != size or sha256(content) != head[4:]:
        raise Refused(
            f"{path} is damaged or not whole. What came before the damage is kept.",
            hint="Ask for a new one: cop bundle create FILE. Applying it again is safe.",
        )
    return content


def _header(content: bytes) -> Header:
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
    with _open(path) as file:
        header = _header(_read_frame(file, path))
        applied = Applied(header.name, header.organisation, files_left_out=header.files_left_out)
        brought: list[Entry] = []
        done, of = len(MAGIC), path.stat().st_size
        with catching_up.bringing_up_to_date(side.site, side.db, pages):
            while not applied.whole:
                content = _read_frame(file, path)
                done += 4 + HASH_BYTES + len(content)
                progress(min(done, of), of)
                if _is_end(content):
                    applied.whole = True
                elif dry_run:
                    brought += wire.unpack(content, side.signer).entries
                else:
                    _apply_one(side, wire.unpack(content, side.signer), applied, now)
        if header.files and not dry_run:  # which of them are wanted, the text says
            _take_files(side, file, path, applied, lambda count: progress(min(done + count, of), of))
    applied.pages_waiting = stale.count(side.db)
    if not dry_run:
        applied.restored, applied.renewed = take_restored(side.db)
    if dry_run:
        applied.files = header.files
        _preview(side, brought, applied)
    return applied


def _take_files(side: Side, file: BinaryIO, path: Path, applied: Applied, moved: Callable[[int], None]) -> None:
    """Attachments, behind the end of the text. Raises: Refused where they are damaged; what came before is kept."""
    taking, count, applied.whole = bundle_files.Taking(side.site), 0, False
    while not applied.whole:
        content = _read_frame(file, path)
        count += 4 + HASH_BYTES + len(content)
        moved(count)
        applied.whole = not taking.take(content)
        applied.files, applied.files_wrong = taking.done.received, taking.done.wrong
    applied.files_left_out += taking.done.left_out


def _is_end(content: bytes) -> bool:
    return content == cbor.encode({"end": True})


def _apply_one(side: Side, message: Message, applied: Applied, now: int) -> None:
    came = receive(side, message, applied.name, now)
    applied.received += came.changes
    applied.texts += came.texts
    applied.apart += came.apart
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


def _preview(side: Side, brought: Sequence[Entry], applied: Applied) -> None:
    """What applying would store: nothing is stored."""
    network = trust.admissible(side.db, brought)
    known = {entry.entry_id for entry in brought if log.holds(side.db, entry.entry_id)}
    new = [entry for entry in brought if entry.writer in network.writers and entry.entry_id not in known]
    applied.known, applied.received = len(known), count_changes(new)
    applied.refused = len(brought) - len(known) - len(new)
    applied.bytes = sum(len(entry.data) + sum(item.size for item in entry.items) for entry in new)
