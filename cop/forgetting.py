"""What people do about forgetting: erase a record or a part of it, and decide about what others ask for.

`judging` says what becomes of it, here and everywhere; `traces` cleans up outside the log.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cop import entry, erasing, forgotten, instead, judging, log, merge, patch, read_back, traces, trust, views
from cop.database import writing
from cop.erasing import DESTROY, HIDE, Erasure
from cop.errors import CopError, WrongUsage
from cop.identity import Side
from cop.model import Entry, OrganisationId, PayloadHash, RecordId, RecordView, Revision
from cop.publish import title_of

KEEP = "keep"
MEMBER = "member"
_NAMES = ("title", "label", "cited_as", "name")  # of these, addresses are made
_MOST = 500  # payloads that one entry names


@dataclass(frozen=True)
class Outcome:
    """What was done; counts of texts."""

    destroyed: int  # here, and where they are ours everywhere
    hidden: int  # of others: hidden everywhere, until they or the people of each place have decided


def erase(side: Side, record_id: RecordId, *, field: str = "", reason: str, now: int) -> Outcome:
    """Destroy a record, or one of its fields, in all versions: here at once, and wherever the text is ours to destroy.

    What others wrote is hidden everywhere at once and destroyed here. Raises: CopError, WrongUsage; then nothing was changed.
    """
    if reason not in erasing.REASONS:
        raise WrongUsage(f"There is no reason “{reason}”.", hint=f"Use one of: {', '.join(erasing.REASONS)}.")
    views.refresh(side.site, side.db)
    history = read_back.signed_of(side.db, [record_id]).get(record_id, [])
    _check(side.db, record_id, history)
    wanted = _with_field(side.db, record_id, history, field) if field else []
    traces.refuse_unsaved(side.site, side.db, record_id)
    gone = forgotten.refused(side.db, (one.payload_hash for one in history))
    if field:
        written = _write_parts(side, record_id, wanted, _names(field), reason, now)
    else:
        written = _write(side, erasing.extra(records=[record_id], reason=reason), (), now)
    traces.clean(side, now)
    return _outcome(side.db, written, gone)


def _check(db: sqlite3.Connection, record_id: RecordId, history: Sequence[Revision]) -> None:
    if not history:
        raise CopError("Nothing of this record is held here.", hint="cop sync")
    if any(one.patch and one.patch.type == MEMBER for one in history):
        raise WrongUsage(
            "This is how an organisation tells its name.", hint="To change the name, edit cop.toml. Then: cop load"
        )
    if judging.dead(db, record_id) == DESTROY:
        raise CopError("This entry was erased before.", hint="cop erasures")


def _names(field: str) -> frozenset[str]:
    """A name goes with the address that was made of it."""
    return frozenset({field, "slug"} if field in _NAMES else {field})


def _with_field(db: sqlite3.Connection, record_id: RecordId, history: Sequence[Revision], field: str) -> list[Revision]:
    """The revisions that hold a field. Raises: WrongUsage if there are none, CopError if that cannot be known."""
    away = db.execute(
        "SELECT 1 FROM log_item WHERE record_id = ? AND (item_number IN local_missing OR item_number IN local_left_out)",
        [record_id],
    ).fetchone()
    if away:
        raise CopError(
            "Some older texts of this entry are not here, so nobody can say whether they hold it too.",
            hint="Fetch them first: cop sync --history all. Or erase the whole entry, without --field.",
        )
    held = [one for one in history if one.patch]
    if not any(one.patch and field in one.patch.names() for one in held):
        names = sorted({name for one in held if one.patch for name in one.patch.names()})
        raise WrongUsage(f"This entry has no “{field}”.", hint=f"Use one of: {', '.join(names)}.")
    return [one for one in held if one.patch and not _names(field).isdisjoint(one.patch.names())]


def _write_parts(
    side: Side, record_id: RecordId, wanted: Sequence[Revision], names: Collection[str], reason: str, now: int
) -> list[Entry]:
    """Erase fields: what is left of each text goes with the entry that has it destroyed."""
    written: list[Entry] = []
    with writing(side.db):
        for batch in _batches(record_id, wanted, names):
            payloads = {one.payload_hash for one, _ in batch}
            extra = erasing.extra(payloads=payloads, fields=names, reason=reason)
            written += _write(side, extra, [change for _, change in batch if change], now)
    return written


def _batches(
    record_id: RecordId, wanted: Iterable[Revision], names: Collection[str]
) -> Iterator[list[tuple[Revision, log.Change | None]]]:
    """Texts with what is left of them, as many as one entry takes: their payloads and their names."""
    batch: list[tuple[Revision, log.Change | None]] = []
    room = log.MAX_BATCH_BYTES
    for one in {one.payload_hash: one for one in wanted}.values():
        left = instead.without(one.patch, names) if one.patch else None
        change = log.Change(record_id, (one.payload_hash,), left, one.audience) if left else None
        size = len(patch.encode(left, bytes(patch.SALT_BYTES))) if left else 0
        if batch and (size > room or len(batch) == min(_MOST, entry.MAX_ITEMS)):
            yield batch
            batch, room = [], log.MAX_BATCH_BYTES
        batch.append((one, change))
        room -= size
    if batch:
        yield batch


def _write(side: Side, extra: dict[str, object], changes: Sequence[log.Change], now: int) -> list[Entry]:
    with writing(side.db):
        written = log.write(side.db, side.signer, erasing.KIND, changes, claimed_time=now, extra=extra)
        judging.take_in(side.db, written)
    return list(written)


def _outcome(db: sqlite3.Connection, written: Iterable[Entry], gone: Collection[PayloadHash]) -> Outcome:
    """What these entries did, apart from what had been destroyed before."""
    own: set[PayloadHash] = set()
    others: set[PayloadHash] = set()
    for one in written:
        for payload_hash, is_own in db.execute(
            "SELECT payload_hash, own FROM view_erasure WHERE entry_id = ?", [one.entry_id]
        ):
            if payload_hash not in gone:
                (own if is_own else others).add(payload_hash)
    return Outcome(len(own | others), len(others - own))


# -- what others ask for


@dataclass(frozen=True)
class Request:
    """Somebody else asks for something to be removed. It is hidden, and waits for a person."""

    told: Erasure
    record_id: RecordId
    ours: bool  # something of it is ours to destroy everywhere, or to keep

    @property
    def is_part(self) -> bool:
        """True if only fields of the record are meant."""
        return self.record_id not in self.told.records


def waiting(db: sqlite3.Connection) -> list[Request]:
    """What people here have not decided about, in the order of arrival."""
    rows = db.execute(
        "SELECT data, signature, record_id FROM view_erasure JOIN log_entry USING (entry_id) WHERE what = ?"
        " AND entry_id NOT IN (SELECT entry_id FROM local_erase_decision)"
        " GROUP BY entry_id, record_id ORDER BY entry_number, record_id",
        [HIDE],
    ).fetchall()
    return [
        Request(told, record_id, bool(_ours(db, told, record_id)))
        for told, record_id in ((forgotten.erasure(row[0], row[1]), row[2]) for row in rows)
    ]


def requests_for(db: sqlite3.Connection, record_id: RecordId) -> list[Request]:
    """What waits of one record. Raises: CopError if nothing does."""
    found = [one for one in waiting(db) if one.record_id == record_id]
    if not found and _is_kept(db, record_id):
        raise CopError(
            "You said no to this request before. Nothing was changed.",
            hint=f"To remove it after all: cop erase {record_id} --reason asked",
        )
    if not found:
        raise CopError("Nobody asks for this entry to be removed, or it was decided before.", hint="cop erasures")
    return found


def _is_kept(db: sqlite3.Connection, record_id: RecordId) -> bool:
    """True if people here said no to somebody who asked to remove something of a record that is here still."""
    rows = db.execute(
        "SELECT data, signature FROM local_erase_decision JOIN log_entry USING (entry_id) WHERE what = ?", [KEEP]
    ).fetchall()
    asked = (forgotten.records_of(db, forgotten.erasure(row[0], row[1])) for row in rows)
    return any(record_id in records for records in asked) and judging.dead(db, record_id) != DESTROY


def hidden_view(db: sqlite3.Connection, record_id: RecordId) -> RecordView | None:
    """A record as it was before somebody asked to remove it: for the people who decide."""
    history = read_back.revisions_of(db, [record_id], hidden=True).get(record_id, [])
    return merge.merge(merge.accepted(history, trust.members(db)))


def shown(db: sqlite3.Connection, record_id: RecordId) -> RecordView | None:
    """A record as this installation sees it now."""
    return views.current_view(db, record_id)


def title_before(db: sqlite3.Connection, record_id: RecordId) -> str:
    """What a record is called, whether it is hidden or not; "" if that is not here."""
    view = hidden_view(db, record_id)
    return title_of(view.fields) if view else ""


def _ours(db: sqlite3.Connection, told: Erasure, record_id: RecordId) -> list[Revision]:
    """The texts that a request waits for and that we wrote, as they were signed."""
    rows = db.execute(
        "SELECT payload_hash FROM view_erasure WHERE (entry_id, record_id, what) = (?, ?, ?)",
        [told.entry_id, record_id, HIDE],
    )
    meant = {row[0] for row in rows} & _we_wrote(db, record_id)
    return [one for one in read_back.signed_of(db, [record_id]).get(record_id, []) if one.payload_hash in meant]


def _we_wrote(db: sqlite3.Connection, record_id: RecordId) -> set[PayloadHash]:
    """The payloads of a record that are ours, with what others left of them and said about them."""
    parties = judging.parties_of(db)
    return {
        payload_hash
        for payload_hash, about in judging.texts_of(db, record_id).items()
        if any(parties.owner(writer) == parties.ours for authors in about for writer in authors)
    }


def confirm(side: Side, record_id: RecordId, now: int) -> bool:
    """Agree to what others ask for: destroy it here, and what of it is ours, everywhere. Raises: CopError.

    Returns whether any of it was ours. What others wrote is theirs to decide about: we ask them for nothing.
    """
    found = requests_for(side.db, record_id)
    traces.refuse_unsaved(side.site, side.db, record_id)
    ours = {one.told: {text.payload_hash for text in _ours(side.db, one.told, record_id)} for one in found if one.ours}
    whole = [told for told in ours if record_id in told.records]
    with writing(side.db):
        for one in found:
            _decide(side.db, one.told, DESTROY, now)
        if whole:
            agrees = [told.entry_id for told in ours]
            _write(side, erasing.extra(records=[record_id], reason=whole[0].reason, agrees=agrees), (), now)
        for told, texts in () if whole else ours.items():
            _write_parts(
                side, record_id, _parted(side.db, record_id, texts, told.fields), told.fields, told.reason, now
            )
        judging.judge(side.db, [record_id])
    traces.clean(side, now)
    return bool(ours)


def _parted(
    db: sqlite3.Connection, record_id: RecordId, texts: Collection[PayloadHash], names: Collection[str]
) -> list[Revision]:
    """Our texts of which some fields are to go. Of one that is gone: what stands in its place, and what holds that."""
    history = read_back.signed_of(db, [record_id]).get(record_id, [])
    now = {one.payload_hash: one for one in read_back.revisions_of(db, [record_id], hidden=True).get(record_id, [])}
    mine = _we_wrote(db, record_id)
    left = [one for one in history if one.kind == erasing.KIND and one.payload_hash in mine]
    wanted = set(texts)
    for _ in left:  # what is left of what is left
        wanted |= {one.payload_hash for one in left if not wanted.isdisjoint(one.parents)}
    return [
        one if one.held else replace(one, patch=now[one.payload_hash].patch)
        for one in history
        if one.payload_hash in texts
        or (one.payload_hash in wanted and one.patch and not frozenset(names).isdisjoint(one.patch.names()))
    ]


def keepers(
    db: sqlite3.Connection, told: Erasure, noes: Collection[OrganisationId]
) -> tuple[set[OrganisationId], bool]:
    """Those of these organisations that said no to a request and have something to keep: texts that they wrote.

    And whether that is all there is, so that nobody will ever confirm it.
    """
    if not noes:
        return set(), False
    parties, own = judging.parties_of(db), forgotten.destroyed_by_their_own(db)
    found: set[OrganisationId] = set()
    gone: set[OrganisationId] = set()
    for record_id in forgotten.records_of(db, told):
        for payload_hash, about in judging.texts_of(db, record_id).items():
            wrote = {parties.owner(writer) for authors in about for writer in authors}
            (gone if payload_hash in own else found).update(wrote)
    return found & set(noes), not gone and found <= set(noes)


def keep(side: Side, record_id: RecordId, now: int) -> bool:
    """Say no to what others ask for. Returns whether that shows our text again, everywhere. Raises: CopError.

    What somebody else wrote stays hidden until they have decided; here it is not destroyed.
    """
    found = requests_for(side.db, record_id)
    with writing(side.db):
        for one in found:
            ours = [revision.payload_hash for revision in _ours(side.db, one.told, record_id)]
            _decide(side.db, one.told, KEEP, now)
            if ours:
                records = [] if one.is_part else [record_id]
                no = erasing.extra(payloads=ours if one.is_part else [], records=records, keeps=[one.told.entry_id])
                _write(side, no, (), now)
    views.refresh(side.site, side.db)
    return judging.dead(side.db, record_id) == "" and any(one.ours for one in found)


def _decide(db: sqlite3.Connection, told: Erasure, what: str, now: int) -> None:
    db.execute("INSERT OR REPLACE INTO local_erase_decision VALUES (?, ?, ?)", [told.entry_id, what, now])
