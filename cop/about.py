"""What a site tells anyone of how much it holds, before they exchange: public numbers only, and how to ask for them."""

import json
import sqlite3
import time
from dataclasses import asdict, dataclass
from typing import Any

import requests

from cop import amounts
from cop.config import Site
from cop.model import PUBLIC

PATH = "/-/cop/about"
MAX_BYTES = 10_000
SECONDS = 5  # to connect, and between two bytes
DEADLINE_SECONDS = 10
MAX_NUMBER = 10**15
PACKED = 3  # texts travel in a third of their size, or less


@dataclass(frozen=True)
class About:
    """The keys of the answer; they do not change."""

    name: str
    kind: str
    records: int  # that readers see
    changes: int  # of public records
    bytes: int  # of these changes, before they are packed for the way
    newest: str  # when a public record last changed: ISO, UTC, or ""

    @property
    def to_fetch(self) -> int:
        """About how many bytes travel to somebody who has none of it."""
        return self.bytes // PACKED

    def in_words(self) -> str:
        """Such as: 412 records, about 94 KB to fetch."""
        noun = "record" if self.records == 1 else "records"
        return f"{self.records:,} {noun}, about {amounts.size(self.to_fetch)} to fetch"


def state(db: sqlite3.Connection) -> tuple[int, ...]:
    """Another one whenever what `describe` says may be another: for keeping its answer."""
    row = db.execute(
        "SELECT (SELECT coalesce(max(entry_number), 0) FROM log_entry), (SELECT count(*) FROM local_missing),"
        " (SELECT count(*) FROM local_stale)"
    ).fetchone()
    return tuple(row)


def describe(site: Site, db: sqlite3.Connection) -> About:
    """What we tell: records from what is published, sizes from the log."""
    changes, size = db.execute(
        "SELECT count(*), coalesce(sum(size), 0) FROM log_item JOIN log_payload USING (item_number) WHERE audience = ?",
        [PUBLIC],
    ).fetchone()
    records, newest = _published(site)
    return About(site.config.name, site.config.kind, records, changes, size, newest)


def _published(site: Site) -> tuple[int, str]:
    try:
        public = sqlite3.connect(f"{site.site_db.as_uri()}?mode=ro", uri=True)
    except sqlite3.OperationalError:  # nothing has been published yet
        return 0, ""
    try:
        count, newest = public.execute("SELECT count(*), max(changed) FROM records").fetchone()
    except sqlite3.OperationalError:
        return 0, ""
    finally:
        public.close()
    return count, newest or ""


def format_answer(about: About) -> str:
    """The body of the answer."""
    return json.dumps(asdict(about), ensure_ascii=False)


def parse(data: bytes) -> About | None:
    """Read an answer that anyone may have written; None if it says nothing useful."""
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError):
        return None
    texts, numbers = ("name", "kind", "newest"), ("records", "changes", "bytes")
    if not isinstance(raw, dict) or not all(isinstance(raw.get(name), str) for name in texts):
        return None
    if not all(type(raw.get(name)) is int and 0 <= raw[name] < MAX_NUMBER for name in numbers):
        return None
    known: dict[str, Any] = {name: raw[name] for name in numbers} | {name: raw[name][:200] for name in texts}
    return About(**known)


def ask(address: str) -> About | None:
    """What the site at an http(s) address tells; None if it does not, which is no error."""
    if not address.startswith(("http://", "https://")):
        return None
    deadline, data = time.monotonic() + DEADLINE_SECONDS, b""
    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.get(address + PATH, timeout=SECONDS, allow_redirects=False, stream=True) as response:
                if response.status_code != 200:
                    return None
                for part in response.iter_content(1024):
                    data += part
                    if len(data) > MAX_BYTES or time.monotonic() > deadline:
                        return None
    except (requests.RequestException, ValueError):
        return None
    return parse(data)
