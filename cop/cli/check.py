"""`cop verify`."""

from pathlib import Path

import click

from cop.cli.common import echo_json, find_site, open_set_up, plural, progress_bar, refresh


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
