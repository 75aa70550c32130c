"""Signing in at the desk with a link that works once, signing out, and who else has signed in."""

from dataclasses import dataclass
from typing import Any, ClassVar

from datasette import Response

from cop import sessions
from cop.errors import CopError
from cop.model import iso_time
from cop.patch import person as one_name
from cop.schema import open_store
from cop.sessions import MOST_SECONDS, Session
from cop.shared_words import check_told
from cop.web import at_desk, dates, door, posting, render, words
from cop.web.at_desk import Answer, See, Visit
from cop.web.language import N_, _
from cop.web.offered import Offered
from cop.web.posting import Form

DESK = "desk"
NAME = "person"
USED_UP = N_("This link does not work any more")
OPEN_LINE = N_("Please sign in where nobody can listen")


@dataclass(frozen=True)
class EnterPage:
    """The page that a link leads to. Looking at it uses nothing up: programs that check mail open links, too."""

    heading: str
    person: str
    problem: str
    status: int = 200
    template: ClassVar[str] = "cop_desk_enter.html"


@dataclass(frozen=True)
class One:
    """Somebody who has signed in, or a link."""

    number: int
    person: str
    is_link: bool
    is_you: bool
    since: str
    last: str
    ends: str
    ends_iso: str


@dataclass(frozen=True)
class PeoplePage:
    """What the template of /desk/people shows."""

    heading: str
    people: tuple[One, ...]
    person: str
    problem: str
    can_act: bool
    done: str
    status: int = 200
    template: ClassVar[str] = "cop_desk_people.html"


# -- /desk/enter/<secret>


async def enter(datasette: Any, request: Any) -> Response:
    """Show the way in, or take it."""
    if request.method == "POST":
        taken: Response = await posting.answered(datasette, request, _enter)
        return taken
    served = door.served_by(datasette)
    if served is None or request.method not in ("GET", "HEAD"):
        return at_desk.closed(datasette, request)
    if not door.is_safe_line(served, request.scope):
        return _open_line(datasette, request)
    return await at_desk.in_thread(datasette, request, _enter_page, Form())


def _open_line(datasette: Any, request: Any) -> Response:
    message = N_(
        "Open the link at the computer that serves the site, or with https:// in front. Here, others could listen in."
    )
    return render.error(datasette, request, 403, OPEN_LINE, message)


def _enter_page(visit: Visit, problem: str = "", typed: str | None = None) -> Answer:
    found = sessions.of_link(visit.db, visit.parts["secret"], visit.now)
    if found is None:
        message = _(
            "It was used already, or it is older than a day. Somebody at the organisation’s own computer can make a new one. "
            "The command for it is: cop desk invite NAME"
        )
        return render.ErrorPage(_(USED_UP), message)
    heading = _("Sign in at the desk of %(name)s", name=visit.served.site.config.name)
    return EnterPage(heading, found.person if typed is None else typed, problem, 422 if problem else 200)


async def _enter(datasette: Any, request: Any, form: Form) -> Response:
    served = door.served_by(datasette)
    assert served is not None  # `posting` lets nothing in without
    if not door.is_safe_line(served, request.scope):
        return _open_line(datasette, request)
    tokens: list[str] = []

    def begin(visit: Visit) -> Answer:
        try:
            person = _name(visit)
        except CopError as error:
            return _enter_page(visit, str(error), form.text(NAME))
        token = sessions.begin(visit.db, visit.parts["secret"], person, visit.now)
        if token is None:
            return _enter_page(visit)
        tokens.append(token)
        return See("/desk")

    response = await at_desk.in_thread(datasette, request, begin, form)
    for token in tokens:
        _give(datasette, request, response, token, MOST_SECONDS)
    return response


def _name(visit: Visit) -> str:
    name = one_name(visit.form.text(NAME))
    check_told("", name, "", visit.served.site.config.timezone)
    return name


def _give(datasette: Any, request: Any, response: Response, token: str, seconds: int) -> None:
    """Set the cookie: for the desk alone, so that all other pages stay without one, in every language of the site."""
    served = door.served_by(datasette)
    assert served is not None
    base = str(datasette.setting("base_url")).rstrip("/")
    languages = request.scope.get("cop_offered", Offered())
    for prefix in ("", *(f"/{code}" for code in languages.others)):
        response.set_cookie(
            door.cookie_name(served.site),
            token,
            max_age=seconds,
            path=f"{base}{prefix}/{DESK}",
            secure=door.is_https(served, request.scope),
            httponly=True,
            samesite="strict",
        )


# -- /desk/people


def people(visit: Visit, problem: str = "", typed: str | None = None) -> PeoplePage:
    """Who has signed in, and links that nobody has used yet."""
    found = sessions.all_open(visit.db, visit.now)
    return PeoplePage(
        heading=_("Who is at the desk"),
        people=tuple(_one(visit, one) for one in found),
        person=visit.person if typed is None else typed,
        problem=problem,
        can_act=visit.session is not None,
        done={"named": _("Your name was changed."), "ended": _("It was ended.")}.get(visit.args.get("done", ""), ""),
        status=422 if problem else 200,
    )


def _one(visit: Visit, one: Session) -> One:
    return One(
        number=one.number,
        person=one.person,
        is_link=one.is_link,
        is_you=visit.session is not None and visit.session.number == one.number,
        since=words.ago(one.made if one.is_link else one.begun, visit.now),
        last="" if one.is_link else words.ago(one.used, visit.now),
        ends=dates.words(iso_time(one.ends)[:10]),
        ends_iso=iso_time(one.ends),
    )


def take_people(visit: Visit) -> Answer:
    """Change one's own name, or end a session."""
    assert visit.session is not None
    visit.form.check_has("end", NAME)
    if number := visit.form.text("end"):
        sessions.end(visit.db, int(number[:9]) if number.isascii() and number.isdigit() else 0)
        return See("/desk/people", {"done": "ended"})
    try:
        sessions.rename(visit.db, visit.session.number, _name(visit))
    except CopError as error:
        return people(visit, str(error), visit.form.text(NAME))
    return See("/desk/people", {"done": "named"})


async def leave(datasette: Any, request: Any) -> Response:
    """Sign out."""
    if request.method != "POST":
        return Response.text("Only POST is answered here.", status=405, headers={"Allow": "POST"})
    left: Response = await posting.answered(datasette, request, _leave)
    return left


async def _leave(datasette: Any, request: Any, _form: Form) -> Response:
    served, session = door.served_by(datasette), door.session_of(datasette, request.scope)
    if served is not None and session is not None:
        db = open_store(served.site.store_db)
        try:
            sessions.end(db, session.number)
        finally:
            db.close()
    response = posting.see(request, render.route_path(datasette, request.scope), "/")
    _give(datasette, request, response, "", 0)
    return response
