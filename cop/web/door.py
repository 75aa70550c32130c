"""The desk's door: who may read its pages, who may act there, and under which name.

Its pages may be read at the organisation's own computer: a request counts as from there if it comes from this computer,
names this computer (so that no page elsewhere can point a name of its own here), and did not pass through a web server
that stands in front of this one. To act there, and to read from elsewhere, somebody signs in with a link that works
once: `sessions`. The cookie is good at this computer and over https, nowhere else. See docs/decisions/desk.md.
"""

import hashlib
import ipaddress
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from cop import sessions
from cop.config import Site
from cop.schema import open_store
from cop.sessions import Session

_PASSED_ON = frozenset({
    b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-server", b"x-real-ip",
    b"via", b"cf-connecting-ip", b"true-client-ip",
})  # fmt: skip


@dataclass(frozen=True)
class Served:
    """A site that `cop serve` shows, and where it listens."""

    site: Site
    address: str = ""  # where others on the local network reach it, "" if nobody but this computer does
    port: int = 0


_FOUND = "cop_session"  # in the scope of a request: what was found out about it
_served: WeakKeyDictionary[Any, Served] = WeakKeyDictionary()


def attach(datasette: Any, served: Served) -> None:
    """Open the desk. Without it, as under plain `datasette serve` and in copies, it stays closed."""
    _served[datasette] = served


def served_by(datasette: Any) -> Served | None:
    """The site behind the desk, if there is one."""
    return _served.get(datasette)


def is_open(datasette: Any, request: Any) -> bool:
    """True if whoever asks may read the desk: they sit at this computer, or have signed in."""
    return is_open_to(datasette, request.scope)


def is_open_to(datasette: Any, scope: MutableMapping[str, Any]) -> bool:
    """The same, of a request that is still a scope of ASGI."""
    served = served_by(datasette)
    if served is None:
        return False
    return is_at_this_computer(served, scope) or session_of(datasette, scope) is not None


def may_act(datasette: Any, request: Any) -> bool:
    """True if whoever asks has signed in: only they may do something in the name of the organisation."""
    return session_of(datasette, request.scope) is not None


def person(datasette: Any, request: Any) -> str:
    """Who asks, named as they wish; "" if only the organisation shall be named, or if they have not signed in."""
    session = session_of(datasette, request.scope)
    return session.person if session else ""


def session_of(datasette: Any, scope: MutableMapping[str, Any]) -> Session | None:
    """Who has signed in; None if nobody has, or where a cookie could be overheard."""
    served = served_by(datasette)
    token = _cookie(scope, cookie_name(served.site)) if served else ""
    if served is None or not token or not is_safe_line(served, scope):
        return None
    if _FOUND not in scope:
        scope[_FOUND] = _session(served, token)
    found: Session | None = scope[_FOUND]
    return found


def _session(served: Served, token: str) -> Session | None:
    db = open_store(served.site.store_db)
    try:
        db.execute("PRAGMA busy_timeout = 0")  # every page waits for this: it must not wait for who writes
        return sessions.of_token(db, token, int(time.time()))
    finally:
        db.close()


@lru_cache(maxsize=64)
def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def cookie_name(site: Site) -> str:
    """One for each site: browsers send the cookies of a computer to every port of it."""
    return f"cop_desk_{_short_hash(str(site.root))}"


def _cookie(scope: MutableMapping[str, Any], wanted: str) -> str:
    """The value of a cookie, "" if it is not there."""
    lines = (
        bytes(value).decode("latin-1") for name, value in scope.get("headers") or () if bytes(name).lower() == b"cookie"
    )
    pairs = (part.strip().partition("=") for line in lines for part in line.split(";"))
    return next((value for name, _, value in pairs if name == wanted), "")


def is_safe_line(served: Served, scope: MutableMapping[str, Any]) -> bool:
    """True if nobody in between can listen: the line ends at this computer, or is https."""
    return is_https(served, scope) or is_at_this_computer(served, scope)


def is_https(served: Served, scope: MutableMapping[str, Any]) -> bool:
    """True if a browser came by https. A server in front may not say so; then cop.toml does, with the address of readers."""
    if scope.get("scheme") == "https":
        return True
    try:
        url = urlsplit(served.site.config.url)
    except ValueError:
        return False
    hosts = [bytes(value) for name, value in scope.get("headers") or () if bytes(name).lower() == b"host"]
    return url.scheme == "https" and [host.decode("latin-1").lower() for host in hosts] == [url.netloc.lower()]


def is_at_this_computer(served: Served, scope: MutableMapping[str, Any]) -> bool:
    """True if whoever asks sits at the computer that serves the site."""
    return not _has_server_in_front(served.site.config.url, served.port) and _is_from_here(scope)


def begins_here(served: Served) -> bool:
    """True if somebody at this computer can open the desk there; false where another web server stands in front."""
    return not _has_server_in_front(served.site.config.url, served.port)


def _is_from_here(scope: MutableMapping[str, Any]) -> bool:
    headers = [(bytes(name).lower(), bytes(value)) for name, value in scope.get("headers") or ()]
    hosts = [value for name, value in headers if name == b"host"]
    client = scope.get("client")
    return (
        client is not None
        and _is_loopback(str(client[0]))
        and len(hosts) == 1
        and _names_this_computer(hosts[0].decode("latin-1"))
        and not any(name in _PASSED_ON for name, _ in headers)
        and scope.get("http_version") != "1.0"  # browsers speak 1.1; web servers that pass on long spoke 1.0
    )


@lru_cache(maxsize=256)
def _names_this_computer(host: str) -> bool:
    """
    >>> [_names_this_computer(host) for host in ("localhost:8001", "127.0.0.1:8001", "[::1]", "evil.example:8001")]
    [True, True, True, False]
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return "@" not in host and (name == "localhost" or _is_loopback(name))


@lru_cache(maxsize=256)
def _is_loopback(host: str) -> bool:
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    inner = getattr(ip, "ipv4_mapped", None)
    return (inner or ip).is_loopback


@lru_cache(maxsize=256)
def _has_server_in_front(address: str, own_port: int) -> bool:
    """True if readers come by an address that is not ours: whoever passes them on may look as if it sat here."""
    try:
        url = urlsplit(address)
        port = url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        return True
    if not url.hostname or url.hostname == "localhost" or _is_loopback(url.hostname):
        return False
    return url.scheme == "https" or port != own_port
