"""`cop status`."""

from pathlib import Path

import click

from cop.cli.common import echo_json, find_site, open_set_up, plural
from cop.fields import TYPES


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def status(start: Path, as_json: bool) -> None:
    """Unsaved files, differences to settle, what waits, and when each partner was last heard from.

    Example: cop status
    """
    from cop import views
    from cop.status import status_of

    site = find_site(start)
    db = open_set_up(site)
    views.refresh(site, db)  # a load or sync that was killed may have left them behind
    report = status_of(site, db)
    if as_json:
        echo_json(report)
        return
    counts = ", ".join(
        f"{count:,} {(TYPES[name].label if count == 1 else TYPES[name].plural).lower()}"
        for name, count in report["records"].items()
    )
    click.echo(f"{report['organisation']} holds {counts or 'no records yet'}.")
    click.echo(f"{plural(report['entries'], 'entry', 'entries')} in the log. Digest {report['digest'][:16]}")
    for path in report["unsaved"]:
        click.echo(f"Not saved yet: {path}  (cop load)")
    for path in report["missing"]:
        click.echo(f"Gone from the folder: {path}  (cop checkout {path}, or cop withdraw {path})")
    for path in report["behind"]:
        click.echo(f"Changed by a partner: {path}  (cop checkout {path})")
    for conflict in report["conflicts"]:
        click.echo(f"Two or more answers: {conflict['title']}, {conflict['field']}  (cop conflicts)")
    if report["waiting"]:
        click.echo(f"{plural(report['waiting'], 'change')} not here yet; they come with the next sync or stick.")
    if report["not_understood"]:
        click.echo(
            f"{plural(report['not_understood'], 'item needs', 'items need')} a newer cop. They are kept and passed on."
        )
    for partner in report["partners"]:
        heard = partner["last_heard"] or "not yet"
        click.echo(f"Partner {partner['name']} at {partner['address'] or 'no address'}: last heard from {heard}.")
