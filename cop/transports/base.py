"""What every carrier offers."""

from typing import Protocol

from cop.errors import NotReachable
from cop.model import WriterId


class LineCut(NotReachable):
    """A line was there and broke. Asking again, for less at a time, may help."""


class Transport(Protocol):
    """One way to reach a partner."""

    bytes_in: int
    bytes_out: int
    requests: int
    partner: WriterId  # who has proved to answer; b"" before the first answer

    def exchange(self, message: bytes) -> bytes:
        """Send one message and return the answer, b"" for nothing new. Raises: LineCut, NotReachable, Refused."""
