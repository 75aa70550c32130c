"""The answers for one field side by side: who gave each, when and why, what it said before, and what differs word by word."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cop import changes, trust
from cop.differences import Difference, Differing
from cop.fields import TYPES
from cop.model import Value, Version, iso_time
from cop.web import dates, facts, forms, labels, marking
from cop.web.language import _, apart, ngettext
from cop.web.posting import Form

LONG = 1500  # characters; of a longer text the parts that differ are shown, and the whole on demand
OPEN, BOTH, WRITE = "open", "both", "write"  # what can be chosen beside an answer
Who = Mapping[bytes, str]  # a writer's key: what its organisation is called


@dataclass(frozen=True)
class Given:
    """One of the answers for a field."""

    id: str  # hex
    organisation: str
    person: str
    when: str
    when_iso: str
    seen: str  # the day it reached this copy
    why: str
    text: str
    whole: str  # the whole text if `text` is only what differs, else ""
    is_nothing: bool  # it takes the field away
    is_shown: bool  # it stands on the page until this is settled
    compared: tuple[marking.Piece, ...]  # with the first answer, word by word
    is_chosen: bool


@dataclass(frozen=True)
class ToSettle:
    """A field with more than one answer."""

    name: str
    label: str
    heading: str
    ours: bool  # its values are words of the site
    before: str  # what everybody had seen before, "" if nothing or if that is not known
    given: tuple[Given, ...]
    both: bool  # all answers can stand together
    input: forms.Input | None  # to write another answer
    chosen: str


def who(db: sqlite3.Connection) -> Who:
    """The organisation of each writer."""
    network = trust.members(db)
    names = trust.names(db, network)
    return {writer: names[owner].name for writer, owner in network.writers.items()}


def to_settle(known: Differing, difference: Difference, form: Form, who: Who, problem: str) -> ToSettle:
    """One field, with what was chosen and typed."""
    type_name, name = known.view.type, difference.field
    record_type = TYPES.get(type_name)
    texts = [in_words(type_name, name, version.value) for version in difference.versions]
    chosen = form.text(f"answer-{name}") or OPEN
    made = [_given(one, at, texts, chosen, who) for at, one in enumerate(difference.versions)]
    heading = ngettext(
        "%(num)s answer for “%(field)s”",
        "%(num)s answers for “%(field)s”",
        len(made),
        field=apart(labels.field_label(record_type, name)),
    )
    return ToSettle(
        name=name,
        label=labels.field_label(record_type, name),
        heading=heading,
        ours=facts.is_ours(type_name, name),
        before=" / ".join(_cut(in_words(type_name, name, one), texts[0]) for one in difference.before),
        given=_told_apart(sorted(made, key=lambda one: (one.organisation.casefold(), one.when_iso, one.id))),
        both=difference.both is not None,
        input=_input(known, name, form, problem),
        chosen=chosen if chosen in (OPEN, BOTH, WRITE, *(one.id for one in made)) else OPEN,
    )


def _input(known: Differing, name: str, form: Form, problem: str) -> forms.Input | None:
    record_type = TYPES.get(known.view.type)
    if record_type is None:
        return None
    typed, problems = (form if form.has(name) else None), ({name: problem} if problem else {})
    found = forms.inputs(record_type, known.view.fields, names=[name], form=typed, problems=problems)
    one = next(found, None)
    return one if one and one.widget != "kept" else None


def _given(version: Version, at: int, texts: list[str], chosen: str, who: Who) -> Given:
    revision, patch, whole = version.revision, version.revision.patch, texts[at]
    short = _cut(whole, texts[0] if at else texts[1])
    claimed = iso_time(revision.claimed_time)
    return Given(
        id=revision.payload_hash.hex(),
        organisation=who.get(revision.writer, "") or _("Somebody"),
        person=patch.person if patch else "",
        when=dates.moment(claimed[:16]) if claimed else _("an unknown time"),
        when_iso=claimed,
        seen=dates.words(iso_time(revision.received_time)[:10]),
        why=patch.why if patch else "",
        text=short,
        whole=whole if short != whole else "",
        is_nothing=version.value is None,
        is_shown=at == 0,
        compared=marking.pieces(_cut(texts[0], whole), short) if at and whole else (),
        is_chosen=chosen == revision.payload_hash.hex(),
    )


def _told_apart(given: Sequence[Given]) -> tuple[Given, ...]:
    """Where one organisation gave several answers, as two people at once do, each has a number."""
    seen = Counter[str]()
    many = Counter(one.organisation for one in given)
    numbered = []
    for one in given:
        seen[one.organisation] += 1
        name = f"{one.organisation} ({seen[one.organisation]})" if many[one.organisation] > 1 else one.organisation
        numbered.append(replace(one, organisation=name))
    return tuple(numbered)


def _cut(text: str, other: str) -> str:
    """A text, or of a long one the parts that are not the same in another."""
    return str(changes.both_cut(text, other)[0]) if max(len(text), len(other)) > LONG else text


def in_words(type_name: str, name: str, value: Value) -> str:
    """A value as people read it, "" if there is none."""
    return facts.in_words(type_name, name, value) if value is not None else ""
