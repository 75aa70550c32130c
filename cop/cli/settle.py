"""`cop conflicts` and `resolve`: seeing and settling differences."""

from pathlib import Path

import click

from cop.cli.common import as_text, catch_up, echo_json, find_site, now, open_up_to_date, resolve_record, say


def say_conflict(conflict: dict[str, object]) -> None:
    """All answers for one field, with who gave them and their ids."""
    values: list[dict[str, object]] = conflict["values"]  # type: ignore[assignment]
    say(f"{len(values)} answers for “{conflict['field']}” of “{conflict['title']}” ({conflict['record']}):")
    for value in values:
        say(
            f"  {str(value['id'])[:12]}  {value['organisation']}, {str(value['claimed'])[:10]}: {as_text(value['value'])}"
        )


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def conflicts(start: Path, as_json: bool) -> None:
    """Show every field that partners answered differently, with all answers.

    Example: cop conflicts
    """
    from cop.status import conflicts as all_conflicts

    found = all_conflicts(open_up_to_date(find_site(start)))
    if as_json:
        echo_json(found)
        return
    for conflict in found:
        say_conflict(conflict)
    say(
        "Settle one: cop resolve RECORD --field FIELD --take ID" if found else "No differences to settle.",
        err=bool(found),
    )


@click.command()
@click.argument("record")
@click.option("--field", required=True, help="The field with several answers.")
@click.option("--take", required=True, help="The id of the answer to keep, or its beginning.")
@click.option("--why", default="", help="Why this one, in one sentence. Everyone who gets the change can read it.")
@click.pass_obj
def resolve(start: Path, record: str, field: str, take: str, why: str) -> None:
    """Settle a difference by taking one answer. To write a third one, edit the content file and load it.

    Example: cop resolve events/reading-circle --field food --take 03cfc839
    """
    from cop import identity, settling

    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    catch_up(site, db)
    record_id = resolve_record(db, record)
    title, value = settling.resolve(site, db, signer, record_id, field=field, take=take, now=now(), why=why)
    say(f"“{title}” now says under “{field}”: {as_text(value)}. All answers stay in its history.")
    say("Partners follow at the next sync. To bring your content file up to date: cop checkout", err=True)
