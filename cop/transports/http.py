"""Exchanging over HTTP with a running `cop serve`: a GET to ask whether anything is new, one POST a turn.

Written on `http.client`, not `requests`: a run with nothing to do starts in half the time and sends 110 bytes less
(docs/decisions/sync.md has the numbers).
"""

import base64
import http
import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from cop.errors import NotReachable, Refused, WrongUsage
from cop.model import OrganisationId, WriterId
from cop.signing import Signer
from cop.transports.answers import AGAIN, CONTENT_TYPE, check
from cop.transports.base import LineCut
from cop.transports.several import CONTENT_TYPE as SEVERAL
from cop.transports.several import Parts
from cop.transports.signatures import Lookup, Request, Response, answerer_of, sign_request
from cop.wire import MAX_BODY_BYTES

PATH = "/-/cop/sync"
INVITATION_PATH = "/-/cop/invitation"
NO_HEADERS: Mapping[str, str] = {}
CONNECT_SECONDS = 10
SILENCE_SECONDS = 60  # without a byte from the partner
DEADLINE_SECONDS = 300  # for one turn
SLOWEST = 200  # bytes a second, of a long answer
PIECE_BYTES = 16_384
MAX_QUESTION_BYTES = 32  # a message this short asks only whether anything is new
_BAD_ADDRESS = 'cop partner add "NAME" http://…'


@dataclass(frozen=True)
class Proof:
    """How both sides of a line prove who they are."""

    signer: Signer
    known: Lookup  # the partner's writers
    receiver: OrganisationId  # whom we mean to reach


class HttpTransport:
    """A partner at an http(s) address."""

    several = True

    def __init__(self, address: str, proof: Proof | None = None) -> None:
        self.address = address.rstrip("/")
        self.bytes_in = self.bytes_out = self.requests = 0
        self.partner: WriterId = b""
        self._proof = proof
        self._parts = _split(self.address)
        self._line: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._coming: tuple[Request, Parts] | None = None  # an answer of several messages, being read

    def exchange(self, message: bytes) -> bytes:
        """Send one message and return the answer, b"" for nothing new. Raises: LineCut, NotReachable, Refused."""
        if len(message) > MAX_QUESTION_BYTES:
            return self._ask("POST", PATH, message)
        return self._ask("GET", f"{PATH}?{base64.urlsafe_b64encode(message).decode().rstrip('=')}", b"")

    def following(self) -> bytes:
        """The next message of an answer of several. Raises: LineCut, Refused."""
        if self._coming is None:
            raise Refused(f"{self.address} announced a message and sent none.")
        request, parts = self._coming
        part = parts.next()
        if part is None:
            self.close()
            raise LineCut(f"The line to {self.address} was cut.", hint=AGAIN)
        headers, message = part
        self._prove(request, Response(http.HTTPStatus.OK, request, headers), message)
        return message

    def invitation(self) -> str:
        """The invitation that the site at this address hands out. Raises: NotReachable."""
        return self._ask("GET", INVITATION_PATH, b"").decode("ascii", "replace")

    def ask(self, path: str, body: bytes) -> bytes:
        """Send a signed message to another endpoint and return the answer. Raises: LineCut, NotReachable, Refused."""
        return self._ask("POST", path, body)

    @contextmanager
    def open(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = NO_HEADERS
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a signed request and give the answer unread; `pieces` reads it. Raises: LineCut, NotReachable."""
        request = self._signed(method, path, body, headers)
        self.requests += 1
        self.bytes_out += len(body)
        response = self._opened(request, self._parts.path + path, body)
        try:
            yield response
        finally:
            if not response.isclosed():  # something was left unread
                self.close()

    def _opened(self, request: Request, target: str, body: bytes) -> http.client.HTTPResponse:
        self._finish_answer()
        connected = self._line is not None
        try:
            if not connected:
                self._connect()
                connected = True
            return self._request(request, target, body)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            self.close()
            raise self._broken(error, connected) from error

    def pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        """What is left of an answer, as it comes; an end that came too early is for the caller to see.

        Raises: LineCut; NotReachable if almost nothing comes for a long time.
        """
        started, before = time.monotonic(), self.bytes_in
        try:
            while piece := response.read1(PIECE_BYTES):
                self.bytes_in += len(piece)
                yield piece
                seconds = time.monotonic() - started
                if seconds > DEADLINE_SECONDS and self.bytes_in - before < seconds * SLOWEST:
                    raise NotReachable(f"{self.address} is too slow.", hint=AGAIN)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise LineCut(f"The line to {self.address} was cut.", hint=AGAIN) from error

    def close(self) -> None:
        """Let the line go."""
        self._coming = None
        if self._line is not None:
            self._line.close()
            self._line = None

    def _finish_answer(self) -> None:
        """A line on which something is left unread cannot carry another request."""
        if self._coming is None:
            return
        done = False
        with suppress(NotReachable):
            done = self._coming[1].is_done()
        self._coming = None
        if not done:
            self.close()

    def _ask(self, method: str, path: str, body: bytes) -> bytes:
        self.requests += 1
        self.bytes_out += len(body)
        request, response, answer = self._ask_once(method, path, body)
        if self._coming is not None:
            return self.following()
        self._check(response, answer)
        self._prove(request, Response(response.status, request, dict(response.getheaders())), answer)
        return answer

    def _signed(self, method: str, path: str, body: bytes, headers: Mapping[str, str] = NO_HEADERS) -> Request:
        request = Request(method, self.address + path, dict(headers))
        if self._proof is not None:
            sign_request(request, self._proof.signer, body, self._proof.receiver)
        return request

    def _ask_once(self, method: str, path: str, body: bytes) -> tuple[Request, http.client.HTTPResponse, bytes]:
        """A partner may have closed a line on which nothing came for a while: then on a new one.

        It is signed anew then: the first may have arrived, and nothing is taken in twice.
        """
        self._finish_answer()
        request, reused = self._signed(method, path, body), self._line is not None
        connected = reused
        try:
            if not reused:
                self._connect()
                connected = True
            response = self._request(request, self._parts.path + path, body)
            if path == PATH and response.status == http.HTTPStatus.OK and response.getheader("Content-Type") == SEVERAL:
                self._coming = request, Parts(self.pieces(response))
                return request, response, b""
            return request, response, self._read(response)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            self.close()
            if reused and isinstance(error, http.client.RemoteDisconnected | BrokenPipeError | ConnectionResetError):
                return self._ask_once(method, path, body)
            raise self._broken(error, connected) from error

    def _connect(self) -> None:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            context = ssl.create_default_context()
            self._line = http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=context)
        else:
            self._line = http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
        self._line.connect()
        self._socket = self._line.sock
        self._socket.settimeout(SILENCE_SECONDS)

    def _request(self, request: Request, target: str, body: bytes) -> http.client.HTTPResponse:
        """Only the headers that are needed: on a costly line every byte counts."""
        if self._line is None:
            raise http.client.NotConnected
        self._line.putrequest(request.method, target, skip_accept_encoding=True)
        if body:
            self._line.putheader("Content-Type", CONTENT_TYPE)
            self._line.putheader("Content-Length", str(len(body)))
        for name, value in request.headers.items():
            self._line.putheader(name, value)
        self._line.endheaders(body or None)
        return self._line.getresponse()

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """The whole answer, within a size and a time."""
        deadline, parts, size = time.monotonic() + DEADLINE_SECONDS, [], 0
        while part := response.read1(16384):
            size += len(part)
            self.bytes_in += len(part)
            if size > MAX_BODY_BYTES:
                self.close()
                raise Refused(f"{self.address} sends more than {MAX_BODY_BYTES:,} bytes at a time.")
            left = deadline - time.monotonic()
            if left <= 0:
                self.close()
                raise NotReachable(f"{self.address} is too slow.", hint=AGAIN)
            if self._socket is not None and not response.isclosed():  # Python 3.13 closes it with the last byte
                self._socket.settimeout(min(left, SILENCE_SECONDS))
            parts.append(part)
        response.read()  # nothing is left; now the line can carry the next turn
        return b"".join(parts)

    def _broken(self, error: Exception, connected: bool) -> NotReachable:
        if isinstance(error, TimeoutError):
            return NotReachable(f"{self.address} did not answer in time.", hint=AGAIN)
        if isinstance(error, ssl.SSLCertVerificationError):
            return NotReachable(f"{self.address} does not prove its name ({error.verify_message}).", hint=AGAIN)
        if connected:
            return LineCut(f"{self.address} stopped answering.", hint=AGAIN)
        return NotReachable(f"{self.address} cannot be reached.", hint=AGAIN)

    def _check(self, response: http.client.HTTPResponse, answer: bytes) -> None:
        try:
            check(self.address, response, answer, must_be_signed=self._proof is not None)
        except NotReachable:
            self.close()
            raise

    def _prove(self, request: Request, signed: Response, answer: bytes) -> None:
        if self._proof is not None:
            self.partner = answerer_of(signed, answer, self._proof.known)


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port):
            return parts
    except ValueError:
        pass
    raise WrongUsage(f"“{address}” is no address of a site.", hint=_BAD_ADDRESS)
