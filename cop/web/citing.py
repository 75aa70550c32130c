"""Citations of a resource, a post or an event as files, and what its page says for citation programs."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from cop import citations
from cop.citations import Work
from cop.fields import FOLDERS, TYPES
from cop.web import cards, cited, facts, labels, lists
from cop.web.asked import Asked
from cop.web.language import _
from cop.web.links import record_address
from cop.web.render import Answer, Document
from cop.web.words import comma
from cop.web.works import edition, find, renamed

MAX_WORKS = 1000  # in one file
_FORMATS: dict[str, tuple[Callable[..., str], str]] = {
    "bib": (citations.bibtex, "application/x-bibtex"),
    "ris": (citations.ris, "application/x-research-info-systems"),
    "json": (citations.csl_json, "application/vnd.citationstyles.csl+json"),
}
FORMATS = "|".join(_FORMATS)
CITED = "|".join(TYPES[name].folder for name in cited.CITED)
_KINDS = {"post": "blog", "event": "website"}  # of what stands nowhere but here; a resource says of which kind it is


def citation(asked: Asked, folder: str, slug: str, ending: str) -> Answer:
    """/resources/<slug>.bib, .ris and .json; likewise of posts and events"""
    row = find(asked.db, FOLDERS[folder], slug)
    if row is None:
        return renamed(asked.db, FOLDERS[folder], slug, f".{ending}")
    write, content_type = _FORMATS[ending]
    return Document(write(work(asked, row, cards.loads(row["fields"]))), content_type, f"{row['slug']}.{ending}")


def citations_of_list(asked: Asked, ending: str) -> Document:
    """/resources.bib, .ris and .json; whatever narrows or orders the list does the same here."""
    found = lists.rows(asked.db, lists.wanted(asked, TYPES["resource"]), MAX_WORKS, 0)
    write, content_type = _FORMATS[ending]
    return Document(
        write(*(work(asked, row, cards.loads(row["fields"])) for row in found)), content_type, f"resources.{ending}"
    )


def work(asked: Asked, row: sqlite3.Row, fields: Mapping[str, Any]) -> Work:
    """A record as a work to cite."""
    names = cited.authors(row["type"], fields)
    known = _organisations(asked.db, [name for name in names if "," in name])
    url = cited.address(asked, row, fields)
    return Work(
        key=row["slug"],
        title=row["title"],
        kind=_KINDS.get(row["type"]) or _text(fields.get("kind")),
        authors=tuple(citations.author(name, known) for name in names),
        publisher=cited.publisher(asked, row["type"], fields),
        year=_year(fields.get("year") if row["type"] == "resource" else row["date"][:4]),
        url=url if url.lower().startswith("http") else "",
        page=asked.top + record_address(row["type"], row["slug"]),
        language=row["language"],
        keywords=tuple(_topics(asked.db, _texts(fields.get("topics")))),
        abstract=_("Summary in our words: %(summary)s", summary=row["summary"]) if row["summary"] else "",
        remarks=tuple(_remarks(asked.db, row, fields)),
        accessed=_accessed(asked, row),
    )


def _accessed(asked: Asked, row: sqlite3.Row) -> date:
    """Today; in a copy the day from which it stood like that, so that its files stay the same."""
    seen = row["seen"] if asked.copied and "seen" in row.keys() else ""  # noqa: SIM118 - `in row` looks at values
    return date.fromisoformat(seen[:10]) if seen else asked.today


def tags(asked: Asked, row: sqlite3.Row, fields: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What stands in the head of its page."""
    return citations.meta_tags(work(asked, row, fields))


def _remarks(db: sqlite3.Connection, row: sqlite3.Row, fields: Mapping[str, Any]) -> list[str]:
    remarks = []
    if row["type"] == "resource" and not _text(fields.get("title")):
        remarks.append(_("The title is not known. This name is in our words."))
    if newer := edition(db, fields.get("superseded_by"), row):
        remarks.append(_("There is a newer edition: %(title)s.", title=comma([newer.title, newer.when])))
    return remarks


def _topics(db: sqlite3.Connection, slugs: list[str]) -> list[str]:
    """Topics as readers see them, not their addresses."""
    found = facts.Links(db).by_slug("topic", slugs)
    return [found[slug].text if slug in found else labels.choice(slug) for slug in slugs]


def _organisations(db: sqlite3.Connection, names: list[str]) -> frozenset[str]:
    """Those of the names that are names of organisations in this copy."""
    if not names:
        return frozenset()
    marks = ", ".join("?" * len(names[:100]))
    found = db.execute(f"SELECT title FROM records WHERE type = 'organisation' AND title IN ({marks})", names[:100])
    return frozenset(title for (title,) in found)


def _year(value: object) -> int | None:
    found = re.fullmatch(r"[1-9]\d{0,3}", str(value))
    return int(found[0]) if found else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str) and one.strip()] if isinstance(value, list) else []
