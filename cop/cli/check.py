"""`cop check` and `cop verify`: of what people write, and of what is stored."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cop.cli.common import echo_json, find_site, open_set_up, plural, progress_bar, refresh, say, sentence

if TYPE_CHECKING:
    from cop.checking import EventWaits


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def check(start: Path, as_json: bool) -> None:
    """Say what waits in the content files: mistakes, and what events to come do not state yet. Nothing is changed.

    Example: cop check
    """
    from cop import checking

    found = checking.check(find_site(start), date.today())
    if as_json:
        echo_json(found)
    else:
        for problem in found.problems:
            say(f"{problem.path}, line {problem.line}: {sentence(problem.reason)}")
            say(f"  Try: {problem.hint}")
        for remark in found.remarks:
            say(f"{remark.path}: {sentence(remark.reason)} {remark.hint}")
        for event in found.events:
            _say_event(event)
        say(f"{plural(found.files, 'file')} checked. {_waits(len(found.problems), len(found.events))}")
    if found.problems or found.events:
        raise SystemExit(5)


def _say_event(event: EventWaits) -> None:
    say(f"{event.path}: {event.title}, {event.next or 'no day yet'}. Not stated yet:")
    for one in event.missing:
        say(f"  {one.name}: {one.label}")


def _waits(problems: int, events: int) -> str:
    if not problems and not events:
        return "Nothing waits."
    parts = [f"{plural(problems, 'file')} cannot be used"] if problems else []
    parts += (
        [f"{plural(events, 'event')} to come {'does' if events == 1 else 'do'} not say everything"] if events else []
    )
    return " and ".join(parts).capitalize() + "."


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
    if found.problems:
        raise SystemExit(4)


def _verdict(problems: int) -> str:
    if not problems:
        return "Everything fits."
    return (
        f"{plural(problems, 'problem')}. If only pages or views do not fit, delete data/site.db, then: cop load. "
        "Otherwise bring data/store.db back from a backup."
    )
