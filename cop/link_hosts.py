"""The computers behind web addresses: what their names stand for, which may be asked, and whose turn it is."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PAUSE_SECONDS = 1.0  # between two questions to one host
_EMBEDDED = ipaddress.ip_network("64:ff9b::/96")  # where networks without IPv4 show it, RFC 6052

Resolve = Callable[[str, int], list[str]]  # the numbers of a name; raises OSError or UnicodeError


def numbers_of(host: str, port: int) -> list[str]:
    """The IP addresses that a name stands for, best first. Raises: OSError, UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def is_public(number: str) -> bool:
    """False for an IP address of this computer, of a private network, or of none that a website could have."""
    ip = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        low = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        inner = ip.ipv4_mapped or ip.sixtofour or (low if ip in _EMBEDDED else None)
        if inner:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def one_of_each_kind(numbers: list[str]) -> list[str]:
    """The best IPv6 and the best IPv4 address, in their order: if one kind does not get through, the other may."""
    best: dict[bool, str] = {}
    for number in numbers:
        best.setdefault(":" in number, number)
    return list(best.values())


class Turns:
    """One question at a time to each host, with a pause before the next."""

    def __init__(self, clock: Callable[[], float], wait: Callable[[float], None]) -> None:
        self._clock, self._wait = clock, wait
        self._guard = threading.Lock()
        self._hosts: dict[str, threading.Lock] = {}
        self._free_at: dict[str, float] = {}

    @contextmanager
    def at(self, host: str) -> Iterator[None]:
        """Wait for our turn, and hold it."""
        with self._guard:
            turn = self._hosts.setdefault(host, threading.Lock())
        with turn:
            pause = self._free_at.get(host, 0.0) - self._clock()
            if pause > 0:
                self._wait(pause)
            try:
                yield
            finally:
                self._free_at[host] = self._clock() + PAUSE_SECONDS
