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
    calendars,
    citing,
    event_lists,
    feeds,
    finding,
    history,
    home,
    lists,
    logs,
    news,
    people,
    pictures,
    record,
    render,
    script,
    sheet,
    texts,
    topics,
)

View = Callable[..., Awaitable[Response]]

_OWN_LISTS: dict[str, render.Build] = {
    "events": event_lists.events_page,
    "people": people.people,
    "topics": topics.topics,
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
    (r"^/differences$", home.differences),
    (r"^/search$", finding.search_page),
    (r"^/add$", texts.add),
    (r"^/accessibility$", access.access),
    (r"^/(?:about|privacy|offline|languages)$", texts.text),
    *((rf"^/{folder}$", _list(folder)) for folder in FOLDERS),
    (rf"^/resources\.(?P<ending>{citing.FORMATS})$", citing.citations_of_list),
    (rf"^/resources/(?P<slug>[^/]+)\.(?P<ending>{citing.FORMATS})$", citing.citation),
    (r"^/events\.ics$", calendars.all_events),
    (r"^/events/(?P<slug>[^/]+)\.ics$", calendars.one_event),
    (r"^/topics/(?P<slug>[^/]+)/events\.ics$", calendars.on_topic),
    (r"^/organisations/(?P<slug>[^/]+)/events\.ics$", calendars.of_organisation),
    (r"^/feed\.atom$", feeds.everything),
    (rf"^/(?P<folder>{_ANY_FOLDER})/feed\.atom$", feeds.kind),
    (r"^/topics/(?P<slug>[^/]+)/feed\.atom$", feeds.topic),
    (r"^/organisations/(?P<slug>[^/]+)/feed\.atom$", feeds.organisation),
    (r"^/projects/(?P<slug>[^/]+)/log\.csv$", logs.as_csv),
    (r"^/topics/(?P<slug>[^/]+)$", topics.topic),
    (rf"^/(?P<folder>{_ANY_FOLDER})/(?P<slug>[^/]+)$", record.record),
    (rf"^/(?P<folder>{_ANY_FOLDER})/(?P<slug>[^/]+)/history$", history.history),
]


def routes() -> list[tuple[str, View]]:
    """What Datasette's `register_routes` wants."""
    own_files = [(sheet.ADDRESS, _style), (r"^/static/checklist-[0-9a-f]+\.js$", script.script)]
    return [*own_files, *((pattern, _view(build)) for pattern, build in PAGES)]


_FOUND = [(re.compile(pattern), build) for pattern, build in PAGES]


def find(path: str) -> tuple[render.Build, dict[str, str]] | None:
    """The function behind an address, and the parts of the address; None if it is no page of ours."""
    for pattern, build in _FOUND:
        if match := pattern.match(path):
            return build, match.groupdict()
    return None


async def show(datasette: Any, request: Any, build: render.Build, parts: dict[str, str]) -> Response:
    """One page; parts of the address as they were sent."""
    return await render.respond(datasette, request, build, **{name: unquote(part) for name, part in parts.items()})


def _view(build: render.Build) -> View:
    async def view(datasette: Any, request: Any) -> Response:
        return await show(datasette, request, build, request.url_vars)

    return view


async def _style(request: Any) -> Response:
    return sheet.respond(request.path)
