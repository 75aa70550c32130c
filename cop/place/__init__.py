"""Meeting in a place that only holds files: a shared folder, a stick, an object store, a plain web server.

Everyone writes files of their own and reads those of others; nobody changes or deletes what another wrote. Files never
change, so it does no harm to see them late, out of order, twice, or only in part. Which carrier brings them does not
matter here. See docs/decisions/places.md.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict

from cop import (
    catching_up,
    choosing,
    exchanges,
    invitations,
    log,
    partners,
    trust,
    wire,
)
from cop.counting import count_changes
from cop.errors import CopError, NotReachable, Refused, WrongUsage
from cop.identity import Side
from cop.invitations import Invitation
from cop.model import PARTNERS, Entry
from cop.partners import Partner
from cop.place import memory
from cop.place.names import ENTRIES, FileName
from cop.place.reading import new_files, read_all, whole
from cop.place.telling import report_of, unread_by
from cop.place.visit import Visit, arrive, invitations_at
from cop.place.writing import write_all
from cop.progress import Progress, no_progress
from cop.report import PlaceReport
from cop.transports.base import FileCarrier


def run(
    side: Side,
    met: Sequence[Partner],
    carrier: FileCarrier,
    now: int,
    progress: Progress,
    pages: Progress = no_progress,
) -> PlaceReport:
    """Read what is new in a place, then write what it lacks. Raises: NotReachable where nothing can be read.

    Killed at any point, it can be run again: what was stored and written by then counts.
    """
    started = time.monotonic()
    visit = arrive(side, carrier, _writers(side, met), now, progress)
    with catching_up.bringing_up_to_date(side.site, side.db, pages):
        read_all(visit)
        unread = unread_by(visit, met)
        if not carrier.read_only:
            _write(visit)
    report = report_of(visit, met, unread)
    report.seconds = round(time.monotonic() - started, 3)
    happened = asdict(report) | ({"error": report.not_written} if report.not_written else {})
    for one in met:
        exchanges.remember(side.db, one.organisation, exchanges.ASKED, happened, now)
    return report


def _write(visit: Visit) -> None:
    """Leave there what it lacks. Where that fails, what was read still counts, and is told."""
    try:
        write_all(visit)
    except NotReachable as error:
        visit.not_written = str(error)
        visit.carrier.read_only = True  # for what is left of this visit


def _writers(side: Side, met: Sequence[Partner]) -> list[bytes]:
    """Installations of these partners: where to start on a web server that shows no list."""
    return [writer for one in met for writer in partners.receivers(side.db, one.organisation)]


def preview(side: Side, met: Sequence[Partner], carrier: FileCarrier) -> PlaceReport:
    """What a visit would bring and leave. Nothing is stored or written; only entries are read. Raises: NotReachable."""
    visit = arrive(side, carrier, _writers(side, met), 0, lambda done, of: None)
    new = new_files(visit)
    sizes = [min(visit.listing.files[name].values()) for name in new]
    brought = [entry for name in new if name.kind == ENTRIES for entry in _entries(visit, name)]
    report = PlaceReport(partners.names_of(met), partners=[one.name for one in met], requests=carrier.requests)
    network = trust.admissible(side.db, brought)
    unknown = {e.entry_id: e for e in brought if not log.holds(side.db, e.entry_id)}
    report.received = count_changes(e for e in unknown.values() if e.writer in network.writers)
    report.refused = sum(e.writer not in network.writers for e in unknown.values())
    report.bytes_in = sum(sizes)
    if not carrier.read_only:
        there = {entry.entry_id for entry in brought}
        going = [e for e in _would_go(visit) if e.entry_id not in there]
        report.sent = count_changes(going)
        report.bytes_out = sum(len(e.data) + sum(i.size for i in e.items if i.audience <= PARTNERS) for e in going)
    return report


def _entries(visit: Visit, name: FileName) -> tuple[Entry, ...]:
    data = whole(visit, name)
    try:
        return wire.unpack(data, visit.side.signer).entries if data else ()
    except Refused:
        return ()


def _would_go(visit: Visit) -> list[Entry]:
    numbers, entries = memory.entries_not_there(visit.side.db, visit.place), []
    while numbers:
        some, _, taken = choosing.chunk(visit.side.db, numbers, PARTNERS)
        entries += some
        numbers = numbers[taken:]
    return entries


def invitation(side: Side, carrier: FileCarrier, name: str) -> Invitation:
    """The invitation that an organisation of this name left in a place. Raises: NotReachable, WrongUsage."""
    found: dict[bytes, Invitation] = {}
    for writer, text in invitations_at(carrier):
        try:
            told = invitations.parse_invitation(text)
        except CopError:
            continue
        if told.writer == writer != side.signer.public:
            found[told.organisation] = told
    same = [one for one in found.values() if one.name.casefold() == name.casefold()]
    if len(same) == 1:
        return same[0]
    there = ", ".join(sorted(one.name for one in found.values())) or "nobody yet"
    raise WrongUsage(
        f"At {carrier.address} there is no one organisation called “{name}”. There: {there}.",
        hint="Ask them for their invitation, then: cop join INVITATION",
    )
