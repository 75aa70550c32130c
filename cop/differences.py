"""Fields of a record with more than one answer: who gave each, what stood there before, and both as one. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cop.fields import kind_of
from cop.merge import History, merge
from cop.model import PayloadHash, RecordView, Revision, Value, Version

_LISTS = frozenset({"list", "people", "entries", "files", "moves"})  # one value, made of parts that can stand together
_NAMES = frozenset({"title", "label", "slug", "summary"})  # two of them, one after the other, are no name any more


@dataclass(frozen=True)
class Difference:
    """One field that was answered differently."""

    field: str
    audience: int
    versions: tuple[Version, ...]  # the first one is shown until it is settled
    before: tuple[Value, ...]  # what everybody who gave an answer had seen; empty if nothing, or if that is not held
    both: Value  # all answers as one; None where that makes no sense


@dataclass(frozen=True)
class Joined:
    """One field that was merged by machine, or belongs to one that was: a person has to say that it fits."""

    audience: int
    value: Value


@dataclass(frozen=True)
class Differing:
    """A record, the heads by audience that a save has to name to have seen it all, and what is not settled in it."""

    view: RecordView
    heads: dict[int, tuple[PayloadHash, ...]]
    fields: dict[str, Difference]
    joined: dict[str, Joined]

    def audience(self, name: str) -> int:
        """Who receives a field of either kind."""
        return self.fields[name].audience if name in self.fields else self.joined[name].audience


def differing(revisions: Sequence[Revision]) -> Differing | None:
    """Read a record from revisions that count; None if nothing of it is held."""
    view = merge(revisions)
    if view is None:
        return None
    histories = {a: History(r for r in revisions if r.audience == a) for a in {r.audience for r in revisions}}
    heads = {a: tuple(r.payload_hash for r in history.heads()) for a, history in histories.items()}
    fields = {
        name: _difference(view.type, name, versions, histories[versions[0].revision.audience])
        for name, versions in view.conflicts.items()
    }
    return Differing(view, heads, fields, dict(_joined(revisions)) if view.checks else {})


def _joined(revisions: Sequence[Revision]) -> Iterator[tuple[str, Joined]]:
    for audience in sorted({r.audience for r in revisions}):
        if view := merge(r for r in revisions if r.audience == audience):
            yield from ((name, Joined(audience, view.fields.get(name))) for name in view.checks)


def _difference(type_name: str, name: str, versions: tuple[Version, ...], history: History) -> Difference:
    both = together(type_name, name, [version.value for version in versions])
    return Difference(name, versions[0].revision.audience, versions, _before(history, name, versions), both)


def _before(history: History, name: str, versions: Iterable[Version]) -> tuple[Value, ...]:
    """The last values of a field that each answer was given after."""
    ends = [version.revision for version in versions]
    told = [r for r in history.revisions if r.patch and name in r.patch.fields]
    shared = history.last([r for r in told if all(history.is_before(r, end) for end in ends)])
    values = [r.patch.fields[name] for r in shared if r.patch and r.patch.fields[name] is not None]
    return tuple(value for at, value in enumerate(values) if value not in values[:at])


def together(type_name: str, name: str, values: Sequence[Value]) -> Value:
    """All of these as one value, in their order; None where that makes no sense, as with two days.

    >>> together("post", "body", ["One.", "Two."])
    'One.\\n\\nTwo.'
    >>> together("event", "start", ["2026-12-01", "2026-12-02"])
    """
    kind = kind_of(type_name, name)
    if kind in _LISTS and all(isinstance(value, list | tuple) or value is None for value in values):
        parts = [part for value in values if isinstance(value, list | tuple) for part in value]
        return [part for at, part in enumerate(parts) if part not in parts[:at]]
    texts = [value for value in values if isinstance(value, str) and value.strip()]
    if kind not in ("text", "markdown") or name in _NAMES or len(texts) != len(values):
        return None
    return ("\n\n" if kind == "markdown" else " ").join(text.strip() for text in texts)
