"""Brings the pages of a served site up to date: after an answer to a partner, and when a command stored something."""

import asyncio
import logging
import sqlite3
import time
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from cop import contributions, identity, stale, traces, views
from cop.config import Site
from cop.errors import CopError
from cop.identity import Side
from cop.schema import open_store
from cop.web.once import OncePerTurn

LOOK_SECONDS = 1.0  # how often to look whether a command stored something; SQLite answers in microseconds
WAIT_SECONDS = 1.0  # how long a reader waits for pages that are being made; then they get those before
log = logging.getLogger("cop.sync")
_followers: WeakKeyDictionary[Any, "Follower"] = WeakKeyDictionary()


def attach(datasette: Any, site: Site) -> "Follower":
    """Keep the pages of this site up to date."""
    _followers[datasette] = Follower(site)
    return _followers[datasette]


def follow(datasette: Any) -> None:
    """Something was stored: begin."""
    if datasette in _followers:
        _followers[datasette].follow()


async def caught_up(datasette: Any) -> None:
    """Return once the pages show all that is stored, or after WAIT_SECONDS."""
    if (follower := _followers.get(datasette)) is not None:
        await follower.caught_up()


class Follower:
    """One run at a time, in a thread of its own."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._again = False
        self._task: asyncio.Task[None] | None = None
        self._db: sqlite3.Connection | None = None
        self._looked = OncePerTurn(self._try_to_look)
        self._seen: tuple[int, date] | None = None  # the state of store.db when we last looked, and the day
        self._failure = ""  # of the last run: then the next look tries again

    def follow(self) -> None:
        """Begin, or go on once the present run is done."""
        self._again = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def look(self) -> None:
        """Follow if a day began, or another program stored something, such as `cop sync` in another window."""
        self._db = self._db or open_store(self._site.store_db)
        version: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        seen = (version, stale.today())
        if (seen != self._seen or self._failure) and (stale.is_any(self._db) or stale.traces_are_left(self._db)):
            self.follow()
        self._seen = seen

    async def watch(self) -> None:
        """Look now and then. Never ends by itself."""
        while True:
            self._try_to_look()
            await asyncio.sleep(LOOK_SECONDS)

    async def caught_up(self) -> None:
        """Return once the pages show all that is stored, or after WAIT_SECONDS."""
        self._looked()
        if self._task and not self._task.done():
            await asyncio.wait([self._task], timeout=WAIT_SECONDS)

    def _try_to_look(self) -> None:
        try:
            self.look()
        except (CopError, sqlite3.Error) as error:  # pages go on all the same
            log.warning("The data folder cannot be read: %s", error)

    async def _run(self) -> None:
        while self._again:
            self._again = False
            try:
                await asyncio.to_thread(_refresh, self._site)
                self._failure = ""
            except (CopError, sqlite3.Error, OSError) as error:
                before, self._failure = self._failure, str(error) or type(error).__name__
                if self._failure != before:  # told once, however often it is tried
                    log.warning("The pages could not be brought up to date: %s", error)


def _refresh(site: Site) -> None:
    db = open_store(site.store_db)
    try:
        views.refresh(site, db)
        if stale.traces_are_left(db):
            signer = identity.ensure(site, db, int(time.time()))
            traces.clean(Side(site, db, signer), int(time.time()))
        contributions.forget_old(db, int(time.time()))  # at the latest when a day begins
    finally:
        db.close()
