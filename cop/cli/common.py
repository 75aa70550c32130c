"""What several commands share: the site they work on, the clock, and how results are printed."""

import json
import os
import re
import shutil
import sqlite3
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cop import amounts, stale
from cop.config import Site, open_site_folder
from cop.errors import CopError, WrongUsage
from cop.schema import open_store

PORT = 8001  # where `cop serve` listens unless told otherwise
_TURNING = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)  # they can turn the order of a line round
ENDED = "Your organisation has ended this computer: what is saved here counts nowhere."
GO_ON = "cop device new"
NOT_VOUCHED = "Your organisation has not vouched for this computer yet: what is saved here is shown here only."
VOUCH = "On your first computer, say: cop device add LINE, with the line that cop device new printed here."
BAR_AFTER_SECONDS = 2.0
PAGES = "Bringing the pages up to date"  # label of the second bar of an exchange
BAR_WIDTH = 30
LEAST_BAR = 5


def keys_folder() -> Path:
    """Where this installation keeps its keys."""
    override = os.environ.get("COP_KEYS")
    if override:
        return Path(override)
    from platformdirs import user_data_path  # late: most runs of a set-up site need it, quick ones do not

    return user_data_path("cop", appauthor=False) / "keys"


def find_site(start: Path) -> Site:
    """The site a command works on."""
    return open_site_folder(start, keys_folder())


def open_set_up(site: Site) -> sqlite3.Connection:
    """The store of a site that has been set up. Raises: CopError."""
    if not site.store_db.exists():
        raise CopError("Nothing has been loaded here yet.", hint="cop load")
    return open_store(site.store_db)


def open_up_to_date(site: Site) -> sqlite3.Connection:
    """The same, with views that show all that is stored: an exchange may have left them behind."""
    db = open_set_up(site)
    catch_up(site, db)
    return db


def say_if_ended(db: sqlite3.Connection) -> None:
    """Warn whoever works on a computer that the organisation has ended: else all looks as if it had worked."""
    query = "SELECT 1 FROM log_entry WHERE kind <> 'change' AND kind = 'writer-end' LIMIT 1"
    if db.execute(query).fetchone():  # few have ended any, and to find out who is who takes time
        from cop import trust

        if trust.is_ended(db):
            say(f"{ENDED} To go on: {GO_ON}", err=True)


def finish_erasing(site: Site, db: sqlite3.Connection) -> None:
    """Do what is left of an erasure outside the log: it came with an exchange, or a run was killed."""
    if stale.traces_are_left(db):
        from cop import identity, traces

        traces.clean(identity.Side(site, db, identity.ensure(site, db, now())), now())


def catch_up(site: Site, db: sqlite3.Connection) -> None:
    """Bring the views up to date if they are behind."""
    finish_erasing(site, db)
    if stale.is_any(db):
        refresh(site, db)


def refresh(site: Site, db: sqlite3.Connection) -> None:
    """Bring the views up to date, with a bar if that takes long."""
    from cop import views

    with progress_bar(PAGES) as progress:
        views.refresh(site, db, progress)


def now() -> int:
    """Seconds UTC, as this computer's clock says."""
    return int(time.time())


def echo_json(value: object) -> None:
    """Print a result for other programs."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def say(text: str, *, err: bool = False) -> None:
    """Print text that others may have written: characters that could steer a terminal or hide text are shown as �."""
    click.echo("".join(c if c in "\n\t" or _is_harmless(c) else "\ufffd" for c in text), err=err)


def _is_harmless(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cs") and character not in _TURNING


def as_text(value: object) -> str:
    """A value of a field on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def resolve_record(db: sqlite3.Connection, name: str) -> str:
    """The id of the record that a person means by an id, `resources/slug`, a slug, or a path. Raises: WrongUsage."""
    from cop.fields import AGREEMENT
    from cop.terms import RECORD_ID

    text = name.removeprefix("./").removeprefix("content/").strip("/")
    row = db.execute("SELECT record_id FROM local_file WHERE path = ?", [text]).fetchone()
    wanted = RECORD_ID if text == AGREEMENT else text  # there is one, whatever it is called
    rows = [row] if row else db.execute("SELECT record_id FROM view_record WHERE record_id = ?", [wanted]).fetchall()
    if not rows:
        rows = _by_slug(db, text)
    if not rows:
        raise WrongUsage(f"There is no record “{name}”.", hint="cop list, or cop search WORDS")
    if len(rows) > 1:
        raise WrongUsage(
            f"“{name}” may mean {len(rows)} records: {', '.join(row[0] for row in rows)}.", hint="Use one of these ids."
        )
    return str(rows[0][0])


def _by_slug(db: sqlite3.Connection, text: str) -> list[Any]:
    from cop.fields import FOLDERS

    folder, _, slug = text.rpartition("/")
    kind = FOLDERS.get(folder)
    query = "SELECT record_id, slug, type FROM view_record WHERE slug IN (?, ?) AND type <> 'member'"
    rows = db.execute(query, [slug, re.sub(r"-\d+$", "", slug)]).fetchall()
    numbered = numbered_slugs(db)
    return [row for row in rows if numbered.get(row[0], row[1]) == slug and (kind is None or row[2] == kind.name)]


def numbered_slugs(db: sqlite3.Connection) -> dict[str, str]:
    """Short addresses, as the site shows them, of records that share the one they asked for with another."""
    path = Path(db.execute("PRAGMA database_list").fetchone()[2]).with_name("site.db")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as public:
            return dict(public.execute("SELECT record_id, slug FROM records WHERE slug <> base_slug").fetchall())
    except sqlite3.OperationalError:  # nothing has been published yet
        return {}


@contextmanager
def progress_bar(label: str, *, in_bytes: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar that appears once the work has taken two seconds, on a terminal only; `of` is 0 if nobody knows it."""
    started = time.monotonic()
    shown = False

    def show(done: int, of: int = 0) -> None:
        nonlocal shown
        seconds = time.monotonic() - started
        if not sys.stderr.isatty() or seconds < BAR_AFTER_SECONDS:
            return
        shown = True
        columns = shutil.get_terminal_size().columns
        click.echo(f"\r{bar_line(label, done, of, seconds, columns, in_bytes=in_bytes)}\x1b[K", nl=False, err=True)

    try:
        yield show
    finally:
        if shown:
            click.echo("", err=True)


def show_qr(text: str, page: str) -> None:
    """The QR code of a line, in two colours of its own, so that it can be read on any terminal. `page` shows it, too."""
    from cop import qr_code

    lines = qr_code.terminal_lines(text)
    columns = shutil.get_terminal_size().columns
    if columns < len(lines[0]):
        click.echo(f"For the QR code, make this window {len(lines[0])} columns wide, or see {page}.", err=True)
        return
    click.echo("", err=True)
    for line in lines:
        click.echo(click.style(line, fg="bright_white", bg="black"), err=True)


def bar_line(label: str, done: int, of: int, seconds: float, columns: int, *, in_bytes: bool) -> str:
    """What a bar shows: how much is done, and how long the rest will take. Never wider than the terminal.

    >>> bar_line("Taking in", 1_200_000, 6_000_000, 5, 80, in_bytes=True)
    'Taking in [######------------------------] 1.2 of 6.0 MB, about 20 seconds left'
    """
    if of:
        told = amounts.part_of(done, of) if in_bytes else f"{done:,} of {of:,}"
    else:
        told = f"{amounts.size(done) if in_bytes else f'{done:,}'} so far"
    left = amounts.seconds_left(done, of, seconds)
    told += f", about {amounts.duration(left)} left" if left is not None else ""
    width = min(BAR_WIDTH, columns - len(label) - len(told) - 5)
    if width < LEAST_BAR or not of:
        return f"{label} {told}"[: columns - 1]
    filled = min(width * done // of, width)
    return f"{label} [{'#' * filled}{'-' * (width - filled)}] {told}"


def last_heard(name: str, seconds: int, through: str, clock: int) -> str:
    """When we last heard of a partner, in words.

    >>> last_heard("Hill Charity", 1_000_000, "Caafi Health", 1_000_000 + 3 * 86_400)
    'Hill Charity: last heard 3 days ago, through Caafi Health'
    """
    carried = f", through {through}" if through and seconds else ""
    return f"{name}: last heard {amounts.ago(seconds, clock)}{carried}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: 1 file, 2 files."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def sentence(text: str) -> str:
    """Text with a full stop, unless it ends like a sentence already."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def not_empty(context: click.Context, option: click.Parameter, value: str) -> str:
    """For options that choose: an empty one, such as from a script, must not mean everything. Raises: WrongUsage."""
    given = option.name and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    if given and not value.strip():
        raise WrongUsage(f"Nothing stands behind {option.opts[0]}.", hint="Name what you want, or leave it out.")
    return value
