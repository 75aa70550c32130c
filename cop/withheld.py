"""A record as readers see it: without the contact details that nobody agrees to show on that day. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from cop import ending
from cop.contact_details import CONSENTS, Detail, agreed, at_most, find, for_all, keys_in, may_have_any
from cop.model import Patch, RecordView, Revision, Value, Version

PASSES = 4
MOST = 2000  # in a record and its history; with more, every text that may have one is left out as a whole
NOT_SHOWN = "[not shown]"  # stands for a detail that nobody agreed to show, or no longer agrees to


def for_readers(
    view: RecordView, revisions: Sequence[Revision], newest: RecordView, consents: Value, today: date, zone: str
) -> tuple[RecordView, Sequence[Revision]]:
    """The same record and its history with NOT_SHOWN for every such detail. `zone`: see `contact_details.find`.

    `consents` are those that the network knows of. Where they stand in public texts (as they once did) and a newer text
    waits to be looked at, `newest` has it: who took their consent back there need not wait.
    """
    said = [part for one in revisions for patch in (one.patch, one.word) if patch for part in _said(patch)]
    everything = "\n\0\n".join(_texts(said))
    if not may_have_any(everything) or all(for_all(one.type, one.fields) for one in (view, newest)):
        return view, revisions  # nearly always
    keys = agreed({CONSENTS: consents}, today, zone)
    if newest.fields.get(CONSENTS) == consents:
        keys &= agreed(view.fields, today, zone)
    eyes = _Readers(keys, zone, at_most(everything) > MOST)
    conflicts = {
        name: tuple(Version(eyes.value(one.value), one.revision) for one in versions)
        for name, versions in view.conflicts.items()
    }
    shown = [eyes.revision(one) if one.patch or one.word else one for one in revisions]
    fields = eyes.fields({**view.fields, CONSENTS: None})
    if still := _still(consents, keys & _found(said, eyes), today, zone):
        fields[CONSENTS] = still
    return replace(view, fields=fields, conflicts=conflicts), shown


def _said(patch: Patch) -> tuple[Value, ...]:
    return patch.fields, patch.added, patch.why, patch.person, patch.took_part


def _found(said: list[Value], eyes: "_Readers") -> frozenset[str]:
    """Keys of the details that stand in what readers get, which consents are not."""
    if eyes.quick:
        return eyes.keys
    told = [
        {name: one for name, one in part.items() if name != CONSENTS} if isinstance(part, dict) else part
        for part in said
    ]
    return keys_in(told, eyes.zone)


def without(value: Value, keys: frozenset[str], zone: str, *, quick: bool = False) -> Value:
    """The same value with NOT_SHOWN for every detail but those under `keys`; `quick`: for every text that may have one."""
    if isinstance(value, str) and quick:
        return NOT_SHOWN if may_have_any(value) else value
    if isinstance(value, str):
        for _ in range(PASSES):  # one may have covered another
            some = [one for one in find(value, zone) if one.key not in keys]
            if not some:
                return value
            value = _cut(value, some)
        return NOT_SHOWN
    if isinstance(value, dict):
        return {
            str(without(name, keys, zone, quick=quick)): without(part, keys, zone, quick=quick)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [without(part, keys, zone, quick=quick) for part in value]
    return value


def _cut(text: str, some: list[Detail]) -> str:
    parts, at = [], 0
    for one in some:
        if one.start >= at:
            parts += [text[at : one.start], NOT_SHOWN]
            at = one.start + len(one.text)
    return "".join([*parts, text[at:]])


@dataclass(frozen=True)
class _Readers:
    """What they may see."""

    keys: frozenset[str]
    zone: str
    quick: bool

    def text(self, text: str) -> str:
        return str(without(text, self.keys, self.zone, quick=self.quick))

    def value(self, value: Value) -> Value:
        return without(value, self.keys, self.zone, quick=self.quick)

    def fields(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        return {self.text(name): self.value(value) for name, value in fields.items()}

    def revision(self, one: Revision) -> Revision:
        patch, word = (self.patch(part) if part else None for part in (one.patch, one.word))
        return replace(one, patch=patch, word=word)

    def patch(self, patch: Patch) -> Patch:
        added, removed = (
            {name: tuple(map(self.text, words)) for name, words in sets.items()}
            for sets in (patch.added, patch.removed)
        )
        why, person, took_part = map(self.text, (patch.why, patch.person, patch.took_part))
        fields = self.fields(patch.fields)
        return replace(patch, fields=fields, added=added, removed=removed, why=why, person=person, took_part=took_part)


def _still(consents: Value, shown: frozenset[str], today: date, zone: str) -> list[Value]:
    """Until when details are shown, and the last day of what was, as clocks may go back."""
    some = [one for one in consents if isinstance(one, dict)] if isinstance(consents, list) else []
    said = [(one.get("until"), keys_in(one.get("detail"), zone)) for one in some]
    return [
        {"until": until} if ending.is_over(until, today) else {"until": until, "detail": True}
        for until, keys in said
        if ending.is_over(until, today) or not shown.isdisjoint(keys)
    ]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
