"""How a resource, a post or an event is cited: who made it, where it stands, and a plain line to copy."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from cop.web import dates
from cop.web.asked import Asked, read_meta
from cop.web.language import _, apart
from cop.web.links import outside, record_address
from cop.web.words import listed

CITED = ("resource", "post", "event")


def authors(type_name: str, fields: Mapping[str, Any]) -> list[str]:
    """Who made it: of an event, those who run it."""
    names = fields.get("organisers" if type_name == "event" else "authors")
    return [name for name in names if isinstance(name, str) and name.strip()] if isinstance(names, list) else []


def publisher(asked: Asked, type_name: str, fields: Mapping[str, Any]) -> str:
    """Who published it: a post stands nowhere but here."""
    if type_name == "post":
        return read_meta(asked.db).get("title", "")
    found = fields.get("publisher")
    return found if isinstance(found, str) else ""


def address(asked: Asked, row: sqlite3.Row, fields: Mapping[str, Any]) -> str:
    """Where it stands: of what has no address of its own, that of its page."""
    return outside(fields.get("url")) or (
        asked.top + record_address(row["type"], row["slug"]) if asked.top and row["type"] != "resource" else ""
    )


def cite(row: sqlite3.Row, fields: dict[str, Any], asked: Asked) -> Markup:
    """A plain line to cite a work, whatever is known of it."""
    by = publisher(asked, row["type"], fields)
    day = dates.read(row["date"])
    year = day.words() if day else row["date"] or _("no date")
    who = listed(authors(row["type"], fields))
    first = who or by
    title = fields.get("title") or f"[{row['title']}]"
    parts = [f"{first} ({year}) {title}." if first else f"{title} ({year})."]
    if who and by:
        parts.append(f"{by}.")
    if href := address(asked, row, fields):
        parts.append(f"{href}.")
    read = (
        _(
            "Read on %(day)s in the copy of %(copied)s.",
            day=dates.words(asked.today.isoformat()),
            copied=dates.words(_copy_day(asked)),
        )
        if not asked.copied
        else _("Read as it stood on %(day)s.", day=dates.words(row["seen"][:10]))
    )
    return Markup(" ").join([apart(" ".join(parts)), read])


def _copy_day(asked: Asked) -> str:
    found = asked.db.execute("SELECT value FROM meta WHERE name = 'as_of'").fetchone()
    return str(found[0])[:10] if found and found[0] else asked.today.isoformat()
