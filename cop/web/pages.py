"""Every page of the site: its address and the function that builds it."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import unquote

from datasette import Response

from cop.fields import FOLDERS
from cop.web import (
    access,
    adding,
    agreement,
    calendars,
    citing,
    event_lists,
    feeds,
    finding,
    form_page,
    history,
    home,
    lists,
    logs,
    makers,
    news,
    people,
    pictures,
    posting,
    receipts,
    record,
    removed,
    render,
    saving,
    script,
    sending,
    sheet,
    taking_along,
    texts,
    thanks,
    titles,
    topics,
)
from cop.web.links import rel

View = Callable[..., Awaitable[Response]]

_OWN_LISTS: dict[str, render.Build] = {
    "events": event_lists.events_page,
    "people": people.people,
    "topics": topics.topics,
    "agreement": agreement.agreement,
}
_ANY_FOLDER = "|".join(FOLDERS)


def _list(folder: str) -> render.Build:
    if folder in _OWN_LISTS:
        return _OWN_LISTS[folder]
    return partial(lists.list_page, type_name=FOLDERS[folder].name)


# Regular expressions on the path as it was sent; named groups become arguments of the function.
PAGES: list[tuple[str, render.Build]] = [
    (r"^/$", home.home),
    (r"^/new$", news.new),
    (r"^/pictures$", pictures.pictures),
    (r"^/a-z$", titles.titles),
    (r"^/removed$", removed.removed),
    (r"^/thanks$", thanks.thanks),
    (r"^/differences$", home.differences),
    (r"^/search$", finding.search_page),
    (r"^/add$", adding.add),
    (r"^/add/paper$", adding.paper),
    (rf"^/add/(?P<kind>{'|'.join(form_page.OFFERED)})$", adding.add_type),
    (r"^/remove$", adding.remove),
    (r"^/accessibility$", access.access),
    (r"^/offline$", taking_along.offline),
    (r"^/(?:about|privacy|languages)$", texts.text),
    (rf"^{saving.PAGE}$", saving.save_page),
    (rf"^{saving.FRAME}$", saving.frame),
    *((rf"^/{folder}$", _list(folder)) for folder in FOLDERS),
    (rf"^/resources\.(?P<ending>{citing.FORMATS})$", citing.citations_of_list),
    (rf"^/(?P<folder>{citing.CITED})/(?P<slug>[^/]+)\.(?P<ending>{citing.FORMATS})$", citing.citation),
    (r"^/events\.ics$", calendars.all_events),
    (r"^/events/(?P<slug>[^/]+)\.ics$", calendars.one_event),
    (r"^/topics/(?P<slug>[^/]+)/events\.ics$", calendars.on_topic),
    (r"^/organisations/(?P<slug>[^/]+)/events\.ics$", calendars.of_organisation),
    (r"^/feed\.atom$", feeds.everything),
    (rf"^/(?P<folder>{_ANY_FOLDER})/feed\.atom$", feeds.kind),
    (r"^/topics/(?P<slug>[^/]+)/feed\.atom$", feeds.topic),
    (r"^/organisations/(?P<slug>[^/]+)/feed\.atom$", feeds.organisation),
    (r"^/projects/(?P<slug>[^/]+)/log\.csv$", logs.as_csv),
    (r"^/projects/(?P<slug>[^/]+)/log\.txt$", logs.as_text),
    (r"^/topics/(?P<slug>[^/]+)$", topics.topic),
    (rf"^/(?P<folder>{_ANY_FOLDER})/(?P<slug>[^/]+)$", record.record),
    (rf"^/(?P<folder>{_ANY_FOLDER})/(?P<slug>[^/]+)/history$", history.history),
]


def routes() -> list[tuple[str, View]]:
    """What Datasette's `register_routes` wants."""
    own_files = [(sheet.ADDRESS, _style), (r"^/static/checklist-[0-9a-f]+\.js$", script.script)]
    sent = (r"^/add/sent/(?P<token>[A-Za-z0-9_-]{22})$", receipts.show)
    return [
        *own_files,
        sent,
        *saving.ROUTES,
        *taking_along.ROUTES,
        *((pattern, _view(build)) for pattern, build in PAGES),
    ]


# Pages with a form, and what takes it
_TAKEN: dict[render.Build, posting.Take] = {
    adding.add: sending.take_quick,
    adding.add_type: sending.take_type,
    adding.remove: sending.take_removal,
}


_OF_MANY = (
    citing.citations_of_list,
    calendars.all_events,
    calendars.on_topic,
    calendars.of_organisation,
    pictures.pictures,
)
_SEARCHES = re.compile(r"(?:^|&)q=[^&]")  # lists can be searched, too
_FOUND = [(re.compile(pattern), build) for pattern, build in PAGES]


def find(path: str) -> tuple[render.Build, dict[str, str]] | None:
    """The function behind an address, and the parts of the address; None if it is no page of ours."""
    for pattern, build in _FOUND:
        if match := pattern.match(path):
            return build, match.groupdict()
    return None


def in_small_letters(request: Any, path: str) -> Response | None:
    """The way to a page of ours whose address was written with capitals, as keyboards of phones do; None if it is none."""
    small = path.lower()
    if request.method not in ("GET", "HEAD") or small == path or find(small) is None:
        return None
    asked = f"?{request.query_string}" if request.query_string else ""
    return Response.text("", status=301, headers={"Location": rel(path, small) + asked})


async def show(datasette: Any, request: Any, build: render.Build, parts: dict[str, str]) -> Response:
    """One page; parts of the address as they were sent."""
    named = {name: unquote(part) for name, part in parts.items()}
    return await render.respond(datasette, request, build, _line(build, request.query_string), **named)


def _line(build: render.Build, query: str) -> makers.Line:
    """What takes long waits in a line of its own."""
    if build in _OF_MANY:
        return "files"
    return "searches" if build is finding.search_page or _SEARCHES.search(query) else "pages"


def _view(build: render.Build) -> View:
    take = _TAKEN.get(build)

    async def view(datasette: Any, request: Any) -> Response:
        if take and request.method == "POST":
            return await posting.answered(datasette, request, take, **request.url_vars)
        return await show(datasette, request, build, request.url_vars)

    return view


async def _style(request: Any) -> Response:
    return sheet.respond(request.path)
