"""One record, merged anew from its history: what we see of it, what the network sees and what readers see. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cop import ending, merge, publish, small_groups, terms, withheld
from cop.contact_details import CONSENTS
from cop.endorsing import Standing
from cop.fields import AGREEMENT, TYPES
from cop.merge import BODY
from cop.model import PARTNERS, PUBLIC, RecordId, RecordView, Revision
from cop.origin import Origin

ENDED = "ended"  # the state of somebody whose consent to be listed has ended
ERASED = "erased"  # the state of a record of which nothing is left, or that is hidden because somebody asked for that
WAITING = "waiting"  # not enough organisations have looked at any text of it


@dataclass(frozen=True)
class Redone:
    """One record, merged anew."""

    record_id: RecordId
    everything: RecordView | None  # as this installation sees it
    shared: RecordView | None  # as the network sees it
    public: RecordView | None  # as readers see it; None hides it
    revisions: Sequence[Revision]  # public ones, with those that only link them; as readers see them
    held: bool  # something of it is here, readable or not
    today: date  # by which it was decided what has ended
    standing: Standing  # who looked at what readers see, and whether a newer text waits
    erased: bool = False  # something of it was taken out for good, or is hidden because somebody asked for that

    @property
    def body(self) -> str:
        """The Markdown that readers will see."""
        body = self.public.fields.get(BODY) if self.public else None
        return body if isinstance(body, str) else ""


def redo(record_id: RecordId, history: Sequence[Revision], origin: Origin) -> Redone:
    """The views of one record from its history. Pure; revisions of writers who are no members do not count."""
    accepted = merge.accepted(history, origin.network)
    open_ = [revision for revision in accepted if revision.audience == PUBLIC]
    everything = merge.merge(accepted)
    only_public = len(open_) == len(accepted)
    shared = everything if only_public else merge.merge(accepted, PARTNERS)
    public = everything if only_public else merge.merge(accepted, PUBLIC)
    seen: Sequence[Revision] = open_
    shown, standing = None, _standing(record_id, public, open_, origin)
    if public and standing.view:
        if standing.seen is not None:
            seen = [one for one in open_ if one.payload_hash in standing.seen or not one.counts]
        if publish.is_public(standing.view, origin.today):
            consents = shared.fields.get(CONSENTS) if shared else None
            shown, seen = withheld.for_readers(standing.view, seen, public, consents, origin.today, origin.zone)
            shown, seen = small_groups.for_readers(shown, seen)
    held = any(revision.held for revision in accepted)
    erased = any(revision.erased for revision in accepted)
    return Redone(record_id, everything, shared, shown, seen, held, origin.today, standing, erased)


def _standing(
    record_id: RecordId, newest: RecordView | None, revisions: Sequence[Revision], origin: Origin
) -> Standing:
    """What readers may get of a record: nothing of what is taken down, whatever text of it was looked at.

    The agreement in force is not taken down by somebody alone, nor made into something else; and no other record is one.
    """
    is_agreement = record_id == terms.RECORD_ID
    if newest is None or not (is_agreement or (newest.type in TYPES and newest.type != AGREEMENT)):
        return Standing(None)
    found = terms.standing(record_id, newest, revisions, origin.network, origin.rules, origin.voters)
    withdrawn = newest.fields.get("withdrawn") is not None and not (is_agreement and found.counted)
    ended = ending.is_unlisted(newest.type, newest.fields, origin.today)
    return Standing(None) if withdrawn or ended else found


def private_row(redone: Redone) -> tuple[object, ...]:
    """The row of `view_record`."""
    view = redone.everything
    if view is None:
        state = "unreadable" if redone.held else "absent"  # such as what is its writer's alone
        state = ERASED if redone.erased else state
        return redone.record_id, "", "", "", state, b"", "[]", "[]", b""
    digest = publish.digest(redone.record_id, redone.shared) if redone.shared else b""
    slug, title = publish.base_slug(redone.record_id, view.fields), publish.title_of(view.fields)
    conflicts, checks = json.dumps(sorted(view.conflicts)), json.dumps(list(view.checks))
    heads = b"".join(view.heads)
    return redone.record_id, view.type, slug, title, _state(redone, view), digest, conflicts, checks, heads


def waiting_row(redone: Redone) -> tuple[object, ...] | None:
    """The row of `view_waiting`; None if nothing of the record waits to be looked at."""
    return (redone.record_id, int(redone.public is not None)) if redone.standing.waits else None


def _state(redone: Redone, view: RecordView) -> str:
    """Why readers do not see a record; '' if they do."""
    if redone.public is not None:
        return ""
    if view.fields.get("withdrawn") is not None:
        return "withdrawn" if view == redone.shared else "own"  # we have a text of our own of what others do not see
    if ending.is_unlisted(view.type, view.fields, redone.today):
        return ENDED
    if redone.standing.waits and redone.standing.view is None:
        return WAITING
    if not any(revision.counts for revision in redone.revisions):
        return "partners" if redone.shared else "own"
    return "untitled" if view.type in TYPES else "unknown"
