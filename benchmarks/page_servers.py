"""The servers that `pages.py` measures beside each other; each a process of its own, all on the same uvicorn.

    python benchmarks/page_servers.py NAME SITE PORT

cop        `cop serve`, as people run it
uncached   the same, with nothing kept of finished pages
starlette  Starlette, asking the same questions of the same file in threads and filling the same templates
hello      Starlette answering "Hello", and nothing else
"""

import re
import sqlite3
import sys
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from cop.cli import main
from cop.web import cache, pages, sheet, templating
from cop.web.asked import Asked, frame


def cop(site: Path, port: int) -> None:
    """`cop serve`."""
    sys.argv = ["cop", "--site", str(site), "serve", "--port", str(port), "--no-announce"]
    main()


def uncached(site: Path, port: int) -> None:
    """`cop serve` that makes every page again."""
    cache.MAX_BYTES = dict.fromkeys(cache.MAX_BYTES, 0)
    cop(site, port)


def hello(_site: Path, port: int) -> None:
    """The least that Starlette can do."""

    async def answer(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("Hello")

    _run(Starlette(routes=[Route("/", answer)]), port)


def starlette(site: Path, port: int) -> None:
    """What somebody would write who needs these pages and neither Datasette nor anything around them."""
    local = threading.local()
    routes = [(re.compile(pattern), build) for pattern, build in pages.PAGES]

    def read(path: str, query: str, build: Callable[..., Any], parts: dict[str, str]) -> str:
        if not hasattr(local, "db"):
            local.db = sqlite3.connect(f"file:{site / 'data' / 'site.db'}?mode=ro", uri=True)
            local.db.row_factory = sqlite3.Row
        asked = Asked(local.db, path, parse_qs(query), date.today())
        return templating.html(build(asked, **parts), path, frame(local.db, path, sheet.PATH, query))

    async def answer(request: Request) -> HTMLResponse:
        path = request.url.path
        for pattern, build in routes:
            if found := pattern.match(path):
                return HTMLResponse(await run_in_threadpool(read, path, request.url.query, build, found.groupdict()))
        return HTMLResponse("Nothing here", 404)

    _run(Starlette(routes=[Route("/{path:path}", answer)]), port)


def _run(app: Any, port: int) -> None:
    uvicorn.run(app, port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    {"cop": cop, "uncached": uncached, "hello": hello, "starlette": starlette}[sys.argv[1]](
        Path(sys.argv[2]), int(sys.argv[3])
    )
