"""The search page and the lists of a copy without a server, as files, for tests that look at them in a browser."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from cop.export.making import COPY_STYLE
from cop.export.search_files import SCRIPTS, search_files
from cop.export.search_lists import LISTS
from cop.export.search_records import Reader
from cop.web import event_lists, finding, lists, sheet, templating
from cop.web.asked import Asked, plain_frame
from cop.web.language import speaking


def opened(path: Path) -> sqlite3.Connection:
    """A `site.db`, to read."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    return db


def reader(today: date | None = None) -> Reader:
    """Somebody who opens the copy today."""
    return Reader(today or date.today(), lambda address: f"{address[1:]}.html")


def files_of(db: sqlite3.Connection, *, language: str = "en", today: date | None = None) -> dict[str, bytes]:
    """Everything that `copy.js` reads."""
    with speaking(language, language):
        return dict(search_files(db, reader(today)))


def write(db: sqlite3.Connection, folder: Path, language: str = "en") -> None:
    """The pages, the scripts and what they read."""
    for name, data in files_of(db, language=language).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "static").mkdir(exist_ok=True)
    for script in SCRIPTS:
        (folder / "static" / script.name).write_bytes(script.read_bytes())
    (folder / "static" / "style.css").write_text(sheet.STYLE, "utf-8")
    (folder / COPY_STYLE[1:]).write_bytes(b"")  # the day of the copy, which no test here looks at
    with speaking(language, language):
        (folder / "search.html").write_text(_html(db, "/search", finding.search_page(_asked(db, "/search"))), "utf-8")
        events = event_lists.events_page(_asked(db, "/events"))
        (folder / "events.html").write_text(_html(db, "/events", events), "utf-8")
        for name, kind in LISTS.items():
            page = lists.list_page(_asked(db, f"/{name}"), kind.name)
            (folder / f"{name}.html").write_text(_html(db, f"/{name}", page), "utf-8")


def _asked(db: sqlite3.Connection, path: str) -> Asked:
    return Asked(db, path, {}, date.today())


def _html(db: sqlite3.Connection, path: str, page: Any) -> str:
    return templating.html(page, path, replace(plain_frame(path, "/static/style.css", {}), copied=True))


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium without a network."""
    from playwright.sync_api import sync_playwright

    from tests.seen import FLAGS

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        try:
            yield chromium.new_context(offline=True)
        finally:
            chromium.close()
