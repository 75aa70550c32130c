"""Where the site stands, for the few places that need a whole address: feeds, calendars and citations."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from cop.addresses import only_here
from cop.web.links import outside

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def top(datasette: Any, request: Any, meta: Mapping[str, str]) -> str:
    """The address of the first page, without a slash at the end: the one in cop.toml, else as the reader came."""
    written = meta.get("url", "")
    if outside(written).lower().startswith("http"):
        return written.strip().rstrip("/")
    host = request.headers.get("host", "")
    scheme = "https" if datasette.setting("force_https_urls") else request.scheme
    base = str(datasette.setting("base_url")).rstrip("/")
    return f"{scheme}://{host if _HOST.fullmatch(host) else 'localhost'}{base}"  # whoever asks writes the host


def subscribing(address: str) -> str:
    """The address under which a calendar program keeps a calendar up to date, "" if only this computer reaches it.

    >>> subscribing("https://example.org/events.ics"), subscribing("http://127.0.0.1:8001/events.ics")
    ('webcal://example.org/events.ics', '')
    """
    parts = urlsplit(address)
    if only_here(parts.hostname or ""):
        return ""
    return address.replace(f"{parts.scheme}://", "webcal://", 1)
