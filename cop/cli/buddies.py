"""`cop buddies`: who offers, who wishes, and pairs that never leave this computer."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cop.cli.common import catch_up, echo_json, find_site, now, open_set_up, open_up_to_date, resolve_record, say
from cop.model import iso_time

if TYPE_CHECKING:
    from cop.buddies import Pair, Person


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def buddies(ctx: click.Context, as_json: bool) -> None:
    """Who would be a buddy, who would like one, and whom you brought together.

    Pairs stay on this computer: no partner, page or copy ever gets them.

    Example: cop buddies
    """
    if ctx.invoked_subcommand:
        return
    from cop.buddies import open_wishes, pairs

    db = open_up_to_date(find_site(ctx.obj))
    offers, wishes = open_wishes(db)
    together = list(pairs(db))
    if as_json:
        echo_json({
            "offers": [_as_json(one, one.offer) for one in offers],
            "wishes": [_as_json(one, one.wish) for one in wishes],
            "pairs": [{"one": p.one, "other": p.other, "note": p.note, "since": iso_time(p.since)} for p in together],
        })  # fmt: skip
        return
    _say_people("Would be a buddy", [(one, one.offer) for one in offers])
    _say_people("Would like a buddy", [(one, one.wish) for one in wishes])
    _say_pairs(together)


def _as_json(one: "Person", words: str) -> dict[str, str]:
    return {"record": one.record_id, "name": one.name, "organisation": one.organisation, "words": words}


def _say_people(heading: str, found: "list[tuple[Person, str]]") -> None:
    say(f"{heading}: {'nobody yet.' if not found else ''}".rstrip())
    for one, words in found:
        where = f" ({one.organisation})" if one.organisation else ""
        say(f"  {one.name}{where}: {words}  people/{one.slug}")


def _say_pairs(together: "list[Pair]") -> None:
    for pair in together:
        names = " and ".join(name or "somebody who is no longer listed" for name in (pair.one, pair.other))
        note = f". {pair.note}" if pair.note else ""
        say(f"Buddies since {iso_time(pair.since)[:10]}: {names}{note}")
    if not together:
        say("To bring two together: cop buddies pair people/… people/…", err=True)


@buddies.command("pair")
@click.argument("one")
@click.argument("other")
@click.option("--note", default="", help="A note for the people at this computer.")
@click.pass_obj
def pair(start: Path, one: str, other: str, note: str) -> None:
    """Write down that two people are buddies. It stays on this computer.

    Example: cop buddies pair people/hodan people/amina --note "First meeting in May"
    """
    from cop.buddies import bring_together

    site = find_site(start)
    db = open_set_up(site)
    catch_up(site, db)
    names = bring_together(db, resolve_record(db, one), resolve_record(db, other), note, now())
    say(f"{names[0]} and {names[1]} are buddies. That stays on this computer.")


@buddies.command("part")
@click.argument("one")
@click.argument("other")
@click.pass_obj
def part(start: Path, one: str, other: str) -> None:
    """Forget that two people are buddies. Example: cop buddies part people/hodan people/amina"""
    from cop.buddies import take_apart

    db = open_set_up(find_site(start))
    names = take_apart(db, resolve_record(db, one), resolve_record(db, other))
    say(f"{names[0]} and {names[1]} are no longer buddies here. Nothing of it is kept.")
