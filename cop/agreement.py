"""The network's agreement, as the log has it: which version is in force, what it asks for, and how to begin one. Reads only."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cop import merge, read_back, settings, terms, trust
from cop.endorsing import Standing, Text
from cop.fields import AGREEMENT, BY_COMMAND, NO_RULE, TYPES
from cop.model import PUBLIC, OrganisationId, Revision, Value
from cop.origin import Origin
from cop.publish import title_of
from cop.terms import RECORD_ID, Need, Terms, Voters
from cop.writeback import new_file

FIRST_TEXT = """
Ground rules: how do you want to treat each other? Write them here, in plain words, and take these questions out.

- What can everybody expect who brings something?
- How do you decide when you do not agree?
- When do you look at this agreement again?
"""


@dataclass(frozen=True)
class Signed:
    """One version of the agreement."""

    title: str
    terms: Terms
    signed: tuple[str, ...]  # names, from A to Z
    votes_of: tuple[str, ...]  # names of whose votes count under it; none: all members'
    unsettled: tuple[str, ...] = ()  # fields with more than one answer: nobody can sign that
    needs: tuple[Need, ...] = ()  # who must still sign
    instead: tuple[Need, ...] | None = None  # what counts while too few are there; None: they are enough
    by_us: bool = False  # our organisation has signed it


@dataclass(frozen=True)
class Told:
    """What the network agreed on."""

    in_force: tuple[Signed, ...] = ()  # several, if they were made without knowing of each other
    proposed: Signed | None = None


def with_rules(db: sqlite3.Connection, origin: Origin) -> Origin:
    """The same, with what the agreement in force asks for."""
    history = read_back.revisions(db, RECORD_ID)
    if not history:
        return origin  # nobody has proposed one
    network = origin.network
    kinds = trust.kinds_told(db, network)
    origin = replace(origin, voters=Voters(origin.names, kinds, network.organisations, network.heirs))
    found = standing(history, origin)
    return replace(origin, rules=terms.rules_in_force(found.counted, origin.voters) if found else ())


def standing(history: list[Revision], origin: Origin) -> Standing | None:
    """What became of the agreement, with its versions in force as `counted`; None if nobody has written one."""
    revisions = merge.accepted([one for one in history if one.audience == PUBLIC], origin.network)
    newest = merge.merge(revisions)
    return terms.standing(RECORD_ID, newest, revisions, origin.network, (), origin.voters) if newest else None


def told(db: sqlite3.Connection, origin: Origin) -> Told:
    """What the network agreed on, and what is proposed. `origin`: as `with_rules` made it."""
    found = standing(read_back.revisions(db, RECORD_ID), origin)
    if found is None or found.newest is None:
        return Told()
    proposed = None
    if found.waits:
        needs = terms.needs_of_agreement(origin.voters, found)
        unsettled = tuple(sorted(found.newest.view.conflicts.keys() - BY_COMMAND))
        by_us = settings.read(db, "organisation") in found.newest.organisations
        proposed = replace(_signed(found.newest, origin), unsettled=unsettled, needs=needs, by_us=by_us)
    return Told(tuple(_signed(text, origin) for text in found.counted), proposed)


def _signed(text: Text, origin: Origin) -> Signed:
    read = terms.read(text.view.fields)
    rule = terms.rule_of(read, origin.voters)
    parties = [key for key, _, _ in rule.voters if key not in rule.gone] if read.parties else []
    now = rule.lacks(())
    return Signed(
        title_of(text.view.fields),
        read,
        _names(text.organisations, origin),
        _names(parties, origin),
        instead=now if read.asked() and now != read.asked() else None,
    )


def _names(organisations: Iterable[OrganisationId], origin: Origin) -> tuple[str, ...]:
    return tuple(sorted((origin.names[one] for one in organisations if one in origin.names), key=str.casefold))


def first_file(title: str, members: Iterable[tuple[OrganisationId, str, str]]) -> str:
    """The content file of an agreement to begin with: it names all members, and asks for nothing yet."""
    parties: list[Value] = [{"name": name, "kind": kind, "key": key.hex()} for key, name, kind in members]
    fields: dict[str, Value] = {"title": title, "publishing": NO_RULE, "parties": parties, "body": FIRST_TEXT}
    return new_file(TYPES[AGREEMENT], RECORD_ID, fields)
