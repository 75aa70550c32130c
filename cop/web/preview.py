"""An entry as it would be if somebody saved it now: the page that readers would see, made by the same code. Saves nothing."""

from dataclasses import dataclass, replace
from dataclasses import fields as fields_of
from datetime import date, datetime
from typing import Any, ClassVar

from markupsafe import Markup

from cop import editing, ended, markdown, merge, publish, read_back, settings, terms, trust, views
from cop.editing import Edit
from cop.endorsing import Standing
from cop.log import Change
from cop.merge import BODY
from cop.model import Revision
from cop.redone import redo
from cop.signing import sha256
from cop.web import at_desk, record
from cop.web.asked import Asked
from cop.web.at_desk import Visit
from cop.web.language import _
from cop.web.links import record_address
from cop.web.posting import DO
from cop.web.record import RecordPage


@dataclass(frozen=True)
class PreviewPage(RecordPage):
    """The page of the entry, with a form around it that brings along what was typed."""

    pairs: tuple[tuple[str, str], ...] = ()
    of: str = ""  # the address that the page would have
    readers: str = ""  # who would see it, if not everybody
    template: ClassVar[str] = "cop_desk_preview.html"


def page(visit: Visit, edit: Edit) -> PreviewPage:
    """The page that an edit would make. Raises: Unfit, CopError."""
    changes = editing.plan(visit.served.site, visit.db, edit)
    made, is_public = _row(visit, edit, changes)
    with at_desk.published(visit) as db:
        assert db is not None  # `cop serve` has loaded the site before it shows it
        known = db.execute(
            "SELECT number, slug, conflicts FROM records WHERE record_id = ?", [edit.record_id]
        ).fetchone()
        row = {**made, **(dict(known) if known else {"number": 0, "conflicts": "[]"})}
        now: datetime = ended.the_hour()
        shown = record.build(Asked(db, visit.path, {}, date.today(), now, visit.top), row)
    fields = {one.name: getattr(shown, one.name) for one in fields_of(RecordPage)}
    # its text stands one folder deeper here than on its own page
    fields["html"] = Markup(shown.html.replace('href="../', 'href="../../'))
    pairs = tuple(pair for pair in visit.form.pairs if pair[0] != DO)
    readers = "" if is_public else _("Readers would not see it: it is for partners or for your organisation only.")
    return PreviewPage(**fields, pairs=pairs, of=record_address(edit.type, row["slug"]), readers=readers)


def _row(visit: Visit, edit: Edit, changes: list[Change]) -> tuple[dict[str, Any], bool]:
    """The row of `records` as the change would make it, and whether readers would have it."""
    site, db = visit.served.site, visit.db
    network = trust.members(db)
    known = views.origin_of(site, db, network, trust.names(db, network))
    origin = replace(known, rules=(), voters=terms.NOBODY)  # as it would be once enough have looked at it
    ours = settings.own_writer(db)
    history = [*read_back.revisions(db, edit.record_id), *(_as_saved(one, ours, visit.now) for one in changes)]
    redone = redo(edit.record_id, history, origin)
    view, revisions = redone.public, redone.revisions
    if view is None:
        view, revisions = redone.everything, merge.accepted(history, origin.network)
    assert view is not None
    body = view.fields.get(BODY)
    laid_out = next(markdown.render_all([body if isinstance(body, str) else ""]))
    made = publish.published(edit.record_id, view, revisions, laid_out, origin, Standing(view))
    return made.row, redone.public is not None


def _as_saved(change: Change, writer: bytes, now: int) -> Revision:
    """The change as if it stood in the log."""
    name = sha256(repr(change).encode())
    return Revision(name, change.parents, change.audience, change.patch, writer, b"\xff" * 32, "change", now, now)
