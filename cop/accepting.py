"""Using what somebody sent: the entry that comes of it, and its content file. Nothing else makes one of a contribution."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cop import log, merge, patch, planning, read_back, settings, trust, views, withdrawal
from cop.checkout import check_out
from cop.config import Site
from cop.contact_details import CONSENTS
from cop.content import ContentFile
from cop.contributions import (
    ACCEPTED,
    ADD,
    CHANGED,
    CORRECT,
    REMOVE,
    SAY,
    Contribution,
    Sent,
    by_number,
    open_one,
    settle,
)
from cop.database import writing
from cop.endorsing import Standing
from cop.errors import CopError
from cop.fields import TYPES
from cop.filing import SUGGESTED, TOLD_US
from cop.merge import History
from cop.model import PARTNERS, PUBLIC, Patch, PayloadHash, RecordId, Revision, Value
from cop.publish import short_address, title_of
from cop.redone import redo
from cop.shared_words import Problem, Unfit, check_told, problems_of
from cop.signing import Signer

PASSED_ON_BY = "passed_on_by"


@dataclass(frozen=True)
class Done:
    """What came of saying yes."""

    record_id: RecordId  # "" if there is no record
    title: str
    waits: bool = False  # readers get it once other organisations have looked at it
    unsettled: tuple[str, ...] = ()  # fields that have more than one answer since: somebody else changed them, too
    left_alone: tuple[str, ...] = ()  # content files with unsaved edits, which were not written


def accept(
    site: Site,
    db: sqlite3.Connection,
    signer: Signer,
    number: int,
    *,
    now: int,
    why: str = "",
    by: str = "",
    fields: Mapping[str, Value] | None = None,
) -> Done:
    """Use a contribution, with `fields` in place of what was sent if somebody changed it first. Raises: CopError.

    The entry and the end of waiting are written together, so nothing is used twice.
    """
    item, told = open_one(db, number), Told(patch.reason(why), patch.person(by))
    sent = item.sent
    if sent.what != SAY:  # of that no change is made: only its sender reads the answer
        check_told(told.why, told.person, "", site.config.timezone)
    used = sent.fields if fields is None else fields
    if sent.what == REMOVE:
        return _remove(site, db, signer, item, told, now)
    record_id = _new_id(item) if sent.what == ADD else sent.record_id
    changes = () if sent.what == ADD and _is_used(db, item, used) else _changes(site, db, sent, used, told, record_id)
    with writing(db):
        open_one(db, number)
        if changes:
            log.write(db, signer, "change", changes, claimed_time=now)
        state = CHANGED if used != sent.fields else ACCEPTED
        settle(db, item, state, answer=told.why, now=now, by=told.person, record_id=record_id)
    _thank(db, signer, sent, record_id, told, now)
    views.refresh(site, db)
    left = check_out(site, db, [record_id]).kept if changes else []
    waits = waits_for_looks(site, db, by_number(db, number))
    title = _title(db, record_id) or sent.title
    return Done(record_id if changes else "", title, waits, unsettled(db, by_number(db, number)), tuple(left))


@dataclass(frozen=True)
class Told:
    """What whoever decides says about it."""

    why: str
    person: str

    def on(self, made: Patch, theirs: str = "") -> Patch:
        """The patch with that; without a reason of their own with that of whoever sent it."""
        return replace(made, why=self.why or theirs, person=self.person)


def _title(db: sqlite3.Connection, record_id: RecordId) -> str:
    row = db.execute("SELECT title FROM view_record WHERE record_id = ?", [record_id]).fetchone()
    return str(row[0]) if row else ""


def _new_id(item: Contribution) -> RecordId:
    """The record that it becomes: the same one in two copies of a folder, if somebody says yes in both."""
    return patch.record_id_of(f"inbox {item.token}", b"")


def _is_used(db: sqlite3.Connection, item: Contribution, fields: Mapping[str, Value]) -> bool:
    """True if the record came here from another copy of this folder. Raises: CopError if it was to be changed first."""
    if db.execute("SELECT 1 FROM log_item WHERE record_id = ?", [_new_id(item)]).fetchone() is None:
        return False
    if fields != item.sent.fields:
        raise CopError(
            "Somebody has used it already, at another of your computers.",
            hint="Use it here as it was sent: nothing is doubled. Then change the entry itself.",
        )
    return True


def _changes(
    site: Site, db: sqlite3.Connection, sent: Sent, fields: Mapping[str, Value], told: Told, record_id: RecordId
) -> tuple[log.Change, ...]:
    if sent.what == ADD:
        return _new_record(site, sent, fields, told, record_id)
    return (_correction(site, db, sent, fields, told),) if sent.what == CORRECT else ()


# -- something new


def _new_record(
    site: Site, sent: Sent, fields: Mapping[str, Value], told: Told, record_id: RecordId
) -> tuple[log.Change, ...]:
    kind, zone = TYPES[sent.type], site.config.timezone
    credited = {**fields, **_credits(fields.get("credits"), sent)}
    if sent.relayed:
        credited[PASSED_ON_BY] = site.config.name
    credited = {name: value for name, value in credited.items() if value is not None}
    if not title_of(credited):
        raise Unfit(sent.type, (Problem("title", "it has no title yet", "Give it one."),))
    _check(sent.type, credited, credited, zone)
    path = f"{kind.folder}/{short_address(title_of(fields)) or '-'}.md"
    says = ContentFile(path, sent.type, "", credited, PUBLIC, {})
    changes = planning.new_record(says, zone)
    return tuple(replace(one, record_id=record_id, patch=told.on(one.patch, sent.why)) for one in changes)


def _check(type_name: str, fields: Mapping[str, Value], changed: Mapping[str, Value], zone: str) -> None:
    """What could not be loaded from a file does not come in this way either. Raises: Unfit."""
    if problems := tuple(problems_of(type_name, fields, changed, {}, zone)):
        raise Unfit(type_name, problems)


def _credits(known: Value, sent: Sent) -> dict[str, Value]:
    """The credits with whoever sent it among them, as they wish to be named."""
    role = TOLD_US if sent.relayed else SUGGESTED
    people = list(known) if isinstance(known, list | tuple) else []
    named = any(isinstance(one, Mapping) and one.get("name") == sent.credit for one in people)
    return {"credits": [*people, {"name": sent.credit, "role": role}]} if sent.credit and not named else {}


# -- a correction


@dataclass(frozen=True)
class Seen:
    """A record as whoever sent a correction saw it."""

    type: str
    fields: Mapping[str, Value]
    heads: tuple[PayloadHash, ...]


def seen(db: sqlite3.Connection, sent: Sent) -> Seen | None:
    """What the public record said then; None if it is not shown any more."""
    history = _public(db, sent.record_id)
    held = {revision.payload_hash for revision in history.revisions}
    heads = tuple(one for one in sent.base if one in held) or _heads(history)
    then, now = merge.merge(history.up_to(heads)), merge.merge(history.revisions)
    if then is None or now is None or now.type not in TYPES or now.fields.get("withdrawn") is not None:
        return None
    return Seen(now.type, then.fields, heads)


def consents(db: sqlite3.Connection, record_id: RecordId) -> dict[str, Value]:
    """Who agreed that details in a record are shown: partners know of it, and whoever sent a correction does not."""
    view = merge.merge(merge.accepted(read_back.revisions(db, record_id), trust.members(db)), PARTNERS)
    value = view.fields.get(CONSENTS) if view else None
    return {CONSENTS: value} if value is not None else {}


def _correction(site: Site, db: sqlite3.Connection, sent: Sent, fields: Mapping[str, Value], told: Told) -> log.Change:
    """The patch on what its sender saw: what others changed meanwhile stands beside it and is not overwritten."""
    before = seen(db, sent)
    if before is None:
        hint = "Decline it, or show the entry again: cop withdraw RECORD --undo"
        raise CopError("The entry that it corrects is not shown any more.", hint=hint)
    after = {name: value for name, value in {**before.fields, **fields}.items() if value is not None}
    made = patch.difference(before.type, before.fields, after)
    if made.changes_nothing:
        raise CopError("It changes nothing any more.", hint="Decline it, and say so: somebody was quicker.")
    everything = {**after, **consents(db, sent.record_id)}
    _check(before.type, everything, {name: after.get(name) for name in made.names()}, site.config.timezone)
    return log.Change(sent.record_id, before.heads, told.on(made, sent.why), PUBLIC)


def _thank(db: sqlite3.Connection, signer: Signer, sent: Sent, record_id: RecordId, told: Told, now: int) -> None:
    """Name whoever sent a correction among those who helped; not while partners disagree about these names."""
    if sent.what != CORRECT or not sent.credit:
        return
    history = _public(db, record_id)
    view = merge.merge(history.revisions)
    if view is None or "credits" in view.conflicts or not (more := _credits(view.fields.get("credits"), sent)):
        return
    change = log.Change(record_id, _heads(history), Patch(view.type, more, person=told.person), PUBLIC)
    log.write(db, signer, "change", [change], claimed_time=now)


def waits_for_looks(site: Site, db: sqlite3.Connection, item: Contribution) -> bool:
    """True if readers do not get what came of it before other organisations have looked at that."""
    used = item.state in (ACCEPTED, CHANGED) and item.sent.what in (ADD, CORRECT)
    row = db.execute("SELECT shown FROM view_waiting WHERE record_id = ?", [item.record_id]).fetchone()
    if not used or row is None or not row[0]:
        return used and row is not None
    history, standing = _standing(site, db, item.record_id)
    own = settings.own_writer(db)
    ours = {one.payload_hash for one in history if (one.writer, one.claimed_time) == (own, item.decided_time)}
    return standing.seen is not None and not ours <= standing.seen


def unsettled(db: sqlite3.Connection, item: Contribution) -> tuple[str, ...]:
    """The fields of a record that have more than one answer, once a correction of it was used."""
    used = item.state in (ACCEPTED, CHANGED) and item.sent.what == CORRECT
    row = db.execute("SELECT conflicts FROM view_record WHERE record_id = ?", [item.record_id]).fetchone()
    return tuple(json.loads(row[0])) if used and row else ()


def _standing(site: Site, db: sqlite3.Connection, record_id: RecordId) -> tuple[Sequence[Revision], Standing]:
    network, history = trust.members(db), read_back.revisions(db, record_id)
    return history, redo(record_id, history, views.origin_of(site, db, network, trust.names(db, network))).standing


def shown_heads(site: Site, db: sqlite3.Connection, record_id: RecordId) -> tuple[PayloadHash, ...]:
    """What the text is made of that readers see now: a newer one may wait until organisations have looked at it."""
    view = _standing(site, db, record_id)[1].view
    return view.heads if view else ()


def _public(db: sqlite3.Connection, record_id: RecordId) -> History:
    revisions: list[Revision] = merge.accepted(read_back.revisions(db, record_id), trust.members(db))
    return History(revision for revision in revisions if revision.audience == PUBLIC)


def _heads(history: History) -> tuple[PayloadHash, ...]:
    return tuple(revision.payload_hash for revision in history.heads())


# -- a removal


def _remove(site: Site, db: sqlite3.Connection, signer: Signer, item: Contribution, told: Told, now: int) -> Done:
    """Hide the record. Killed in between, it is hidden already when somebody says yes again."""
    row = db.execute("SELECT title, state FROM view_record WHERE record_id = ?", [item.sent.record_id]).fetchone()
    if row is not None and row["state"] != "withdrawn":
        withdrawal.withdraw(
            site, db, signer, item.sent.record_id, why=told.why, undo=False, now=now, person=told.person
        )
    with writing(db):
        settle(db, open_one(db, item.number), ACCEPTED, answer=told.why, now=now, by=told.person)
    return Done(item.sent.record_id, row["title"] if row else "")
