"""`cop import`: entries of other programs, as content files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cop.cli.common import echo_json, find_site, plural, progress_bar, say, sentence
from cop.errors import WrongUsage
from cop.fields import AGREEMENT, FOLDERS, TYPES

if TYPE_CHECKING:
    from cop.importing.taking_in import Taken

MOST_LINES = 20  # of entries that need a person
MOST_NAMES = 12  # of fields, in one line


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--type", "type_name", default="", help="In a table: the kind of record that its rows are. Else: resource."
)
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def import_(start: Path, file: Path, type_name: str, dry_run: bool, as_json: bool) -> None:
    """Write content files from a library program (.bib .ris .json), a table (.csv) or a calendar (.ics).

    What is here already stays as it is, so a file can be imported again.

    Example: cop import references.bib
    """
    from dataclasses import asdict

    from cop.importing import taking_in

    site = find_site(start)
    kind = _kind(file, type_name)
    with progress_bar("Importing") as progress:
        taken = taking_in.take_in(site, file, type_name=kind, dry_run=dry_run, progress=progress)
    if as_json:
        echo_json(asdict(taken))
    else:
        _say(file.name, taken, dry_run)
    if taken.refused:
        raise SystemExit(5)


def _kind(file: Path, type_name: str) -> str:
    if type_name and file.suffix.lower() != ".csv":
        raise WrongUsage("--type is for tables (.csv). Of other files it is known.", hint=f"cop import {file}")
    kind = TYPES.get(type_name or "resource") or FOLDERS.get(type_name)
    if kind is None or kind.name == AGREEMENT:
        raise WrongUsage(f"There is no kind of record “{type_name}”.", hint=f"Use one of: {', '.join(TYPES)}.")
    return kind.name


def _say(name: str, taken: Taken, dry_run: bool) -> None:
    for one in taken.refused[:MOST_LINES]:
        say(f"{name}, line {one['line']}: {sentence(str(one['reason']))}", err=True)
        say(f"  Try: {one['hint']}", err=True)
    for one in taken.remarks[:MOST_LINES]:
        say(f"{name}, line {one['line']}: {sentence(str(one['reason']))}", err=True)
    if len(taken.refused) > MOST_LINES or len(taken.remarks) > MOST_LINES:
        say("There is more. See it all: cop import --dry-run --json", err=True)
    for path in taken.written:
        say(path)
    _say_fields("Not taken", taken.left_out)
    _say_fields("Kept in the files, and shown on no page", taken.kept)
    files = f"{plural(len(taken.written), 'file')} {'would be ' if dry_run else ''}written"
    refused = f", {len(taken.refused):,} left out (see above)" if taken.refused else ""
    say(f"{name}: {files}, {taken.already:,} here already{refused}.", err=True)
    if taken.written and not dry_run:
        say("Look through them: what they say is for everybody, unless you write share: own. Then: cop load", err=True)


def _say_fields(heading: str, fields: Mapping[str, int]) -> None:
    if fields:
        told = [f"{name} ({number:,})" for name, number in list(fields.items())[:MOST_NAMES]]
        more = f" and {len(fields) - MOST_NAMES:,} more" if len(fields) > MOST_NAMES else ""
        say(f"{heading}: {', '.join(told)}{more}.", err=True)
