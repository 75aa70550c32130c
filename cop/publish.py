"""From a merged record to the rows of `site.db`. Pure: values in, rows out."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from slugify import slugify

from cop import attachments, cbor, ending, filing, history_rows, occasions, searched, signing, taking_place
from cop.contact_details import CONSENTS
from cop.endorsing import Look, Standing
from cop.fields import CHANGED_SINCE, LOOKED, LOOKED_AT, NOT_YET, TYPES, may_be_public
from cop.history_rows import Row, as_json
from cop.languages import is_code
from cop.markdown import Rendered
from cop.merge import BODY, History
from cop.model import RecordId, RecordView, Revision, Value, iso_time
from cop.origin import Origin
from cop.values import clean

PROPOSED = (
    2  # in the column `waits`: a version of the agreement that not enough have signed, shown as there is no other
)
_PLAIN_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def short_address(text: str) -> str:
    """A slug: lower-case letters, digits and single hyphens, at most 80 characters; '' if nothing is left."""
    return text if len(text) <= 80 and _PLAIN_SLUG.fullmatch(text) else slugify(text[:500], max_length=80)


def title_of(fields: Mapping[str, Value]) -> str:
    """What a record is called: its title, else the name in our words, else how it is cited."""
    for name in ("title", "label", "cited_as", "name"):
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return " ".join(value.split())
    return ""


def base_slug(record_id: RecordId, fields: Mapping[str, Value]) -> str:
    """The short address a record asks for; two that ask for the same are told apart by `views`."""
    value = fields.get("slug")
    return (short_address(value) if isinstance(value, str) else "") or record_id


def digest(record_id: RecordId, view: RecordView) -> bytes:
    """A hash over everything the network shares of a record: the same wherever the same entries are held."""
    conflicts = {
        name: sorted(version.revision.payload_hash for version in versions) for name, versions in view.conflicts.items()
    }
    return signing.sha256(cbor.encode([record_id, view.type, view.fields, conflicts, view.checks]))


def is_public(view: RecordView | None, today: date) -> bool:
    """True if readers may see the record: public, of a kind we know, named, not withdrawn, and agreed to until today."""
    if view is None or view.type not in TYPES or view.fields.get("withdrawn") is not None:
        return False
    if ending.is_unlisted(view.type, view.fields, today):
        return False
    return bool(title_of(view.fields))


@dataclass(frozen=True)
class PublicRecord:
    """All that `site.db` holds of one record."""

    row: Row  # of `records`, still without its number; `slug` is the one it asks for
    history: tuple[Row, ...]
    conflicts: tuple[Row, ...]
    facets: frozenset[tuple[str, str]]  # name and value
    files: tuple[Row, ...] = ()  # attachments
    looks: tuple[Row, ...] = ()  # who looked at it, or at an earlier text


def published(
    record_id: RecordId,
    view: RecordView,
    revisions: Sequence[Revision],
    body: Rendered,
    origin: Origin,
    standing: Standing,
) -> PublicRecord:
    """The rows of one public record."""
    fields = {
        name: value
        for name, value in clean(view.type, view.fields).items()
        if name not in (BODY, "slug") and may_be_public(view.type, name)
    }
    known = History(revisions)
    history = tuple(history_rows.rows(record_id, known, origin))
    looks = tuple(_look_rows(record_id, standing.looks, known, revisions, origin))
    revisions = [revision for revision in revisions if revision.counts]
    row = _record_row(record_id, view, fields, revisions, body)
    row |= _looked(looks, standing, row["seen"])
    conflicts = tuple(_conflict_rows(record_id, view, origin))
    files = tuple(_file_rows(record_id, view, fields))
    first = min(revisions, key=lambda revision: (revision.claimed_time, revision.entry_id))
    organisations = [one["organisation"] for one in history]
    facets = frozenset(filing.filed(view.type, fields, row["added"][:10], origin.kind(first), organisations))
    facets |= frozenset(filing.found_by(fields, body.html, row["base_slug"], _slugs(revisions)))
    facets |= {(LOOKED_AT.name, _looked_facet(looks))}
    return PublicRecord(row, history, conflicts, facets, files, looks)


def _look_rows(
    record_id: RecordId, looks: Iterable[Look], history: History, revisions: Sequence[Revision], origin: Origin
) -> Iterator[Row]:
    """One row a vote on what is shown, or on what that was made from."""
    if not looks:
        return
    order = {revision.payload_hash: at for at, revision in enumerate(history.in_order(), 1)}
    words = {revision.entry_id: revision.word for revision in revisions}  # without contact details
    for look in looks:
        word = words.get(look.revision.entry_id)
        yield {
            "record_id": record_id,
            "organisation": origin.names.get(look.organisation, ""),
            "kind": origin.kinds.get(look.organisation, ""),
            "claimed": iso_time(look.revision.claimed_time),
            "seen": iso_time(look.revision.received_time),
            "shown": int(look.of_shown),
            "position": max((order.get(one, 0) for one in look.seen), default=0),
            "why": word.why if word else "",
            "person": word.person if word else "",
            "entry_id": look.revision.entry_id.hex(),
        }


def _looked(looks: Iterable[Row], standing: Standing, seen: str) -> Row:
    """What the row of a record says of that. It reaches readers once enough organisations have looked at it."""
    since = iso_time(standing.since) if standing.since else ""
    return {
        "looked_at": max((look["claimed"] for look in looks if look["shown"]), default=""),
        "waits": (1 if standing.counted else PROPOSED) if standing.waits else 0,
        "seen": max(seen, since),
    }


def _looked_facet(looks: Sequence[Row]) -> str:
    return LOOKED if any(look["shown"] for look in looks) else CHANGED_SINCE if looks else NOT_YET


def _slugs(revisions: Sequence[Revision]) -> Iterator[str]:
    """Every short address that the record ever asked for."""
    for revision in revisions:
        value = revision.patch.fields.get("slug") if revision.patch else None
        if isinstance(value, str):
            yield short_address(value)


def _file_rows(record_id: RecordId, view: RecordView, fields: Mapping[str, Value]) -> Iterator[Row]:
    """One row an attachment, those of every answer to a field in conflict among them."""
    seen: set[tuple[str, str, str, int]] = set()
    for name in attachments.fields_of(view.type):
        answers = [version.value for version in view.conflicts.get(name, ()) if may_be_public(view.type, name)]
        for one in (one for value in (fields.get(name), *answers) for one in attachments.in_value(value)):
            key = (name, one.sha256, one.name, one.size)
            if key not in seen:
                seen.add(key)
                yield {
                    "record_id": record_id, "field": name, "sha256": one.sha256, "name": one.name, "size": one.size,
                    "title": one.title,
                }  # fmt: skip


def _record_row(
    record_id: RecordId, view: RecordView, fields: Mapping[str, Value], revisions: Sequence[Revision], body: Rendered
) -> Row:
    record_type = TYPES[view.type]
    times = [revision.claimed_time for revision in revisions]
    slug, title = base_slug(record_id, view.fields), title_of(fields)
    until = ending.days(view.fields.get(CONSENTS))  # for copies that nobody keeps up to date
    return {
        "record_id": record_id,
        "type": view.type,
        "base_slug": slug,
        "slug": slug,
        "title": title,
        "summary": str(fields.get("summary", "")),
        "keywords": " ".join(searched.keywords(view.type, fields)),
        "language": _language(fields.get("languages")),
        "date": str(fields.get(record_type.sort, "")) if record_type.sort != "title" else "",
        "ends": _ends(view.type, fields),
        "added": iso_time(min(times)),
        "changed": iso_time(max(times)),
        "seen": iso_time(max(revision.received_time for revision in revisions)),
        "conflicts": as_json(sorted(view.conflicts)),
        "checks": as_json(view.checks),
        "fields": as_json({**fields, CONSENTS: until} if until else fields),
        "html": body.html.removeprefix(f"<h2>{escape(title, quote=False)}</h2>\n"),  # the page shows the title itself
        "text": "\n".join([body.text, *searched.entry_texts(view.type, fields)]).strip(),
        "other_words": "\n".join(searched.other_words(view.type, fields)),
    }


def _ends(type_name: str, fields: Mapping[str, Value]) -> str:
    """The last day of a series, so that lists need not work it out; "" for what takes place once."""
    when = occasions.occasions(fields) if type_name == "event" else None
    return taking_place.last_day(when) if when and when.is_series else ""


def _language(languages: Value) -> str:
    """The main language of a record, "" if none is given as a code."""
    return next((one for one in map(str, languages) if is_code(one)), "") if isinstance(languages, list) else ""


def _conflict_rows(record_id: RecordId, view: RecordView, origin: Origin) -> Iterator[Row]:
    """One row a value of each field in conflict."""
    for name, versions in view.conflicts.items():
        if not may_be_public(view.type, name):
            continue
        for at, version in enumerate(versions):
            yield {
                "record_id": record_id,
                "field": name,
                "version": version.revision.payload_hash.hex(),
                "value": as_json(version.value),
                "organisation": origin.name(version.revision),
                "claimed": iso_time(version.revision.claimed_time),
                "shown": int(at == 0),
            }


def numbered_slugs(base: str, record_ids: Iterable[RecordId], taken: Iterable[str]) -> dict[RecordId, str]:
    """Addresses for records that ask for the same one, told apart by id: `slug`, `slug-2`, `slug-3`.

    `taken` are addresses that other records ask for by name; those keep them.
    """
    given: dict[RecordId, str] = {}
    others = set(taken)
    for at, record_id in enumerate(sorted(record_ids), 1):
        slug = base if at == 1 else f"{base}-{at}"
        given[record_id] = slug if at == 1 or slug not in others else f"{base}-{record_id}"
    return given
