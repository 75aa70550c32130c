"""The desk's pages on requests to remove something: what waits, and one entry with what would go, to be decided about.

What is destroyed cannot be brought back, so whoever says yes has to say that they read it. The form brings along what was
shown; if that has changed, nothing is done.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from cop import forgetting, identity, removals, traces, trust
from cop.errors import CopError
from cop.fields import BY_COMMAND, TYPES
from cop.forgetting import Request
from cop.identity import Side
from cop.model import OrganisationId, RecordView, WriterId, iso_time
from cop.publish import title_of
from cop.web import at_desk, dates, history, labels
from cop.web.at_desk import See, Visit
from cop.web.history import Change
from cop.web.language import N_, _, apart, lookup, ngettext
from cop.web.lists import Pager
from cop.web.marking import SAME
from cop.web.removed import REASONS
from cop.web.words import listed, spaced

TARGET = "/desk/removals"
PER_PAGE = 20
_DONE = {
    "gone": N_("It is gone here. What your organisation wrote of it goes at every partner with the next exchange."),
    "here": N_("It is gone here. Partners decide about their own copies."),
    "shown": N_("It is shown again. Partners follow with the next exchange."),
    "kept": N_("It is kept here. It stays hidden until those who wrote it have decided."),
}


@dataclass(frozen=True)
class Asked:
    """One request, in words."""

    what: str
    who: str
    reason: str
    when: str


@dataclass(frozen=True)
class Waiting:
    """An entry that somebody asks to remove, or a part of it."""

    title: str
    target: str
    asked: Asked


@dataclass(frozen=True)
class RemovalsPage:
    """What the template of the list shows."""

    heading: str
    lead: str
    done: str  # what was just decided
    requests: tuple[Waiting, ...]
    noes: tuple[str, ...]  # what our organisation asked for, and who said no
    files: tuple[str, ...]  # content files with unsaved edits that hold erased text
    pager: Pager
    target: ClassVar[str] = TARGET
    template: ClassVar[str] = "cop_desk_removals.html"


@dataclass(frozen=True)
class RemovalPage:
    """What the template of one entry shows."""

    heading: str
    title: str
    lang: str
    asked: tuple[Asked, ...]
    changes: tuple[Change, ...]  # what would go, as readers saw it
    if_yes: str
    if_no: str
    seen: str
    changed: bool  # somebody changed it, or asked or decided, while the page was open
    unread: bool  # they said yes, and not that they read it
    problem: str
    can_act: bool
    record_id: str  # for a command
    status: int = 200
    template: ClassVar[str] = "cop_desk_removal.html"


# -- /desk/removals


def to_decide(visit: Visit) -> RemovalsPage:
    """Everything that waits, in the order of arrival."""
    db, number = visit.db, at_desk.page_number(visit)
    found, names = forgetting.waiting(db), _names(db)
    begin, end = (number - 1) * PER_PAGE, number * PER_PAGE
    return RemovalsPage(
        heading=_("Requests to remove something"),
        lead=ngettext(
            "%(num)s request waits for you. What it is about is hidden from readers until you decide.",
            "%(num)s requests wait for you. What they are about is hidden from readers until you decide.",
            len(found),
        )
        if found
        else _("Nobody asks for anything to be removed."),
        done=lookup(_DONE.get(visit.args.get("done", ""), "")),
        requests=tuple(_waiting(db, one, names) for one in found[begin:end]),
        noes=tuple(_no(one) for one in removals.noes(db)),
        files=tuple(traces.files_left(visit.served.site, db)),
        pager=Pager(
            "",
            {"page": str(number - 1)} if number > 1 else None,
            {"page": str(number + 1)} if len(found) > end else None,
        ),
    )


def _names(db: sqlite3.Connection) -> dict[WriterId, str]:
    network = trust.members(db)
    names: dict[OrganisationId, str] = {key: one.name for key, one in trust.names(db, network).items()}
    return {writer: names.get(owner, "") for writer, owner in network.writers.items()}


def _waiting(db: sqlite3.Connection, request: Request, names: dict[WriterId, str]) -> Waiting:
    view = forgetting.hidden_view(db, request.record_id)
    title = title_of(view.fields) if view else ""
    return Waiting(title or _("Without a title"), f"{TARGET}/{request.record_id}", _asked(request, view, names))


def _asked(request: Request, view: RecordView | None, names: dict[WriterId, str]) -> Asked:
    kind = TYPES.get(view.type) if view else None
    told = [labels.field_label(kind, name) for name in sorted(request.told.fields)] if request.is_part else []
    return Asked(
        what=_("A part of it: %(fields)s", fields=listed(told))
        if told
        else _("The whole entry, with all its versions"),
        who=names.get(request.told.writer) or _("Somebody"),
        reason=lookup(REASONS[request.told.reason]),
        when=_day(request.told.claimed_time),
    )


def _no(one: removals.No) -> str:
    what = _(
        "On %(day)s your organisation asked to remove entry %(entry)s.",
        day=_day(one.told.claimed_time),
        entry=apart(", ".join(one.records)),
    )
    return spaced(what, *(_("%(who)s said no and keeps it.", who=apart(name)) for name in one.names))


def _day(seconds: int) -> str:
    return dates.words(iso_time(seconds)[:10])


# -- /desk/removals/<record id>


def to_read(visit: Visit) -> RemovalPage | None:
    """What would go, to be read by whoever decides."""
    return _page(visit)


def decide(visit: Visit) -> at_desk.Answer:
    """Destroy it, or say no."""
    record_id, form, site = visit.parts["record"], visit.form, visit.served.site
    found, yes = _found(visit), form.pressed("yes", "no") == "yes"
    if form.text("seen") != _seen(found, forgetting.hidden_view(visit.db, record_id)):
        return _page(visit, changed=True)
    if yes and not form.text("read"):
        return _page(visit, unread=True)
    try:
        side = Side(site, visit.db, identity.ensure(site, visit.db, visit.now))
        if yes:
            done = "gone" if forgetting.confirm(side, record_id, visit.now) else "here"
        else:
            done = "shown" if forgetting.keep(side, record_id, visit.now) else "kept"
    except CopError as error:
        return _page(visit, problem=at_desk.told(error))
    return See(TARGET, {"done": done})


def _found(visit: Visit) -> list[Request]:
    return [one for one in forgetting.waiting(visit.db) if one.record_id == visit.parts["record"]]


def _seen(found: Sequence[Request], view: RecordView | None) -> str:
    """Names what somebody decides about: the requests, and the text as it stands."""
    return " ".join(one.hex() for one in (*(one.told.entry_id for one in found), *(view.heads if view else ())))


def _page(visit: Visit, *, changed: bool = False, unread: bool = False, problem: str = "") -> RemovalPage | None:
    record_id, found = visit.parts["record"], _found(visit)
    view = forgetting.hidden_view(visit.db, record_id)
    if not found and not changed:
        return None
    names, languages = _names(visit.db), view.fields.get("languages") if view else None
    return RemovalPage(
        heading=_("Shall it be removed for good?") if found else _("There is nothing to decide here"),
        title=(title_of(view.fields) if view and found else "") or _("Without a title"),
        lang=str(languages[0]) if found and isinstance(languages, list) and languages else "",
        asked=tuple(_asked(one, view, names) for one in found),
        changes=tuple(_would_go(found, view)) if view else (),
        if_yes=_(
            "What your organisation wrote of it is destroyed everywhere, in all versions. The rest is destroyed here."
        )
        if any(one.ours for one in found)
        else _("It is destroyed in this copy, in all versions. Partners decide about their own copies."),
        if_no=_("What your organisation wrote is shown again everywhere. Whoever asked learns that you said no.")
        if any(one.ours for one in found)
        else _("This copy keeps it. Readers do not see it until those who wrote it have decided."),
        seen=_seen(found, view),
        changed=changed,
        unread=unread,
        problem=problem,
        can_act=visit.session is not None,
        record_id=record_id,
        status=409 if changed else 422 if unread or problem else 200,
    )


def _would_go(found: Sequence[Request], view: RecordView) -> Iterator[Change]:
    """Field by field, as readers saw it."""
    whole = any(not one.is_part for one in found)
    asked = {name for one in found for name in one.told.fields}
    kind = TYPES.get(view.type)
    first = ("title", "summary", "body", *(field.name for field in kind.fields)) if kind else ()
    order = {name: at for at, name in reversed(list(enumerate(first)))}
    for name in sorted(view.fields, key=lambda one: (order.get(one, len(first)), one)):
        if name not in BY_COMMAND | {"slug"} and (whole or name in asked):
            change = history.change(view.type, name, [], view.fields[name])
            yield replace(change, pieces=tuple(replace(one, kind=SAME) for one in change.pieces))
