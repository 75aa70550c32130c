"""`cop sync` and `cop bundle`: exchanging with partners, over a line or on a stick."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from cop import bundle as bundles
from cop import exchange, identity, partners, status
from cop.cli import show_error
from cop.cli.common import echo_json, find_site, now, plural, progress_bar, say
from cop.errors import CopError, WrongUsage
from cop.model import iso_time
from cop.sync import Report, Side


def _side(start: Path) -> Side:
    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    return Side(site, db, signer)


@click.command()
@click.argument("names", metavar="[PARTNER]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Say what would be exchanged, and exchange nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def sync(start: Path, names: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Exchange with partners, both ways: with the named ones, or with all.

    Example: cop sync "Caafi Health"
    """
    side = _side(start)
    chosen = [partners.find(side.db, name) for name in names] or partners.all_partners(side.db)
    if not chosen:
        raise WrongUsage("There is no partner to exchange with yet.", hint="cop invite, and cop join with theirs")
    reports, errors = [], []
    for meeting in exchange.meetings(chosen):
        try:
            reports.append(exchange.preview(side, meeting) if dry_run else _sync_one(side, meeting))
        except CopError as error:
            errors.append((meeting, error))
    if as_json:
        failed = [{"partner": p.name, "error": str(e), "hint": e.hint, "exit_code": e.exit_code} for p, e in errors]
        echo_json([*[asdict(report) for report in reports], *failed])
    else:
        for report in reports:
            _say(report, dry_run)
        for _, failure in errors:
            show_error(failure)
    _exit(reports, [failure for _, failure in errors])


def _exit(reports: Sequence[Report], errors: Sequence[CopError]) -> None:
    """4 and 3 for what went wrong, 5 if something waits for a person."""
    if errors:
        raise SystemExit(max((error.exit_code for error in errors), key=[0, 1, 2, 3, 4].index))
    if any(report.conflicts or report.partner_lacks or report.refused for report in reports):
        raise SystemExit(5)


def _sync_one(side: Side, meeting: exchange.Meeting) -> Report:
    with progress_bar(f"Exchanging with {meeting.name}") as bar:
        return exchange.run(side, meeting, now(), lambda done: bar(done, done))


def _say(report: Report, dry_run: bool) -> None:
    """A report in plain words."""
    would = "would come" if dry_run else "came"
    say(
        f"{report.partner}: {plural(report.received, 'change')} {would}, {report.sent:,} {'would go' if dry_run else 'went'}."
    )
    for name, changes in sorted(report.by.items()):
        carrier = exchange.carrier_of(report, name)
        say(f"  {plural(changes, 'change')} by {name}{f', carried by {carrier}' if carrier else ''}.")
    for remark in exchange.remarks(report):
        say(f"  {remark}")
    if report.equal and not dry_run:
        say("  Both hold the same now.")
    if report.conflicts:
        say(f"  {plural(report.conflicts, 'line has', 'lines have')} more than one answer: cop conflicts")
    if report.refused:
        say(f"  {plural(report.refused, 'entry was', 'entries were')} turned away: we do not know who wrote them.")
    if report.partner_lacks:
        say(f"  They turned away {plural(report.partner_lacks, 'entry', 'entries')}: they do not know who wrote them."
                   "\n  Have they accepted you? Send them: cop invite")  # fmt: skip
    if report.waiting:
        say(f"  {plural(report.waiting, 'change')} not here yet; they come with the next exchange.")
    if report.not_understood:
        say(f"  {plural(report.not_understood, 'item needs', 'items need')} a newer cop. They are kept and passed on.")
    if report.received and not dry_run:
        say("  To bring your content files up to date: cop checkout")


@click.group()
def bundle() -> None:
    """Everything a partner lacks in one file, for a stick or an e-mail."""


@bundle.command("create")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--for", "name", default="", help="The partner it is for: only what they lack, as far as we know.")
@click.option("--full", is_flag=True, help="Everything, whatever they hold.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def create(start: Path, file: Path, name: str, full: bool, as_json: bool) -> None:
    """Write a bundle. Without --for it holds everything, for anyone.

    Example: cop bundle create /media/stick/news.cop --for "Caafi Health"
    """
    side = _side(start)
    partner = partners.find(side.db, name) if name else None
    header = bundles.create(side, file, partner, full=full, now=now())
    if as_json:
        echo_json({**asdict(header), "bytes": file.stat().st_size})
    else:
        say(f"{file}: {plural(header.changes, 'change')}, {file.stat().st_size:,} bytes.")


@bundle.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def show(file: Path, as_json: bool) -> None:
    """Say what a bundle holds, and who made it for whom. Example: cop bundle show news.cop"""
    header = bundles.show(file)
    if as_json:
        echo_json({**asdict(header), "bytes": file.stat().st_size})
        return
    say(f"Made by {header.name} for {header.receiver or 'anyone'}, {iso_time(header.made)[:10]} by their clock.")
    say(f"{plural(header.changes, 'change')}, {file.stat().st_size:,} bytes.")


@bundle.command("apply")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would come, and store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def apply(start: Path, file: Path, dry_run: bool, as_json: bool) -> None:
    """Take in a bundle. Twice, half, or in any order: always safe.

    Example: cop bundle apply /media/stick/news.cop
    """
    side = _side(start)
    applied = bundles.apply(side, file, now(), dry_run=dry_run)
    applied.conflicts, applied.waiting = status.conflict_count(side.db), status.waiting(side.db)
    applied.not_understood = status.not_understood(side.db)
    if as_json:
        echo_json(applied)
    else:
        say(f"{applied.name}: {plural(applied.received, 'change')} {'would come' if dry_run else 'came'}, "
                   f"{plural(applied.known, 'entry was', 'entries were')} here already.")  # fmt: skip
        if applied.refused:
            say(f"{plural(applied.refused, 'entry was', 'entries were')} turned away: we do not know who wrote them.")
        if applied.conflicts:
            say(f"{plural(applied.conflicts, 'line has', 'lines have')} more than one answer: cop conflicts")
    if applied.conflicts or applied.refused:
        raise SystemExit(5)
