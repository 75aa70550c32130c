"""Who took part in what a project's log tells: by role, and counted only in sum and in groups that hide everyone in them. Pure.

A number of people by role may be written beside each step. Readers get the roles of a step, and over the whole log how
often a role took part and how many people that were. Small groups are never counted, and a sum that lacks one
says “at least”, so that nobody can work a small number out from what is shown, also not from what was shown before.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cop.model import Patch, RecordView, Revision, Value, Version

LEAST = 5  # people in a group that may be counted
PROJECT, LOG, TOOK_PART = "project", "log", "took_part"
SUMS = "log_took_part"  # worked out for readers: [{role, times, people, at_least}]
MOST_ROLES, MOST_LETTERS = 50, 100
_DIGITS = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class Group:
    """Those who took part in one step in one role."""

    role: str
    number: int | None  # of people; None: not written, or not in a way that can be counted


def groups(step: object) -> list[Group]:
    """Who took part in one step of a log, as anyone may have written it: {role: number}, a list of these, or roles alone."""
    told = step.get(TOOK_PART) if isinstance(step, Mapping) else None
    found = [group for part in (told if isinstance(told, list) else [told]) for group in _read(part)]
    return found[:MOST_ROLES]


def _read(part: Value) -> Iterator[Group]:
    if isinstance(part, str) and part.strip():
        yield Group(" ".join(part.split())[:MOST_LETTERS], None)
    elif isinstance(part, Mapping) and isinstance(part.get("role"), str):
        yield from (replace(one, number=_number(part.get("number"))) for one in _read(part["role"]))
    elif isinstance(part, Mapping) and "role" not in part:
        for role, number in part.items():
            yield from (replace(one, number=_number(number)) for one in _read(str(role)))


def _number(value: Value) -> int | None:
    """The number of people, also in “about 12”; None if there is none."""
    found = _DIGITS.search(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else None
    return int(found[0]) or None if found else None


def too_small(log: Value) -> Iterator[Group]:
    """The groups of a log that must not be counted: somebody could be recognised."""
    for step in log if isinstance(log, list) else ():
        yield from (one for one in groups(step) if one.number is not None and one.number < LEAST)


def sums(log: Value) -> list[Value]:
    """Over a whole log, per role: how often it took part, and how many people that were, as far as that may be said."""
    found: dict[str, list[Group]] = {}
    for step in log if isinstance(log, list) else ():
        for one in groups(step):
            found.setdefault(one.role.casefold(), []).append(one)
    return [_sum(several) for _, several in sorted(found.items())]


def _sum(several: Sequence[Group]) -> Value:
    counted = [one.number for one in several if one.number is not None and one.number >= LEAST]
    return {
        "role": several[0].role,
        "times": len(several),
        "people": sum(counted),
        "at_least": len(counted) < len(several),
    }


def for_readers(view: RecordView, revisions: Sequence[Revision]) -> tuple[RecordView, Sequence[Revision]]:
    """The same record and history with no number beside a single step; the sums stand in a field of their own."""
    if view.type != PROJECT:
        return view, revisions  # nearly always
    log = view.fields.get(LOG)
    fields: dict[str, Value] = {name: _plain(name, value) for name, value in view.fields.items() if name != SUMS}
    conflicts = {
        name: tuple(Version(_plain(name, one.value), one.revision) for one in versions)
        for name, versions in view.conflicts.items()
    }
    if told := sums(log):
        fields[SUMS] = told
    shown = [replace(one, patch=_patch(one.patch)) if one.patch else one for one in revisions]
    return replace(view, fields=fields, conflicts=conflicts), shown


def _patch(patch: Patch) -> Patch:
    fields = {name: _plain(name, value) for name, value in patch.fields.items() if name != SUMS}
    return replace(patch, fields=fields)


def _plain(name: str, value: Value) -> Value:
    if name != LOG or not isinstance(value, list):
        return value
    return [_step(one) for one in value]


def _step(step: Value) -> Value:
    if not isinstance(step, Mapping) or TOOK_PART not in step:
        return step
    return {**step, TOOK_PART: [one.role for one in groups(step)]}
