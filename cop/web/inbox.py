"""The desk's inbox: what people sent, with what it would change, to be used, changed first, or declined with a reason."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from markupsafe import Markup

from cop import accepting, contributions, identity, patch
from cop.contributions import ADD, CORRECT, REMOVE, SAY, Contribution
from cop.errors import CopError, DecidedMeanwhile
from cop.fields import TYPES
from cop.model import Value
from cop.shared_words import Unfit
from cop.web import adding, at_desk, form_page, history, labels, unsettled, words
from cop.web.at_desk import See, Visit
from cop.web.history import Change
from cop.web.language import N_, _, apart, lookup, ngettext
from cop.web.links import record_address
from cop.web.words import spaced

TARGET = "/desk/inbox"
MOST = 30  # items on the page
_KINDS = {CORRECT: N_("A correction"), REMOVE: N_("Removal asked for"), SAY: N_("An idea or a question")}


@dataclass(frozen=True)
class Item:
    """One thing that waits."""

    number: int
    what: str
    kind: str  # what it is, in words
    title: str
    target: str  # of the record it is about, "" if there is none
    meta: str
    changes: tuple[Change, ...]
    why: str  # what its sender says
    reason: str  # of a removal
    edit: str  # where it can be changed first, "" if it cannot
    problem: str  # why it was not used just now
    typed: str  # what was typed with that


@dataclass(frozen=True)
class Decided:
    """What somebody else has decided meanwhile, beside what was typed for it."""

    title: str
    target: str  # its page, "" if readers do not see it
    said: str  # what became of it, who decided and when
    answer: str
    typed: tuple[tuple[str, str], ...]  # labels and texts


@dataclass(frozen=True)
class InboxPage:
    """What the template of /desk/inbox shows."""

    heading: str
    lead: str
    items: tuple[Item, ...]
    more: int
    done: str
    done_target: str
    settle: str  # where differences are settled that came of it, "" if there are none
    can_act: bool
    notice: str = ""  # why nothing was done, if it is about none of the items
    decided: Decided | None = None
    status: int = 200
    template: ClassVar[str] = "cop_desk_inbox.html"


def inbox(visit: Visit) -> InboxPage:
    """/desk/inbox"""
    return _list(visit)


def overtaken(visit: Visit, number: int, typed: Iterable[tuple[str, str]]) -> InboxPage:
    """The page for who comes second: nothing of theirs is used, and what they typed is still there."""
    item = contributions.by_number(visit.db, number)
    row = record(visit.db, item.record_id)
    when, who = words.ago(item.decided_time, visit.now), item.decided_by
    decided = Decided(
        title=(row["title"] if row else "") or item.sent.title or _("Without a title"),
        target=record_address(row["type"], row["slug"]) if row and row["state"] == "" else "",
        said=spaced(_done(visit, item), _by(who, when)),
        answer=item.answer,
        typed=tuple((label, text) for label, text in typed if text.strip()),
    )
    return replace(_list(visit), decided=decided, status=409)


def _list(visit: Visit, number: int = 0, problem: str = "") -> InboxPage:
    """The page; `problem` is what is in the way of the item with that number."""
    found = contributions.waiting(visit.db)
    count = len(found)
    made = partial(_item, visit.db, visit.now)
    shown = (
        found[:MOST] if visit.session else []
    )  # whoever asks for removal was told that only those who decide read it
    items = tuple(
        made(one, problem if one.number == number else "", visit.form.text("why") if one.number == number else "")
        for one in shown
    )
    done, target, settle = _just_decided(visit)
    return InboxPage(
        heading=_("What people sent"),
        lead=ngettext(
            "%(num)s thing waits. Readers do not see it before you use it.",
            "%(num)s things wait. Readers do not see them before you use them.",
            count,
        )
        if count
        else _("Nothing waits here."),
        items=items,
        more=count - len(items) if visit.session else 0,
        done=done,
        done_target=target,
        settle=settle,
        can_act=visit.session is not None,
        notice=problem if not any(one.number == number for one in items) else "",
        status=422 if problem else 200,
    )


def _just_decided(visit: Visit) -> tuple[str, str, str]:
    """What somebody decided a moment ago, where it can be seen, and where differences are settled that came of it."""
    number = visit.args.get("done", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return "", "", ""
    try:
        item = contributions.by_number(visit.db, int(number))
    except CopError:
        return "", "", ""
    row = record(visit.db, item.record_id)
    target = record_address(row["type"], row["slug"]) if row and row["state"] == "" else ""
    settle = f"{unsettled.TARGET}/{item.record_id}" if accepting.unsettled(visit.db, item) else ""
    return _done(visit, item), target, settle


def _done(visit: Visit, item: Contribution) -> str:
    if item.state == contributions.DECLINED:
        return _("It is declined. Its sender can read why.")
    if item.state == contributions.GONE:
        return _("The entry that it was about was removed for good.")
    if item.sent.what == REMOVE:
        return _("It is hidden. Partners follow at the next exchange.")
    if accepting.waits_for_looks(visit.served.site, visit.db, item):
        return _("It is accepted, but others must look at it first. Then readers see it.")
    if accepting.unsettled(visit.db, item):
        return lookup(unsettled.TWO_ANSWERS)
    return _("Done. Its sender can see that.") if item.sent.what == SAY else _("It is in use.")


def record(db: sqlite3.Connection, record_id: str) -> sqlite3.Row | None:
    """What this installation sees of a record."""
    query = "SELECT type, slug, title, state FROM view_record WHERE record_id = ?"
    row: sqlite3.Row | None = db.execute(query, [record_id]).fetchone()
    return row


def _item(db: sqlite3.Connection, now: int, one: Contribution, problem: str, typed: str) -> Item:
    sent = one.sent
    row = record(db, sent.record_id) if sent.record_id else None
    kind = _("New: %(kind)s", kind=labels.type_label(sent.type)) if sent.what == ADD else lookup(_KINDS[sent.what])
    return Item(
        number=one.number,
        what=sent.what,
        kind=kind,
        title=(row["title"] if row else "") or sent.title or _("Without a title"),
        target=record_address(row["type"], row["slug"]) if row and row["state"] == "" else "",
        meta=spaced(*_meta(one, now)),
        changes=tuple(_changes(db, one)),
        why=sent.why,
        reason=lookup(adding.REMOVAL_REASONS.get(sent.reason, "")),
        edit=f"{TARGET}/{one.number}" if sent.what in (ADD, CORRECT) else "",
        problem=problem,
        typed=typed,
    )


def _meta(one: Contribution, now: int) -> Iterator[str]:
    when = words.ago(one.received_time, now)
    credit = one.sent.credit
    yield (
        _("By %(who)s, %(when)s.", who=apart(credit), when=when)
        if credit
        else _("Without a name, %(when)s.", when=when)
    )
    if one.sent.relayed:
        yield _("Passed on by somebody here.")


def _by(who: str, when: str) -> str:
    return _("By %(who)s, %(when)s.", who=apart(who), when=when) if who else _("Without a name, %(when)s.", when=when)


def _changes(db: sqlite3.Connection, one: Contribution) -> Iterator[Change]:
    """What it would say, against what the page said when it was sent."""
    sent = one.sent
    before = accepting.seen(db, sent) if sent.what == CORRECT else None
    old = before.fields if before else {}
    after = {name: value for name, value in {**old, **sent.fields}.items() if value is not None}
    made = patch.difference(sent.type or "resource", old, after)
    order = form_page.main_names(TYPES[sent.type]) if sent.type in TYPES else ()
    for name in sorted(made.names(), key=lambda one: order.index(one) if one in order else len(order)):
        was = [old[name]] if name in old and name in made.fields else []
        yield history.change(sent.type or "resource", name, was, _new_value(made, name))


def _new_value(made: Any, name: str) -> Value:
    if name in made.fields:
        value: Value = made.fields[name]
        return value
    return {"added": list(made.added.get(name, ())), "removed": list(made.removed.get(name, ()))}


def decide(visit: Visit) -> at_desk.Answer:
    """POST /desk/inbox: use it, or decline it with a reason."""
    typed = visit.form.text("item")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    declined = visit.form.pressed("accept", "decline") == "decline"
    try:
        if declined:
            contributions.decline(visit.db, number, why=visit.form.text("why"), now=visit.now, by=visit.person)
        else:
            accept(visit, number, None)
    except DecidedMeanwhile:
        return overtaken(visit, number, [(_("A word to whoever sent it"), visit.form.text("why"))])
    except Unfit as error:
        return _list(visit, number, _unfit(visit, number, error))
    except CopError as error:
        problem = at_desk.told(error)
        if declined and not visit.form.text("why"):
            problem = _("Say why it is not used. Its sender can read that.")  # type: ignore[assignment]
        return _list(visit, number, problem)
    return See(TARGET, {"done": str(number)})


def _unfit(visit: Visit, number: int, error: Unfit) -> str:
    """What is wrong with what would be used, each by the name that stands on the page."""
    record_type = TYPES.get(contributions.by_number(visit.db, number).sent.type)
    boxes = {"why": _("A word to whoever sent it"), "person": _("Your name")}
    named = [(boxes.get(one.name) or labels.field_label(record_type, one.name), one) for one in error.problems]
    return spaced(*(Markup("{}: {}").format(name, at_desk.told_problem(one)) for name, one in named))


def accept(visit: Visit, number: int, fields: Mapping[str, Value] | None) -> None:
    """Use one, with `fields` in place of what was sent if somebody changed it. Raises: CopError."""
    site = visit.served.site
    signer = identity.ensure(site, visit.db, visit.now)
    why = visit.form.text("why")
    accepting.accept(site, visit.db, signer, number, now=visit.now, why=why, by=visit.person, fields=fields)
