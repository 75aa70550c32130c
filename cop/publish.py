"""From a merged record to the rows of `site.db`. Pure: values in, rows out."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any

from slugify import slugify

from cop import attachments, cbor, changes, ending, filing, occasions, searched, signing
from cop.fields import SHARES, TYPES
from cop.languages import is_code
from cop.markdown import Rendered
from cop.merge import BODY, History
from cop.model import OrganisationId, RecordId, RecordView, Revision, Value, WriterId, iso_time
from cop.values import clean

Row = dict[str, Any]
_json = json.JSONEncoder(ensure_ascii=False).encode
_PLAIN_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True)
class Origin:
    """What it takes to say who made a change, and on which day."""

    writers: Mapping[WriterId, OrganisationId]
    names: Mapping[OrganisationId, str]
    kinds: Mapping[OrganisationId, str]
    today: date  # after which an end date that people wrote is over

    def name(self, revision: Revision) -> str:
        """The organisation that stands behind a revision."""
        return self.names.get(self.writers.get(revision.writer, b""), "")

    def kind(self, revision: Revision) -> str:
        """The kind of that organisation."""
        return self.kinds.get(self.writers.get(revision.writer, b""), "")


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
    if ending.is_hidden(view.type, view.fields, today):
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


def published(
    record_id: RecordId, view: RecordView, revisions: Sequence[Revision], body: Rendered, origin: Origin
) -> PublicRecord:
    """The rows of one public record."""
    fields = {
        name: value
        for name, value in clean(view.type, view.fields).items()
        if name not in (BODY, "slug") and _may_be_public(view.type, name)
    }
    history = tuple(_history_rows(record_id, History(revisions), origin))
    revisions = [revision for revision in revisions if revision.counts]
    row = _record_row(record_id, view, fields, revisions, body)
    conflicts = tuple(_conflict_rows(record_id, view, origin))
    files = tuple(_file_rows(record_id, view, fields))
    first = min(revisions, key=lambda revision: (revision.claimed_time, revision.entry_id))
    organisations = [one["organisation"] for one in history]
    facets = frozenset(filing.filed(view.type, fields, row["added"][:10], origin.kind(first), organisations))
    facets |= frozenset(filing.found_by(fields, body.html, row["base_slug"], _slugs(revisions)))
    return PublicRecord(row, history, conflicts, facets, files)


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
        answers = [version.value for version in view.conflicts.get(name, ()) if _may_be_public(view.type, name)]
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
        "conflicts": _json(sorted(view.conflicts)),
        "checks": _json(view.checks),
        "fields": _json(fields),
        "html": body.html.removeprefix(f"<h2>{escape(title, quote=False)}</h2>\n"),  # the page shows the title itself
        "text": "\n".join([body.text, *searched.entry_texts(view.type, fields)]).strip(),
        "other_words": "\n".join(searched.other_words(view.type, fields)),
    }


def _ends(type_name: str, fields: Mapping[str, Value]) -> str:
    """The last day of a series, so that lists need not work it out; "" for what takes place once."""
    when = occasions.occasions(fields) if type_name == "event" else None
    return occasions.last_day(when) if when and when.is_series else ""


def _may_be_public(type_name: str, name: str) -> bool:
    field = TYPES[type_name].field(name)
    return field is None or field.share == SHARES[0]


def _language(languages: Value) -> str:
    """The main language of a record, "" if none is given as a code."""
    return next((one for one in map(str, languages) if is_code(one)), "") if isinstance(languages, list) else ""


def _history_rows(record_id: RecordId, history: History, origin: Origin) -> Iterator[Row]:
    """One row a readable public change, earlier ones first."""
    for position, step in enumerate(changes.steps(history), 1):
        revision = step.revision
        patch, before = _shown_patch(step)
        yield {
            "record_id": record_id,
            "position": position,
            "entry_id": revision.entry_id.hex(),
            "organisation": origin.name(revision),
            "kind": revision.kind,
            "claimed": iso_time(revision.claimed_time),
            "seen": iso_time(revision.received_time),
            "patch": _json(patch),
            "before": _json(before),
            "beside": _json([name for name in step.beside if name in patch]),
            "why": revision.patch.why if revision.patch else "",
        }


def _shown_patch(step: changes.Step) -> tuple[dict[str, object], dict[str, object]]:
    """The fields of a change that readers may see, by name: their new values, and what stood there before."""
    patch = step.revision.patch
    if patch is None:
        return {}, {}
    shown: dict[str, object] = {}
    before: dict[str, object] = {}
    for name, value in patch.fields.items():
        if _field_may_show(patch.type, name):
            old = step.before.get(name, [])
            if len(old) == 1:
                cut, shown[name] = changes.both_cut(old[0], value)
                before[name] = [cut]
            else:
                shown[name] = changes.cut(value)
                before |= {name: [changes.cut(one) for one in old]} if old else {}
    for name in {name for name in (*patch.added, *patch.removed) if _field_may_show(patch.type, name)}:
        shown[name] = {"added": list(patch.added.get(name, ())), "removed": list(patch.removed.get(name, ()))}
    return dict(sorted(shown.items())), dict(sorted(before.items()))


def _field_may_show(type_name: str, name: str) -> bool:
    return type_name in TYPES and _may_be_public(type_name, name)


def _conflict_rows(record_id: RecordId, view: RecordView, origin: Origin) -> Iterator[Row]:
    """One row a value of each field in conflict."""
    for name, versions in view.conflicts.items():
        if not _may_be_public(view.type, name):
            continue
        for at, version in enumerate(versions):
            yield {
                "record_id": record_id,
                "field": name,
                "version": version.revision.payload_hash.hex(),
                "value": _json(version.value),
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
