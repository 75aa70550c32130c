"""Settling a difference: a person's save that names every version as its parent."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from cop import differences, log, merge, read_back, shared_words, trust, views
from cop.config import Site
from cop.database import writing
from cop.differences import Difference, Differing
from cop.errors import ChangedMeanwhile, WrongUsage
from cop.fields import kind_of, label
from cop.model import Patch, PayloadHash, RecordId, Value, Version
from cop.patch import person as one_name
from cop.patch import reason
from cop.patch import took_part as names
from cop.publish import title_of
from cop.signing import Signer
from cop.values import WrongValue, check

_MANY_PARTS = frozenset({"people", "entries", "files", "file", "moves"})
MIN_ID = 4  # characters of a version's id that people have to type


@dataclass(frozen=True)
class Take:
    """One of the answers, by its id or the beginning of it."""

    version: str


@dataclass(frozen=True)
class Both:
    """All answers, one after the other."""


@dataclass(frozen=True)
class Write:
    """Another answer."""

    value: Value


@dataclass(frozen=True)
class Fits:
    """What it says now: of a field that was merged by machine."""


Answer = Take | Both | Write | Fits


@dataclass(frozen=True)
class Settled:
    """What a record says now."""

    title: str
    values: dict[str, Value]  # of the fields that were settled


def of_record(db: sqlite3.Connection, record_id: RecordId) -> Differing | None:
    """A record and what is not settled in it; None if nothing of it is held."""
    return differences.differing(merge.accepted(read_back.revisions(db, record_id), trust.members(db)))


def settle(
    site: Site,
    db: sqlite3.Connection,
    signer: Signer,
    record_id: RecordId,
    answers: Mapping[str, Answer],
    *,
    now: int,
    why: str = "",
    person: str = "",
    took_part: str = "",
    seen: frozenset[PayloadHash] | None = None,
) -> Settled:
    """Settle fields of one record, together. `seen` are the heads that the person saw; None takes those of now.

    Raises: ChangedMeanwhile if these are others now, WrongUsage; then nothing is settled.
    """
    why, person, took_part = reason(why), one_name(person), names(took_part)
    shared_words.check_told(why, person, took_part, site.config.timezone)
    with writing(db):
        known = of_record(db, record_id)
        if known is None:
            raise WrongUsage("Nothing of this record is held here.", hint="cop sync")
        if seen is not None and seen != frozenset(known.view.heads):
            raise ChangedMeanwhile(
                "Somebody changed this while you were looking at it. Nothing was settled.",
                hint="Look at what it says now, then settle it.",
            )
        values = {name: _value(known, name, answer) for name, answer in answers.items()}
        written = {name: answer.value for name, answer in answers.items() if isinstance(answer, Write)}
        audiences = {name: known.audience(name) for name in values}
        shared_words.check_fields(known.view, written, audiences, site.config.timezone)
        changes = []
        for audience in sorted(set(audiences.values())):
            own = {name: value for name, value in values.items() if audiences[name] == audience}
            patch = Patch(known.view.type, own, why=why, person=person, took_part=took_part)
            changes.append(log.Change(record_id, known.heads[audience], patch, audience))
        log.write(db, signer, "change", changes, claimed_time=now)
    views.refresh(site, db)
    return Settled(title_of(known.view.fields), values)


def typed(db: sqlite3.Connection, record_id: RecordId, name: str, text: str) -> Value:
    """What somebody typed as the value of a field: of a list, one part a line. Raises: WrongUsage."""
    known = of_record(db, record_id)
    type_name = known.view.type if known else ""
    kind = kind_of(type_name, name)
    if kind in _MANY_PARTS:
        raise WrongUsage(
            f"“{label(type_name, name)}” cannot be written in one line.", hint="Write it at the desk: cop serve"
        )
    value: Value = text.splitlines() if kind in ("list", "set", "dates") else text.strip("\n")
    try:
        return check(type_name, name, value)
    except WrongValue as error:
        raise WrongUsage(f"“{label(type_name, name)}”: {error.reason}", hint=error.hint) from error


def _value(known: Differing, name: str, answer: Answer) -> Value:
    field = label(known.view.type, name)
    if isinstance(answer, Fits):
        if name not in known.joined:
            raise WrongUsage(f"“{field}” of this record was not merged by machine.", hint="cop conflicts")
        return known.joined[name].value
    if name not in known.fields:
        raise WrongUsage(f"There is no difference to settle in “{field}” of this record.", hint="cop conflicts")
    difference = known.fields[name]
    if isinstance(answer, Take):
        return _chosen(difference.versions, answer.version).value
    if isinstance(answer, Both):
        return _both(difference, known)
    return answer.value


def _both(difference: Difference, known: Differing) -> Value:
    if difference.both is None:
        field = label(known.view.type, difference.field)
        raise WrongUsage(
            f"“{field}” can hold one answer only.", hint="Take one of them with --take, or write another with --write."
        )
    return difference.both


def _chosen(versions: tuple[Version, ...], take: str) -> Version:
    alike = [v for v in versions if len(take) >= MIN_ID and v.revision.payload_hash.hex().startswith(take.lower())]
    if len(alike) != 1:
        ids = ", ".join(version.revision.payload_hash.hex()[:12] for version in versions)
        raise WrongUsage(f"“{take}” is none of the answers.", hint=f"Their ids are: {ids}")
    return alike[0]
