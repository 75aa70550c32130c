"""Attachments over HTTP: which are there, fetching one from any byte on, sending one piece by piece."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Protocol
from urllib.parse import urlencode

from cop.model import WriterId
from cop.transports.base import AnswersOtherwise, LineCut
from cop.transports.http import HttpTransport

PATH = "/-/cop/blob/"
TALK_PATH = "/-/cop/blobs"
HELD = "Upload-Offset"  # header of an answer: how many bytes of an attachment are there
_RANGE = re.compile(r"bytes ([0-9]{1,12})-[0-9]{1,12}/([0-9]{1,12})")


@dataclass(frozen=True)
class Coming:
    """An attachment on its way."""

    start: int  # of the first byte that comes
    total: int  # bytes of the whole; -1 if the partner does not say
    pieces: Iterator[bytes]


class BlobLine(Protocol):
    """A way to exchange attachments with a partner who answers."""

    @property
    def partner(self) -> WriterId:
        """Who has proved to answer."""

    def ask(self, message: bytes) -> bytes:
        """Tell what we have and want, and hear the same. Raises: LineCut, NotReachable, Refused."""

    def fetch(self, sha256: str, start: int) -> AbstractContextManager[Coming | None]:
        """An attachment from byte `start` on; None if it is not there. Raises: LineCut, NotReachable."""

    def held_there(self, sha256: str) -> int | None:
        """How many bytes of it the partner has; None if it does not want it. Raises: LineCut, NotReachable."""

    def send(self, sha256: str, size: int, start: int, piece: bytes) -> int:
        """Bring a piece. Returns how many bytes are there now, -1 if it was not taken. Raises: LineCut, NotReachable."""


class HttpBlobs:
    """Attachments of the site at the other end of a line."""

    def __init__(self, line: HttpTransport) -> None:
        self._line = line

    @property
    def partner(self) -> WriterId:
        """Who has proved to answer."""
        return self._line.partner

    def ask(self, message: bytes) -> bytes:
        """Tell what we have and want, and hear the same. Raises: LineCut, NotReachable, Refused."""
        return self._line.ask(TALK_PATH, message)

    @contextmanager
    def fetch(self, sha256: str, start: int) -> Iterator[Coming | None]:
        """An attachment from byte `start` on; None if it is not there. Raises: LineCut, NotReachable."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with self._line.open("GET", PATH + sha256, headers=headers) as response:
            yield self._coming(response)

    def _coming(self, response: HTTPResponse) -> Coming | None:
        pieces = self._line.pieces(response)
        length = response.getheader("Content-Length", "")
        if response.status == 200:
            return Coming(0, int(length) if length.isdecimal() else -1, pieces)
        told = _RANGE.fullmatch(response.getheader("Content-Range", ""))
        if response.status == 206 and told:
            return Coming(int(told[1]), int(told[2]), pieces)
        if response.status in (404, 410, 416):
            return None
        raise AnswersOtherwise(f"{self._line.address} answers, but not as cop does (status {response.status}).")

    def held_there(self, sha256: str) -> int | None:
        """How many bytes of it the partner has; None if it does not want it. Raises: LineCut, NotReachable."""
        with self._line.open("HEAD", PATH + sha256) as response:
            return _held(response)

    def send(self, sha256: str, size: int, start: int, piece: bytes) -> int:
        """Bring a piece. Returns how many bytes are there now, -1 if it was not taken. Raises: LineCut, NotReachable."""
        query = urlencode({"sha256": sha256, "size": size, "start": start})
        with self._line.open("PUT", f"{PATH}{sha256}?{query}", piece) as response:
            for _ in self._line.pieces(response):
                pass
            if response.status in (200, 201, 409):
                held = _held(response)
                if held is None:
                    raise LineCut(f"{self._line.address} does not say what it has of a file.")
                return held
            return -1


def _held(response: HTTPResponse) -> int | None:
    told = response.getheader(HELD, "")
    return int(told) if told.isdecimal() and len(told) < 13 and response.status in (200, 201, 409) else None
