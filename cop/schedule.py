"""When to exchange next, for `cop sync --every`: at an interval, and less often with who does not answer. Pure."""

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from cop.errors import WrongUsage

LEAST_SECONDS = 60
MOST_SECONDS = 7 * 86_400
LONGEST = 8  # intervals: the wait of a partner that goes on not answering
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def parse_interval(text: str) -> int:
    """Seconds. Raises: WrongUsage.

    >>> parse_interval("90s"), parse_interval("15m"), parse_interval("2h")
    (90, 900, 7200)
    """
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text.strip().lower())
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise WrongUsage(
            f"“{text}” is no time between exchanges.",
            hint="A number and s, m, h or d, from one minute to seven days: 90s, 15m or 2h.",
        )
    return seconds


def wait_after(interval: float, failures: int) -> float:
    """Seconds until the next try: each failure doubles it, up to eight intervals.

    >>> [wait_after(60, failures) for failures in range(5)]
    [60, 120, 240, 480, 480]
    """
    return min(interval * (1 << min(failures, LONGEST)), interval * LONGEST)


@dataclass
class Schedule:
    """Whose turn it is. Times are seconds of any clock that does not go back."""

    interval: float
    next_time: dict[Hashable, float] = field(default_factory=dict)
    failures: dict[Hashable, int] = field(default_factory=dict)

    def is_due(self, who: Hashable, now: float) -> bool:
        """True if it is time for them; at once for somebody new."""
        return self.next_time.get(who, now) <= now

    def done(self, who: Hashable, now: float, *, well: bool) -> float:
        """Note how it went, at the end of it. Returns the seconds until their next turn."""
        self.failures[who] = 0 if well else self.failures.get(who, 0) + 1
        wait = wait_after(self.interval, self.failures[who])
        self.next_time[who] = now + wait
        return wait

    def seconds_until_next(self, everyone: Iterable[Hashable], now: float) -> float:
        """How long nobody's turn comes; at most one interval, because somebody new may join meanwhile."""
        soonest = min((self.next_time.get(who, now) for who in everyone), default=now + self.interval)
        return min(max(soonest - now, 0.0), self.interval)
