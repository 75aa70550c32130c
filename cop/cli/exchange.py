"""`cop sync` and `cop bundle`: exchanging with partners, over a line or on a stick."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import click

from cop import (
    amounts,
    bundle_frames,
    copies,
    counting,
    currency,
    exchange,
    exchanges,
    forgotten,
    identity,
    partners,
    standing,
    status,
)
from cop import bundle as bundles
from cop.cli import reports as words
from cop.cli import show_error
from cop.cli.common import (
    PAGES,
    catch_up,
    echo_json,
    find_site,
    last_heard,
    now,
    plural,
    progress_bar,
    say,
    say_if_ended,
)
from cop.errors import CopError, NotReachable, WrongUsage
from cop.exchange import Meeting
from cop.identity import Side
from cop.model import iso_time
from cop.partners import Partner
from cop.report import PlaceReport, Report
from cop.schedule import parse_interval


def _side(start: Path) -> Side:
    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    return Side(site, db, signer)


@click.command()
@click.argument("names", metavar="[PARTNER]...", nargs=-1)
@click.option(
    "--nearby", is_flag=True, help="Look for accepted partners on the local network, and exchange with those."
)
@click.option("--every", default="", metavar="TIME", help="Go on until Ctrl+C, each 90s, 15m or 2h. At least 1m.")
@click.option("--dry-run", is_flag=True, help="Say what would be exchanged, and exchange nothing.")
@click.option(
    "--history",
    type=click.Choice(["none", "later", "all"]),
    help="Older texts: leave out, fetch after the current ones, or fetch all. As last time, if not given.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; with --every, one line each.")
@click.pass_obj
def sync(
    start: Path,
    names: tuple[str, ...],
    nearby: bool,
    every: str,
    dry_run: bool,
    history: str | None,
    as_json: bool,
) -> None:
    """Exchange with partners, both ways: with the named ones, or with all.

    With --every it says something only when something moved, and waits longer for a partner that does not answer, up
    to eight times. It exchanges and no more: for edits in content files there is cop load.

    Example: cop sync "Caafi Health"
    """
    if every and dry_run:
        raise WrongUsage("--every does not go with --dry-run.", hint="cop sync --every 15m")
    interval = parse_interval(every) if every else 0
    side = _side(start)
    if history:
        currency.choose(side.db, history)
    if interval:
        _sync_every(side, names, interval, as_json, nearby=nearby)
    elif nearby:
        from cop.cli import near  # late, as few ask for it

        with_near = near.look(side, _chosen(side, names), as_json=as_json)
        _sync_all(side, with_near.partners, dry_run, as_json, with_near.failed, with_near.told)
    else:
        _sync_all(side, _chosen(side, names), dry_run, as_json)


def _chosen(side: Side, names: Sequence[str]) -> list[Partner]:
    chosen = [partners.find(side.db, name) for name in names]
    left = [one for one in chosen if one.has_left]
    if left:
        raise WrongUsage(
            f"{partners.names_of(left)} left the network, so there is nothing to exchange with them.",
            hint="To take them off your list: cop partner remove NAME. If they come back: cop join with their invitation",
        )
    everyone = [one for one in partners.current(side.db) if not one.has_left] or partners.to_be_told(side.db)
    if not everyone and not chosen:
        raise WrongUsage("There is no partner to exchange with yet.", hint="cop invite, and cop join with theirs")
    return chosen or everyone


def _sync_all(
    side: Side,
    chosen: Sequence[Partner],
    dry_run: bool,
    as_json: bool,
    failed_before: Sequence[tuple[Partner, CopError]] = (),
    more: Sequence[dict[str, object]] = (),
) -> None:
    """Exchange with each in turn, and tell how it went; `more` are further elements of the JSON."""
    reports: list[tuple[Meeting, Report, bool]] = []  # True: texts of records came
    errors = [(Meeting(partner.address, (partner,)), error) for partner, error in failed_before]
    for meeting in exchange.meetings(chosen):
        last = copies.last_entry(side.db)
        try:
            there, report = exchange.at_one_address(
                meeting, lambda one: exchange.preview(side, one) if dry_run else _sync_one(side, one)
            )
            reports.append((there, report, counting.texts_came(side.db, last)))
            if not dry_run:
                partners.keep_first_address(side.db, there.partners[0])
        except CopError as error:
            errors.append((meeting, error))
            _remember_failure(side, meeting, error)
    if as_json:
        told = {"heard": standing.heard_json(side.db)}
        failed = [{"partner": p.name, "error": str(e), "hint": e.hint, "exit_code": e.exit_code} for p, e in errors]
        echo_json(
            [*[{**asdict(report), **told} for _, report, _ in reports], *[{**one, **told} for one in failed], *more]
        )
    else:
        for meeting, report, texts in reports:
            why = (
                standing.why_lacking(side.db, meeting.partners[0])
                if report.partner_lacks
                else standing.Lacking(True, ())
            )
            ended_by = standing.ended_by(side.db, meeting.partners)
            for line in words.lines(report, why, ended_by=ended_by, texts=texts, dry_run=dry_run):
                say(line)
        for meeting, failure in errors:
            show_error(failure)
            for partner in meeting.partners:
                one = standing.heard_from(side.db, partner)
                say(f"       {last_heard(partner.name, one.time, one.through, now())}.", err=True)
    say_if_ended(side.db)  # the exchange may have brought that
    _exit([report for _, report, _ in reports], [failure for _, failure in errors])


def _remember_failure(side: Side, meeting: Meeting, error: CopError) -> None:
    for partner in meeting.partners:
        exchanges.remember(side.db, partner.organisation, exchanges.ASKED, {"error": str(error)}, now())


def _sync_every(side: Side, names: Sequence[str], interval: int, as_json: bool, *, nearby: bool) -> None:
    from cop.cli import every as every_
    from cop.cli import near

    def quietly(meeting: Meeting) -> Report:
        try:
            report = exchange.at_one_address(meeting, lambda one: _sync_one(side, one, quiet=True))[1]
            if isinstance(report, PlaceReport) and report.not_written and not every_.is_news(report):
                raise NotReachable(report.not_written)
            return report
        except CopError as error:
            _remember_failure(side, meeting, error)
            raise

    def everyone() -> list[Partner]:
        return _chosen(side, names)

    everyone()  # a name that nobody has is told at once
    whom = near.Watch(side, everyone, interval) if nearby else everyone
    say_if_ended(side.db)
    with every_.alone(side.site), suppress(KeyboardInterrupt):  # Ctrl+C is how one stops it
        say(f"Exchanging every {amounts.duration(interval)}. Stop it with Ctrl+C.", err=True)
        every_.go_on(interval, lambda: exchange.meetings(whom()), quietly, every_.Teller(as_json=as_json))


def _exit(reports: Sequence[Report], errors: Sequence[CopError]) -> None:
    """4 and 3 for what went wrong, 5 if something waits for a person."""
    codes = [error.exit_code for error in errors]
    codes += [NotReachable.exit_code for one in reports if isinstance(one, PlaceReport) and one.not_written]
    if codes:
        raise SystemExit(max(codes, key=[0, 1, 2, 3, 4].index))
    if any(report.conflicts or report.partner_lacks or report.refused or report.removals for report in reports):
        raise SystemExit(5)


def _sync_one(side: Side, meeting: Meeting, *, quiet: bool = False) -> Report:
    if quiet:
        report = exchange.run(side, meeting, now(), lambda done, of: None)
        catch_up(side.site, side.db)  # nobody is waiting, so the pages may take their time
        return report
    with progress_bar(f"Exchanging with {meeting.name}", in_bytes=True) as bar, progress_bar(PAGES) as pages:
        return exchange.run(side, meeting, now(), bar, pages)


@click.group()
def bundle() -> None:
    """Everything a partner lacks in one file, for a stick or an e-mail."""


@bundle.command("create")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--for", "name", default="", help="The partner it is for: only what they lack, as far as we know.")
@click.option("--full", is_flag=True, help="Everything, whatever they hold.")
@click.option(
    "--files", "files_too", is_flag=True, help="Also the files that records name, such as papers of an event."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def create(start: Path, file: Path, name: str, full: bool, files_too: bool, as_json: bool) -> None:
    """Write a bundle. Without --for it holds everything, for anyone.

    Example: cop bundle create /media/stick/news.cop --for "Caafi Health"
    """
    side = _side(start)
    partner = partners.find(side.db, name) if name else None
    header = bundles.create(side, file, partner, full=full, now=now(), files_too=files_too)
    if as_json:
        echo_json({**asdict(header), "bytes": file.stat().st_size})
    else:
        say(f"{file}: {words.bundle_content(header)}, {file.stat().st_size:,} bytes.")
        if header.files_left_out:
            say(
                f"{plural(header.files_left_out, 'file was', 'files were')} left out. To take them along: --files",
                err=True,
            )


@bundle.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def show(file: Path, as_json: bool) -> None:
    """Say what a bundle holds, and who made it for whom. Example: cop bundle show news.cop"""
    header = bundle_frames.show(file)
    if as_json:
        echo_json({**asdict(header), "bytes": file.stat().st_size})
        return
    say(f"Made by {header.name} for {header.receiver or 'anyone'}, {iso_time(header.made)[:10]} by their clock.")
    say(f"{words.bundle_content(header)}, {file.stat().st_size:,} bytes.")


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
    with progress_bar(f"Taking in {file.name}", in_bytes=True) as bar, progress_bar(PAGES) as pages:
        applied = bundles.apply(side, file, now(), dry_run=dry_run, progress=bar, pages=pages)
    exchange.clean_up(side, now())
    applied.removals = forgotten.undecided(side.db)
    status.count_open_ends(side.db, applied)
    if not dry_run:
        maker = bytes.fromhex(applied.organisation)
        exchanges.remember(side.db, maker, exchanges.BUNDLE, asdict(applied), now())
    if as_json:
        echo_json(applied)
    else:
        for line in words.bundle_lines(applied, dry_run=dry_run):
            say(line)
    if applied.conflicts or applied.refused or applied.removals:
        raise SystemExit(5)
