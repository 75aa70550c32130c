"""`cop sync --every`: exchange again and again, quietly, and less often with who does not answer."""

import functools
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TypeVar

from filelock import FileLock, Timeout

from cop import amounts, exchanges
from cop.cli import of_the_disk
from cop.cli.common import say
from cop.config import Site
from cop.errors import CopError
from cop.exchange import Meeting
from cop.report import Report
from cop.schedule import Schedule

T = TypeVar("T")
_NOBODY = ""  # in place of the key of a meeting
MOST_SLEEP_SECONDS = 60.0  # at a time: a laptop that slept wakes up late, and this is how late at most


@contextmanager
def alone(site: Site) -> Iterator[None]:
    """Only one loop a site. Raises: CopError. A single `cop sync` beside it is safe."""
    path = site.root / "data" / "sync.lock"
    path.parent.mkdir(exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise CopError(
            "Another `cop sync --every` looks after this site already, so this one ends.",
            hint="Let it run. To exchange at once: cop sync",
        ) from error
    try:
        yield
    finally:
        lock.release()


def go_on(
    interval: float,
    meetings: Callable[[], Sequence[Meeting]],
    exchange: Callable[[Meeting], Report],
    tell: Callable[[Report | CopError, Meeting | None, float], None],
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Exchange with each in turn until interrupted; the next run begins when this one has ended.

    `tell` gets what came of each exchange, and in how many seconds the next one with them begins; with no meeting, why
    it is not known whom to meet.
    """
    schedule = Schedule(interval)
    while True:
        everyone = _outcome(meetings)
        if isinstance(everyone, CopError):
            tell(everyone, None, min(interval, MOST_SLEEP_SECONDS))
            everyone = ()
        for meeting in everyone:
            if schedule.is_due(meeting.key, clock()):
                outcome = _outcome(functools.partial(exchange, meeting))
                again = schedule.done(meeting.key, clock(), well=isinstance(outcome, Report))
                tell(outcome, meeting, again)
        left = schedule.seconds_until_next([meeting.key for meeting in everyone], clock())
        if left > 0:
            wait(min(left, MOST_SLEEP_SECONDS))


def _outcome(do: Callable[[], T]) -> T | CopError:
    """What comes of it, or an error that a person can do something about: that is no reason to stop."""
    try:
        return do()
    except CopError as error:
        return error
    except (sqlite3.DatabaseError, TimeoutError) as error:
        known = of_the_disk(error)
        if known is None:
            raise
        return known


def is_news(report: Report) -> bool:
    """True if anything moved, or was turned away."""
    moved = report.received or report.sent or report.texts or report.apart or report.restored
    files = report.attachments.get("received") or report.attachments.get("sent")
    return bool(moved or files or report.refused or report.partner_lacks)


class Teller:
    """One line when something moved, or when it stops or starts to work; else nothing."""

    def __init__(self, *, as_json: bool, local_time: Callable[[], str] = lambda: time.strftime("%H:%M")) -> None:
        self._as_json, self._local_time = as_json, local_time
        self._failing: dict[str, str] = {}

    def __call__(self, outcome: Report | CopError, meeting: Meeting | None, again: float) -> None:
        """Tell what came of one exchange, or why it is not known whom to meet."""
        key = meeting.key if meeting else _NOBODY
        if meeting:
            self._failing.pop(_NOBODY, "")
        if isinstance(outcome, CopError):
            if self._failing.get(key) != str(outcome):
                self._failing[key] = str(outcome)
                self._say_failure(outcome, meeting.name if meeting else "", again)
            return
        back = self._failing.pop(key, "")
        moved = is_news(outcome)
        if self._as_json and (moved or back):
            say(json.dumps(asdict(outcome), ensure_ascii=False))
        elif moved:
            say(f"{self._local_time()}  {exchanges.sentence(outcome.partner, asdict(outcome))}")
        elif back:
            say(f"{self._local_time()}  {outcome.partner} answers again. Nothing new.")

    def _say_failure(self, error: CopError, name: str, again: float) -> None:
        if self._as_json:
            told = {"partner": name, "error": str(error), "hint": error.hint, "exit_code": error.exit_code}
            say(json.dumps(told, ensure_ascii=False))
        else:
            whom = f"{name}: " if name else ""
            text = f"{self._local_time()}  {whom}{error} Next try in {amounts.duration(again)}."
            say(text, err=True)
