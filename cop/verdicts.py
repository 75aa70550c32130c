"""Whose erasures count, and for which text. Pure: no database, no clock, no order of arrival."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cop import erasing, votes
from cop.erasing import DESTROY, HIDE, SPENT, Erasure
from cop.model import EntryId, OrganisationId, PayloadHash, WriterId

EDITION = (
    2  # counts up when a newer cop decides otherwise about the same entries: then it decides about all of them anew
)
Authors = frozenset[WriterId]  # whoever signed a text; more than one only if somebody lies
_FOLLOWS = frozenset({votes.KIND, erasing.KIND})  # what stands in these is about a text, and goes with it


@dataclass(frozen=True)
class Parties:
    """Who is who, as far as it matters here."""

    owners: Mapping[WriterId, OrganisationId]  # whoever vouched for a writer
    members: Collection[WriterId]  # writers of members
    ours: OrganisationId
    confirmed: Collection[EntryId] = frozenset()  # requests of others that people here agreed to
    apart: Collection[EntryId] = frozenset()  # what was written after its writer was ended, such as a stolen laptop

    def owner(self, writer: WriterId) -> bytes:
        """The organisation behind a writer; of one that nobody vouched for, the writer itself."""
        return self.owners.get(writer, writer)


@dataclass(frozen=True)
class Verdict:
    """What becomes of one payload by one erasure."""

    erasure: EntryId
    what: str  # DESTROY; HIDE until people have decided; or SPENT: another one destroys what this one asks for
    own: bool  # whoever asks for it wrote it


@dataclass(frozen=True)
class Signed:
    """One item that names a payload, in whatever entry."""

    writer: WriterId
    kind: str  # of its entry
    parents: tuple[PayloadHash, ...]


def texts(payload_hash: PayloadHash, signed: Mapping[PayloadHash, Sequence[Signed]]) -> set[Authors]:
    """Who signed a text. Of a vote, and of what an erasure left: who signed each text that it is about.

    A vote is nobody's text: it goes with what it is about. `signed` are all items of the payloads of one record.
    """
    found: set[Authors] = set()
    seen: set[PayloadHash] = set()
    waiting = [payload_hash]
    while waiting:  # names that lead in a circle can only be forged; each is gone through once
        one = waiting.pop()
        if one not in seen and _follows(signed[one]):
            waiting += _about(signed[one], signed)
        elif one not in seen:
            found.add(_authors(signed[one]))
        seen.add(one)
    return found or {_authors(signed[payload_hash])}  # what it is about has not arrived


def _authors(items: Iterable[Signed]) -> Authors:
    return frozenset(one.writer for one in items)


def _follows(items: Sequence[Signed]) -> bool:
    """If two sign the same payload, one of them lies: then it is a text of both, so that neither alone decides."""
    return len(_authors(items)) == 1 and all(one.kind in _FOLLOWS for one in items)


def _about(items: Iterable[Signed], signed: Mapping[PayloadHash, Sequence[Signed]]) -> list[PayloadHash]:
    parents = [parent for one in items for parent in one.parents if parent in signed]
    return [one for one in parents if not _follows(signed[one])] or parents


def verdicts(about: Iterable[Authors], naming: Iterable[Erasure], parties: Parties) -> list[Verdict]:
    """What becomes of a payload by the erasures that name it or its record; `about` are the `texts` it goes with.

    Who wrote something may have it destroyed everywhere at once. What others ask for is hidden at once and waits: for
    whoever wrote it, or for the people of each place. Should several organisations claim to have written it, none of
    them alone decides. What is destroyed waits for nobody, whoever else asks for it.
    """
    known = {one.entry_id: one for one in naming if one.entry_id not in parties.apart}
    found: dict[EntryId, Verdict] = {}
    for authors in about:
        for verdict in _of_one_text(authors, known.values(), parties):
            found[verdict.erasure] = min(verdict, found.get(verdict.erasure, verdict), key=_strength)
    destroyed = [known[one.erasure] for one in found.values() if one.what == DESTROY]
    settled = (
        replace(one, what=SPENT) if one.what == HIDE and _is_met(known[one.erasure], destroyed) else one
        for one in found.values()
    )
    return sorted(settled, key=lambda verdict: verdict.erasure)


def _strength(verdict: Verdict) -> tuple[str, bool]:
    return verdict.what, not verdict.own


def _of_one_text(authors: Authors, naming: Collection[Erasure], parties: Parties) -> Iterable[Verdict]:
    written_by = {parties.owner(writer) for writer in authors}
    for one in naming:
        asking = parties.owner(one.writer)
        own = written_by == {asking}
        if one.keeps or not (own or (one.writer in parties.members and not one.agrees)):
            continue
        kept = {parties.owner(other.writer) for other in naming if one.entry_id in other.keeps}
        agreed = {asking, *(parties.owner(other.writer) for other in naming if one.entry_id in other.agrees)}
        if own or parties.ours in agreed or one.entry_id in parties.confirmed or written_by <= agreed:
            yield Verdict(one.entry_id, DESTROY, own)
        elif not written_by <= kept:
            yield Verdict(one.entry_id, HIDE, own)


def _is_met(wanted: Erasure, destroyed: Collection[Erasure]) -> bool:
    """True if nothing is left in this payload's place of what is wanted, once it was destroyed by these.

    Who wants the whole record also wants what they leave of it: that is another payload of the record.
    """
    if not destroyed or not wanted.fields:
        return bool(destroyed)
    return any(not one.fields for one in destroyed) or wanted.fields <= frozenset().union(
        *(one.fields for one in destroyed)
    )
