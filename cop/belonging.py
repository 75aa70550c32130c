"""Who belongs to a network, and up to where what they wrote counts. Pure: statements in, members out.

Members are we and everyone whom a member accepts, except those we removed ourselves; see docs/decisions/membership.md.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from cop import cutoffs, stances, vouching
from cop.model import Cutoff, Entry, EntryId, Members, OrganisationId, WriterId
from cop.stances import LEAVE, REMOVE, SUCCEEDED, Said, says

Cutoffs = Mapping[WriterId, frozenset[Cutoff]]
Apart = Callable[[Cutoffs], frozenset[EntryId]]  # the entries held that came after these


def nobody_apart(cutoffs_of: Cutoffs) -> frozenset[EntryId]:
    """For networks in which nobody has ended, or of which the log is not at hand."""
    return frozenset()


def members_of(statements: Collection[Entry], root: OrganisationId, apart: Apart = nobody_apart) -> Members:
    """The network that `root` belongs to; the order of the statements does not matter.

    What organisations say of their own writers counts first, then what they say of each other, up to their own end.
    """
    heard = _heard(statements, root, apart)
    heirs = _heirs(heard, root)
    parted = heard.parted | {organisation: heir.last for organisation, heir in heirs.items()}
    keys = {heir.key for heir in heirs.values()}
    reached = stances.reached(heard.said, [root, *keys], heard.out)
    stranded = {
        w: last
        for w, last in cutoffs.joined([heard.stranded, _left_behind(heard.said, root, reached)]).items()
        if heard.owners.get(w) not in reached | parted.keys() | heard.out
    }
    writers = {
        writer: _standing_for(owner, heirs)
        for writer, owner in heard.owners.items()
        if writer in stranded or _counts(heard, writer, owner, reached, parted, keys)
    }
    ends = _with(heard.ends, [*parted.values(), stranded])
    ends = {writer: several for writer, several in ends.items() if writer in writers}
    stand = {lost: _standing_for(lost, heirs) for lost in heirs}
    return Members(frozenset(reached - parted.keys()), writers, ends, apart(ends), stand)


def _counts(
    heard: "_Heard",
    writer: WriterId,
    owner: OrganisationId,
    reached: Collection[OrganisationId],
    parted: "Parted",
    keys: Collection[OrganisationId],
) -> bool:
    """True if anything of a writer counts: all, if its organisation is a member; else what is named as its last."""
    if owner in parted:
        return writer in parted[owner] or not heard.vouched[writer].isdisjoint(keys)
    return owner in reached


def only_through(statements: Collection[Entry], root: OrganisationId, about: OrganisationId) -> set[OrganisationId]:
    """Members whom `root` knows through one other alone."""
    heard = _heard(statements, root, nobody_apart)
    known = stances.reached(heard.said, [root], heard.out)
    return known - stances.reached(heard.said, [root], heard.out | {about}) - {about}


def count_votes(
    statements: Collection[Entry], root: OrganisationId, lost: OrganisationId, key: OrganisationId
) -> tuple[int, int]:
    """How many of the other members say that `key` stands for a lost one, and how many others there are."""
    heard = _heard(statements, root, nobody_apart)
    others = _others(heard, root, lost)
    return len(_votes(heard.said, lost, others).get(key, {})), len(others - {key})


Parted = dict[OrganisationId, Mapping[WriterId, Cutoff]]  # who is no member any more, and what of it counts still


@dataclass(frozen=True)
class _Heard:
    """What was said, as far as it counts."""

    vouched: Mapping[WriterId, set[OrganisationId]]
    owners: Mapping[WriterId, OrganisationId]
    ends: Cutoffs  # of single computers
    said: Said
    out: set[OrganisationId]  # whom we removed
    parted: Parted  # these, unless with all they wrote, and whoever left
    stranded: Mapping[WriterId, Cutoff]  # of those who were known through somebody that was removed


def _heard(statements: Collection[Entry], root: OrganisationId, apart: Apart) -> _Heard:
    vouched = vouching.vouched(statements)
    owners = {writer: min(organisations) for writer, organisations in vouched.items()}
    ends = {writer: frozenset(said.values()) for writer, said in vouching.ends(statements, owners).items()}
    said = _said_before(statements, owners, apart(ends))
    out, last = _removed(said, root)
    parted = _left(said, root)
    for organisation, named in last.items():
        parted[organisation] = {w: cutoff for w, cutoff in named.items() if owners.get(w) == organisation}
    stranded = cutoffs.joined(last.values())
    said = _said_before(statements, owners, apart(_with(ends, parted.values())))
    return _Heard(vouched, owners, ends, said, out, parted, stranded)


def _said_before(
    statements: Iterable[Entry], owners: Mapping[WriterId, OrganisationId], apart: frozenset[EntryId]
) -> Said:
    return stances.current_stances((entry for entry in statements if entry.entry_id not in apart), owners)


def _with(ends: Cutoffs, several: Iterable[Mapping[WriterId, Cutoff]]) -> Cutoffs:
    """All ends of each writer: a computer that was ended may be one of a partner that left."""
    found = {writer: set(cutoffs_of) for writer, cutoffs_of in ends.items()}
    for last in several:
        for writer, cutoff in last.items():
            found.setdefault(writer, set()).add(cutoff)
    return {writer: frozenset(cutoffs_of) for writer, cutoffs_of in found.items()}


def _removed(
    said: Said, root: OrganisationId
) -> tuple[set[OrganisationId], dict[OrganisationId, dict[WriterId, Cutoff]]]:
    """Whom we removed, and of those of whom we show what came until then: the last entries that count.

    That is what any member had of them when it removed them, so that all who did show the same.
    """
    ours = {
        about: entries
        for about, entries in said.get(root, {}).items()
        if about != root and not stances.is_with_us(entries)
    }
    shown = {about for about, entries in ours.items() if any(cutoffs.told(entry) is not None for entry in entries)}
    others = stances.reached(said, [root], set(ours))
    last = {}
    for about in shown:
        told = [
            cutoffs.told(e) or {} for speaker in others for e in said.get(speaker, {}).get(about, []) if says(e, REMOVE)
        ]
        last[about] = cutoffs.joined(told)
    return set(ours), last


def _left_behind(said: Said, root: OrganisationId, reached: Collection[OrganisationId]) -> Mapping[WriterId, Cutoff]:
    """What counts still of those whom members removed, and whom nobody else of us accepts."""
    told = [
        cutoffs.told(entry) or (cutoffs.told(entry, cutoffs.ELSEWHERE) if speaker != root else None) or {}
        for speaker in reached
        for about, entries in said.get(speaker, {}).items()
        for entry in entries
        if about not in reached and says(entry, REMOVE)
    ]
    return cutoffs.joined(told)


def _left(said: Said, root: OrganisationId) -> Parted:
    """Who says of itself that it has left. What it wrote until then stays."""
    parted: Parted = {}
    for organisation, about in said.items():
        leaving = [entry for entry in about.get(organisation, ()) if says(entry, LEAVE)]
        if leaving and organisation != root:
            told = [{**(cutoffs.told(e) or {}), e.writer: frozenset({(e.sequence, e.entry_id)})} for e in leaving]
            parted[organisation] = cutoffs.joined(told)
    return parted


@dataclass(frozen=True)
class _Heir:
    """The key that stands for an organisation since its own was lost."""

    key: OrganisationId
    last: Mapping[WriterId, Cutoff]  # what counts of what was written under the old one


def _heirs(heard: _Heard, root: OrganisationId) -> dict[OrganisationId, _Heir]:
    """Whose key was lost, and who stands for them: where more than half of the others say so."""
    found: dict[OrganisationId, _Heir] = {}
    for lost in sorted(_said_to_be_lost(heard.said) - {root, *heard.out, *heard.parted}):
        others = _others(heard, root, lost)
        for key, votes in sorted(_votes(heard.said, lost, others).items()):
            if key != lost and len(votes) > len(others - {key}) / 2:
                found[lost] = _Heir(key, cutoffs.joined(cutoffs.told(entry) or {} for entry in votes.values()))
    return found


def _said_to_be_lost(said: Said) -> set[OrganisationId]:
    return {
        about for told in said.values() for about, entries in told.items() if any(says(e, SUCCEEDED) for e in entries)
    }


def _others(heard: _Heard, root: OrganisationId, lost: OrganisationId) -> set[OrganisationId]:
    """The members whom we do not know through a lost key alone: a thief may have accepted whom it likes."""
    return stances.reached(heard.said, [root], {lost, *heard.out, *heard.parted}) - {lost}


def _votes(said: Said, lost: OrganisationId, others: Collection[OrganisationId]) -> dict[
    OrganisationId, dict[OrganisationId, Entry]
]:  # fmt: skip
    """Per key that may stand for a lost one, which of the others say so: one vote each, and none for itself."""
    found: dict[OrganisationId, dict[OrganisationId, Entry]] = {}
    for speaker in others:
        entries = [entry for entry in said.get(speaker, {}).get(lost, ()) if says(entry, SUCCEEDED)]
        keys = {key for entry in entries if isinstance(key := entry.extra.get("successor"), bytes)}
        if len(keys) == 1 and speaker not in keys:
            found.setdefault(keys.pop(), {})[speaker] = min(entries, key=lambda entry: entry.entry_id)
    return found


def _standing_for(organisation: OrganisationId, heirs: Mapping[OrganisationId, _Heir]) -> OrganisationId:
    """Who speaks for an organisation now, also where its key was lost again and again."""
    passed = {organisation}
    while organisation in heirs and heirs[organisation].key not in passed:
        organisation = heirs[organisation].key
        passed.add(organisation)
    return organisation
