"""What a visit to a place came to: what moved, whom we heard from, and who has not read or accepted us so far."""

from collections.abc import Collection, Sequence

from cop import currency, frontier, partners, stale, standing, status
from cop.counting import named
from cop.model import OrganisationId
from cop.partners import Partner
from cop.place.names import publisher_of
from cop.place.state import State
from cop.place.visit import Visit
from cop.place.writing import own_names
from cop.receiving import take_restored
from cop.report import PlaceReport


def report_of(visit: Visit, met: Sequence[Partner], unread: dict[str, int]) -> PlaceReport:
    """The report of a visit; `unread` as `unread_by` found it before we wrote."""
    db, carrier = visit.side.db, visit.carrier
    owners = partners.owners(db)
    held = frontier.frontier_hash(db)
    same = {owners.get(state.writer) for state in visit.states.values() if state.held == held}
    here = _organisations_here(visit, owners)
    _keep(visit, owners, same)
    restored, renewed = take_restored(db)
    report = PlaceReport(
        partner=partners.names_of(met),
        partners=[one.name for one in met],
        received=visit.received,
        sent=visit.sent,
        bytes_in=carrier.bytes_in,
        bytes_out=carrier.bytes_out,
        requests=carrier.requests,
        refused=sum(visit.turned_away.values()),
        apart=visit.apart,
        texts=visit.texts,
        erasures=visit.erasures,
        erased=visit.erased,
        restored=restored,
        renewed=renewed,
        left_out=currency.left_out(db),
        pages_waiting=stale.count(db),
        by=named(db, visit.by),
        equal=all(one.organisation in same for one in met),
        files_waiting=len(visit.expected_but_not_whole()),
        files_unreadable=visit.unreadable,
        not_written=visit.not_written,
        absent=[one.name for one in met if one.organisation not in here],
        unread=unread,
        yet_to_accept=list(standing.yet_to_accept_us(db, met)),
    )
    status.count_open_ends(db, report)
    return report


def unread_by(visit: Visit, met: Sequence[Partner]) -> dict[str, int]:
    """Who of those that have been here has not read how many of our files, by what they say themselves.

    Nobody can have read what we are about to write, so ask before that.
    """
    owners, numbers = partners.owners(visit.side.db), [name.number for name in own_names(visit)]
    read: dict[OrganisationId | None, int] = {}
    for state in visit.states.values():
        owner = owners.get(state.writer)
        read[owner] = max(read.get(owner, 0), _read_of_ours(visit, state))
    unread = {one.name: sum(n > read[one.organisation] for n in numbers) for one in met if one.organisation in read}
    return {name: files for name, files in unread.items() if files}


def _read_of_ours(visit: Visit, state: State) -> int:
    """The highest number of a file of ours that somebody has read."""
    return max((number for writer, number in state.publishers if writer == visit.side.signer.public), default=0)


def _organisations_here(visit: Visit, owners: dict[bytes, bytes]) -> set[OrganisationId | None]:
    """Who has left anything: a word about itself, or files."""
    by_publisher = {publisher_of(writer): owner for writer, owner in owners.items()}
    return {by_publisher.get(publisher) for publisher in {*visit.states, *(n.publisher for n in visit.listing.files)}}


def _keep(visit: Visit, owners: dict[bytes, bytes], same: Collection[bytes | None]) -> None:
    """Remember whom we heard from. Their own signature is on what they say of themselves."""
    db = visit.side.db
    heard = {owners.get(state.writer) for state in visit.news_of()}
    for partner in partners.all_partners(db):
        if partner.organisation in heard:
            happened = {"received": visit.by.get(partner.organisation, 0), "sent": visit.sent, "refused": 0}
            partners.keep_report(db, partner.organisation, happened, visit.now)
        if partner.organisation in same:
            partners.keep_points(db, partner, frontier.own_points(db))
