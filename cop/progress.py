"""How whoever works tells whoever waits how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int], None]  # done, of how many or of about how many: bytes, or records


def no_progress(done: int, of: int) -> None:
    """For callers who need no progress bar."""
