"""Which writers an organisation vouches for, and which of them it has ended. Pure: statements in, answers out.

An entry of kind `writer` holds an organisation's signature under a writer's key; one of kind `writer-end` its signature
under the last entries of that writer which still count.
"""

from collections.abc import Iterable, Mapping, Sequence

from cop import cbor, cutoffs, signing
from cop.model import Cutoff, Entry, EntryId, OrganisationId, WriterId

WRITER, WRITER_END = "writer", "writer-end"
KEY_BYTES = 32


def certificate(organisation: signing.Signer, writer: WriterId) -> dict[str, object]:
    """The extension map of a `writer` entry."""
    return {
        "organisation": organisation.public,
        "writer": writer,
        "certificate": signing.certify(organisation, writer),
    }


def end(
    organisation: signing.Signer, speaker: WriterId, writer: WriterId, last: Cutoff, instead_of: Iterable[EntryId]
) -> dict[str, object]:
    """The extension map of a `writer-end` entry, which `speaker` writes."""
    replaced = sorted(instead_of)
    return {
        "organisation": organisation.public,
        "writer": writer,
        cutoffs.LAST: cutoffs.packed({writer: last}),
        "signature": organisation.sign(signing.END, _end_bytes(speaker, writer, last, replaced)),
        "replaces": replaced,
    }


def _end_bytes(speaker: WriterId, writer: WriterId, last: Cutoff, replaced: Sequence[EntryId]) -> bytes:
    """What is signed. With the speaker, so that nobody else can say once more what was said and replaced."""
    return cbor.encode([speaker, writer, [list(at) for at in sorted(last)], list(replaced)])


def certified(statements: Iterable[Entry]) -> dict[WriterId, OrganisationId]:
    """Per writer, the organisation that signed for it. The first in byte order, should several have."""
    return {writer: min(organisations) for writer, organisations in vouched(statements).items()}


def vouched(statements: Iterable[Entry]) -> dict[WriterId, set[OrganisationId]]:
    """Per writer, who signed for it. It must want that itself: else anyone could claim somebody's writer as theirs."""
    found: dict[WriterId, set[OrganisationId]] = {}
    for entry in statements:
        organisation, writer = entry.extra.get("organisation"), entry.extra.get("writer")
        signature = entry.extra.get("certificate")
        if entry.kind != WRITER or not (isinstance(organisation, bytes) and isinstance(writer, bytes)):
            continue
        if (
            not isinstance(signature, bytes)
            or len(organisation) != KEY_BYTES
            or not _wants_it(entry, writer, organisation)
        ):
            continue
        if organisation not in found.get(writer, ()) and signing.is_certified(organisation, writer, signature):
            found.setdefault(writer, set()).add(organisation)
    return found


def _wants_it(entry: Entry, writer: WriterId, organisation: OrganisationId) -> bool:
    """True if a writer says itself that it belongs to an organisation, or asked for it from another computer."""
    consent = entry.extra.get("consent")
    return writer == entry.writer or (isinstance(consent, bytes) and signing.is_asked(organisation, writer, consent))


def ends(
    statements: Iterable[Entry], owners: Mapping[WriterId, OrganisationId]
) -> dict[WriterId, dict[EntryId, Cutoff]]:
    """Per writer that its organisation ended, where: by the id of the statement, of those that no other replaced.

    Only the organisation's own key can say it, so that a stolen laptop cannot end the others.
    """
    valid = {entry.entry_id: (entry, cutoff) for entry in statements for cutoff in _valid_ends(entry, owners)}
    replaced = {id_ for entry, _ in valid.values() for id_ in replaces(entry)}
    found: dict[WriterId, dict[EntryId, Cutoff]] = {}
    for entry_id, (entry, cutoff) in valid.items():
        if entry_id not in replaced:
            found.setdefault(bytes(entry.extra["writer"]), {})[entry_id] = cutoff  # type: ignore[arg-type]
    return found


def _valid_ends(entry: Entry, owners: Mapping[WriterId, OrganisationId]) -> list[Cutoff]:
    writer, signature = entry.extra.get("writer"), entry.extra.get("signature")
    if entry.kind != WRITER_END or not isinstance(writer, bytes) or not isinstance(signature, bytes):
        return []
    last = (cutoffs.told(entry) or {}).get(writer)
    owner = owners.get(writer)
    if last is None or owner is None:
        return []
    signed = _end_bytes(entry.writer, writer, last, replaces(entry))
    return [last] if signing.is_ended(owner, signed, signature) else []


def replaces(entry: Entry) -> list[EntryId]:
    """The earlier statements that one takes the place of."""
    names = entry.extra.get("replaces")
    return [name for name in names if isinstance(name, bytes)] if isinstance(names, list) else []
