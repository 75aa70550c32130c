"""The desk's door: its pages are for the people at the organisation's own computer, until there is a way to sign in.

A request counts as theirs if it comes from this computer, names this computer (so that no page elsewhere can point a
name of its own here), and did not pass through a web server that stands in front of this one.
"""

import ipaddress
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from cop.config import Site

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


_served: WeakKeyDictionary[Any, Served] = WeakKeyDictionary()


def attach(datasette: Any, served: Served) -> None:
    """Open the desk. Without it, as under plain `datasette serve` and in copies, it stays closed."""
    _served[datasette] = served


def served_by(datasette: Any) -> Served | None:
    """The site behind the desk, if there is one."""
    return _served.get(datasette)


def is_open(datasette: Any, request: Any) -> bool:
    """True if whoever asks sits at this computer."""
    return is_open_to(datasette, request.scope)


def is_open_to(datasette: Any, scope: MutableMapping[str, Any]) -> bool:
    """The same, of a request that is still a scope of ASGI."""
    served = served_by(datasette)
    if served is None or _has_server_in_front(served.site.config.url, served.port):
        return False
    return _is_from_here(scope)


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
