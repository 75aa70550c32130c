"""What every carrier offers."""

from typing import Protocol


class Transport(Protocol):
    """One way to reach a partner."""

    bytes_in: int
    bytes_out: int
    requests: int

    def exchange(self, message: bytes) -> bytes:
        """Send one message and return the answer. Raises: NotReachable, Refused."""
