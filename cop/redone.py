"""One record, merged anew from its history: what we see of it, what the network sees and what readers see. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cop import ending, merge, publish
from cop.fields import TYPES
from cop.merge import BODY
from cop.model import PARTNERS, PUBLIC, RecordId, RecordView, Revision
from cop.publish import Origin

ENDED = "ended"  # the state of somebody whose consent to be listed has ended


@dataclass(frozen=True)
class Redone:
    """One record, merged anew."""

    record_id: RecordId
    everything: RecordView | None  # as this installation sees it
    shared: RecordView | None  # as the network sees it
    public: RecordView | None  # as readers see it; None hides it
    revisions: Sequence[Revision]  # public ones, with those that only link them
    held: bool  # something of it is here, readable or not
    today: date  # by which it was decided what has ended

    @property
    def body(self) -> str:
        """The Markdown that readers will see."""
        body = self.public.fields.get(BODY) if self.public else None
        return body if isinstance(body, str) else ""


def redo(record_id: RecordId, history: Sequence[Revision], origin: Origin) -> Redone:
    """The views of one record from its history. Pure; revisions of writers who are no members do not count."""
    accepted = merge.accepted(history, origin.writers)
    open_ = [revision for revision in accepted if revision.audience == PUBLIC]
    everything = merge.merge(accepted)
    only_public = len(open_) == len(accepted)
    shared = everything if only_public else merge.merge(accepted, PARTNERS)
    public = everything if only_public else merge.merge(accepted, PUBLIC)
    shown = public if publish.is_public(public, origin.today) else None
    held = any(revision.held for revision in accepted)
    return Redone(record_id, everything, shared, shown, open_, held, origin.today)


def private_row(redone: Redone) -> tuple[object, ...]:
    """The row of `view_record`."""
    view = redone.everything
    if view is None:
        state = "unreadable" if redone.held else "absent"  # such as what is its writer's alone
        return redone.record_id, "", "", "", state, b"", "[]", "[]", b""
    digest = publish.digest(redone.record_id, redone.shared) if redone.shared else b""
    slug, title = publish.base_slug(redone.record_id, view.fields), publish.title_of(view.fields)
    conflicts, checks = json.dumps(sorted(view.conflicts)), json.dumps(list(view.checks))
    heads = b"".join(view.heads)
    return redone.record_id, view.type, slug, title, _state(redone, view), digest, conflicts, checks, heads


def _state(redone: Redone, view: RecordView) -> str:
    """Why readers do not see a record; '' if they do."""
    if redone.public is not None:
        return ""
    if view.fields.get("withdrawn") is not None:
        return "withdrawn"
    if ending.is_hidden(view.type, view.fields, redone.today):
        return ENDED
    if not any(revision.counts for revision in redone.revisions):
        return "partners" if redone.shared else "own"
    return "untitled" if view.type in TYPES else "unknown"
