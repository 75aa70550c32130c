"""The part of `cop sync --nearby` before the exchange: who is on the local network, and where."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cop import nearby, partners
from cop.cli.common import plural, progress_bar, say
from cop.errors import CopError, NotReachable
from cop.identity import Side, own_organisation
from cop.partners import Partner


@dataclass(frozen=True)
class Near:
    """Whom to exchange with, and what else to tell."""

    partners: tuple[Partner, ...]  # each, once for each address where it may be now
    failed: tuple[tuple[Partner, CopError], ...]  # near, but their port does not answer
    told: tuple[dict[str, object], ...]  # for --json: others who are near


def look(side: Side, chosen: Sequence[Partner], *, as_json: bool) -> Near:
    """Look around for a few seconds. Raises: CopError, NotReachable if no partner is near."""
    say("Looking around on the local network …", err=True)
    with progress_bar("Looking around, seconds") as bar:
        found = nearby.browse(progress=lambda gone, of: bar(round(gone), round(of)))
    around = nearby.match(found, chosen, own_organisation(side.db))
    accepted = {p.organisation.hex()[: nearby.KEY_DIGITS] for p in partners.all_partners(side.db)}
    strangers = [one for one in around.others if one.key not in accepted]
    if not as_json:
        for one in strangers:
            say(f"{one.name} is near but not accepted. If you know them: cop join INVITATION", err=True)
    if not around.partners:
        raise _nobody(len(strangers))
    return _reach(around, tuple({"near": one.name, "key": one.key, "accepted": False} for one in strangers))


class Watch:
    """For `--every`: the partners that are near and answer, looked for quietly and once in each interval."""

    def __init__(
        self,
        side: Side,
        chosen: Callable[[], Sequence[Partner]],
        interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._side, self._chosen, self._interval, self._clock = side, chosen, interval, clock
        self._next, self._near = clock(), list[Partner]()

    def __call__(self) -> list[Partner]:
        """Each, once for each address where it may be now; nobody, if nobody is near. Raises: CopError."""
        if self._clock() >= self._next:
            around = nearby.match(nearby.browse(), self._chosen(), own_organisation(self._side.db))
            self._near = [
                replace(partner, address=address)
                for partner, found in around.partners
                for address in nearby.reachable(found)
            ]
            self._next = self._clock() + self._interval
        return self._near


def _nobody(strangers: int) -> NotReachable:
    others = f" ({plural(strangers, 'other site is', 'other sites are')} near.)" if strangers else ""
    return NotReachable(
        f"No partner was found on the local network within {nearby.LOOK_SECONDS:.0f} seconds.{others}",
        hint="They run: cop serve --host 0.0.0.0. Are both computers in the same network? Some guest networks keep "
        "computers apart; then take a stick: cop bundle create FILE",
    )


def _reach(around: nearby.Around, told: tuple[dict[str, object], ...]) -> Near:
    """Try the ports. A partner may be there with several installations, and somebody else may use its key."""
    there: list[Partner] = []
    failed: list[tuple[Partner, CopError]] = []
    for partner, found in around.partners:
        addresses = nearby.reachable(found)
        for address in addresses:
            say(f"{partner.name} is near, at {address}", err=True)
            there.append(replace(partner, address=address))
        if not addresses:
            failed.append((partner, _silent(partner, found[0].port)))
    return Near(tuple(there), tuple(failed), told)


def _silent(partner: Partner, port: int) -> NotReachable:
    return NotReachable(f"{partner.name} is near, but port {port} there does not answer.", hint=nearby.FIREWALL)
