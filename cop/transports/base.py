"""What every carrier offers."""

from typing import Protocol


class Transport(Protocol):
    """One way to reach a partner who answers."""

    bytes_in: int
    bytes_out: int
    requests: int

    def exchange(self, message: bytes) -> bytes:
        """Send one message and return the answer. Raises: NotReachable, Refused."""


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
