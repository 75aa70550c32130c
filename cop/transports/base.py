"""What every carrier offers."""

from typing import Protocol

from cop.errors import NotReachable
from cop.model import WriterId


class LineCut(NotReachable):
    """A line was there and broke. Asking again, for less at a time, may help."""


class SiteBusy(LineCut):
    """The partner's machine has too much to do just now, and says so."""


class AnswersOtherwise(NotReachable):
    """Something is there, but no cop that exchanges. It may be a web server that holds files of a place."""


class Transport(Protocol):
    """One way to reach a partner who answers."""

    bytes_in: int
    bytes_out: int
    requests: int
    partner: WriterId  # who has proved to answer; b"" before the first answer
    several: bool  # it can carry several messages in one answer

    def exchange(self, message: bytes) -> bytes:
        """Send one message and return the answer, b"" for nothing new. Raises: LineCut, NotReachable, Refused."""

    def following(self) -> bytes:
        """The next message of that answer, if the last one says that another follows. Raises: LineCut, Refused."""


class FileCarrier(Protocol):
    """A place that holds files and answers nothing: a folder, an object store, a web server. Names use "/".

    Whoever calls relies on no order, no time and no lock: a listing may be late, and a file not whole.
    """

    address: str
    bytes_in: int
    bytes_out: int
    requests: int
    read_only: bool
    can_list: bool

    def list(self) -> dict[str, int]:
        """Names below `cop1/` with their sizes in bytes, as far as the place shows them. Raises: NotReachable."""

    def read(self, name: str, most: int) -> bytes:
        """One file. Raises: NotThere, NotReachable; TooLarge beyond `most` bytes, without reading them."""

    def write(self, name: str, data: bytes) -> None:
        """Put a file there, whole or not at all, in place of one of that name. Raises: NotReachable."""

    def delete(self, name: str) -> None:
        """Take a file away; one that is gone already is fine. Raises: NotReachable."""
