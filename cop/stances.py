"""What organisations say of each other. Pure: statements in, answers out. `belonging` adds it up.

An entry of kind `organisation` says what an organisation thinks of another (`accept`, `remove`), that its key was lost
and another stands for it now (`succeeded`), or of itself that it is there (`self`) or has left (`leave`).
"""

from collections.abc import Collection, Iterable, Mapping

from cop import cutoffs, vouching
from cop.model import Cutoff, Entry, EntryId, Members, OrganisationId, WriterId

KIND = "organisation"
SELF, ACCEPT, REMOVE, LEAVE, SUCCEEDED = "self", "accept", "remove", "leave", "succeeded"
_WITH_US = {ACCEPT, SELF, SUCCEEDED}  # until enough others say so, too, a partner whose key was lost stays one
Said = Mapping[OrganisationId, Mapping[OrganisationId, list[Entry]]]  # by whom, about whom: what was not replaced


def stance(
    organisation: OrganisationId,
    what: str,
    replaces: Iterable[EntryId],
    last: Mapping[WriterId, Cutoff] | None = None,
    successor: OrganisationId = b"",
    elsewhere: Mapping[WriterId, Cutoff] | None = None,
) -> dict[str, object]:
    """The extension map of an `organisation` entry. `last`: up to where its writers count; None: it does not say.

    `elsewhere`: up to where they count for others, in place of `last` where nothing counts here any more.
    """
    extra: dict[str, object] = {"organisation": organisation, "stance": what, "replaces": list(replaces)}
    if last is not None:
        extra[cutoffs.LAST] = cutoffs.packed(last)
    if elsewhere is not None:
        extra[cutoffs.ELSEWHERE] = cutoffs.packed(elsewhere)
    return extra | ({"successor": successor} if successor else {})


def current_stances(statements: Iterable[Entry], owners: Mapping[WriterId, OrganisationId]) -> dict[
    OrganisationId, dict[OrganisationId, list[Entry]]
]:  # fmt: skip
    """Per organisation, per organisation it speaks of, the statements that no later one of its own replaced."""
    said: dict[OrganisationId, dict[OrganisationId, list[Entry]]] = {}
    for entry in statements:
        about = entry.extra.get("organisation")
        if entry.kind == KIND and entry.writer in owners and isinstance(about, bytes):
            said.setdefault(owners[entry.writer], {}).setdefault(about, []).append(entry)
    return {
        speaker: {about: _not_replaced(entries) for about, entries in targets.items()}
        for speaker, targets in said.items()
    }


def _not_replaced(entries: list[Entry]) -> list[Entry]:
    replaced = {id_ for entry in entries for id_ in vouching.replaces(entry)}
    return [entry for entry in entries if entry.entry_id not in replaced] or entries


def words(entries: Iterable[Entry]) -> set[str]:
    """What statements say, as far as it is a word."""
    said = (entry.extra.get("stance") for entry in entries)
    return {word for word in said if isinstance(word, str)}


def reached(said: Said, start: Iterable[OrganisationId], without: Collection[OrganisationId]) -> set[OrganisationId]:
    """These organisations, whom they accept, whom those accept, and so on."""
    waiting = list(start)
    found = set(waiting)
    while waiting:
        for about, entries in said.get(waiting.pop(), {}).items():
            if about not in found and about not in without and is_with_us(entries):
                found.add(about)
                waiting.append(about)
    return found


def says(entry: Entry, what: str) -> bool:
    """True if a statement says just that."""
    return entry.extra.get("stance") == what


def is_with_us(entries: Iterable[Entry]) -> bool:
    """True if statements about an organisation let it be a member."""
    said = words(entries)
    return bool(said & _WITH_US) and REMOVE not in said


def ever_accepted(statements: Collection[Entry], root: OrganisationId) -> Members:
    """Everyone who ever belonged to the network of `root`, whatever was said later.

    It only grows, so the order in which entries arrive cannot change what is stored. What somebody says who is not
    reached from `root` counts for nothing.
    """
    owners = vouching.vouched(statements)
    accepted: dict[OrganisationId, set[OrganisationId]] = {}
    for entry in statements:
        about = entry.extra.get("organisation")
        if isinstance(about, bytes) and words([entry]) & {ACCEPT, SELF}:
            for owner in owners.get(entry.writer, ()):
                accepted.setdefault(owner, set()).add(about)
    reached, waiting = {root}, [root]
    while waiting:
        new = accepted.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return Members(frozenset(reached), {w: min(of & reached) for w, of in owners.items() if of & reached})
