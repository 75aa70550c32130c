"""What one exchange did, and what people should know of it beside the numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cop import blob_report

_LOST = (
    "Changes that were made here and then lost have come back: this folder was copied, or brought back from a backup. "
)
RESTORED = _LOST + "From now on this copy writes under a key of its own, so that nothing gets mixed up."
NOT_RENEWED = _LOST + "Give this copy a key of its own: cop device new"


@dataclass
class Report:
    """What one sync did; the keys of `cop sync --json`."""

    partner: str
    received: int = 0  # changes of records that came
    sent: int = 0  # changes of records that went
    bytes_in: int = 0
    bytes_out: int = 0
    requests: int = 0
    conflicts: int = 0  # fields with more than one answer, after the exchange
    waiting: int = 0  # changes announced and not here yet
    waiting_own: int = 0  # of these, for ourselves only: they lie on another of our computers
    not_understood: int = 0
    partner_lacks: int = 0  # entries they turned away, because they do not know who wrote them
    refused: int = 0  # entries we turned away, likewise
    apart: int = 0  # changes of those who left, were removed or ended: kept, not shown
    gone: list[str] = field(default_factory=list)  # names of members that are none any more since this exchange
    restored: int = 0  # entries that were written here, lost, and came back
    renewed: bool = False  # we go on under another key since then
    left_out: int = 0  # older texts that we chose not to fetch
    texts: int = 0  # texts that came now, of changes that were known before
    erasures: int = 0  # entries that came and want something erased
    erased: int = 0  # texts that they had and we did not take, because they were erased here
    removals: int = 0  # requests of others that wait for a person here
    pages_waiting: int = 0  # records whose pages are made when they are next asked for
    by: dict[str, int] = field(default_factory=dict)  # changes that came, per organisation that made them
    equal: bool = False  # both hold the same entries now
    attachments: dict[str, int] = field(default_factory=dict)  # files that came and went after the text
    seconds: float = 0.0


@dataclass
class PlaceReport(Report):
    """What one visit to a place did."""

    partners: list[str] = field(default_factory=list)  # whom we meet there
    files_waiting: int = 0  # files of others that are not whole yet
    files_unreadable: int = 0  # files that are whole and make no sense here
    not_written: str = ""  # why nothing could be left there, or not all
    absent: list[str] = field(default_factory=list)  # of those whom we meet there, who has left nothing
    unread: dict[str, int] = field(default_factory=dict)  # who has not read how many files that we left before
    yet_to_accept: list[str] = field(default_factory=list)  # who has not accepted us, as far as their word is here


def remarks(report: Report, *, dry_run: bool = False) -> list[str]:
    """What people should know of files, and of a visit to a place, beside what every report says."""
    said = _of_files(report.attachments, dry_run=dry_run)
    if not isinstance(report, PlaceReport):
        return said
    if report.files_waiting:
        one = report.files_waiting == 1
        said.append(
            f"{report.files_waiting:,} {'file is' if one else 'files are'} not whole yet; tried again next time."
        )
    if report.files_unreadable:
        one = report.files_unreadable == 1
        said.append(f"{report.files_unreadable:,} {'file makes' if one else 'files make'} no sense to this cop, and nothing"
                    " of it was stored.")  # fmt: skip
    return said


def _of_files(told: Mapping[str, int], *, dry_run: bool) -> list[str]:
    if dry_run:
        return blob_report.intentions(blob_report.Planned(**told))
    return blob_report.sentences(blob_report.Exchanged(**told))


def carrier_of(report: Report, name: str) -> str:
    """Who carried the changes of an organisation, if that is worth saying. What lies in a place, anybody may have left."""
    return "" if isinstance(report, PlaceReport) or name == report.partner else report.partner
