"""What came of exchanging attachments: numbers, and the sentences that people read."""

from dataclasses import dataclass


@dataclass
class Exchanged:
    """What came of it; the keys of `attachments` in `cop sync --json`."""

    received: int = 0
    sent: int = 0
    left_out: int = 0  # larger than max_attachment
    waiting: int = 0  # wanted, and not here yet
    wrong: int = 0  # came, were not what their record says, and were thrown away


def sentences(told: Exchanged) -> list[str]:
    """What people should know of it."""
    found = []
    if told.received or told.sent:
        found.append(f"{_files(told.received)} came, {told.sent:,} went.")
    if told.waiting:
        found.append(f"{_files(told.waiting)} not here yet; more with a later exchange.")
    if told.left_out:
        found.append(f"{_files(told.left_out)} left out, because of their size: cop status")
    if told.wrong:
        found.append(f"{_files(told.wrong)} came, but not as named in the record: thrown away.")
    return found


def _files(count: int) -> str:
    return f"{count:,} {'file' if count == 1 else 'files'}"
