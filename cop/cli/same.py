"""`cop duplicates` and `same-as`: what may have been entered twice, and what people say of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cop.cli.common import catch_up, echo_json, find_site, now, open_up_to_date, plural, resolve_record, say

if TYPE_CHECKING:
    from cop.duplicates import Candidate, Proposal

SCREENFUL = 5  # pairs of four lines each
_WORDS = {
    "doi": "the same DOI",
    "isbn": "the same ISBN",
    "link": "the same link",
    "title": "the same title",
    "near-title": "nearly the same title",
    "date": "the same date",
}


@click.command()
@click.option("--all", "everything", is_flag=True, help=f"Show all pairs, not the {SCREENFUL} that are most alike.")
@click.option("--json", "as_json", is_flag=True, help="Print all pairs as JSON.")
@click.pass_obj
def duplicates(start: Path, everything: bool, as_json: bool) -> None:
    """Show entries that may be there twice. Nothing is changed: you say what is the same.

    Example: cop duplicates
    """
    from cop.proposing import name_of, proposals

    site = find_site(start)
    db = open_up_to_date(site)
    found = proposals(db, site.site_db)
    if as_json:
        echo_json([_as_json(one) for one in found])
        return
    shown = found if everything else found[:SCREENFUL]
    for proposal in shown:
        say(_in_words(proposal, " ".join(name_of(db, one) for one in (proposal.one, proposal.other))))
    _say_the_rest(len(shown), len(found))


def _say_the_rest(shown: int, found: int) -> None:
    if not found:
        say("Nothing looks as if it was there twice.")
        return
    more = f" These are the {shown} most alike. To see all: cop duplicates --all" if shown < found else ""
    say(f"{plural(found, 'pair')} may be the same.{more}", err=True)
    say("Both stay as they are, whatever you say. Their pages only point to each other.", err=True)


def _in_words(proposal: "Proposal", pair: str) -> str:
    return (
        f"{_called(proposal.one)}\n{_called(proposal.other)}\n"
        f"  Why: {', '.join(_WORDS[reason] for reason in proposal.reasons)}.\n"
        f"  The same: cop same-as {pair}\n  Not the same: cop same-as {pair} --not\n"
    )


def _called(one: "Candidate") -> str:
    return f"“{one.title}”{f' ({one.date[:10]})' if one.date else ''}, {_address(one)}"


def _address(one: "Candidate") -> str:
    from cop.fields import TYPES

    return f"{TYPES[one.type].folder}/{one.slug}"


def _as_json(proposal: "Proposal") -> dict[str, Any]:
    return {
        "records": [
            {"record": one.record_id, "address": _address(one), "title": one.title, "date": one.date}
            for one in (proposal.one, proposal.other)
        ],
        "reasons": list(proposal.reasons),
        "why": ", ".join(_WORDS[reason] for reason in proposal.reasons),
    }


@click.command("same-as")
@click.argument("one")
@click.argument("other")
@click.option("--why", default="", help="Why, in one sentence. Everyone can read it.")
@click.option("--undo", is_flag=True, help="Take the two apart, whoever linked them.")
@click.option("--not", "never", is_flag=True, help="Say that they are not the same, so that nobody is asked again.")
@click.pass_obj
def same_as(start: Path, one: str, other: str, why: str, undo: bool, never: bool) -> None:
    """Say that two entries are about the same thing. Both keep their page, words and credits, and point to each other.

    Example: cop same-as resources/power-cube resources/powercube --why "One guide, found twice"
    """
    from cop import identity
    from cop.same_as import say as say_so

    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    catch_up(site, db)
    records = resolve_record(db, one), resolve_record(db, other)
    same = not (undo or never)
    titles = say_so(site, db, signer, *records, same=same, why=why, now=now())
    told = "now point to each other" if same else "do not point to each other"
    say(f"“{titles[0]}” and “{titles[1]}” {told}. Partners follow at the next sync.")
