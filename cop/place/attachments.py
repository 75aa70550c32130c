"""Attachments in a place: cop1/<publisher>/b-<sha256>.blob. Each writes under its own name what nobody has left there.

What cloud services call `… (1).blob` is another name for a file. Bytes count by their hash, whoever wrote them.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cop import blobs, trust
from cop.blob_memory import given_up, keep_wrong
from cop.blob_report import Exchanged, Planned, planned
from cop.errors import NotThere, TooLarge
from cop.identity import Side
from cop.lacking import Lacking, Named, lacking
from cop.place.names import ROOT, publisher_of
from cop.progress import Progress
from cop.signing import sha256 as sha256_of
from cop.transports.base import FileCarrier

MAX_TRIES = 200  # of names that may not be there, where nothing shows a list
_BLOB = re.compile(rf"{ROOT}/([0-9a-f]{{32}})/b-([0-9a-f]{{64}})([^/]*)\.blob([^/]*)", re.IGNORECASE)
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload")


def path_of(publisher: str, sha256: str) -> str:
    """The name of a file; fit for FAT32."""
    return f"{ROOT}/{publisher}/b-{sha256}.blob"


def sort_out(sizes: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Per hash, the names that it is found under, with sizes."""
    found: dict[str, dict[str, int]] = {}
    for path, size in sorted(sizes.items()):
        told = _BLOB.fullmatch(path)
        if told and not path.lower().endswith(_UNFINISHED):
            found.setdefault(told[2].lower(), {})[path] = size
    return found


@dataclass
class _Visit:
    side: Side
    carrier: FileCarrier
    progress: Progress
    there: dict[str, dict[str, int]]
    report: Exchanged
    tries: int = MAX_TRIES
    publishers: list[str] = field(default_factory=list)


def exchange(side: Side, carrier: FileCarrier, progress: Progress) -> Exchanged:
    """Read what is lacking here, then write what the place lacks. Raises: NotReachable."""
    found = lacking(side.site)
    report = Exchanged(left_out=len(found.left_out))
    if not _is_worth_looking(side, carrier, found):
        return report
    visit = _arrive(side, carrier, progress, report)
    for one in found.wanted:
        _fetch(visit, one)
    if not carrier.read_only:
        _leave(
            visit,
            lacking(side.site).held,
            frozenset(one.sha256 for one in (*found.held, *found.wanted, *found.left_out)),
        )
    report.waiting = len(lacking(side.site).wanted)
    return report


def preview(side: Side, carrier: FileCarrier) -> Planned:
    """What `exchange` would read and write, where a place shows a list; else it says nothing. Raises: NotReachable."""
    found = lacking(side.site)
    if not (carrier.can_list and _is_worth_looking(side, carrier, found)):
        return planned(found, (), ())
    visit = _arrive(side, carrier, lambda done, of: None, Exchanged())
    fetch = [one for one in found.wanted if any(_is_worth_reading(visit, one, path) for path in _names(visit, one))]
    bring = [] if carrier.read_only else [one for one in found.held if _is_lacking_there(visit, one)]
    return planned(found, fetch, bring)


def _is_worth_looking(side: Side, carrier: FileCarrier, found: Lacking) -> bool:
    may_have_left_some = blobs.folder(side.site).is_dir() and not carrier.read_only
    return bool(found.wanted or may_have_left_some)


def _arrive(side: Side, carrier: FileCarrier, progress: Progress, report: Exchanged) -> _Visit:
    there = sort_out(carrier.list()) if carrier.can_list else {}
    publishers = sorted({publisher_of(writer) for writer in trust.members(side.db).writers})
    return _Visit(side, carrier, progress, there, report, publishers=publishers)


def _fetch(visit: _Visit, one: Named) -> None:
    wrong, db = False, visit.side.db
    for path in _names(visit, one):
        if not _is_worth_reading(visit, one, path):
            continue
        try:
            data = visit.carrier.read(path, max(one.sizes))
        except (NotThere, TooLarge):
            continue
        if len(data) in one.sizes and blobs.hash_of(io.BytesIO(data), len(data))[0] == one.sha256:
            blobs.keep(blobs.folder(visit.side.site), io.BytesIO(data), len(data))
            visit.report.received += 1
            _show(visit)
            return
        if len(data) in one.sizes:  # of another size, it may be on its way as yet
            keep_wrong(db, _source(visit, path), one.sha256)
            wrong = True
    visit.report.wrong += wrong


def _is_worth_reading(visit: _Visit, one: Named, path: str) -> bool:
    return one.sha256 not in given_up(visit.side.db, _source(visit, path))


def _source(visit: _Visit, path: str) -> bytes:
    return sha256_of(f"{visit.carrier.address}\0{path}".encode())


def _names(visit: _Visit, one: Named) -> Iterator[str]:
    if visit.carrier.can_list:
        yield from (path for path, size in visit.there.get(one.sha256, {}).items() if size in one.sizes)
        return
    for publisher in visit.publishers:
        if visit.tries > 0:
            visit.tries -= 1
            yield path_of(publisher, one.sha256)


def _leave(visit: _Visit, held: tuple[Named, ...], named: frozenset[str]) -> None:
    """Write what nobody has left there, and take away what of ours no record names any more."""
    own = publisher_of(visit.side.signer.public)
    for one in sorted(held, key=lambda one: one.size):
        if _is_lacking_there(visit, one):
            path = blobs.path_of(blobs.folder(visit.side.site), one.sha256)
            visit.carrier.write(path_of(own, one.sha256), path.read_bytes())
            visit.report.sent += 1
            _show(visit)
    for sha256, names in visit.there.items():
        if sha256 not in named and path_of(own, sha256) in names:
            visit.carrier.delete(path_of(own, sha256))


def _is_lacking_there(visit: _Visit, one: Named) -> bool:
    """True if nobody has left it there, as far as the list shows."""
    size = blobs.path_of(blobs.folder(visit.side.site), one.sha256).stat().st_size
    there = [name for name, told in visit.there.get(one.sha256, {}).items() if told == size]
    return not any(_is_worth_reading(visit, one, name) for name in there)


def _show(visit: _Visit) -> None:
    visit.progress(visit.carrier.bytes_in + visit.carrier.bytes_out, 0)
