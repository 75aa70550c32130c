"""`cop status`."""

import sqlite3
from pathlib import Path
from typing import Any

import click

from cop import amounts
from cop.cli.common import (
    ENDED,
    GO_ON,
    NOT_VOUCHED,
    VOUCH,
    echo_json,
    find_site,
    finish_erasing,
    last_heard,
    now,
    open_set_up,
    plural,
    refresh,
    say,
)
from cop.fields import TYPES

MOST_PATHS = 10


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def status(start: Path, as_json: bool) -> None:
    """Unsaved files, differences to settle, what waits, and when each partner was last heard from.

    Example: cop status
    """
    from cop.status import status_of
    from cop.worktree import changed_paths

    site = find_site(start)
    db = open_set_up(site)
    finish_erasing(site, db)
    refresh(site, db)  # a sync, or a load that was killed, may have left them behind
    unsaved, found = changed_paths(site, db)
    report = status_of(site, db, unsaved, found.missing)
    if as_json:
        echo_json(report)
    else:
        _say(db, report)
    if report["removals"] or report["erased_in"]:
        raise SystemExit(5)


def _say(db: sqlite3.Connection, report: dict[str, Any]) -> None:
    from cop.cli.reports import waiting_lines  # late, both: what they need takes long to start
    from cop.standing import others

    counts = ", ".join(
        f"{count:,} {(TYPES[name].label if count == 1 else TYPES[name].plural).lower()}"
        for name, count in report["records"].items()
    )
    say(f"{report['organisation']} holds {counts or 'no records yet'}.")
    say(f"{plural(report['entries'], 'entry', 'entries')} in the log. Digest {report['digest'][:16]}")
    if report["ended"]:
        say(f"{ENDED} To go on: {GO_ON}")
    if not report["vouched"]:
        say(f"{NOT_VOUCHED} {VOUCH}")
    _say_paths("Not saved yet", report["unsaved"], "cop load")
    _say_paths("Gone from the folder", report["missing"], "cop checkout PATH, or cop withdraw PATH")
    _say_paths("Changed since the file was written", report["behind"], "cop checkout")
    for conflict in report["conflicts"]:
        say(f"Two or more answers: {conflict['title']}, {conflict['field']}  (cop conflicts)")
    for one in report["removals"]:
        what = f"{', '.join(one['fields'])} of " * bool(one["fields"]) + (one["title"] or one["record"])
        say(f"Somebody asks to remove: {what}. That is hidden until you decide  (cop erasures)")
    _say_paths("Holds text that was erased", report["erased_in"], "take it out, then: cop load")
    if report["inbox"]:
        sent = plural(report["inbox"], "thing that somebody sent waits", "things that people sent wait")
        say(f"{sent} for you to look at: cop inbox")
    if report["to_look_at"]:
        verb = "waits" if report["to_look_at"] == 1 else "wait"
        say(f"{plural(report['to_look_at'], 'record')} {verb} to be looked at  (cop endorse --waiting)")
    whose = f" (by {', '.join(report['waiting_by'])})" if report["waiting_by"] else ""
    for line in waiting_lines(report["waiting"], report["waiting_own"], whose):
        say(line)
    if report["not_understood"]:
        kept = "It is" if report["not_understood"] == 1 else "They are"
        say(f"{plural(report['not_understood'], 'item needs', 'items need')} a newer cop. {kept} kept and passed on.")
    _say_attachments(report["attachments"])
    for one in others(db):
        label = f"Partner {one.name} at {one.address or 'no address'}" if one.is_partner else f"Member {one.name}"
        say(f"{last_heard(label, one.heard.time, one.heard.through, now())}.")


def _say_attachments(told: dict[str, Any]) -> None:
    """What of the files that records name is not here, and why."""
    if told["wanted"]:
        say(f"{plural(told['wanted'], 'file is', 'files are')} not here yet; more with the next sync.")
    for one in told["left_out"][:MOST_PATHS]:
        say(
            f"Left out: {one['name']} of {one['title']}, {amounts.size(one['size'])}: {one['why']}  (max_attachment in cop.toml)"
        )
    if len(told["left_out"]) > MOST_PATHS:
        say(f"Left out: {len(told['left_out']) - MOST_PATHS:,} more files  (all of them: cop status --json)")


def _say_paths(what: str, paths: list[str], command: str) -> None:
    """A few paths, and how many more there are."""
    for path in paths[:MOST_PATHS]:
        say(f"{what}: {path}  ({command})")
    if len(paths) > MOST_PATHS:
        say(f"{what}: {len(paths) - MOST_PATHS:,} more  ({command}; all of them: cop status --json)")
