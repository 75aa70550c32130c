"""`cop erase` and `erasures`: removing for good, and what became of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cop import erasing
from cop.cli.common import catch_up, echo_json, find_site, now, plural, resolve_record, say
from cop.errors import WrongUsage

if TYPE_CHECKING:
    from cop.identity import Side
    from cop.removals import Removal, Removals

REASONS = {
    "asked": "the person it is about asked for it",
    "personal": "personal details",
    "rights": "somebody else’s rights",
    "mistake": "it was a mistake",
    "other": "another reason",
}
_LATER = "Copies made before cannot be called back: bundles, print-outs, other people’s folders."


@click.command()
@click.argument("record")
@click.option("--field", default="", help="Only this field, such as summary. Else the whole entry.")
@click.option(
    "--reason", type=click.Choice(erasing.REASONS), help="Why. One word only: it stays when all else is gone."
)
@click.option("--confirm", is_flag=True, help="Do what others ask for: remove it.")
@click.option("--keep", is_flag=True, help="Say no to what others ask for.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def erase(
    start: Path, record: str, field: str, reason: str | None, confirm: bool, keep: bool, yes: bool, as_json: bool
) -> None:
    """Destroy an entry, or one field of it, in all versions: here and at every partner. It cannot be undone.

    What others wrote is hidden everywhere and destroyed here. They decide about the rest.

    Example: cop erase people/maria-example --reason asked
    """
    if (confirm and keep) or ((confirm or keep) and (field or reason)):
        raise WrongUsage("--confirm and --keep go alone.", hint=f"cop erase {record} --confirm")
    side, record_id = _open(start, record)
    if confirm or keep:
        _decide(side, record_id, confirm=confirm, yes=yes, as_json=as_json)
        return
    if reason is None:
        raise WrongUsage("Say why, in one word.", hint=f"--reason with one of: {', '.join(erasing.REASONS)}")
    _erase(side, record_id, field, reason, yes=yes, as_json=as_json)


def _open(start: Path, record: str) -> "tuple[Side, str]":
    from cop import identity

    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    catch_up(site, db)
    return identity.Side(site, db, signer), resolve_record(db, record)


def _erase(side: "Side", record_id: str, field: str, reason: str, *, yes: bool, as_json: bool) -> None:
    from cop import forgetting

    title = forgetting.title_before(side.db, record_id) or record_id
    what = f"“{field}” of “{title}”" if field else f"“{title}”"
    if not yes:
        click.confirm(f"Destroy {what} in all versions, here and at every partner? It cannot be undone.", abort=True)
    outcome = forgetting.erase(side, record_id, field=field, reason=reason, now=now())
    if as_json:
        echo_json({"record": record_id, "field": field, "destroyed": outcome.destroyed, "hidden": outcome.hidden})
        return
    say(f"{what} is gone here: {plural(outcome.destroyed, 'text')} destroyed. Partners follow at the next sync.")
    if outcome.hidden:
        were = plural(outcome.hidden, "of them was written by somebody else", "of them were written by others")
        say(f"{were}: hidden everywhere, and gone at a partner once its people agree.")
    say(f"{_LATER} What we know of: cop erasures", err=True)


def _decide(side: "Side", record_id: str, *, confirm: bool, yes: bool, as_json: bool) -> None:
    from cop import forgetting

    forgetting.requests_for(side.db, record_id)
    title = forgetting.title_before(side.db, record_id) or record_id
    if confirm and not yes:
        click.confirm(f"Destroy what others ask to remove of “{title}”? It cannot be undone.", abort=True)
    shown = ours = False
    if confirm:
        ours = forgetting.confirm(side, record_id, now())
    else:
        shown = forgetting.keep(side, record_id, now())
    if as_json:
        echo_json({"record": record_id, "decision": "confirm" if confirm else "keep", "shown": shown})
    elif confirm:
        theirs = "Partners decide about their own copies."
        say(f"It is gone here. {'What we wrote of it goes at every partner, at the next sync.' if ours else theirs}")
    elif shown:
        say(f"“{title}” is shown again. Partners follow at the next sync.")
    else:
        say(f"“{title}” is kept here. It stays hidden until those who wrote it have decided.")


@click.command()
@click.option("--destroyed", type=click.Path(path_type=Path), help="Take a copy off the list: you destroyed it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def erasures(start: Path, destroyed: Path | None, as_json: bool) -> None:
    """Show what was erased, who has confirmed it, and where it may still be.

    Example: cop erasures
    """
    from cop import copies, identity
    from cop.removals import removals

    site = find_site(start)
    db, _ = identity.open_installation(site, now())
    catch_up(site, db)
    if destroyed:
        copies.destroyed(db, destroyed, now())
    found = removals(site, db)
    if as_json:
        echo_json(found)
    else:
        _say(found)
    if found.files_left or any(one.state == "waits" for one in found.removals):
        raise SystemExit(5)


def _say(found: "Removals") -> None:
    for path in found.files_left:
        say(f"{path} has unsaved edits and holds text that was erased. Take it out, then: cop load", err=True)
    for one in found.removals:
        say("\n".join(_in_words(one)) + "\n")
    if not found.removals:
        say("Nothing was erased, and nobody asks for it.")
        return
    say(f"{plural(found.texts, 'text')} erased here in all. {_LATER}", err=True)


def _in_words(one: "Removal") -> list[str]:
    lines = [f"{one.when[:10]}, {one.asked_by}: {_what(one)} {', '.join(one.records)}. Reason: {REASONS[one.reason]}."]
    lines += [f"  {name} said no and keeps {'what they wrote of ' * one.part_gone}it." for name in one.said_no]
    if one.state == "waits":
        lines += [f"  It waits for you: “{one.title}”" if one.title else "  It waits for you."]
        lines += [f"  Read it: cop show {each} --hidden" for each in one.records]
        lines += [f"  Remove it: cop erase {each} --confirm. Keep it: cop erase {each} --keep" for each in one.records]
    elif one.state == "kept":
        lines += ["  The rest is gone here."] if one.part_gone else []
        lines += [] if one.said_no else ["  It is kept, or it has not arrived here."]
    else:
        lines.append("  Gone here.")
    names = sorted({told.name for told in one.confirmed}, key=str.casefold)
    if names:
        lines.append(f"  Confirmed by: {', '.join(names)}.")
    if one.not_heard and (one.state != "kept" or one.said_no):
        lines.append(f"  Not confirmed yet by: {', '.join(one.not_heard)}.")
    lines += [
        f"  May still be in: {path}  (write it again, or destroy it, then: cop erasures --destroyed FILE)"
        for path in one.copies
    ]
    lines += [f"  Still in a shared place, until it is next visited by whoever wrote it: {path}" for path in one.places]
    if one.untrue:
        lines.append("  What they left says something else than what stood there before. Ask them why.")
    lines += [f"  Filled in again since: {name}. Erase it again if it should go." for name in one.written_again]
    return lines


def _what(one: "Removal") -> str:
    return f"{', '.join(one.fields)} of entry" if one.fields else "entry"
