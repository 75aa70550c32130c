"""What an agreement of the network asks for before a text counts as published. Pure.

See docs/decisions/endorsing.md for what each rule is for, and what it cannot do.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

from cop import endorsing, signing
from cop.endorsing import Standing, Text
from cop.fields import AGREEMENT, ANY, EACH_KIND, MOST_ASKED, NO_RULE, ORGANISATION_KINDS, STEWARDS
from cop.model import Members, OrganisationId, RecordId, RecordView, Revision, Value
from cop.patch import id_text

RECORD_ID = id_text(signing.sha256(b"cop/v1/agreement")[:16])  # the one record that is the network's agreement
CO_SIGNERS = 2  # organisations that an agreement needs, whatever it says; one that is alone signs alone
MOST = MOST_ASKED  # and the longest list that is read
KEY_DIGITS = 64  # of an organisation's public key, hexadecimal


@dataclass(frozen=True)
class Voters:
    """The organisations of the network, as far as it matters for counting."""

    names: Mapping[OrganisationId, str] = field(default_factory=dict)
    kinds: Mapping[OrganisationId, frozenset[str]] = field(default_factory=dict)  # every kind that each ever said it is
    present: Collection[OrganisationId] = ()  # members; of the others only what they said before they left counts
    heirs: Mapping[OrganisationId, OrganisationId] = field(default_factory=dict)  # lost key: the one that stands for it

    def kind(self, organisation: OrganisationId) -> str:
        """What an organisation counts as: of one that has said two different things nobody knows."""
        told = self.kinds.get(organisation, frozenset())
        return next(iter(told)) if len(told) == 1 else ""


NOBODY = Voters()


@dataclass(frozen=True)
class Party:
    """An organisation that an agreement names, with what it counts as."""

    key: OrganisationId
    name: str
    kind: str


@dataclass(frozen=True)
class Terms:
    """The parts of an agreement that machines go by."""

    publishing: str = NO_RULE
    how_many: int = 0  # 0: not said
    kinds: tuple[str, ...] = ()
    parties: tuple[Party, ...] = ()  # none: all members

    @property
    def least(self) -> int:
        """How many organisations are asked for, if that is a matter of numbers."""
        return max(1, self.how_many)

    def asked(self) -> "tuple[Need, ...]":
        """What stands there, whoever is a member; () if that is no matter of numbers."""
        if self.publishing == EACH_KIND and self.kinds:
            return tuple(Need(self.least, kind) for kind in self.kinds)
        return (Need(self.least),) if self.publishing in (ANY, EACH_KIND) else ()


@dataclass(frozen=True)
class Need:
    """Somebody who must still look at a text: so many organisations, of a kind or of any; or the one of that name."""

    count: int
    kind: str = ""
    name: str = ""


@dataclass(frozen=True)
class Rule:
    """What is asked for, and of whom, on a given day of a given network."""

    terms: Terms
    voters: tuple[tuple[OrganisationId, str, str], ...]  # key, name, kind: whose votes count, by key
    gone: tuple[OrganisationId, ...] = ()  # of them, who has left: nobody waits for them

    def is_met(self, organisations: Collection[OrganisationId], stewards: Iterable[str] = ()) -> bool:
        """True if these organisations are enough; `stewards` are those that the record names."""
        return not self.lacks(organisations, stewards)

    def lacks(self, organisations: Collection[OrganisationId], stewards: Iterable[str] = ()) -> tuple[Need, ...]:
        """Who is still needed.

        Nobody who is not there is waited for: of those whose votes count never more are asked for than there are.
        """
        voting = [one for one in self.voters if one[0] in organisations]
        kinds = [one[2] for one in self.voters if one[0] not in self.gone or one in voting]
        if self.terms.publishing == EACH_KIND and set(self.terms.kinds) & set(kinds):
            wanted = {kind: min(self.terms.least, kinds.count(kind)) for kind in self.terms.kinds}
            return _still([Need(wanted[kind] - sum(one[2] == kind for one in voting), kind) for kind in wanted])
        named = self._named(stewards) if self.terms.publishing == STEWARDS else {}
        if named:
            still = [Need(1, name=name) for key, name in named.items() if key not in organisations]
            enough = min(self.terms.how_many or len(named), len(named))
            return tuple(still) if len(named) - len(still) < enough else ()
        least = 1 if self.terms.publishing == STEWARDS else self.terms.least
        return _still([Need(min(least, len(kinds)) - len(voting))])

    def _named(self, stewards: Iterable[str]) -> dict[OrganisationId, str]:
        """Those stewards that are known, each once."""
        found: dict[OrganisationId, str] = {}
        for wanted in stewards:
            plain = wanted.strip().casefold()
            meant = [one for one in self.voters if plain in (one[1].strip().casefold(), one[0].hex())]
            meant = [one for one in meant if one[0] not in self.gone]
            if len(meant) == 1:  # a name that two organisations bear stands for neither
                found[meant[0][0]] = meant[0][1]
        return found


def _still(needs: Iterable[Need]) -> tuple[Need, ...]:
    return tuple(need for need in needs if need.count > 0)


def read(fields: Mapping[str, Value]) -> Terms:
    """The terms of an agreement that anyone may have written."""
    publishing = fields.get("publishing")
    kinds = fields.get("kinds")
    return Terms(
        publishing if publishing in (NO_RULE, EACH_KIND, STEWARDS) else ANY if publishing is not None else NO_RULE,
        number if type(number := fields.get("how_many")) is int and 0 < number <= MOST else 0,
        tuple(kind for kind in ORGANISATION_KINDS if isinstance(kinds, list | tuple) and kind in kinds),
        tuple(_parties(fields.get("parties"))),
    )


def _parties(value: Value) -> Iterable[Party]:
    seen: set[OrganisationId] = set()
    for one in value[:MOST] if isinstance(value, list) else ():
        key = organisation_key(one.get("key")) if isinstance(one, Mapping) else b""
        if key and key not in seen:
            seen.add(key)
            yield Party(key, str(one.get("name") or ""), str(one.get("kind") or ""))


def organisation_key(text: object) -> OrganisationId:
    """A public key as an agreement writes it, b"" if it is none."""
    plain = text.strip().lower() if isinstance(text, str) else ""
    if len(plain) != KEY_DIGITS or not set(plain) <= set("0123456789abcdef"):
        return b""
    return bytes.fromhex(plain)


def rule_of(terms: Terms, voters: Voters) -> Rule:
    """Whose votes count under these terms: the parties that are members, or all members if none is named.

    A party whose key was lost votes with the one that stands for it now.
    """
    named = ((voters.heirs.get(party.key, party.key), party) for party in terms.parties)
    known = {key: (key, party.name, party.kind) for key, party in named if key in voters.names}
    if not terms.parties:
        known = {key: (key, name, voters.kind(key)) for key, name in voters.names.items()}
    return Rule(terms, tuple(known[key] for key in sorted(known)), tuple(sorted(known.keys() - set(voters.present))))


def co_signed(organisations: Collection[OrganisationId], voters: Voters) -> bool:
    """True if enough organisations signed for any agreement at all."""
    return not _to_sign(organisations, voters)


def _to_sign(organisations: Collection[OrganisationId], voters: Voters) -> tuple[Need, ...]:
    there = set(voters.present) | (voters.names.keys() & set(organisations))
    return _still([Need(min(CO_SIGNERS, len(there)) - len(there & set(organisations)))])


def standing(
    record_id: RecordId,
    newest: RecordView,
    revisions: Sequence[Revision],
    network: Members,
    rules: Sequence[Rule],
    voters: Voters,
) -> Standing:
    """What has become of a record under these rules. The agreement itself follows its own."""
    if record_id != RECORD_ID:
        judge = partial(is_published, rules) if rules else None
        return endorsing.standing(newest, revisions, network, judge)
    found = endorsing.standing(newest, revisions, network, partial(is_agreed, voters), binding=True)
    if found.view is None:
        return replace(found, view=newest, seen=None)  # a proposal, for all to read
    lasting = {name: value for name, value in found.view.fields.items() if name != "withdrawn"}  # nobody hides it alone
    return replace(found, view=replace(found.view, fields=lasting))


def rules_in_force(counted: Sequence[Text], voters: Voters) -> tuple[Rule, ...]:
    """What the versions of the agreement ask for that count: all of it, should they not know of each other."""
    found = [rule_of(terms, voters) for text in counted if (terms := read(text.view.fields)).publishing != NO_RULE]
    return tuple(rule for rule in found if rule.voters)


def is_published(rules: Iterable[Rule], text: Text, before: Sequence[Text]) -> bool:
    """True if enough organisations looked at a text. Who its stewards are, the texts say that counted before it."""
    return all(
        rule.is_met(text.organisations, stewards_of(one.view.fields)) for rule in rules for one in (before or [text])
    )


def needs(rules: Iterable[Rule], standing: Standing) -> tuple[Need, ...]:
    """Who must still look at the newest text of a record that waits."""
    text = standing.newest
    if text is None:
        return ()
    before = standing.counted or [text]
    found = (rule.lacks(text.organisations, stewards_of(one.view.fields)) for rule in rules for one in before)
    return _joined(chain.from_iterable(found))


def _joined(found: Iterable[Need]) -> tuple[Need, ...]:
    """What one rule asks for is good for the others, too."""
    most: dict[tuple[str, str], Need] = {}
    for need in found:
        key = need.kind, need.name
        most[key] = max(need, most.get(key, need), key=lambda one: one.count)
    return tuple(most.values())


def needs_of_agreement(voters: Voters, standing: Standing) -> tuple[Need, ...]:
    """Who must still sign the newest version of the agreement."""
    text = standing.newest
    if text is None:
        return ()
    asking = [rule for one in (text, *standing.counted) for rule in rules_in_force([one], voters)]
    more = needs(asking, standing)
    return _joined((*_to_sign(text.organisations, voters), *more))


def is_agreed(voters: Voters, text: Text, before: Sequence[Text]) -> bool:
    """True if a version of the agreement is in force: enough have signed for the one before, and for what it asks itself.

    So nobody can change the rules alone, nor make one that nobody could ever change again.
    """
    if text.view.type != AGREEMENT or not co_signed(text.organisations, voters):
        return False
    return all(is_published(rules_in_force([one], voters), text, [one]) for one in (text, *before))


def stewards_of(fields: Mapping[str, Value]) -> Sequence[str]:
    """The stewards that a record names."""
    value = fields.get(STEWARDS)
    return [one for one in value[:MOST] if isinstance(one, str)] if isinstance(value, list | tuple) else []
