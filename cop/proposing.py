"""Reads what is published, and what people said of pairs, and proposes those that nobody looked at yet. Changes nothing."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from cop import identifiers, same_as
from cop.duplicates import DOI, ISBN, LINK, Candidate, Proposal, propose
from cop.fields import TYPES
from cop.model import RecordId
from cop.same_as import Pair, Told

_LINKS, _CODES = ("url", "other_urls"), ("doi", "isbn", "cited_as")
_OTHERS = ("superseded_by", "supersedes", "part_of", "same_as_in")
_READ = "'" + "', '".join(f"$.{name}" for name in (*_LINKS, *_CODES, *_OTHERS)) + "'"


def proposals(db: sqlite3.Connection, site_db: Path) -> list[Proposal]:
    """Pairs of published records that may be the same, without those of which somebody spoke, the surest first."""
    if not site_db.exists():
        return []
    with closing(sqlite3.connect(f"{site_db.absolute().as_uri()}?mode=ro", uri=True)) as public:
        found = propose(_candidates(public))
    return list(_open(found, same_as.told(db)))


def name_of(db: sqlite3.Connection, one: Candidate) -> str:
    """What names a record to a command: its address, or its id where that may mean another one as well."""
    query = "SELECT record_id FROM view_record WHERE type = ? AND slug = ? LIMIT 2"
    asked = [row[0] for row in db.execute(query, [one.type, one.slug])]
    return f"{TYPES[one.type].folder}/{one.slug}" if asked == [one.record_id] else one.record_id


def _candidates(public: sqlite3.Connection) -> Iterator[Candidate]:
    rows = public.execute(f"SELECT record_id, type, slug, title, date, json_extract(fields, {_READ}) FROM records")
    for record_id, type_name, slug, title, date, told in rows:
        fields = dict(zip((*_LINKS, *_CODES, *_OTHERS), json.loads(told), strict=True))
        related = frozenset(slug for name in _OTHERS for slug in _texts(fields[name]))
        yield Candidate(record_id, type_name, slug, title, date, frozenset(_ids(fields)), related)


def _ids(fields: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Kind and value of all that tells a work from others."""
    links = [text for name in _LINKS for text in _texts(fields[name])]
    codes = [f"ISBN {text}" if name == "isbn" else text for name in _CODES for text in _texts(fields[name])]
    found = {(DOI, doi) for text in (*links, *codes) if "10." in text for doi in identifiers.dois(text)}
    found |= {(ISBN, isbn) for text in codes for isbn in identifiers.isbns(text)}
    yield from found
    if not any(kind == DOI for kind, _ in found):  # a link to a DOI says the same once more
        yield from ((LINK, key) for text in links if (key := identifiers.link(text)))


def _texts(value: object) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            yield one


def _open(found: Iterable[Proposal], said: Told) -> Iterator[Proposal]:
    """Those that no person linked, directly or through others, or called different."""
    groups = _groups(said.same)
    for proposal in found:
        one, other = sorted(proposal.ids)
        together = one in groups and groups[one] is groups.get(other)
        if not together and proposal.ids not in said.apart:
            yield proposal


def _groups(linked: Iterable[Pair]) -> dict[RecordId, set[RecordId]]:
    """Per record, all that it is linked to, directly or through others, with itself."""
    groups: dict[RecordId, set[RecordId]] = {}
    for pair in linked:
        joined = set().union(*(groups.get(one, {one}) for one in pair))
        groups |= dict.fromkeys(joined, joined)
    return groups
