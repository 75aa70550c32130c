"""Finding partners on the local network: `cop serve` announces itself, `cop sync --nearby` looks around (RFC 6762, 6763).

An announcement is a hint and proves nothing. Who answers at an address is checked by sync itself.
"""

import ipaddress
import queue
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cop.errors import CopError, install
from cop.model import OrganisationId, WriterId
from cop.partners import Partner
from cop.trust import Organisation

if TYPE_CHECKING:
    from zeroconf import Zeroconf

SERVICE = "_cop._tcp.local."
FORMAT = "1"
KEY_DIGITS = 16  # hex, of the organisation's key
MAX_FOUND = 100
MAX_NAME_BYTES = 200  # a text of an announcement has 255, with its label
LOOK_SECONDS = 5.0
PROBE_SECONDS = 3.0
PROBES = 20  # at a time
RESOLVE_MILLISECONDS = 1500
FIREWALL = "A firewall on that computer may be in the way: it must let others reach cop on the local network."


@dataclass(frozen=True)
class Found:
    """A site that announces itself."""

    key: str  # the start of its organisation's key, hex
    name: str  # as it says itself
    addresses: tuple[str, ...]  # http://…, those to try first in front
    port: int


def properties(organisation: OrganisationId, name: str) -> dict[str, str]:
    """What an announcement says: the name stands on every page of the site too."""
    short = name.encode()[:MAX_NAME_BYTES].decode("utf-8", "ignore")
    return {"key": organisation.hex()[:KEY_DIGITS], "format": FORMAT, "name": short}


def read(told: Mapping[bytes, bytes | None], hosts: Iterable[str], port: int | None) -> Found | None:
    """An announcement that anyone may have made; None if it is none of ours."""
    texts = {
        name: (told.get(name) or b"").decode("utf-8", "replace")[:MAX_NAME_BYTES]
        for name in (b"key", b"format", b"name")
    }
    key = texts[b"key"].lower()
    if len(key) != KEY_DIGITS or not set(key) <= set("0123456789abcdef") or texts[b"format"] != FORMAT or not port:
        return None
    name = "".join(c for c in texts[b"name"] if c.isprintable()) or Organisation.of_key(bytes.fromhex(key)).name
    usable = sorted((ip for host in hosts if (ip := _usable(host))), key=lambda ip: (ip.version, ip))
    addresses = tuple(f"http://{f'[{ip}]' if ip.version == 6 else ip}:{port}" for ip in usable)
    return Found(key, name, addresses, port) if addresses else None


def _usable(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address that one can connect to. Link-local IPv6 would need the name of our own network card."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    wrong = ip.is_multicast or ip.is_unspecified or (ip.version == 6 and ip.is_link_local)
    return None if wrong else ip


@dataclass(frozen=True)
class Around:
    """Who is near."""

    partners: tuple[tuple[Partner, tuple[Found, ...]], ...]  # accepted ones, with where they may be
    others: tuple[Found, ...]  # not accepted


def match(found: Iterable[Found], accepted: Sequence[Partner], own: OrganisationId) -> Around:
    """Tell accepted partners from others; we ourselves are neither."""
    by_key: dict[str, list[Found]] = {}
    for one in found:
        by_key.setdefault(one.key, []).append(one)
    by_key.pop(own.hex()[:KEY_DIGITS], None)
    matched = [(p, tuple(by_key.pop(p.organisation.hex()[:KEY_DIGITS], ()))) for p in accepted]
    return Around(tuple((p, at) for p, at in matched if at), tuple(at[0] for at in by_key.values()))


def reachable(found: Iterable[Found], seconds: float = PROBE_SECONDS) -> list[str]:
    """The addresses whose port answers. Some may be another's: anyone can announce a key, or more addresses for a name."""
    places = {address: one.port for one in found for address in one.addresses}
    with ThreadPoolExecutor(PROBES) as pool:
        answers = pool.map(lambda address: _answers(address, places[address], seconds), places)
        return [address for address, answered in zip(places, answers, strict=True) if answered]


def _answers(address: str, port: int, seconds: float) -> bool:
    host = address.removeprefix("http://").rpartition(":")[0].strip("[]")
    with suppress(OSError), socket.create_connection((host, port), timeout=seconds):
        return True
    return False


def _zeroconf(interfaces: Sequence[str] | None) -> "Zeroconf":
    try:
        from zeroconf import InterfaceChoice, Zeroconf  # late: an extra
    except ImportError as error:
        raise CopError("Finding partners nearby needs one more package.", hint=install("zeroconf")) from error
    try:
        return Zeroconf(interfaces=list(interfaces) if interfaces else InterfaceChoice.All)
    except OSError as error:
        raise CopError(f"The local network cannot be used ({error}).", hint="Are you connected?") from error


def browse(
    seconds: float = LOOK_SECONDS,
    *,
    progress: Callable[[float, float], None] = lambda done, of: None,
    enough: Callable[[Sequence[Found]], bool] = lambda found: False,
    interfaces: Sequence[str] | None = None,
) -> list[Found]:
    """Look around for so many seconds, or until `enough`. `progress` is told seconds gone by, of all. Raises: CopError."""
    zeroconf = _zeroconf(interfaces)
    from zeroconf import ServiceBrowser

    names: queue.SimpleQueue[str] = queue.SimpleQueue()

    def heard(zeroconf: object, service_type: str, name: str, state_change: object) -> None:
        names.put(name)

    found: dict[str, Found] = {}
    started = time.monotonic()
    try:
        browser = ServiceBrowser(zeroconf, SERVICE, handlers=[heard])
        while (gone := time.monotonic() - started) < seconds and len(found) < MAX_FOUND:
            progress(gone, seconds)
            with suppress(queue.Empty):
                name = names.get(timeout=min(0.5, seconds - gone))
                if (one := _resolve(zeroconf, name, loopback=interfaces is not None)) is not None:
                    found[name] = one
                if enough(list(found.values())):
                    break
        browser.cancel()
    finally:
        zeroconf.close()
    return sorted(found.values(), key=lambda one: (one.name.casefold(), one.key, one.addresses))


def _resolve(zeroconf: "Zeroconf", name: str, *, loopback: bool) -> Found | None:
    from zeroconf import BadTypeInNameException

    try:
        info = zeroconf.get_service_info(SERVICE, name, RESOLVE_MILLISECONDS)
    except (BadTypeInNameException, OSError):  # somebody announces nonsense
        return None
    if info is None:
        return None
    # nobody else may send us to a program on this computer
    hosts = [host for host in info.parsed_addresses() if loopback or not ipaddress.ip_address(host).is_loopback]
    return read(info.properties, hosts, info.port)


class Announcement:
    """Tells the local network that a site is here, until it is stopped."""

    def __init__(
        self, organisation: OrganisationId, writer: WriterId, name: str, hosts: Sequence[str], port: int
    ) -> None:
        self._label = f"cop-{organisation.hex()[:KEY_DIGITS]}-{writer.hex()[:8]}"
        self._told = properties(organisation, name)
        self._hosts, self._port = hosts, port
        self._zeroconf: Zeroconf | None = None

    def start(self, interfaces: Sequence[str] | None = None) -> None:
        """Announce. Not to be called where an event loop runs. Raises: CopError."""
        zeroconf = _zeroconf(interfaces)
        from zeroconf import Error, ServiceInfo

        info = ServiceInfo(
            SERVICE,
            f"{self._label}.{SERVICE}",
            port=self._port,
            properties=dict(self._told),
            server=f"{self._label}.local.",
            parsed_addresses=list(self._hosts),
        )
        try:
            zeroconf.register_service(info, allow_name_change=True)
        except (Error, OSError) as error:
            zeroconf.close()
            raise CopError(f"Partners nearby cannot find this site by themselves ({error}).") from error
        self._zeroconf = zeroconf

    def stop(self) -> None:
        """Say goodbye."""
        if self._zeroconf is not None:
            self._zeroconf.close()
            self._zeroconf = None


def is_available() -> bool:
    """True if the extra is installed."""
    try:
        import zeroconf  # noqa: F401  # late: an extra
    except ImportError:
        return False
    return True


def own_hosts(listening_on: str) -> list[str]:
    """Addresses at which others on the local network reach what listens there; none if only this computer does."""
    if listening_on not in ("0.0.0.0", "::", ""):
        ip = _usable(listening_on)
        return [] if ip is None or ip.is_loopback else [str(ip)]
    try:
        import ifaddr  # late: comes with the extra
    except ImportError:
        return _main_host()
    found: list[str] = []
    for adapter in ifaddr.get_adapters():
        for one in adapter.ips:
            host = one.ip if isinstance(one.ip, str) else one.ip[0]
            ip = _usable(host)
            if ip is not None and not ip.is_loopback and (listening_on == "::" or ip.version == 4):
                found.append(host)
    return sorted(found, key=lambda host: (":" in host, host))


def _main_host() -> list[str]:
    """The address from which this computer would reach others. Nothing is sent for that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # RFC 5737: nobody's
        except OSError:
            return []
        ip = _usable(asking.getsockname()[0])
    return [str(ip)] if ip is not None and not ip.is_loopback else []
