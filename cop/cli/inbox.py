"""`cop inbox`, `accept` and `decline`: what people sent by the forms of the site, and what becomes of it."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cop import amounts
from cop.cli import show_error
from cop.cli.common import as_text, catch_up, echo_json, find_site, now, open_up_to_date, plural, say
from cop.errors import CopError
from cop.model import iso_time

if TYPE_CHECKING:
    from cop.accepting import Done
    from cop.contributions import Contribution

T = TypeVar("T")
_WHAT = {"add": "New", "correct": "Correction", "remove": "Removal asked for", "say": "A question or an idea"}
_WHY_REMOVE = {
    "about-me": "it is about them", "mine": "it belongs to them", "harm": "it may hurt somebody", "other": "another reason",
}  # fmt: skip


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def inbox(start: Path, as_json: bool) -> None:
    """Show what people sent by the forms of the site and nobody has decided on yet.

    Example: cop inbox
    """
    from cop import contributions
    from cop.database import writing

    db = open_up_to_date(find_site(start))
    with writing(db):
        contributions.forget_old(db, now())
    found = contributions.waiting(db)
    if as_json:
        echo_json([_as_json(db, one) for one in found])
        return
    for one in found:
        _say_one(db, one)
    if found:
        say('Use one: cop accept ITEM. Or not: cop decline ITEM --why "It is here already"', err=True)
    else:
        say("Nothing waits in the inbox.", err=True)


def _address(db: sqlite3.Connection, record_id: str) -> str:
    from cop.fields import TYPES

    row = db.execute("SELECT type, slug FROM view_record WHERE record_id = ?", [record_id]).fetchone()
    return f"{TYPES[row['type']].folder}/{row['slug']}" if row and row["type"] in TYPES else record_id


def _as_json(db: sqlite3.Connection, one: "Contribution") -> dict[str, Any]:
    sent = one.sent
    return {
        "item": one.number,
        "what": sent.what,
        "type": sent.type,
        "record": _address(db, sent.record_id) if sent.record_id else "",
        "title": sent.title,
        "fields": dict(sent.fields),
        "why": sent.why,
        "reason": sent.reason,
        "credit": sent.credit,
        "passed_on": sent.relayed,
        "received": iso_time(one.received_time),
    }


def _say_one(db: sqlite3.Connection, one: "Contribution") -> None:
    from cop.fields import TYPES, label

    sent = one.sent
    about = _address(db, sent.record_id) if sent.record_id else f"“{sent.title}”" if sent.title else ""
    kind = f" {TYPES[sent.type].label.lower()}" if sent.what == "add" and sent.type in TYPES else ""
    who = f"by {sent.credit}, " if sent.credit else ""
    say(
        f"{one.number}  {_WHAT[sent.what]}{kind}: {about or 'about nothing here'} ({who}{amounts.ago(one.received_time, now())})"
    )
    if sent.what == "remove":
        say(f"   Why: {_WHY_REMOVE.get(sent.reason, sent.reason)}")
    for name, value in sent.fields.items():
        say(f"   {label(sent.type, name)}: {'(to be taken out)' if value is None else as_text(value)}")
    if sent.why:
        say(f"   They say: {sent.why}")


_ITEMS = click.argument("items", metavar="ITEM...", nargs=-1, required=True, type=int)


@click.command()
@_ITEMS
@click.option("--why", default="", help="A word to whoever sent it. Of a change, everyone who gets it can read it.")
@click.option("--as", "by", default="", help="Your name, as you wish to be named. It stays here.")
@click.pass_obj
def accept(start: Path, items: tuple[int, ...], why: str, by: str) -> None:
    """Use something from the inbox. What is new or corrected becomes an entry; what somebody wants removed is hidden.

    Example: cop accept 12
    """
    from cop import accepting, contributions, identity

    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    catch_up(site, db)

    def use(item: int) -> "Done":
        what = contributions.open_one(db, item).sent.what
        done = accepting.accept(site, db, signer, item, now=now(), why=why, by=by)
        _say_used(db, what, done)
        return done

    used, failed = _each(items, use)
    if failed or any(done.unsettled for done in used):
        raise SystemExit(1 if failed else 5)


def _each(items: Sequence[int], do: Callable[[int], T]) -> tuple[list[T], bool]:
    """Do it with all of them: which were done, and whether one of several could not be. That one is told."""
    if len(items) == 1:
        return [do(items[0])], False
    done, failed = [], False
    for item in dict.fromkeys(items):
        try:
            done.append(do(item))
        except CopError as error:
            show_error(error)
            failed = True
    return done, failed


def _say_used(db: sqlite3.Connection, what: str, done: "Done") -> None:
    from cop import contributions

    if what == contributions.SAY:
        say("Marked as read. Whoever sent it can see that, and what you wrote.")
    elif what == contributions.REMOVE:
        say(f"“{done.title}” is hidden from readers. Partners follow at the next sync.")
        say(f'To destroy its words everywhere: cop erase {_address(db, done.record_id)} --reason "…"', err=True)
    elif done.waits:
        say(f"“{done.title}” is accepted: {_address(db, done.record_id)}. Partners follow at the next sync.")
        say("Others must look at it first. Then readers see it.")
        say("What they still have to look at: cop endorse --waiting", err=True)
    else:
        say(f"“{done.title}” is in use: {_address(db, done.record_id)}. Partners follow at the next sync.")
    for path in done.left_alone:
        say(f"{path} has unsaved edits and was left alone. Save them first: cop load", err=True)
    if done.unsettled:
        _say_unsettled(db, done)


def _say_unsettled(db: sqlite3.Connection, done: "Done") -> None:
    from cop.fields import label

    kind = db.execute("SELECT type FROM view_record WHERE record_id = ?", [done.record_id]).fetchone()[0]
    fields = ", ".join(label(kind, name) for name in done.unsettled)
    say(f"Somebody else changed it, too, so there are two answers now, or more: {fields}. Settle it: cop conflicts")


@click.command()
@_ITEMS
@click.option("--why", required=True, help="Why it is not used, in one sentence. Whoever sent it can read it.")
@click.option("--as", "by", default="", help="Your name, as you wish to be named. It stays here.")
@click.pass_obj
def decline(start: Path, items: tuple[int, ...], why: str, by: str) -> None:
    """Do not use something from the inbox, and say why. Its words are deleted after 90 days.

    Example: cop decline 12 --why "It is here already"
    """
    from cop import contributions

    db = open_up_to_date(find_site(start))

    def turn_down(item: int) -> str:
        contributions.decline(db, item, why=why, by=by, now=now())
        return str(item)

    done, failed = _each(items, turn_down)
    if done:
        which = f"Item {done[0]} is" if len(done) == 1 else f"Items {', '.join(done)} are"
        say(f"{which} not used. {plural(contributions.count(db), 'thing waits', 'things wait')} now.")
    if failed:
        raise SystemExit(1)
