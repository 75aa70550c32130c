"""How a page of the desk is asked for and answered: who may, in a thread with `store.db`, in the frame of the desk.

A page is one function that shows it and, where something is done there, one that takes the form. What is done needs a
person who has signed in: `posting` sees to that.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote

from datasette import Response
from markupsafe import Markup

from cop import standing
from cop.errors import CopError
from cop.schema import open_store
from cop.sessions import Session
from cop.shared_words import Problem
from cop.web import address, boxes, door, exchanging, posting, render, sheet, templating
from cop.web.asked import Frame, language_links, plain_frame
from cop.web.door import Served
from cop.web.language import N_, speaking
from cop.web.links import Query
from cop.web.offered import Offered
from cop.web.posting import Form

CLOSED = N_("The desk is closed here")
MAX_QUERY = 20  # names behind the "?"
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class Visit:
    """Somebody at the desk who asks for a page, or sends a form."""

    served: Served
    db: sqlite3.Connection  # of store.db
    path: str
    session: Session | None  # None for who reads at this computer and has not signed in
    parts: Mapping[str, str] = field(default_factory=dict)  # of the address
    args: Mapping[str, str] = field(default_factory=dict)  # behind the "?"
    form: Form = field(default_factory=Form)
    now: int = 0  # seconds UTC
    top: str = ""  # the whole address of the first page, without a slash at the end

    @property
    def person(self) -> str:
        """Who it is, named as they wish, or ""."""
        return self.session.person if self.session else ""


@dataclass(frozen=True)
class See:
    """It is done: the browser is led to a page, so that reloading sends nothing twice."""

    target: str
    query: Query | None = None


Answer = templating.Page | See | None  # None: there is no such page
Do = Callable[[Visit], Answer]
View = Callable[..., Awaitable[Response]]


def view(show: Do, take: Do | None = None) -> View:
    """The page that `show` makes; `take` is what happens with a form that is sent from it."""

    async def answer(datasette: Any, request: Any) -> Response:
        if request.method == "POST" and take:
            taken: Response = await posting.answered(datasette, request, partial(_taken, take))
            return taken
        if request.method not in ("GET", "HEAD"):
            allowed = "GET, HEAD, POST" if take else "GET, HEAD"
            return Response.text(f"Only {allowed} are answered here.", status=405, headers={"Allow": allowed})
        if not door.is_open(datasette, request):
            return closed(datasette, request)
        return await in_thread(datasette, request, show, Form())

    return answer


async def _taken(take: Do, datasette: Any, request: Any, form: Form) -> Response:
    return await in_thread(datasette, request, take, form)


def page_number(visit: Visit) -> int:
    """The page of a long list that is asked for, from 1."""
    typed = visit.args.get("page", "")[:6]
    return max(1, int(typed)) if typed.isascii() and typed.isdigit() else 1


@contextmanager
def published(visit: Visit) -> Iterator[sqlite3.Connection | None]:
    """What readers see, to look things up; None if nothing was published yet."""
    path = visit.served.site.site_db
    if not path.exists():
        yield None
        return
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        yield db


async def in_thread(datasette: Any, request: Any, do: Do, form: Form) -> Response:
    """Do it with the store open, in the language of the request."""
    served = door.served_by(datasette)
    assert served is not None
    path = render.route_path(datasette, request.scope)
    parts = {name: unquote(part) for name, part in request.url_vars.items()}
    args = dict(parse_qsl(request.query_string, keep_blank_values=True)[:MAX_QUERY])
    session = door.session_of(datasette, request.scope)
    top = address.top(datasette, request, {"url": served.site.config.url})
    visit = Visit(served, None, path, session, parts, args, form, int(time.time()), top)  # type: ignore[arg-type]
    answer, html = await asyncio.to_thread(_made, do, visit, request.scope)
    if answer is None:
        response: Response = render.not_found(datasette, request)
    elif isinstance(answer, See):
        response = posting.see(request, path, answer.target, answer.query)
    else:
        response = Response.html(html, status=getattr(answer, "status", 200))
    response.headers.update(NO_STORE)
    return response


def _made(do: Do, visit: Visit, scope: dict[str, Any]) -> tuple[Answer, str]:
    db = open_store(visit.served.site.store_db)
    try:
        with speaking(*render.spoken_in(scope)):
            visit = replace(visit, db=db)
            answer = do(visit)
            if answer is None or isinstance(answer, See):
                return answer, ""
            around = frame_of(visit, scope.get("cop_offered", Offered()))
            return answer, templating.html(answer, visit.path, around, of=getattr(answer, "of", ""))
    finally:
        db.close()


def frame_of(visit: Visit, languages: Offered) -> Frame:
    """What stands around a page of the desk."""
    config = visit.served.site.config
    names = sorted([config.name, *(one.name for one in standing.others(visit.db))], key=str.casefold)
    meta = {"title": config.title, "organisation": config.name}
    links = language_links(languages, visit.path, "")
    around = plain_frame(visit.path, sheet.path_of(config.look), meta, names[:50], links, desk=True)
    return replace(
        around, boxes=boxes.links(visit.path), at_desk=boxes.who(visit.session), in_vain=boxes.in_vain(visit.db)
    )


def closed(datasette: Any, request: Any) -> Response:
    """For everybody else."""
    message = N_(
        "Its pages are for the people who look after this copy: at the organisation’s own computer, or with a link to sign in "
        "that somebody there makes for them. Everything that is published is in the lists."
    )
    response: Response = render.error(datasette, request, 403, CLOSED, message)
    response.headers.update(NO_STORE)
    return response


def told_problem(problem: Problem) -> Markup:
    """Likewise, of one field."""
    return exchanging.told(f"{problem.reason}. {problem.hint}")


def told(error: CopError) -> Markup:
    """What the program says when it refuses something: it says it in English."""
    return exchanging.told(f"{error} {error.hint}".strip())
