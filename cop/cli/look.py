"""`cop endorse` and `agreement`: what organisations stand behind, and what they agreed on."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cop.cli.common import (
    ENDED,
    GO_ON,
    catch_up,
    echo_json,
    find_site,
    now,
    open_up_to_date,
    plural,
    resolve_record,
    say,
)
from cop.errors import CopError, WrongUsage

if TYPE_CHECKING:
    from cop.agreement import Signed
    from cop.config import Site
    from cop.looking import Looked, Waiting
    from cop.terms import Need, Terms

SCREENFUL = 20  # records


@click.command()
@click.argument("records", nargs=-1)
@click.option("--why", default="", help="What you found, in one sentence. Everyone can read it.")
@click.option("--undo", is_flag=True, help="Take back what your organisation said.")
@click.option("--waiting", "only_waiting", is_flag=True, help="Show what waits to be looked at. Nothing is said.")
@click.option("--all", "everything", is_flag=True, help="All that your organisation has not looked at as it reads now.")
@click.option("--yes", is_flag=True, help="With --all: do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def endorse(
    start: Path,
    records: tuple[str, ...],
    why: str,
    undo: bool,
    only_waiting: bool,
    everything: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Say that your organisation looked at RECORDS and stands behind them, just as they read now.

    Example: cop endorse resources/powercube --why "We use it in our training"
    """
    from cop import identity, looking, trust

    site = find_site(start)
    if only_waiting:
        _show_waiting(looking.waiting(site, open_up_to_date(site)), as_json)
        return
    db, signer = identity.open_installation(site, now())
    if trust.is_ended(db):  # nobody would get the word, so it must not look as if it were given
        raise CopError(ENDED, hint=GO_ON)
    catch_up(site, db)
    named = [resolve_record(db, name) for name in records]
    if bool(named) == everything or (everything and undo):
        raise WrongUsage("Say which records.", hint="cop endorse resources/powercube, or: cop endorse --waiting")
    if undo:
        titles = [looking.take_back(site, db, signer, one, why=why, now=now()) for one in named]
        hidden = {one.record_id for one in looking.waiting(site, db) if not one.is_shown}
        _say_undone(titles, named, hidden, as_json)
        return
    if everything:
        named = looking.not_looked_at(site, db)
        if named and not yes:
            click.confirm(f"Say that you looked at {plural(len(named), 'record')}?", abort=True, err=True)
    said = looking.look_at(site, db, signer, named, why=why, now=now())
    _show_said(site, db, said, as_json)


def _show_said(site: "Site", db: sqlite3.Connection, said: "Sequence[Looked]", as_json: bool) -> None:
    from cop import looking

    still = {one.record_id: one for one in looking.waiting(site, db)}
    if as_json:
        echo_json([_said_as_json(one, still.get(one.record_id)) for one in said])
        return
    for one in said[:SCREENFUL]:
        is_agreement = one.type == "agreement"
        done = "has signed" if is_agreement else "now stands behind"
        say(f"Your organisation {done} “{one.title}” as {one.changed_by} left it on {one.changed[:10]}.")
        if waits := still.get(one.record_id):
            waiting = "It is not in force yet." if is_agreement else "It does not count as published yet."
            say(f"  {waiting} Still needed: {needs_in_words(waits.needs)}.")
    if len(said) > SCREENFUL:
        say(f"And behind {plural(len(said) - SCREENFUL, 'more record')}.")
    if said:
        say("If somebody changes it, that does not hold for the new text. Partners follow at the next sync.", err=True)
    else:
        say("There is nothing that you have not looked at.")


def _said_as_json(one: "Looked", waits: "Waiting | None") -> dict[str, Any]:
    return {
        "record": one.record_id, "address": _address(one.type, one.slug), "title": one.title, "text": one.text,
        "changed": one.changed, "changed_by": one.changed_by, "published": waits is None,
        "needs": _needs_as_json(waits.needs) if waits else [],
    }  # fmt: skip


def _say_undone(titles: list[str], record_ids: list[str], hidden: set[str], as_json: bool) -> None:
    both = list(zip(record_ids, titles, strict=True))
    if as_json:
        echo_json([{"record": id_, "title": title, "published": id_ not in hidden} for id_, title in both])
        return
    for record_id, title in both:
        say(f"Your organisation no longer stands behind any text of “{title}”. Partners follow at the next sync.")
        if record_id in hidden:
            say("  Not enough others do, so readers do not see it now.")


def _show_waiting(found: "Sequence[Waiting]", as_json: bool) -> None:
    if as_json:
        echo_json([_waiting_as_json(one) for one in found])
        return
    for one in found:
        say(_waiting_in_words(one))
    if not found:
        say("Nothing waits to be looked at.")
        say("To see what your network agreed on: cop agreement", err=True)


def _waiting_in_words(one: "Waiting") -> str:
    shown = "Readers see an earlier text." if one.is_shown else "Readers do not see it yet."
    if one.type == "agreement":
        shown = "An earlier version is in force." if one.is_shown else "It is not in force yet."
    if one.unsettled:
        return (
            f"“{one.title}”  {_address(one.type, one.slug)}\n  {shown} It has more than one answer"
            f" to {', '.join(one.unsettled)}.\n  Settle that first: cop conflicts\n"
        )
    signed = "Signed" if one.type == "agreement" else "Looked at"
    who = f" {signed} by {', '.join(one.looked_at)}." if one.looked_at else ""
    name = "agreement" if one.type == "agreement" else one.record_id
    ours = "" if one.by_us else f"\n  Read it: cop show {name}\n  Stand behind it: cop endorse {name}"
    changed = f"\n  Changed since then: {', '.join(one.changed)}." if one.is_shown else ""
    needs = f" Still needed: {needs_in_words(one.needs)}." if one.needs else ""
    return f"“{one.title}”  {_address(one.type, one.slug)}\n  {shown}{who}{needs}{changed}{ours}\n"


def needs_in_words(needs: "Sequence[Need]") -> str:
    """Who must still look at a text, such as "1 university and 2 more organisations"."""
    words = [
        one.name
        or (f"{one.count} more of the kind “{one.kind}”" if one.kind else plural(one.count, "more organisation"))
        for one in needs
    ]
    return " and ".join(words) or "nobody"


def _waiting_as_json(one: "Waiting") -> dict[str, Any]:
    return {
        "record": one.record_id, "address": _address(one.type, one.slug), "title": one.title, "shown": one.is_shown,
        "looked_at": list(one.looked_at), "by_us": one.by_us, "unsettled": list(one.unsettled),
        "changed": list(one.changed), "needs": _needs_as_json(one.needs),
    }  # fmt: skip


def _needs_as_json(needs: "Sequence[Need]") -> list[dict[str, object]]:
    return [{"count": one.count, "kind": one.kind, "name": one.name} for one in needs]


def _address(type_name: str, slug: str) -> str:
    from cop.fields import TYPES

    return f"{TYPES[type_name].folder}/{slug}"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def agreement(start: Path, as_json: bool) -> None:
    """Show what the organisations of this network agreed on, who signed it, and what waits.

    Example: cop agreement
    """
    from cop import agreement, looking
    from cop.terms import RECORD_ID

    site = find_site(start)
    db = open_up_to_date(site)
    found = agreement.told(db, looking.origin_of(site, db))
    if as_json:
        proposed = _version_as_json(found.proposed) if found.proposed else None
        echo_json(
            {"record": RECORD_ID, "in_force": [_version_as_json(one) for one in found.in_force], "proposed": proposed}
        )
        return
    for version in found.in_force:
        say(f"In force: “{version.title}”. Signed by {', '.join(version.signed)}.")
        _say_rule(version, "counts")
    if not found.in_force:
        say("No agreement is in force. Every entry is shown at once, marked until somebody has looked at it.")
    if len(found.in_force) > 1:
        say(
            "They were made without knowing of each other. What each asks for holds, until you sign one version for all."
        )
    if found.proposed:
        _say_proposed(found.proposed)
    elif not found.in_force:
        say('To write one: cop new agreement "How we work together"', err=True)


def _say_proposed(version: "Signed") -> None:
    say(f"Proposed: “{version.title}”." + (f" Signed by {', '.join(version.signed)}." if version.signed else ""))
    _say_rule(version, "would count")
    if version.unsettled:
        say(f"  It has more than one answer to {', '.join(version.unsettled)}. Settle that first: cop conflicts")
        return
    say(f"  Still needed: {needs_in_words(version.needs)}.")
    say("  Read it: cop show agreement" + "\n  Sign it: cop endorse agreement" * (not version.by_us), err=True)


def _say_rule(version: "Signed", counts: str) -> None:
    say(f"  An entry {counts} as published {_rule_in_words(version.terms)}.")
    if version.instead is not None:
        say(f"  Too few of them are there for that. What counts until then: {_instead_in_words(version.instead)}.")
    if version.votes_of:
        say(f"  Who is asked: {', '.join(version.votes_of)}.")


def _instead_in_words(needs: "Sequence[Need]") -> str:
    words = [plural(one.count, "organisation") + (f" of the kind “{one.kind}”" if one.kind else "") for one in needs]
    return " and ".join(words) or "nobody has to look at it"


def _rule_in_words(terms: "Terms") -> str:
    from cop import fields

    many = plural(terms.least, "organisation")
    if terms.publishing == fields.NO_RULE:
        return "at once"
    if terms.publishing == fields.STEWARDS:
        return "once those who look after it have looked at it"
    if terms.publishing == fields.EACH_KIND and terms.kinds:
        return f"once {many} of each of these kinds looked at it: {', '.join(terms.kinds)}"
    return f"once {many} looked at it"


def _version_as_json(version: "Signed") -> dict[str, Any]:
    return {
        "title": version.title, "publishing": version.terms.publishing, "how_many": version.terms.how_many,
        "kinds": list(version.terms.kinds), "signed": list(version.signed), "votes_of": list(version.votes_of),
        "unsettled": list(version.unsettled), "needs": _needs_as_json(version.needs),
    }  # fmt: skip
