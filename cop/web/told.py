"""/desk/told: writing down what somebody said on the phone, on paper or face to face. It is marked as passed on."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar

from cop import accepting, contributions, identity
from cop.errors import CopError
from cop.fields import TYPES
from cop.web import adding, at_desk, form_page, labels, sending
from cop.web.adding import CREDIT
from cop.web.at_desk import See, Visit
from cop.web.form_page import Again, FormPage
from cop.web.language import _
from cop.web.sending import SENT, NotYet

TARGET = "/desk/told"


@dataclass(frozen=True)
class ToldPage:
    """What the template of /desk/told shows."""

    heading: str
    kinds: tuple[tuple[str, str], ...]
    template: ClassVar[str] = "cop_desk_told.html"


def kinds(visit: Visit) -> ToldPage:
    """/desk/told"""
    found = tuple((labels.type_label(name), f"{TARGET}/{name}") for name in form_page.OFFERED)
    return ToldPage(_("Write down what somebody told you"), found)


def write(visit: Visit) -> FormPage | None:
    """/desk/told/<kind>"""
    return _page(visit, None)


def _page(visit: Visit, again: Again | None) -> FormPage | None:
    kind = visit.parts["kind"]
    if kind not in form_page.OFFERED:
        return None
    hint = _("Ask them: a name, a first name, a group, or nothing.")
    credit = form_page.own_input(CREDIT, _("How do they wish to be named?"), hint, again)
    with closing(_published(visit)) as db:
        return adding.new_record(
            db, TYPES[kind], f"{TARGET}/{kind}", (credit,), again, second=_("Put it into the inbox"), back=TARGET
        )


def _published(visit: Visit) -> sqlite3.Connection:
    return sqlite3.connect(f"{visit.served.site.site_db.absolute().as_uri()}?mode=ro", uri=True)


def take(visit: Visit) -> at_desk.Answer:
    """POST /desk/told/<kind>: use it at once, or let it wait for somebody else."""
    if visit.parts["kind"] not in form_page.OFFERED:
        return None
    try:
        sent = sending.new_one(visit.form, visit.served, visit.parts["kind"], relayed=True)
        token = contributions.take(visit.db, sent, visit.now)
        if not visit.form.text("wait"):
            _use(visit, token)
    except NotYet as error:
        return _page(visit, Again(visit.form, error.problems, error.notice))
    except CopError as error:
        return _page(visit, Again(visit.form, {"": at_desk.told(error)}))
    return See(SENT + token)


def _use(visit: Visit, token: str) -> None:
    item = contributions.by_token(visit.db, token)
    assert item
    site = visit.served.site
    signer = identity.ensure(site, visit.db, visit.now)
    try:
        accepting.accept(site, visit.db, signer, item.number, now=visit.now, by=visit.person)
    except CopError:
        contributions.drop(visit.db, item.number)  # it stays in the form, not in the inbox as well
        raise
