"""Who looked at which text of a record. Pure: no database, no clock, no order of arrival.

An item of an entry of kind `endorse` names as its parents the heads of the text that was looked at, and the earlier items of
the same organisation that it takes the place of. One that names only such items takes them back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cop.model import Members, OrganisationId, PayloadHash, Revision

KIND = "endorse"


@dataclass(frozen=True)
class Vote:
    """One organisation's word on one text."""

    organisation: OrganisationId
    revision: Revision  # which entry says so, when and why
    heads: tuple[PayloadHash, ...]  # of the text that was looked at
    current: bool  # the organisation has said nothing newer of this record


def cast(revisions: Sequence[Revision], network: Members, *, binding: bool = False) -> list[Vote]:
    """The votes on one record, from its public history. `binding`: none of them can be taken back.

    What is not by a member, or names a text that is not here (yet), says nothing; what somebody said before it left the
    network counts. Whichever writer of an organisation speaks, it is the organisation's vote.
    """
    said = [revision for revision in revisions if revision.kind == KIND]
    texts = {revision.payload_hash for revision in revisions if revision.counts}
    known = texts | {revision.payload_hash for revision in said}
    by: dict[OrganisationId, list[Revision]] = {}
    for one in said:
        if network.counts(one.writer, one.entry_id) and known.issuperset(one.parents):
            by.setdefault(network.writers[one.writer], []).append(one)
    return [vote for owner in sorted(by) for vote in _of_one(owner, by[owner], texts, binding)]


def _of_one(owner: OrganisationId, said: Sequence[Revision], texts: set[PayloadHash], binding: bool) -> list[Vote]:
    mine = {one.payload_hash for one in said}
    earlier = {one.payload_hash: mine.intersection(one.parents) - texts for one in said}
    replaced = {named for names in earlier.values() for named in names}
    heads = {one.entry_id: tuple(p for p in one.parents if p in texts) for one in said}
    back = [one.payload_hash for one in said if not heads[one.entry_id]]
    void = set() if binding else _before(back, earlier)
    return [
        Vote(owner, one, heads[one.entry_id], one.payload_hash not in replaced)
        for one in sorted(said, key=lambda one: one.entry_id)
        if heads[one.entry_id] and one.payload_hash not in void
    ]


def _before(start: Iterable[PayloadHash], earlier: Mapping[PayloadHash, set[PayloadHash]]) -> set[PayloadHash]:
    """All that these took the place of, directly or not."""
    found: set[PayloadHash] = set()
    waiting = list(start)
    while waiting:  # names that lead in a circle can only be forged; each is gone through once
        new = earlier.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found
