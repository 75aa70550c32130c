"""The one door for everything that people send with a form: from our own pages only, of a size and a number of fields that
is looked at, and answered by leading to a page, so that going back or reloading sends nothing twice.

It is open under `cop serve` alone. `guard` asks for a `refusal` of every POST, so no page can forget to. What is sent at the
desk needs somebody who has signed in; if their session ended while they were typing, nothing that they typed is lost.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakKeyDictionary

from datasette import Response
from datasette.utils.asgi import BadRequest

from cop.web import door, render
from cop.web.bodies import Bodies, Busy
from cop.web.language import N_, _, speaking
from cop.web.links import Query, page_link

MAX_FIELDS = 400  # an event has 85, and some of them several
MAX_NAME = 100  # characters of the name of a field
DESK, ENTRANCE = "/desk", "/desk/enter/"
FORM_TYPE = "application/x-www-form-urlencoded"
READ_AT_ONCE, MAY_WAIT, DEADLINE_SECONDS = 4, 40, 30
_OURS = ("same-origin", "none")  # "none": typed or reloaded by the person, with no page behind it
UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")  # what nobody types on purpose
DO = "do"  # what a button says of itself
ELSEWHERE = N_("This did not come from a page of this site")


class NotTaken(Exception):
    """What was sent is not looked at. The words are in the catalogues."""

    def __init__(self, status: int, heading: str, message: str) -> None:
        super().__init__(heading)
        self.status, self.heading, self.message = status, heading, message


def _unclear() -> NotTaken:
    message = N_("Nothing was changed. Go back, look at the page again, and press one of its buttons.")
    return NotTaken(422, N_("This does not say what you chose"), message)


@dataclass(frozen=True)
class Form:
    """What somebody sent: names and values in the order of the page, with "\\n" at the end of lines."""

    pairs: tuple[tuple[str, str], ...] = ()

    def text(self, name: str) -> str:
        """The first value of that name, without blanks around it."""
        return next((value.strip() for one, value in self.pairs if one == name), "")

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of that name that are not blank."""
        return tuple(value.strip() for one, value in self.pairs if one == name and value.strip())

    def has(self, name: str) -> bool:
        """True if the page had a field of that name, filled in or not."""
        return any(one == name for one, _ in self.pairs)

    def pressed(self, *buttons: str) -> str:
        """Which of these buttons named `do` sent it: what nobody chose is not done. Raises: NotTaken."""
        found = self.text(DO)
        if found not in buttons:
            raise _unclear()
        return found

    def check_has(self, *names: str) -> None:
        """Make sure that it has one of these fields, as our page has. Raises: NotTaken."""
        if not any(self.has(name) for name in names):
            raise _unclear()


@dataclass(frozen=True)
class SignInPage:
    """What somebody sees who may not do this, or no longer. What they typed comes along."""

    heading: str
    pairs: tuple[tuple[str, str], ...]
    template: ClassVar[str] = "cop_desk_sign_in.html"


Take = Callable[..., Awaitable[Response]]  # gets datasette, the request, the form, and the named parts of the address


async def answered(datasette: Any, request: Any, take: Take, **parts: str) -> Response:
    """What `take` makes of a form that was sent; or why it is not looked at, in the look of the site."""
    try:
        form = await read(datasette, request)
        if _needs_a_session(render.route_path(datasette, request.scope)) and not door.may_act(datasette, request):
            response: Response = sign_in_first(datasette, request, form)
        else:
            response = await take(datasette, request, form, **parts)
    except NotTaken as error:
        response = render.error(datasette, request, error.status, error.heading, error.message)
    response.headers["Cache-Control"] = "no-store"
    return response


def _needs_a_session(path: str) -> bool:
    return path.startswith(DESK) and not path.startswith(ENTRANCE)


def sign_in_first(datasette: Any, request: Any, form: Form) -> Response:
    """The page that keeps what was typed until its writer has signed in."""
    with speaking(*render.spoken_in(request.scope)):
        return render.bare(datasette, request, SignInPage(_("Please sign in first"), form.pairs), 403)


async def read(datasette: Any, request: Any) -> Form:
    """The form that a request brings. Raises: NotTaken."""
    if door.served_by(datasette) is None:
        message = N_("This is a copy to read. Tell the organisation whose copy it is what you wanted to say.")
        raise NotTaken(403, N_("Nothing can be sent here"), message)
    if refused := refusal(datasette, request.scope):
        raise refused
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise NotTaken(415, ELSEWHERE, N_("Open the page with the form here, and send it from there."))
    bodies = _bodies.setdefault(datasette, Bodies(READ_AT_ONCE, MAY_WAIT, deadline_seconds=DEADLINE_SECONDS))
    try:
        async with bodies.read(request) as body:
            return parse(body)
    except Busy as error:
        message = N_("Nothing was kept. Go back in a minute and send it again: what you wrote is still there.")
        raise NotTaken(503, N_("Many people are sending something at the moment"), message) from error
    except BadRequest as error:
        raise NotTaken(400, N_("The line was cut"), N_("Nothing was kept. Go back and send it again.")) from error


_bodies: WeakKeyDictionary[Any, Bodies] = WeakKeyDictionary()


def parse(body: bytes) -> Form:
    """The fields of a form. Raises: NotTaken.

    >>> parse(b"title=Power+cube&note=a%0D%0Ab&note=").pairs
    (('title', 'Power cube'), ('note', 'a\\nb'), ('note', ''))
    """
    unreadable = N_("This cannot be read")
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except UnicodeDecodeError as error:
        raise NotTaken(400, unreadable, N_("Its letters are not in UTF-8. Go back and send it again.")) from error
    except ValueError as error:  # of the number of fields
        raise NotTaken(400, unreadable, N_("It has too many fields. Go back and send it again.")) from error
    return Form(tuple((name, plain(value)) for name, value in pairs if len(name) <= MAX_NAME))


def plain(value: str) -> str:
    """Lines end in one way, and what nobody can type on purpose is gone."""
    return UNWANTED.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))


def see(request: Any, path: str, target: str, query: Query | None = None) -> Response:
    """Lead to a page (303, RFC 9110 section 15.4.4) in the language of the page at `path`."""
    with speaking(*render.spoken_in(request.scope)):
        link = page_link(path, target, query)
    return Response.text("", status=303, headers={"Location": link})


# -- where a request comes from


def refusal(datasette: Any, scope: Any) -> NotTaken | None:
    """Why a request that would change something is not looked at, None if it may be.

    Browsers say where a form stood: by Sec-Fetch-Site, Origin or Referer. What says so is believed. What says nothing
    is no reason to turn a reader away; at the desk, where the computer itself counts as a sign of who it is, it is.
    """
    told = _told(datasette, scope)
    if told is True or (told is None and not render.route_path(datasette, scope).startswith(DESK)):
        return None
    return NotTaken(
        403, ELSEWHERE, N_("Nothing was changed. Open the page with the form here, and send it from there.")
    )


def is_surely_from_here(datasette: Any, request: Any) -> bool:
    """True if the browser says that the form stood on a page of this site."""
    return _told(datasette, request.scope) is True


def _told(datasette: Any, scope: Any) -> bool | None:
    """Whether a form stood on a page of ours, as its browser says; None if it does not say."""
    headers = [(bytes(name).lower(), bytes(value).decode("latin-1")) for name, value in scope.get("headers") or ()]
    values = {name: [value for one, value in headers if one == name] for name in (b"sec-fetch-site", b"origin")}
    if any(len(found) > 1 for found in values.values()):
        return False
    if values[b"sec-fetch-site"]:
        return values[b"sec-fetch-site"][0] in _OURS
    named = values[b"origin"] or [value for name, value in headers if name == b"referer"]
    ours = {value.lower() for name, value in headers if name == b"host"} | _own_host(datasette)
    return all(_host(one) in ours for one in named) if named else None


def _own_host(datasette: Any) -> set[str]:
    """The host under which readers come according to cop.toml: a server in front may ask under another."""
    served = door.served_by(datasette)
    return {host} if served and (host := _host(served.site.config.url)) else set()


def _host(address: str) -> str:
    """
    >>> _host("https://Example.org:8001/add"), _host("null"), _host("https://me@example.org")
    ('example.org:8001', '', '')
    """
    try:
        parts = urlsplit(address)
        return parts.netloc.lower() if parts.scheme in ("http", "https") and "@" not in parts.netloc else ""
    except ValueError:
        return ""
