"""Exchanging with partners whichever way they are reached: which carrier an address needs, and who meets where."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from cop import (
    addresses,
    blob_exchange,
    forgotten,
    identity,
    invitations,
    judging,
    partners,
    settings,
    stale,
    sync,
    trust,
)
from cop.errors import CopError, NotReachable
from cop.identity import Side
from cop.invitations import Invitation
from cop.partners import Partner
from cop.progress import Progress, no_progress
from cop.report import Report
from cop.transports import holds_files, open_place, open_transport, partly_known
from cop.transports.attachments import HttpBlobs
from cop.transports.base import AnswersOtherwise, LineCut
from cop.transports.http import HttpTransport, Proof

T = TypeVar("T")


@dataclass(frozen=True)
class Meeting:
    """Partners that are reached in one go: one on a line, or all that meet in one place."""

    address: str
    partners: tuple[Partner, ...]
    elsewhere: tuple[str, ...] = ()  # further addresses where the one partner of a line may be

    @property
    def key(self) -> str:
        """The same for the same people on another day."""
        return self.address if holds_files(self.address) else self.partners[0].organisation.hex()

    @property
    def name(self) -> str:
        """Whom we meet."""
        return partners.names_of(self.partners)


def meetings(chosen: Iterable[Partner]) -> list[Meeting]:
    """Who is met where. A shared folder or object store is visited once, however many partners use it."""
    found: dict[str, list[Partner]] = {}
    for partner in {(one.organisation, one.address): one for one in chosen}.values():
        shared = holds_files(partner.address)
        found.setdefault(partner.address if shared else partner.organisation.hex(), []).append(partner)
    return [_meeting(*met) for met in found.values()]


def _meeting(first: Partner, *others: Partner) -> Meeting:
    if holds_files(first.address):
        return Meeting(first.address, (first, *others))
    return Meeting(first.address, (first,), tuple(one.address for one in others))


def at_one_address(meeting: Meeting, exchange: Callable[[Meeting], T]) -> tuple[Meeting, T]:
    """Try the addresses of a meeting in turn, and say which it was: some may be of somebody else. Raises: CopError."""
    (partner, *_), here = meeting.partners, replace(meeting, elsewhere=())
    for address in meeting.elsewhere:
        with suppress(CopError):
            return here, exchange(here)
        here = Meeting(address, (replace(partner, address=address),))
    return here, exchange(here)


def run(side: Side, meeting: Meeting, now: int, progress: Progress, pages: Progress = no_progress) -> Report:
    """Exchange with everyone in a meeting, and do what others want erased. Raises: NotReachable, Refused, WrongUsage."""
    before = trust.members(side.db).organisations
    try:
        report = _run(_present(side, now), meeting, now, progress, pages)
    finally:
        clean_up(side, now)
    gone = before - trust.members(side.db).organisations
    report.gone = sorted((partners.name_of(side.db, one) for one in gone), key=str.casefold)
    partners.were_told(side.db, meeting.partners)
    report.removals = forgotten.undecided(side.db)
    return report


def clean_up(side: Side, now: int) -> None:
    """Do what is left to do, outside the log, of what an exchange destroyed in it."""
    if stale.traces_are_left(side.db):
        from cop import traces  # late: it is seldom needed, and takes long to start

        traces.clean(_present(side, now), now)
    elif settings.read(side.db, judging.FORGET):  # what others asked to remove is hidden at once
        from cop import views

        views.refresh(side.site, side.db)


def _run(side: Side, meeting: Meeting, now: int, progress: Progress, pages: Progress) -> Report:
    if holds_files(meeting.address):
        return _visit(side, meeting, now, progress, pages)
    partner = meeting.partners[0]
    try:
        line = _line(side, partner)
        report = sync.run(side, partner, line, now, progress, pages)
    except (AnswersOtherwise, LineCut) as error:  # some web servers break off what they do not understand
        return _read_files(side, meeting, now, progress, pages, error)
    partners.keep_line(side.db, partner)
    _attachments(side, partner, line, report, progress)
    return report


def _present(side: Side, now: int) -> Side:
    """This installation as it is now: it may have got another key since, if it was copied."""
    return replace(side, signer=identity.present(side.site, side.db, side.signer, now))


def _attachments(side: Side, partner: Partner, line: HttpTransport, report: Report, progress: Progress) -> None:
    """Files after the text. Whatever becomes of them, the text is in."""
    done = blob_exchange.run(
        side, partner.organisation, HttpBlobs(line), progress, text_moved=bool(report.received or report.sent)
    )
    report.attachments = asdict(done)
    report.bytes_in, report.bytes_out, report.requests = line.bytes_in, line.bytes_out, line.requests


def _visit(side: Side, meeting: Meeting, now: int, progress: Progress, pages: Progress) -> Report:
    from cop import place  # late: most partners are met on a line
    from cop.place import attachments as left_files

    carrier = open_place(meeting.address)
    report = place.run(side, meeting.partners, carrier, now, progress, pages)
    with suppress(NotReachable):  # the text is in; the files come next time
        report.attachments = asdict(left_files.exchange(_present(side, now), carrier, progress))
    report.bytes_in, report.bytes_out, report.requests = carrier.bytes_in, carrier.bytes_out, carrier.requests
    return report


def _line(side: Side, partner: Partner) -> HttpTransport:
    return open_transport(partner.address, Proof(side.signer, partly_known(side.db), partner.organisation))


def preview(side: Side, meeting: Meeting) -> Report:
    """What `run` would move; nothing is stored or sent. Raises: NotReachable, Refused, WrongUsage."""
    if holds_files(meeting.address):
        return _preview_visit(side, meeting)
    partner = meeting.partners[0]
    try:
        line = _line(side, partner)
        report = sync.preview(side, partner, line)
    except (AnswersOtherwise, LineCut) as error:  # some web servers break off what they do not understand
        if not partners.may_leave_files(side.db, partner):
            raise
        try:
            return _preview_visit(side, meeting)
        except CopError:
            raise error from None
    text_moves = bool(report.received or report.sent)
    report.attachments = asdict(
        blob_exchange.preview(side, partner.organisation, HttpBlobs(line), text_moves=text_moves)
    )
    report.requests = line.requests
    return report


def _preview_visit(side: Side, meeting: Meeting) -> Report:
    from cop import place
    from cop.place import attachments as left_files

    carrier = open_place(meeting.address)
    report = place.preview(side, meeting.partners, carrier)
    with suppress(NotReachable):
        report.attachments = asdict(left_files.preview(side, carrier))
    report.requests = carrier.requests
    return report


def _read_files(
    side: Side, meeting: Meeting, now: int, progress: Progress, pages: Progress, error: NotReachable
) -> Report:
    """A web server that is no cop may still hold the files of a place. Raises: what cop said, if it does not."""
    if not partners.may_leave_files(side.db, meeting.partners[0]):
        raise error
    try:
        return _visit(side, meeting, now, progress, pages)
    except CopError:
        raise error from None


def invitation_at(side: Side, address: str, name: str) -> Invitation:
    """The invitation of an organisation that is met at an address. Raises: NotReachable, Refused, WrongUsage."""
    address = addresses.check_address(address)
    if holds_files(address):
        from cop import place

        return place.invitation(side, open_place(address), name)
    try:
        return invitations.parse_invitation(open_transport(address).invitation())
    except AnswersOtherwise as error:
        hint = f"{error.hint} If that web server only keeps files, ask for their invitation: cop join INVITATION"
        raise AnswersOtherwise(str(error), hint) from error
