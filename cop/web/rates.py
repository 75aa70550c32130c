"""How many things may be sent in an hour, from one address and in all. Nothing of it is written down.

Addresses are kept as hashes under a key that nobody knows and that ends with the program, for an hour.
"""

import hashlib
import ipaddress
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

HOUR = 3600.0
MOST_OF_ONE = 30  # a group in one room may share one address
MOST_OF_ALL = 200


class Rates:
    """Counts what came in the last hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._came: deque[tuple[float, bytes]] = deque()

    def allows(self, address: str) -> bool:
        """True if one more may come from there."""
        now = self._clock()
        while self._came and self._came[0][0] <= now - HOUR:
            self._came.popleft()
        who = self._who(address)
        return len(self._came) < MOST_OF_ALL and sum(one == who for _when, one in self._came) < MOST_OF_ONE

    def count(self, address: str) -> None:
        """Something came from there."""
        self._came.append((self._clock(), self._who(address)))

    def _who(self, address: str) -> bytes:
        return hashlib.blake2b(_network(address).encode(), key=self._key, digest_size=16).digest()


def _network(address: str) -> str:
    """An IPv6 address stands for all of its household, which has millions of them.

    >>> _network("2001:db8:1:2:3::9") == _network("2001:db8:1:2:ffff::1"), _network("192.0.2.7")
    (True, '192.0.2.7')
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


_rates: WeakKeyDictionary[Any, Rates] = WeakKeyDictionary()


def of(datasette: Any) -> Rates:
    """Those of one site."""
    return _rates.setdefault(datasette, Rates())
