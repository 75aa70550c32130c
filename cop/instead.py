"""What stands in the place of a text that was erased. Pure: no database, no clock, no order of arrival."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cop.erasing import DESTROY, KIND, NO_REVISIONS
from cop.model import EntryId, Erased, Patch, PayloadHash, Revision, Value
from cop.verdicts import Verdict


@dataclass(frozen=True)
class Named:
    """An erasure that counts for a payload, with what is known of it."""

    verdict: Verdict
    told: Erased
    untrue: bool = False  # it left something else of a text than what stood there, as we saw when we destroyed that


def without(patch: Patch, names: Collection[str]) -> Patch | None:
    """What is left of a patch without some fields; None if nothing is. Its reason goes too: it may say the same."""
    left = Patch(
        patch.type,
        {one: value for one, value in patch.fields.items() if one not in names},
        {one: words for one, words in patch.added.items() if one not in names},
        {one: words for one, words in patch.removed.items() if one not in names},
    )
    return None if left.changes_nothing else left


def is_part_of(left: Patch, whole: Patch) -> bool:
    """True if what was left of a patch stood in it, and nothing else."""
    return (
        left.type == whole.type
        and all(_says(whole, name, value) for name, value in left.fields.items())
        and all(
            set(words) <= set(there.get(name, ()))
            for mine, there in ((left.added, whole.added), (left.removed, whole.removed))
            for name, words in mine.items()
        )
    )


@dataclass(frozen=True)
class _Left:
    """What is read of a text."""

    patch: Patch | None
    is_true: bool = True  # nothing stands in it that did not stand in the text, as far as can be known here


@dataclass
class _History:
    """One record: what was signed, and what is to be read instead."""

    by_hash: dict[PayloadHash, Revision] = field(default_factory=dict)
    beside: dict[tuple[PayloadHash, EntryId], list[Revision]] = field(default_factory=dict)
    named: Mapping[PayloadHash, Sequence[Named]] = field(default_factory=dict)

    def stands(self, revision: Revision, *, hidden: bool, seen: frozenset[PayloadHash] = frozenset()) -> _Left:
        """What is read of a revision: what all erasures that name it have left of it. `hidden`: what is only hidden, too."""
        named = [one for one in self.named.get(revision.payload_hash, ()) if not hidden or one.verdict.what == DESTROY]
        if revision.payload_hash in seen:  # only a forger can make a circle of them
            return _Left(None)
        if not named:
            return _Left(revision.patch)
        left: list[_Left] = []
        seen = seen | {revision.payload_hash}
        for one in named:
            instead = self.beside.get((revision.payload_hash, one.verdict.erasure), [])
            same = [other for other in instead if other.audience == revision.audience]
            some = [self.stands(other, hidden=hidden, seen=seen) for other in same] or [_Left(None)]
            left += [replace(other, is_true=other.is_true and not one.untrue) for other in some]
        patch = _common([one.patch for one in left])
        if patch and revision.patch:
            return _Left(patch, is_part_of(patch, revision.patch))
        return _Left(patch, any(one.is_true for one in left))  # what all say is part of what any of them says


def _common(patches: Sequence[Patch | None]) -> Patch | None:
    """What all of these say."""
    first = patches[0]
    if first is None or any(one is None or one.type != first.type for one in patches):
        return None
    others = [one for one in patches if one is not None]
    return replace(
        first,
        fields={name: value for name, value in first.fields.items() if all(_says(one, name, value) for one in others)},
        added=_common_words([one.added for one in others]),
        removed=_common_words([one.removed for one in others]),
    )


def _says(patch: Patch, name: str, value: Value) -> bool:
    return name in patch.fields and patch.fields[name] == value and type(patch.fields[name]) is type(value)


def _common_words(sets: Sequence[Mapping[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    found = {
        name: tuple(w for w in words if all(w in one.get(name, ()) for one in sets)) for name, words in sets[0].items()
    }
    return {name: words for name, words in found.items() if words}


def applied(
    revisions: Sequence[Revision], named: Mapping[PayloadHash, Sequence[Named]], *, hidden: bool = False
) -> list[Revision]:
    """The same history of one record, as it is read once its erasures count.

    With `hidden`, what is only hidden is read as it was written: for the people who decide about it, and for content
    files, which were written from it.
    """
    history = _History(named=named)
    for revision in revisions:
        if revision.kind == KIND:
            for parent in revision.parents:
                history.beside.setdefault((parent, revision.entry_id), []).append(revision)
        history.by_hash[revision.payload_hash] = revision
    return [_applied(history, revision, hidden=hidden) for revision in revisions]


def _applied(history: _History, revision: Revision, *, hidden: bool) -> Revision:
    if revision.kind in NO_REVISIONS:  # what it leaves is read in the place of its parent
        return replace(revision, patch=None, counts=False)
    named = history.named.get(revision.payload_hash, ())
    if not named:
        return revision
    left = history.stands(revision, hidden=hidden)
    if not hidden:
        revision = replace(revision, word=None)  # what is said with a vote is text of the record, too
    told = tuple(one.told for one in named)
    if left.patch is None or left.is_true or any(one.verdict.own for one in named):
        return replace(revision, patch=left.patch, erased=told)
    asked = min(told, key=lambda one: one.entry_id)  # these are words of whoever asked, so under their name
    return replace(revision, patch=left.patch, erased=told, writer=asked.writer, entry_id=asked.entry_id, kind=KIND)
