"""`cop conflicts` and `resolve`: seeing and settling differences."""

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cop.cli.common import as_text, catch_up, echo_json, find_site, now, open_up_to_date, resolve_record, say
from cop.errors import WrongUsage

if TYPE_CHECKING:
    from cop.settling import Answer

MAX_FILE_BYTES = 600_000


def say_conflict(conflict: dict[str, object]) -> None:
    """All answers for one field, with who gave them and their ids."""
    values: list[dict[str, object]] = conflict["values"]  # type: ignore[assignment]
    say(f"{len(values)} answers for “{conflict['field']}” of “{conflict['title']}” ({conflict['record']}):")
    for value in values:
        who = f"{value['person']} at {value['organisation']}" if value["person"] else value["organisation"]
        why = f" ({value['why']})" if value["why"] else ""
        say(f"  {str(value['id'])[:12]}  {who}, {str(value['claimed'])[:10]}: {as_text(value['value'])}{why}")
    if conflict["both"]:
        say(f"  “{conflict['field']}” can keep all answers: --both")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def conflicts(start: Path, as_json: bool) -> None:
    """Show every field that partners answered differently, with all answers, and what was merged by machine.

    Example: cop conflicts
    """
    from cop.status import conflicts as all_conflicts
    from cop.status import merged_by_machine

    db = open_up_to_date(find_site(start))
    found = all_conflicts(db)
    if as_json:
        echo_json(found)
        return
    for conflict in found:
        say_conflict(conflict)
    say(
        "Settle one: cop resolve RECORD --field FIELD --take ID (or --write TEXT)"
        if found
        else "No differences to settle.",
        err=bool(found),
    )
    for merged in merged_by_machine(db):
        _say_merged(merged)


def _say_merged(merged: dict[str, object]) -> None:
    """What two people changed at the same time and cop put together."""
    fields: list[str] = merged["fields"]  # type: ignore[assignment]
    names = ", ".join(f"“{name}”" for name in fields)
    say(f"Two people changed {names} of “{merged['title']}” ({merged['record']}) at the same time, and both are in.")
    say(f"  See it: cop show {merged['record']}. If it fits: cop resolve {merged['record']} --field {fields[0]} --fits")


@click.command()
@click.argument("record")
@click.option("--field", required=True, help="The field with several answers.")
@click.option("--take", default="", help="The id of the answer to keep, or its beginning.")
@click.option("--both", is_flag=True, help="Keep all answers, one after the other: for texts and lists.")
@click.option("--write", "text", default=None, help="Another answer. Of a list, one part a line.")
@click.option("--fits", is_flag=True, help="What it says now is right: for what was merged by machine.")
@click.option(
    "--value-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A file with that answer."
)
@click.option("--why", default="", help="Why this one, in one sentence. Everyone who gets the change can read it.")
@click.option(
    "--with", "took_part", default="", help="Who took part in the decision: names or roles. Everyone can read it."
)
@click.option("--as", "person", default="", help="Your name, if you wish to be named.")
@click.pass_obj
def resolve(
    start: Path,
    record: str,
    field: str,
    take: str,
    both: bool,
    text: str | None,
    fits: bool,
    value_file: Path | None,
    why: str,
    took_part: str,
    person: str,
) -> None:
    """Settle a difference: take one answer, keep both, or write another. All answers stay in the history.

    Example: cop resolve events/reading-circle --field food --take 03cfc839 --why "We rang the hall" --with "Hodan, Tom"
    """
    from cop import identity, settling

    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    catch_up(site, db)
    record_id = resolve_record(db, record)
    answer = settling.Fits() if fits else _answer(db, record_id, field, take, both, text, value_file)
    settled = settling.settle(
        site, db, signer, record_id, {field: answer}, now=now(), why=why, person=person, took_part=took_part
    )
    say(
        f"“{settled.title}” now says under “{field}”: {as_text(settled.values[field])}. All answers stay in its history."
    )
    say("Partners follow at the next sync. To bring your content file up to date: cop checkout", err=True)


def _answer(
    db: sqlite3.Connection, record_id: str, field: str, take: str, both: bool, text: str | None, value_file: Path | None
) -> "Answer":
    """The one of four ways to answer that was chosen. Raises: WrongUsage."""
    from cop import settling

    if [bool(take), both, text is not None, value_file is not None].count(True) != 1:
        raise WrongUsage(
            "Say how to settle it, in one way.", hint="Use one of --take, --both, --write and --value-file."
        )
    if take:
        return settling.Take(take)
    if both:
        return settling.Both()
    written = text if text is not None else _read(value_file) if value_file else ""
    if not written.strip():
        raise WrongUsage(
            "There are no words to write.", hint="If nobody's answer shall stay: --take the one that is empty."
        )
    return settling.Write(settling.typed(db, record_id, field, written))


def _read(path: Path) -> str:
    try:
        return path.read_bytes()[: MAX_FILE_BYTES + 1].decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{path} cannot be read as text.", hint="Save it as plain text (UTF-8).") from error
