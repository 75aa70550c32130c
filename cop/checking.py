"""What waits in the content files: what cannot be read, and what people who plan events have not written down yet.

Looks at the files as they are now, saved or not, and changes nothing.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from cop import asking, attaching, link_mentions, naming, occasions, planning, slips, taking_place
from cop.config import Site
from cop.content import ContentFile, slug_from_path
from cop.fields import TYPES
from cop.publish import short_address, title_of
from cop.reading import FileRead, Problem, read_all
from cop.refusals import refusal
from cop.scan import every_file
from cop.schema import open_store
from cop.slips import Lead

MOST_GUESSED = 200  # names that lead nowhere, for which one that was meant is looked for
MOST_COMPARED = 2000  # names that begin alike
_OVER = "0"  # sorts before every date


@dataclass(frozen=True)
class Missing:
    """A field that nobody has filled in."""

    name: str
    label: str


@dataclass(frozen=True)
class EventWaits:
    """An event to come of which not everything is stated."""

    path: str  # below the site folder
    title: str
    next: str  # the day of its next time, ISO; "" if no day is known
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """The records that one file names in its fields: small enough to keep of a hundred thousand files."""

    path: str  # below content/
    type: str
    slug: str
    leads: tuple[tuple[int, Lead], ...]  # with their lines


@dataclass(frozen=True)
class Checked:
    """What `cop check` found."""

    files: int
    problems: tuple[Problem, ...]  # files that cannot be read
    events: tuple[EventWaits, ...]  # soonest first, those without a day last
    remarks: tuple[Problem, ...] = ()  # what could be better in files that can be used


def check(site: Site, today: date) -> Checked:
    """Look through all content files."""
    paths, odd = every_file(site.content)
    problems, events, remarks = _look(site, paths, today)
    strange = tuple(Problem(f"content/{one.path}", 1, one.reason, one.hint) for one in odd)
    return Checked(len(paths), (*strange, *problems), events, remarks)


def remarks_on(file: ContentFile) -> Iterator[Problem]:
    """What could be better in a file that can be used."""
    for field, name in naming.with_titles(file.type, file.fields):
        hint = "Take the title out, unless the person wishes it there."
        reason = f"“{field}”: we name everybody without titles, not “{name}”"
        yield Problem(f"content/{file.path}", file.lines.get(field, 1), reason, hint)
    for slip in file.slips:
        yield Problem(f"content/{file.path}", slip.line, slip.reason, slip.hint)


def named_by(file: ContentFile) -> Named:
    """What `remarks_on_leads` has to know of a file."""
    leads = tuple((file.lines.get(lead.field, 1), lead) for lead in slips.leads(file.type, file.fields))
    return Named(file.path, file.type, _slug(file), leads)


def remarks_on_leads(
    site: Site, db: sqlite3.Connection | None, named: Sequence[Named], texts: Iterable[ContentFile] = ()
) -> Iterator[Problem]:
    """Names of records that are neither in the store nor among these files, in fields and in links of `texts`."""
    here = {(one.type, one.slug) for one in named}
    is_known = cache(lambda type_name, slug: (type_name, slug) in here or _is_kept(site, db, type_name, slug))
    guess = _Guess(here)
    for one in named:
        for line, lead in one.leads:
            if not is_known(lead.type, lead.slug):
                yield _leads_nowhere(one.path, line, lead, guess.meant(lead))
    for file in texts:
        for line, lead in link_mentions.to_no_entry(file, is_known):
            yield _links_nowhere(file, line, lead, guess.meant(lead))


class _Guess:
    """Which record somebody may have meant who wrote the name of one that is not there: one that begins alike."""

    def __init__(self, here: Iterable[tuple[str, str]]) -> None:
        self._alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for type_name, slug in sorted(here):
            self._alike[type_name, slug[:2]].append(slug)
        self._known: dict[tuple[str, str], str] = {}

    def meant(self, lead: Lead) -> str:
        """Its short address; "" if none is near, and for more names than anybody mends one by one."""
        key = lead.type, lead.slug
        if key not in self._known and len(self._known) < MOST_GUESSED:
            alike = self._alike.get((lead.type, lead.slug[:2]), [])
            self._known[key] = slips.nearest(lead.slug, tuple(alike[:MOST_COMPARED]), slips.NEAR_NAME)
        return self._known.get(key, "")


def _leads_nowhere(path: str, line: int, lead: Lead, meant: str) -> Problem:
    folder = TYPES[lead.type].folder
    address = f"{folder}/{meant}" if "/" in lead.address else meant
    hint = (
        f"Did you mean: {address}?"
        if meant
        else f"Write a short address of one of {folder}, as in: cop list {lead.type}"
    )
    reason = f"“{lead.field}”: there is no “{lead.address[:80]}” here"
    return Problem(f"content/{path}", line, reason, hint)


def _links_nowhere(file: ContentFile, line: int, lead: Lead, meant: str) -> Problem:
    folder = TYPES[lead.type].folder
    hint = f"Did you mean: ../{folder}/{meant}?" if meant else f"Look for the one that you mean: cop list {lead.type}"
    reason = f"a link leads to “{lead.address[:80]}”, and there is no such entry here"
    return Problem(f"content/{file.path}", line, reason, hint)


def _slug(file: ContentFile) -> str:
    return short_address(str(file.fields.get("slug", ""))) or slug_from_path(file.path)


def _is_kept(site: Site, db: sqlite3.Connection | None, type_name: str, slug: str) -> bool:
    """True if the store knows the record, or a file lies where its file would."""
    if db and db.execute("SELECT 1 FROM view_record WHERE type = ? AND slug = ?", [type_name, slug]).fetchone():
        return True
    name = f"{slug}.md"
    return name.isprintable() and "/" not in name and (site.content / TYPES[type_name].folder / name[:200]).is_file()


def check_events(site: Site, today: date) -> Checked:
    """The same of events only."""
    folder = f"{TYPES['event'].folder}/"
    paths = [path for path in every_file(site.content)[0] if path.startswith(folder)]
    return Checked(len(paths), *_look(site, paths, today))


def _look(
    site: Site, paths: list[str], today: date
) -> tuple[tuple[Problem, ...], tuple[EventWaits, ...], tuple[Problem, ...]]:
    found = list(read_all(site.content, paths))
    read = [file.content for file in found if file.content]
    db = open_store(site.store_db) if site.store_db.exists() else None
    problems = tuple(sorted(_problems(site, db, found, today), key=lambda one: (one.path, one.line)))
    leads = remarks_on_leads(site, db, [named_by(file) for file in read], read)
    remarks = (*(remark for file in read for remark in remarks_on(file)), *leads)
    return problems, tuple(waiting(read, today)), tuple(sorted(remarks, key=lambda one: (one.path, one.line)))


def _problems(site: Site, db: sqlite3.Connection | None, found: Sequence[FileRead], today: date) -> Iterator[Problem]:
    """Why files cannot be loaded: one reason each, as `cop load` tells it."""
    taken = attaching.take_in(site, db, found, keep=False)
    refused = (refusal(file.content, site.config.timezone, today) for file in taken.files if file.content)
    alone = [problem for problem in (*(file.problem for file in taken.files), *refused) if problem]
    yield from alone
    yield from taken.problems
    told = {problem.path for problem in alone}
    copies = planning.copied(db, (file.content for file in taken.files if file.content))
    yield from (problem for problem in copies if problem.path not in told)


def waiting(files: Iterable[ContentFile], today: date) -> list[EventWaits]:
    """Events to come with something missing, soonest first."""
    return sorted(_waiting(files, today), key=lambda one: (not one.next, one.next, one.path))


def _waiting(files: Iterable[ContentFile], today: date) -> Iterator[EventWaits]:
    for file in files:
        if file.type != "event" or file.fields.get("status") == "cancelled" or "withdrawn" in file.fields:
            continue
        day = _next_day(file, today)
        blank = [*asking.missing_first(file.fields), *asking.missing_for_under_18s(file.fields)]
        if blank and day != _OVER:
            every = dict.fromkeys([*blank, *asking.missing_next(file.fields)])
            missing = tuple(Missing(field.name, field.label) for field in every)
            yield EventWaits(f"content/{file.path}", title_of(file.fields), day, missing)


def _next_day(file: ContentFile, today: date) -> str:
    """The next day of an event; "" if none is known, _OVER if it is past."""
    when = occasions.occasions(file.fields)
    if when:
        following = taking_place.following(when, today)
        return occasions.day_of(following.start).isoformat() if following else _OVER
    rough = str(file.fields.get("end") or file.fields.get("start") or "")  # a year or a month
    return _OVER if rough and rough < today.isoformat()[: len(rough)] else ""
