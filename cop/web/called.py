"""By which names an organisation goes, and which organisation goes by a name."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from cop.remembered import once
from cop.web.cards import loads

MAX_NAMES = 20  # of one organisation: as many as an address may hold
_SHORT = re.compile(r"(?P<long>.+?)\s*\((?P<short>[^\s()]{2,20})\)\s*")

Addresses = Mapping[str, str]  # a name to the short address of the organisation, "" if two go by it


def names(title: str, fields: Mapping[str, Any]) -> list[str]:
    """Every name of an organisation: its title, what it is also called, what stands in a source, and short forms."""
    given = _given(title, fields)
    return list(dict.fromkeys([*given, *(short for name in given for short in shorter(name))]))[:MAX_NAMES]


def _given(title: str, fields: Mapping[str, Any]) -> list[str]:
    aliases, others = fields.get("aliases"), fields.get("other_names")
    found = [title, *(aliases if isinstance(aliases, list) else [])]
    found += [one.get("name") for one in others if isinstance(one, dict)] if isinstance(others, list) else []
    return [one for one in found if isinstance(one, str) and one]


def shorter(name: str) -> Iterator[str]:
    """What stands in brackets at the end of a name, if it looks like its initials, and the name without it.

    >>> list(shorter("National Survivor User Network (NSUN)")), list(shorter("Mind (UK)")), list(shorter("Leapfrog"))
    (['NSUN', 'National Survivor User Network'], [], [])
    """
    found = _SHORT.fullmatch(name)
    if found and found["short"][0] == found["long"][0].upper() and sum(map(str.isupper, found["short"])) > 1:
        yield from (found["short"], found["long"])


def organisations(db: sqlite3.Connection) -> Addresses:
    """The short address of every organisation by each of its names."""
    return once(partial(_read, db), "organisations")


def _read(db: sqlite3.Connection) -> Addresses:
    rows = db.execute(
        "SELECT slug, title, fields FROM records WHERE type = 'organisation' ORDER BY record_id"
    ).fetchall()
    given = [(row["slug"], row["title"], _given(row["title"], loads(row["fields"]))) for row in rows]
    titles = _by_name((title, slug) for slug, title, _names in given)
    written = _by_name((name, slug) for slug, _title, all_names in given for name in all_names)
    short = _by_name((one, slug) for slug, _title, all_names in given for name in all_names for one in shorter(name))
    return {**short, **written, **titles}


def _by_name(found: Iterable[tuple[str, str]]) -> dict[str, str]:
    by_name: dict[str, str] = {}
    for name, slug in found:
        by_name[name] = slug if by_name.get(name, slug) == slug else ""
    return by_name
