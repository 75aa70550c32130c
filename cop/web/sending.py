"""What people send with the forms of `adding`: looked at, kept for a person to decide, and where its sender sees the answer."""

import asyncio
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

from datasette import Response
from datasette.utils.asgi import NotFound

from cop import accepting, contact_details, contributions, stale
from cop.config import Site
from cop.contributions import ADD, CORRECT, REASONS, REMOVE, Full, Sent
from cop.fields import TYPES, RecordType
from cop.model import RecordId, Value
from cop.patch import MAX_WHY
from cop.schema import open_store
from cop.values import WrongValue, check
from cop.web import adding, door, facts, form_page, form_reading, posting, rates, render
from cop.web.adding import CREDIT, KIND, REASON, SAY, USEFUL, WHAT, WHERE, WHY
from cop.web.asked import Asked
from cop.web.door import Served
from cop.web.form_page import MOST, TRAP, Again
from cop.web.language import N_, _, apart, number
from cop.web.posting import Form

MAX_NAME = 200
SENT = "/add/sent/"  # and the token
SENDING = "cop-sending"  # header: what a phone calls this sending, so that sending it again does nothing twice
TOO_MUCH = N_("Much was sent from here in the last hour. Wait a while, then press the button again.")
TOO_FULL = N_(
    "So much waits here already that nobody could look at it. Nothing was kept. Try again in a few days, or tell somebody."
)
_NOT_HERE = N_("The entry that you wanted to correct is not here any more.")
_NOTHING = N_("Nothing is changed yet. Change what is wrong, or say it in your own words below.")
_NAME = re.compile(r"[A-Za-z0-9_-]{22,64}")
_WEB = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)


class NotYet(Exception):
    """Something must be looked at once more; everything typed is kept. The notice is in the catalogues."""

    def __init__(
        self,
        problems: Mapping[str, str],
        notice: str = "",
        status: int = 422,
        overtaken: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(notice or ", ".join(problems))
        self.problems, self.notice, self.status, self.overtaken = problems, notice, status, overtaken


# -- each form


async def take_quick(datasette: Any, request: Any, form: Form) -> Response:
    """POST /add: a few words about something, or a correction of a record."""
    build = adding.add
    read = _correction if form.text(adding.ABOUT) else _few_words
    return await _take(datasette, request, form, build, read)


async def take_type(datasette: Any, request: Any, form: Form, kind: str) -> Response:
    """POST /add/<kind>"""
    if kind not in TYPES:
        return render.not_found(datasette, request)
    return await _take(datasette, request, form, partial(adding.add_type, kind=kind), partial(_of_kind, kind=kind))


async def take_removal(datasette: Any, request: Any, form: Form) -> Response:
    """POST /remove"""
    return await _take(datasette, request, form, adding.remove, _removal)


async def _take(datasette: Any, request: Any, form: Form, build: Any, read: Any) -> Response:
    """Keep what a form says and lead to its page; or show the form again with what was typed and what to do.

    A phone that keeps what it sends until it is sure gives it a name, and hears that name again: then it is our answer.
    """
    sending = request.headers.get(SENDING, "")
    if not _NAME.fullmatch(sending):
        return await _answer(datasette, request, form, build, read)
    response = await _answer(datasette, request, form, build, read, sending)
    response.headers[SENDING] = sending
    return response


async def _answer(datasette: Any, request: Any, form: Form, build: Any, read: Any, sending: str = "") -> Response:
    served = door.served_by(datasette)
    assert served  # `posting` has seen to it
    path = render.route_path(datasette, request.scope)
    if sending and (token := await asyncio.to_thread(_came_before, served, sending)):
        return posting.see(request, path, SENT + token)
    limits, client = rates.of(datasette), str((request.scope.get("client") or [""])[0])
    try:
        if not (door.is_open(datasette, request) or limits.allows(client)):
            raise NotYet({}, TOO_MUCH, 429)
        sent = await render.asking(datasette, request, lambda asked: _read(asked, form, served, read))
        token = await asyncio.to_thread(_keep, served, sent, sending)
    except NotYet as error:
        again = Again(form, error.problems, error.notice, error.overtaken)
        return await render.once(datasette, request, partial(build, again=again), error.status)
    limits.count(client)
    return posting.see(request, path, SENT + token)


def _came_before(served: Served, sending: str) -> str:
    with closing(open_store(served.site.store_db)) as db:
        return contributions.came_before(db, sending)


def _read(asked: Asked, form: Form, served: Served, read: Callable[[Asked, Form, Served], Sent]) -> Sent:
    if form.text(TRAP):
        trap = _("This field is a trap for programs that send advertising. Make it empty, then send again.")
        raise NotYet({TRAP: trap})
    return read(asked, form, served)


def _keep(served: Served, sent: Sent, sending: str) -> str:
    with closing(open_store(served.site.store_db)) as db:
        try:
            return contributions.take(db, _with_base(served.site, db, sent), int(time.time()), sending=sending)
        except Full as error:
            raise NotYet({}, TOO_FULL, 503) from error


def _with_base(site: Site, db: sqlite3.Connection, sent: Sent) -> Sent:
    """The same with what its record was made of when it was sent."""
    if sent.what != CORRECT:
        return sent
    return replace(sent, base=accepting.shown_heads(site, db, sent.record_id))


# -- from a form to what was meant


def _few_words(asked: Asked, form: Form, served: Served) -> Sent:
    what = " ".join(form.text(WHAT).split())
    kind = form.text(KIND) or "resource"
    if kind not in dict(adding.QUICK):
        kind = "resource"
    fields: dict[str, Value] = {WHAT: what, "summary": form.text(USEFUL)} | _where(kind, form.text(WHERE))
    wrong = _too_long({USEFUL: form.text(USEFUL), WHERE: form.text(WHERE)}) | _too_long({WHAT: what}, adding.MAX_TITLE)
    if not what:
        wrong[WHAT] = _("Please write a few words here, so that others can find it.")
    record_type = TYPES[kind if kind != SAY else "resource"]
    found = form_reading.contacts(record_type, fields, fields, served.site.config.timezone, stale.today())
    inputs = {WHAT: WHAT, "summary": USEFUL}
    wrong = {inputs.get(name, WHERE): problem for name, problem in found.items()} | wrong
    credit = _name(form, served, wrong)
    if wrong:
        raise NotYet(wrong)
    said = {name: value for name, value in fields.items() if value}
    if kind == SAY:
        return Sent(contributions.SAY, "", said, credit=credit)
    return Sent(ADD, kind, said, credit=credit)


def _where(kind: str, where: str) -> dict[str, Value]:
    """The field in which it belongs: an address of the web, a place, or a word about it."""
    if TYPES.get(kind) and TYPES[kind].field("url") and _WEB.fullmatch(where):
        try:
            return {"url": check(kind, "url", where if "://" in where else f"https://{where}")}
        except WrongValue:
            return {"note": where}
    return {"place": where} if kind == "event" else {"note": where}


def _of_kind(_asked: Asked, form: Form, served: Served, kind: str) -> Sent:
    return new_one(form, served, kind)


def new_one(form: Form, served: Served, kind: str, *, relayed: bool = False) -> Sent:
    """A new record with everything that was said of it. Raises: NotYet."""
    record_type = TYPES[kind]
    told = form_reading.read(
        record_type, form, {}, names=form_page.asked_names(record_type), most=MOST, zone=served.site.config.timezone,
        today=stale.today(),
    )  # fmt: skip
    blank = [name for name in form_page.REQUIRED.get(kind, ()) if not told.fields.get(name) and name != WHAT]
    ask = _("Nobody is listed here without having agreed. Ask them, and write it down.")
    wrong = {**dict.fromkeys(blank, ask), **told.problems}
    credit = _name(form, served, wrong)
    if wrong:
        raise NotYet(wrong)
    return Sent(ADD, kind, told.fields, credit=credit, relayed=relayed)


def _correction(asked: Asked, form: Form, served: Served) -> Sent:
    row = adding.named(asked.db, form.text(adding.ABOUT))
    if row is None:
        raise NotYet({}, _NOT_HERE)
    record_type, before = TYPES[row["type"]], adding.shown_fields(row)
    names, zone = adding.correctable(record_type, before), served.site.config.timezone
    told = form_reading.read(
        record_type, form, before, names=names, most=MOST, zone=zone, today=stale.today(), shown=before
    )
    wrong, why = dict(told.problems) | _overtaken(record_type, before, told), " ".join(form.text(WHY).split())
    changed = {
        name: told.fields.get(name) for name in sorted(told.touched) if told.fields.get(name) != before.get(name)
    }
    if len(why) > (MAX_WHY if changed else MOST):
        wrong[WHY] = _shorter(MAX_WHY if changed else MOST)
    elif problem := _contact(why, served):
        wrong[WHY] = problem
    credit = _name(form, served, wrong)
    if wrong:
        raise NotYet(wrong, overtaken=told.overtaken)
    if not changed and not why:
        raise NotYet({}, _NOTHING)
    record_id: RecordId = row["record_id"]
    if not changed:
        return Sent(contributions.SAY, record_type.name, {"summary": why}, credit=credit, record_id=record_id)
    return Sent(CORRECT, record_type.name, changed, why=why, credit=credit, record_id=record_id)


def _overtaken(record_type: RecordType, now: Mapping[str, Value], told: form_reading.Filled) -> dict[str, str]:
    """What to say of a field that somebody else changed after the page with the form was opened."""
    said = {name: apart(facts.in_words(record_type.name, name, now.get(name))) for name in told.overtaken}
    return {
        name: _("Somebody changed this while you were writing. It now says: %(now)s", now=text or "–")
        for name, text in said.items()
    }


def _removal(asked: Asked, form: Form, served: Served) -> Sent:
    row = adding.named(asked.db, form.text(adding.ABOUT))
    if row is None:
        raise NotFound("It is not here any more")
    reason, why = form.text(REASON), form.text(WHY)
    wrong = _too_long({WHY: why})
    if reason not in REASONS:
        wrong[REASON] = _("Choose the one that is nearest.")
    if wrong:
        raise NotYet(wrong)
    return Sent(REMOVE, row["type"], why=why, reason=reason, record_id=row["record_id"])


# -- what is looked at in all of them


def _shorter(most: int) -> str:
    return _("This is too long. Write it in at most %(num)s letters.", num=number(most))


def _too_long(typed: Mapping[str, str], most: int = MOST) -> dict[str, str]:
    return {name: _shorter(most) for name, text in typed.items() if len(text) > most}


def _name(form: Form, served: Served, wrong: dict[str, str]) -> str:
    """How somebody wishes to be named; what is wrong with that goes with the rest."""
    name = " ".join(form.text(CREDIT).split())
    if len(name) > MAX_NAME:
        wrong[CREDIT] = _shorter(MAX_NAME)
    elif problem := _contact(name, served):
        wrong[CREDIT] = problem
    return name


def _contact(text: str, served: Served) -> str:
    details = contact_details.find(text, served.site.config.timezone)
    return form_reading.contact_problem(details) if details else ""
