"""Asking web addresses whether they still answer: politely, with no cookies or names, and never for long.

The name is looked up once, the numbers behind it are checked, and the line goes to a number that was checked: a name
that stands for something else a moment later leads nobody into a private network. Nothing of a page is read.
"""

import errno
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooSlow
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from cop import __version__, link_hosts, link_outcomes
from cop.link_hosts import Resolve, Turns
from cop.link_outcomes import MAX_ADDRESS, MAX_REDIRECTS, Answer

HEADERS = {
    "User-Agent": f"cop/{__version__} (looks whether a link still works; no robot, a person asked for it)",
    "Accept": "text/html,*/*;q=0.8",
    "Accept-Encoding": "identity",
}
_HEAD_REFUSED = frozenset({400, 403, 404, 405, 500, 501})  # some websites answer so to HEAD, and to GET as they should
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


@dataclass(frozen=True)
class Patience:
    """How long a website may take, in seconds."""

    connect: float = 5
    read: float = 10

    @property
    def longest(self) -> float:
        """For one question with all that belongs to it, also if bytes come one by one for ever."""
        return 2 * self.connect + self.read  # IPv6 may be tried, then IPv4


@dataclass(frozen=True)
class Manner:
    """How websites are asked. Tests change it."""

    private: bool = False  # also this computer and private networks
    patience: Patience = Patience()
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep
    resolve: Resolve = link_hosts.numbers_of
    authorities: str | bool = True  # who vouches for certificates: a file, or True for the usual ones


class Visitor:
    """Asks addresses; several threads may use one at once."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._turns = Turns(manner.clock, manner.wait)

    def visit(self, address: str) -> list[Answer]:
        """Ask an address, and those it leads to. The last answer leads on only if we did not follow it."""
        trail = [self._ask(address)]
        while trail[-1].leads_to and len(trail) <= MAX_REDIRECTS:
            if trail[-1].leads_to in [one.address for one in trail]:
                break
            trail.append(self._ask(trail[-1].leads_to))
        return trail

    def _ask(self, address: str) -> Answer:
        if len(address) > MAX_ADDRESS:
            return Answer(address, failure=link_outcomes.TOO_LONG)
        try:
            plain = plain_address(address)
        except ValueError:
            return Answer(address, failure=link_outcomes.NO_ADDRESS)
        answer = self._ask_as("HEAD", plain)
        return self._ask_as("GET", plain) if answer.status in _HEAD_REFUSED else answer

    def _ask_as(self, method: str, address: str) -> Answer:
        lines: list[_ToNumber] = []
        with self._turns.at(urlsplit(address).hostname or ""):
            try:
                return _within(self._manner.patience.longest, lambda: self._send(method, address, lines))
            except TooSlow:
                for line in lines:
                    line.cut()
                return Answer(address, failure=link_outcomes.SLOW)

    def _send(self, method: str, address: str, lines: list["_ToNumber"]) -> Answer:
        parts = urlsplit(address)
        try:
            numbers = self._manner.resolve(parts.hostname or "", _port(parts))
        except (OSError, UnicodeError) as error:
            return Answer(address, failure=_lookup_failure(error))
        if not self._manner.private and not all(link_hosts.is_public(number) for number in numbers):
            return Answer(address, failure=link_outcomes.PRIVATE)
        answer = Answer(address, failure=link_outcomes.UNKNOWN)
        for number in link_hosts.one_of_each_kind(numbers):
            lines.append(_ToNumber(number))
            answer = self._send_on(lines[-1], method, address)
            if answer.failure not in (link_outcomes.NO_WAY, link_outcomes.NOBODY, link_outcomes.SLOW):
                break
        return answer

    def _send_on(self, line: "_ToNumber", method: str, address: str) -> Answer:
        request = requests.Request(method, address, headers=HEADERS | {"Host": urlsplit(address).netloc}).prepare()
        timeout = (self._manner.patience.connect, self._manner.patience.read)
        try:
            # not through a session: it would read the whole page that comes with a redirect
            with (
                closing(line),
                closing(line.send(request, stream=True, timeout=timeout, verify=self._manner.authorities)) as response,
            ):
                return _answer(address, response)
        except (requests.RequestException, OSError, ValueError) as error:
            return Answer(address, failure=_failure(error))


class _ToNumber(HTTPAdapter):
    """Connects to a number that was checked, whatever the name in the address stands for by now."""

    def __init__(self, number: str) -> None:
        super().__init__()
        self._number = number
        self._connection: Any = None

    def get_connection_with_tls_context(self, *given: Any, **named: Any) -> Any:
        """As the library does, and remember the connection."""
        pool: Any = super().get_connection_with_tls_context(*given, **named)
        pool.ConnectionCls = partial(self._connect, pool.ConnectionCls)
        return pool

    def _connect(self, make: Callable[..., Any], **given: Any) -> Any:
        self._connection = make(**given)
        return self._connection

    def cut(self) -> None:
        """End what another thread is waiting for: else somebody could send headers for ever."""
        with suppress(OSError, AttributeError):  # it may just have ended
            socket.socket.shutdown(self._connection.sock, socket.SHUT_RDWR)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: bool | str, cert: Any = None
    ) -> Any:
        """Where to connect, and for https which name the certificate must bear."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        name = {"server_hostname": host["host"].rstrip(".")} if host["scheme"] == "https" else {}
        return {**host, "host": self._number}, {**pool, **name}


def plain_address(address: str) -> str:
    """An address as it is sent: letters of all scripts encoded, no name or password. Raises: ValueError."""
    parts = urlsplit(address)
    unnamed = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    try:
        plain = requests.Request("GET", unnamed).prepare().url or ""
    except requests.RequestException as error:
        raise ValueError(str(error)) from error
    found = urlsplit(plain)
    if found.scheme not in ("http", "https") or not found.hostname or "@" in found.netloc or not _port(found):
        raise ValueError(plain)
    return plain


def _port(parts: SplitResult) -> int:
    return (443 if parts.scheme == "https" else 80) if parts.port is None else parts.port


def _answer(address: str, response: requests.Response) -> Answer:
    location = response.headers.get("Location", "")
    if response.status_code not in _REDIRECTS or not location:
        return Answer(address, response.status_code)
    try:
        written = location.encode("latin-1").decode("utf-8", "replace")
        return Answer(address, response.status_code, leads_to=plain_address(urljoin(address, written)))
    except ValueError:
        return Answer(address, response.status_code, failure=link_outcomes.ASTRAY)


def _lookup_failure(error: OSError | UnicodeError) -> str:
    unknown = isinstance(error, UnicodeError) or error.errno in _NO_SUCH_NAME
    return link_outcomes.UNKNOWN if unknown else link_outcomes.NOT_NOW


def _failure(error: BaseException) -> str:
    """Why a line could not be used, from what the library says and what caused it."""
    causes = list(_causes(error))
    if any(isinstance(one, ssl.SSLError | requests.exceptions.SSLError) for one in causes):
        return link_outcomes.UNPROVEN
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        return link_outcomes.NOBODY
    if any(isinstance(one, requests.Timeout | TimeoutError) for one in causes):
        return link_outcomes.SLOW
    far = any(isinstance(one, OSError) and one.errno in _UNREACHABLE for one in causes)
    return link_outcomes.NO_WAY if far else link_outcomes.CUT


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _within(seconds: float, work: Callable[[], Answer]) -> Answer:
    """What `work` gives. Raises: TooSlow; a thread is left behind then, which ends with this program at the latest."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future.result(seconds)
