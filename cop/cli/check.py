"""`cop check` and `cop verify`: of what people write, and of what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cop.cli.common import echo_json, find_site, open_set_up, plural, progress_bar, refresh, say, sentence
from cop.errors import WrongUsage

if TYPE_CHECKING:
    from cop.checking import Checked, EventWaits
    from cop.config import Site
    from cop.link_check import CheckedLink

MOST_SHOWN = 200  # characters of an address


@click.command()
@click.option("--links", is_flag=True, help="Ask also whether each web address still works. This needs internet.")
@click.option("--private", is_flag=True, help="With --links: ask also this computer and private networks.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def check(start: Path, links: bool, private: bool, as_json: bool) -> None:
    """Say what waits in the content files: mistakes, and what events to come do not state yet. Nothing is changed.

    Example: cop check --links
    """
    from cop import checking

    if private and not links:
        raise WrongUsage("--private says how to ask web addresses.", hint="cop check --links --private")
    site = find_site(start)
    found = checking.check(site, date.today())
    asked = _ask(site, private=private) if links else None
    if as_json:
        echo_json(asdict(found) | ({} if asked is None else {"links": [asdict(one) for one in asked]}))
    else:
        _say_found(found)
        _say_links(asked)
        say(f"{plural(found.files, 'file')} checked. {_waits(found, _waiting(asked))}")
    if found.problems or found.events or _waiting(asked):
        raise SystemExit(5)


def _say_found(found: Checked) -> None:
    for problem in found.problems:
        say(f"{problem.path}, line {problem.line}: {sentence(problem.reason)}")
        say(f"  Try: {problem.hint}")
    for remark in found.remarks:
        say(f"{remark.path}, line {remark.line}: {sentence(remark.reason)} {remark.hint}")
    for event in found.events:
        _say_event(event)


def _ask(site: Site, *, private: bool) -> tuple[CheckedLink, ...]:
    from cop import link_check  # late: nothing else here needs what asks websites
    from cop.link_visits import Manner

    with progress_bar("Asking websites") as progress:
        return link_check.check_links(site, Manner(private=private), progress)


def _waiting(links: Iterable[CheckedLink] | None) -> int:
    """How many addresses somebody must look after."""
    return len({one.address for one in links or () if one.waits})


def _say_links(links: Iterable[CheckedLink] | None) -> None:
    """What does not work or could not be asked, each address once with all its places. None: nobody wanted it."""
    if links is None:
        return
    by_address: dict[str, list[CheckedLink]] = {}
    for one in links:
        by_address.setdefault(one.address, []).append(one)
    for address, places in by_address.items():
        if places[0].reason:
            _say_link(address, places)
    works = sum(not places[0].reason for places in by_address.values())
    looked = plural(len(by_address), "web address", "web addresses")
    say(f"{looked} looked at, {works:,} {'works' if works == 1 else 'work'}.")


def _say_link(address: str, places: Sequence[CheckedLink]) -> None:
    say(f"{address if len(address) <= MOST_SHOWN else address[:MOST_SHOWN] + '…'} {sentence(places[0].reason)}")
    for place in places:
        say(f"  In {place.path}, line {place.line}")
    say(f"  Try: {places[0].hint}")


def _say_event(event: EventWaits) -> None:
    say(f"{event.path}: {event.title}, {event.next or 'no day yet'}. Not stated yet:")
    for one in event.missing:
        say(f"  {one.name}: {one.label}")


def _waits(found: Checked, links: int) -> str:
    problems, events = len(found.problems), len(found.events)
    parts = [f"{plural(problems, 'file')} cannot be used"] if problems else []
    if events:
        parts.append(f"{plural(events, 'event')} to come {'does' if events == 1 else 'do'} not say everything")
    if links:
        parts.append(f"{plural(links, 'web address', 'web addresses')} {'needs' if links == 1 else 'need'} a look")
    return " and ".join(parts).capitalize() + "." if parts else "Nothing waits."


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def verify(start: Path, as_json: bool) -> None:
    """Check every signature, hash, chain and view again. The log is not changed.

    Example: cop verify
    """
    from cop import verification

    site = find_site(start)
    db = open_set_up(site)
    refresh(site, db)
    with progress_bar("Checking") as progress:
        found = verification.verify(site, db, progress)
    if as_json:
        echo_json(found)
    else:
        for problem in found.problems:
            click.echo(problem, err=True)
        click.echo(f"{plural(found.entries, 'entry', 'entries')}, {plural(found.payloads, 'change')} and "
                   f"{plural(found.records, 'record')} checked. {_verdict(len(found.problems))}")  # fmt: skip
        if found.erased:
            were = "text was" if found.erased == 1 else "texts were"
            click.echo(f"{found.erased:,} {were} erased on purpose; the log fits without.")
    if found.problems:
        raise SystemExit(4)


def _verdict(problems: int) -> str:
    if not problems:
        return "Everything fits."
    return (
        f"{plural(problems, 'problem')}. If only pages or views do not fit, delete data/site.db, then: cop load. "
        "Otherwise bring data/store.db back from a backup."
    )
