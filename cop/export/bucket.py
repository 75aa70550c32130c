"""A copy in an object store, where any number of readers reach it with no `cop` running. Only what changed is sent.

What is new goes first, the pages that are furthest from the first page before those that lead to them, then what
changed, and the first page last: whatever a reader can follow is there. The list of files is put there now and then, so that
a run after a stopped one goes on from there.
"""

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from cop import attachments
from cop.errors import CopError, NotThere
from cop.export import manifest
from cop.export.contents import Place
from cop.export.making import Made
from cop.export.manifest import Held, Manifest
from cop.export.tree import Written, explained, held_of
from cop.progress import Progress, no_progress
from cop.transports.objects import ObjectCarrier
from cop.web.files import disposition

AT_ONCE = 16  # files on their way at the same time
OFTEN = 2_000  # files after which the list of what is there is put there
FIRST_PAGE = "index.html"
_TYPES = {
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "atom": "application/atom+xml", "ics": "text/calendar; charset=utf-8", "bib": "application/x-bibtex; charset=utf-8",
    "ris": "application/x-research-info-systems; charset=utf-8", "json": "application/json",
    "csv": "text/csv; charset=utf-8", "txt": "text/plain; charset=utf-8", "svg": "image/svg+xml", "png": "image/png",
    "jpg": "image/jpeg", "webp": "image/webp",
}  # fmt: skip


@dataclass
class Bucket:
    """The place of a copy in an object store, while one writes it."""

    carrier: ObjectCarrier
    before: Manifest
    now: dict[str, Held] = field(default_factory=dict)
    there: dict[str, Held] = field(default_factory=dict)  # what is there by now, of before or of this run
    under_way: deque[tuple[str, Held, Future[None]]] = field(default_factory=deque)
    waiting: list[tuple[Made, Held]] = field(default_factory=list)  # until what they lead to is there
    told: Written = field(default_factory=Written)


def opened(carrier: ObjectCarrier) -> Bucket:
    """The place, which is empty or holds a copy. Raises: CopError, NotReachable."""
    try:
        before = manifest.read(carrier.read(manifest.NAME, manifest.MAX_BYTES))
    except NotThere:
        if carrier.holds_anything():
            raise CopError(
                f"{carrier.address} holds other files, and no copy.", hint="Name another folder. Nothing was changed."
            ) from None
        before = {}
    return Bucket(carrier, before, there=dict(before))


def write(bucket: Bucket, made: Iterable[Made], progress: Progress = no_progress) -> Written:
    """Send what changed, then take away what is gone. Raises: NotReachable; what was sent stays, and no page leads astray."""
    with TemporaryDirectory() as folder, explained(Path(folder)), ThreadPoolExecutor(AT_ONCE) as pool:
        for one in made:
            _take(bucket, pool, Path(folder), one)
        _arrived(bucket, 0)
        done = 0
        in_order = [[one for one in reversed(bucket.waiting) if step(bucket, one[0].place.file)] for step in _STEPS]
        for step in in_order:
            for one, held in step:
                _send(bucket, pool, one, held)
                done += 1
                progress(done, len(bucket.waiting))
            _arrived(bucket, 0)
    gone = [name for name in bucket.before if name not in bucket.now]
    if bucket.told.written or gone:
        _list(bucket, bucket.now)
    for name in gone:
        bucket.carrier.delete(name)
    bucket.told.removed = len(gone)
    return bucket.told


def _take(bucket: Bucket, pool: ThreadPoolExecutor, folder: Path, one: Made) -> None:
    name, held = one.place.file, held_of(one)
    bucket.now[name] = held
    bucket.told.count(held)
    if held == bucket.before.get(name):
        return
    if one.place.kind != "page" and name not in bucket.before:  # it leads nowhere
        _send(bucket, pool, one, held)
        return
    kept = folder / str(len(bucket.waiting))
    if one.data is not None:
        kept.write_bytes(one.data)
    bucket.waiting.append((Made(one.place, None, source=one.source or kept), held))


def _is_first(_: Bucket, name: str) -> bool:
    return name == FIRST_PAGE


def _is_new(bucket: Bucket, name: str) -> bool:
    return name not in bucket.before and name != FIRST_PAGE


def _has_changed(bucket: Bucket, name: str) -> bool:
    return name in bucket.before and name != FIRST_PAGE


_STEPS = (_is_new, _has_changed, _is_first)


def _send(bucket: Bucket, pool: ThreadPoolExecutor, one: Made, held: Held) -> None:
    body = one.data if one.data is not None else one.source or b""
    sent = pool.submit(bucket.carrier.publish, one.place.file, body, _headers(one.place))
    bucket.under_way.append((one.place.file, held, sent))
    bucket.told.written, bucket.told.bytes_written = bucket.told.written + 1, bucket.told.bytes_written + held.size
    _arrived(bucket, 2 * AT_ONCE)
    if bucket.told.written % OFTEN == 0:
        _list(bucket, bucket.there)


def _arrived(bucket: Bucket, but: int) -> None:
    """Wait until all are there but the newest few. Raises: NotReachable."""
    while len(bucket.under_way) > but:
        name, held, sent = bucket.under_way.popleft()
        sent.result()
        bucket.there[name] = held


def _list(bucket: Bucket, files: Manifest) -> None:
    bucket.carrier.publish(manifest.NAME, manifest.write(files), {"Content-Type": "text/tab-separated-values"})


def _headers(place: Place) -> dict[str, str]:
    """What a browser is told: attachments are saved, so that nothing in them runs as part of the site."""
    if place.kind == "attachment":
        name = PurePosixPath(place.address).name
        return {"Content-Type": attachments.type_of(name), "Content-Disposition": disposition(name)}
    return {"Content-Type": _TYPES.get(place.file.rpartition(".")[2], "application/octet-stream")}
