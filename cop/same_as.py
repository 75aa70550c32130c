"""Two records about the same thing: a person links them, takes them apart, or says that they are not the same.

Both keep their id, address, text and credits. What is written are words of a set, `same_as`, which are ids of records:
each record gets the id of the other. So it merges like topics do, and anybody may take back what anybody said.
See docs/decisions/duplicates.md.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cop import log, merge, read_back, trust, views
from cop.config import Site
from cop.errors import CopError, WrongUsage
from cop.fields import SAME_AS, TYPES
from cop.merge import History
from cop.model import OWN, PARTNERS, PUBLIC, Members, Patch, RecordId, RecordView, Revision
from cop.patch import is_record_id
from cop.publish import title_of
from cop.shared_words import said
from cop.signing import Signer
from cop.withdrawal import keep_in_step

KIND = "same-as"  # of the entries that say so
MAX_STEPS = 100  # records that are looked at for a way from one to another
Pair = frozenset[RecordId]


@dataclass(frozen=True)
class Told:
    """What people said about pairs of records."""

    same: frozenset[Pair] = frozenset()
    apart: frozenset[Pair] = frozenset()  # not the same, or not any more


@dataclass
class _Side:
    """One of the two records."""

    record_id: RecordId
    view: RecordView
    revisions: list[Revision]  # of members
    audience: int = field(init=False)  # the widest that sees it

    def __post_init__(self) -> None:
        self.audience = min(revision.audience for revision in self.revisions if revision.patch)

    @property
    def title(self) -> str:
        return title_of(self.view.fields)

    def change(self, other: RecordId, audience: int, why: str, person: str, *, same: bool) -> log.Change:
        """What is written of this record."""
        heads = tuple(r.payload_hash for r in History(r for r in self.revisions if r.audience == audience).heads())
        words = {SAME_AS: (other,)}
        patch = Patch(
            self.view.type, added=words if same else {}, removed={} if same else words, why=why, person=person
        )
        return log.Change(self.record_id, heads, patch, audience)


def say(
    site: Site,
    db: sqlite3.Connection,
    signer: Signer,
    one: RecordId,
    other: RecordId,
    *,
    same: bool,
    why: str,
    now: int,
    person: str = "",
) -> tuple[str, str]:
    """Say that two records tell of the same thing, or that they do not, whoever linked them. Returns their titles.

    Raises: CopError, WrongUsage, and Unfit for a phone number.
    """
    told_by = said(why, person, site.config.timezone)
    sides = _sides(db, one, other)
    audiences = _to_link(*sides) if same else _to_part(db, *sides)
    changes = [
        side.change(of.record_id, audience, *told_by, same=same)
        for audience in audiences
        for side, of in (sides, sides[::-1])
    ]
    log.write(db, signer, KIND, changes, claimed_time=now)  # one entry, so that nobody ever holds half of what was said
    views.refresh(site, db)
    for side in sides:
        keep_in_step(db, side.record_id, b"".join(side.view.heads))
    return sides[0].title, sides[1].title


def _to_link(one: _Side, other: _Side) -> Sequence[int]:
    """Whom it is told. Who sees only one of the two learns nothing of the other."""
    audience = max(one.audience, other.audience)
    if all(of.record_id in words_of(side.revisions, audience) for side, of in ((one, other), (other, one))):
        raise CopError("These two are linked already.", hint=f"cop history {one.record_id}")
    return [audience]


def _to_part(db: sqlite3.Connection, one: _Side, other: _Side) -> Sequence[int]:
    """Likewise: whoever was told that they are the same, else who sees both."""
    ids = {one.record_id, other.record_id}
    linked = [a for a in (PUBLIC, PARTNERS, OWN) if any(words_of(side.revisions, a) & ids for side in (one, other))]
    if not linked:
        _refuse_what_was_said(db, one.record_id, other.record_id)
    return linked or [max(one.audience, other.audience)]


def _sides(db: sqlite3.Connection, one: RecordId, other: RecordId) -> tuple[_Side, _Side]:
    if one == other:
        raise WrongUsage("These are two names of one record.", hint="Name two records that are alike: cop duplicates")
    network = trust.members(db)
    return _side(db, one, network), _side(db, other, network)


def _side(db: sqlite3.Connection, record_id: RecordId, network: Members) -> _Side:
    revisions = merge.accepted(read_back.revisions(db, record_id), network)
    view = merge.merge(revisions)
    if view is None:
        raise CopError("Nothing of this record is held here.", hint="cop sync")
    if view.type not in TYPES:
        raise WrongUsage("This is a record of a kind that cannot be linked.", hint="cop list")
    return _Side(record_id, view, revisions)


def words_of(revisions: Iterable[Revision], audience: int) -> frozenset[RecordId]:
    """The records that one is linked to, as far as those who get this audience are told."""
    view = merge.merge(revision for revision in revisions if revision.audience == audience)
    words = view.fields.get(SAME_AS) if view else None
    return frozenset(filter(is_record_id, map(str, words))) if isinstance(words, list) else frozenset()


def _refuse_what_was_said(db: sqlite3.Connection, one: RecordId, other: RecordId) -> None:
    said = told(db)
    if frozenset((one, other)) in said.apart:
        raise CopError("Somebody said so already: these two are not the same.", hint=f"cop history {one}")
    way = _way(said.same, one, other)
    if way:
        raise WrongUsage(
            "These two are linked through others. Take one of those links apart.",
            hint=" or ".join(f"cop same-as {a} {b} --undo" for a, b in pairwise(way)),
        )


def _way(linked: Iterable[Pair], one: RecordId, other: RecordId) -> list[RecordId]:
    """The shortest way from one record to another by links; [] if there is none."""
    beside: dict[RecordId, set[RecordId]] = {}
    for first, second in map(sorted, linked):
        beside.setdefault(first, set()).add(second)
        beside.setdefault(second, set()).add(first)
    ways = [[one]]
    seen = {one}
    for way in ways:
        if way[-1] == other or len(ways) > MAX_STEPS:
            return way if way[-1] == other else []
        new = sorted(beside.get(way[-1], set()) - seen)
        seen.update(new)
        ways += [[*way, record_id] for record_id in new]
    return []


def told(db: sqlite3.Connection) -> Told:
    """All that members said. Reads only the records that somebody ever spoke of."""
    network = trust.members(db)
    same: set[Pair] = set()
    apart: set[Pair] = set()
    for record_id, revisions in read_back.revisions_of(db, _spoken_of(db)).items():
        history = merge.accepted(revisions, network)
        linked = frozenset().union(*(words_of(history, audience) for audience in (PUBLIC, PARTNERS, OWN)))
        same |= {frozenset((record_id, other)) for other in linked}
        apart |= {frozenset((record_id, other)) for other in _removed(history)}
    return Told(frozenset(same), frozenset(apart - same))


def _spoken_of(db: sqlite3.Connection) -> list[RecordId]:
    rows = db.execute(
        "SELECT DISTINCT record_id FROM log_item JOIN log_entry USING (entry_number)"
        " WHERE kind <> 'change' AND kind = ? ORDER BY record_id",  # the first half is for the index
        [KIND],
    )
    return [row[0] for row in rows]


def _removed(history: Iterable[Revision]) -> Iterator[RecordId]:
    for revision in history:
        if revision.patch:
            yield from filter(is_record_id, revision.patch.removed.get(SAME_AS, ()))
