"""How the revisions of one record add up to what people see. Pure: no database, no clock, no order of arrival.

Per field, the values that no later patch overwrote are current. One value: done. Several: a conflict on that field,
all values kept. Sets merge by what was added and removed. Only `body` is merged as text, three ways, by paragraphs.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from merge3 import Merge3

from cop.fields import TOGETHER
from cop.model import OWN, PARTNERS, PUBLIC, Members, PayloadHash, RecordView, Revision, Value, Version

BODY = "body"
_BLANK_LINES = re.compile(r"(\n(?:[ \t]*\n)+)")
MAX_MERGED_CHARACTERS = 200_000  # merge3 compares line by line; two longer texts are shown side by side instead


class History:
    """The revisions of one record, and which of them came before which."""

    def __init__(self, revisions: Iterable[Revision]) -> None:
        # the same payload twice is one revision; of those we can read the smallest entry id speaks for it, whatever
        # arrived first: an entry that announces somebody's payload with another size must not hide it
        found: dict[PayloadHash, Revision] = {}
        for revision in revisions:
            known = found.get(revision.payload_hash)
            if known is None or _rank(revision) < _rank(known):
                found[revision.payload_hash] = revision
        self.revisions = [found[payload_hash] for payload_hash in sorted(found)]
        self._bit = {revision.payload_hash: 1 << at for at, revision in enumerate(self.revisions)}

    @cached_property
    def _before(self) -> dict[PayloadHash, int]:
        """Per revision, a bit for each revision it was made from, directly or not."""
        parents = {revision.payload_hash: revision.parents for revision in self.revisions}
        before: dict[PayloadHash, int] = {}
        for start in parents:
            path, open_ = [start], {start}
            while path:
                at = path[-1]
                wanted = [p for p in parents[at] if p in parents and p not in before and p not in open_]
                if wanted:  # a loop of parents can only be forged; the step that would close it is left out
                    path.append(wanted[0])
                    open_.add(wanted[0])
                    continue
                before[at] = _union(
                    (self._bit[p] | before.get(p, 0) for p in parents[at] if p in parents), self._bit[at]
                )
                open_.discard(path.pop())
        return before

    def is_before(self, earlier: Revision, later: Revision) -> bool:
        """True if `later` was made from `earlier`, directly or not."""
        return bool(self._before[later.payload_hash] & self._bit[earlier.payload_hash])

    def last(self, revisions: Sequence[Revision]) -> list[Revision]:
        """Those that none of the others came after."""
        if len(revisions) < 2:
            return list(revisions)
        passed = 0
        for revision in revisions:
            passed |= self._before[revision.payload_hash]
        # parents that loop, which only a forger can sign, would leave nobody last
        return [r for r in revisions if not passed & self._bit[r.payload_hash]] or list(revisions)

    def heads(self) -> list[Revision]:
        """Revisions that no other was made from, of those that count."""
        return self.last([revision for revision in self.revisions if revision.counts])

    def first(self, revisions: Sequence[Revision]) -> list[Revision]:
        """Those that were made from none of the others."""
        some = _union((self._bit[revision.payload_hash] for revision in revisions), 0)
        return [r for r in revisions if not self._before[r.payload_hash] & some]

    def in_order(self) -> list[Revision]:
        """Readable revisions, each behind those it was made from; the same order everywhere."""
        readable = [revision for revision in self.revisions if revision.patch is not None]
        return sorted(readable, key=lambda r: (self._before[r.payload_hash].bit_count(), r.payload_hash))

    def up_to(self, heads: Sequence[PayloadHash]) -> list[Revision]:
        """The given revisions and all they were made from."""
        wanted = _union((self._bit.get(h, 0) | self._before.get(h, 0) for h in heads), 0)
        return [revision for revision in self.revisions if wanted & self._bit[revision.payload_hash]]

    def ever_joined(self, one: Revision, other: Revision) -> bool:
        """True if some revision was made from both: a person saw them together."""
        both = self._bit[one.payload_hash] | self._bit[other.payload_hash]
        return any(before & both == both for before in self._before.values())


def _rank(revision: Revision) -> tuple[bool, bool, bytes]:
    return not revision.counts, revision.patch is None, revision.entry_id


def accepted(revisions: Iterable[Revision], network: Members) -> list[Revision]:
    """The same history, in which only what members said counts, of those who ended only up to their end.

    What others wrote in between stays as a link: who wrote after it saw what came before it.
    """
    return [
        r if network.counts(r.writer, r.entry_id) else replace(r, patch=None, held=False, counts=False)
        for r in revisions
    ]


def _union(bits: Iterable[int], without: int) -> int:
    total = 0
    for some in bits:
        total |= some
    return total & ~without


def merge(revisions: Iterable[Revision], widest: int = OWN) -> RecordView | None:
    """The record as it stands, from revisions of audience `widest` and wider; None if nothing of it is held.

    Fields of different audience are separate histories; of a field that stands in several, the narrower one is shown.
    """
    everything = list(revisions)
    view: RecordView | None = None
    for audience in (PUBLIC, PARTNERS, OWN):
        same = [r for r in everything if r.audience == audience and r.audience <= widest]
        if same:
            view = _stack(view, _alone(same[0]) if len(same) == 1 else _merge_one(History(same)))
    return view


def _stack(wide: RecordView | None, narrow: RecordView | None) -> RecordView | None:
    if wide is None or narrow is None:
        return narrow or wide
    held = {name for name, value in narrow.fields.items() if value is not None}
    return RecordView(
        wide.type,
        {**wide.fields, **narrow.fields},
        {**{name: v for name, v in wide.conflicts.items() if name not in held}, **narrow.conflicts},
        tuple(sorted({*wide.checks, *narrow.checks})),
        tuple(sorted({*wide.heads, *narrow.heads})),
    )


def _merge_one(history: History) -> RecordView | None:
    readable = [revision for revision in history.revisions if revision.patch is not None]
    if not readable:
        return None
    fields: dict[str, Value] = {}
    conflicts: dict[str, tuple[Version, ...]] = {}
    current: dict[str, list[Revision]] = {}
    merged: set[str] = set()
    for name, touching in _by_field(readable).items():
        current[name] = history.last(touching)
        versions = _versions(name, current[name])
        if len(versions) > 1 and name == BODY:
            text = _merge_texts(history, versions, touching)
            if text is not None:
                versions, merged = [Version(text, versions[0].revision)], merged | {name}
        if versions[0].value is not None:
            fields[name] = versions[0].value
        if len(versions) > 1:
            conflicts[name] = tuple(versions)
    fields |= _merge_sets(history, readable)
    checks = _together(history, current, conflicts) | {
        name for name in merged if not _seen_together(history, current[name])
    }
    heads = tuple(revision.payload_hash for revision in history.heads())
    return RecordView(_type(history, readable), fields, conflicts, tuple(sorted(checks)), heads)


def _alone(revision: Revision) -> RecordView | None:
    """The quick way for a record that was saved once: most are."""
    patch = revision.patch
    if patch is None:
        return None
    fields = {name: value for name, value in patch.fields.items() if value is not None}
    sets = {name: sorted(set(words)) for name, words in patch.added.items() if words}
    return RecordView(patch.type, {**fields, **sets}, {}, (), (revision.payload_hash,))


def _by_field(revisions: Iterable[Revision]) -> dict[str, list[Revision]]:
    touching: dict[str, list[Revision]] = {}
    for revision in revisions:
        for name in revision.patch.fields if revision.patch else ():
            touching.setdefault(name, []).append(revision)
    return dict(sorted(touching.items()))


def _value(name: str, revision: Revision) -> Value:
    return revision.patch.fields.get(name) if revision.patch else None


def _versions(name: str, revisions: Iterable[Revision]) -> list[Version]:
    """Different values, the one to show first: a value before none, then by payload hash."""
    found: list[Version] = []
    for revision in sorted(revisions, key=lambda r: (_value(name, r) is None, r.payload_hash)):
        value = _value(name, revision)
        if not any(type(known.value) is type(value) and known.value == value for known in found):
            found.append(Version(value, revision))
    return found


def _type(history: History, revisions: Sequence[Revision]) -> str:
    """The kind of record. Only a patch that says another kind than its parents moves it."""
    said = {revision.payload_hash: revision.patch.type for revision in revisions if revision.patch}
    moves = [r for r in revisions if any(said.get(p, said[r.payload_hash]) != said[r.payload_hash] for p in r.parents)]
    roots = history.first(revisions)
    last = history.last(moves) or roots or list(revisions)
    return said[min(last, key=lambda r: r.payload_hash).payload_hash]


def _merge_sets(history: History, revisions: Iterable[Revision]) -> dict[str, Value]:
    """Words of set fields: in if the last patches that speak of them add them, on either side."""
    spoken: dict[tuple[str, str], list[Revision]] = {}
    for revision in revisions:
        if revision.patch:
            for sets in (revision.patch.added, revision.patch.removed):
                for name, words in sets.items():
                    for word in words:
                        spoken.setdefault((name, word), []).append(revision)
    kept: dict[str, list[str]] = {}
    for (name, word), touching in spoken.items():
        if any(r.patch and word in r.patch.added.get(name, ()) for r in history.last(touching)):
            kept.setdefault(name, []).append(word)
    return {name: sorted(words) for name, words in kept.items()}


def _merge_texts(history: History, versions: Sequence[Version], touching: Sequence[Revision]) -> str | None:
    """Texts changed in different paragraphs, as one; None if they cannot be joined without a person."""
    ends = [version.revision for version in versions]
    shared = history.last([r for r in touching if all(history.is_before(r, end) for end in ends)])
    base = _value(BODY, shared[0]) if len(shared) == 1 else None
    texts = [version.value for version in versions]
    if not isinstance(base, str) or any(not isinstance(t, str) or len(t) > MAX_MERGED_CHARACTERS for t in texts):
        return None
    merged = str(texts[0])
    for text in texts[1:]:
        joined = three_way(base, merged, str(text))
        if joined is None:
            return None
        merged = joined
    return merged


def three_way(base: str, one: str, other: str) -> str | None:
    """Merge two texts that grew out of `base`, by paragraphs; None where both changed the same place."""
    b, o, t = _paragraphs(base), _paragraphs(one), _paragraphs(other)
    parts = [list(Merge3(b, *sides).merge_groups()) for sides in ((o, t), (t, o))]
    if any(group[0] == "conflict" for group in parts[0]):
        return None
    results = ["".join("".join(group[1]) for group in groups) for groups in parts]
    return results[0] if results[0] == results[1] else None


def _paragraphs(text: str) -> list[str]:
    """Paragraphs and the blank lines between them, each a piece of its own, so that joining them gives the text back.

    >>> _paragraphs("One.\\n\\nTwo.")
    ['One.', '\\n\\n', 'Two.']
    """
    return [piece for piece in _BLANK_LINES.split(text) if piece]


def _together(history: History, current: Mapping[str, Sequence[Revision]], conflicts: Mapping[str, object]) -> set[str]:
    """Fields that belong together and were changed on two sides that nobody has seen together since."""
    found: set[str] = set()
    for group in TOGETHER:
        present = sorted(name for name in group if name in current and name not in conflicts)
        for at, one in enumerate(present):
            for other in present[at + 1 :]:
                if not _seen_together(history, [*current[one], *current[other]]):
                    found |= {one, other}
    return found


def _seen_together(history: History, revisions: Sequence[Revision]) -> bool:
    ordered: Callable[[Revision, Revision], bool] = lambda a, b: history.is_before(a, b) or history.is_before(b, a)  # noqa: E731
    return all(
        one.payload_hash == other.payload_hash or ordered(one, other) or history.ever_joined(one, other)
        for at, one in enumerate(revisions)
        for other in revisions[at + 1 :]
    )
