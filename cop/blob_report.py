"""What came of exchanging attachments, or would come of it: numbers, and the sentences that people read."""

from collections.abc import Iterable
from dataclasses import dataclass

from cop import amounts
from cop.lacking import Lacking, Named


@dataclass
class Exchanged:
    """What came of it; the keys of `attachments` in `cop sync --json`."""

    received: int = 0
    sent: int = 0
    left_out: int = 0  # larger than max_attachment
    waiting: int = 0  # wanted, and not here yet
    wrong: int = 0  # came, were not what their record says, and were thrown away


@dataclass
class Planned(Exchanged):
    """What would come of it, as far as records name files already; the keys of `attachments` in `cop sync --dry-run`."""

    bytes_in: int = 0
    bytes_out: int = 0


def planned(found: Lacking, fetch: Iterable[Named], bring: Iterable[Named], came: int = 0) -> Planned:
    """Counts and sizes of a plan; `came` are bytes of it that are here already. Pure."""
    coming, going = [one.size for one in fetch], [one.size for one in bring]
    return Planned(
        received=len(coming),
        sent=len(going),
        left_out=len(found.left_out),
        waiting=len(found.wanted) - len(coming),
        bytes_in=max(sum(coming) - came, 0),
        bytes_out=sum(going),
    )


def intentions(told: Planned) -> list[str]:
    """What people should know before they exchange.

    >>> intentions(Planned(received=2, bytes_in=1_200_000, waiting=1))
    ['2 files would come (1.2 MB), 0 would go.', '1 file not to be had there.']
    """
    found = []
    if told.received or told.sent:
        coming = f" ({amounts.size(told.bytes_in)})" if told.received else ""
        going = f" ({amounts.size(told.bytes_out)})" if told.sent else ""
        found.append(f"{_files(told.received)} would come{coming}, {told.sent:,} would go{going}.")
    if told.waiting:
        found.append(f"{_files(told.waiting)} not to be had there.")
    return [*found, *_too_large(told)]


def sentences(told: Exchanged) -> list[str]:
    """What people should know of it."""
    found = []
    if told.received or told.sent:
        found.append(f"{_files(told.received)} came, {told.sent:,} went.")
    if told.waiting:
        found.append(f"{_files(told.waiting)} not here yet; more with a later exchange.")
    found += _too_large(told)
    if told.wrong:
        found.append(f"{_files(told.wrong)} came, but not as named in the record: thrown away.")
    return found


def _too_large(told: Exchanged) -> list[str]:
    return [f"{_files(told.left_out)} left out for size: cop status"] if told.left_out else []


def _files(count: int) -> str:
    return f"{count:,} {'file' if count == 1 else 'files'}"
