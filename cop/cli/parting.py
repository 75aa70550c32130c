"""`cop partner remove`, `leave` and `replace`: when people part, or a key is lost."""

import shlex
import sys
from pathlib import Path

import click

from cop import identity, meeting, partings, partners, status
from cop.cli.common import find_site, now, plural, refresh, say
from cop.errors import Refused, WrongUsage


def ask_whether_same(then: str) -> None:
    """Raises: WrongUsage if nobody can be asked; `then` is the command for once they have compared it."""
    if not sys.stdin.isatty():
        raise WrongUsage("Compare the phrase with your partner first.", hint=f"Once it is the same: {then} --yes")
    if not click.confirm("Do they see the same phrase?", err=True):
        raise Refused("The phrase is not the same, so nothing was accepted.", hint="Ask for the invitation again.")


@click.command("remove")
@click.argument("name")
@click.option("--hide", is_flag=True, help="Show nothing of what they wrote any more, either.")
@click.pass_obj
def remove(start: Path, name: str, hide: bool) -> None:
    """End with a partner. What it wrote until now stays, with its name; what it writes from now on is kept apart.

    Example: cop partner remove "Caafi Health"
    """
    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    found = partners.find_member(db, name)
    partings.remove(db, signer, found, now(), hide=hide)
    refresh(site, db)
    stays = "is kept, and no longer shown here" if hide else "stays, with their name"
    say(f"{found.name} is no partner any more. What they wrote until now {stays}.")
    say("To accept them again: cop join INVITATION")


@click.command("leave")
@click.option("--yes", is_flag=True, help="You are sure.")
@click.pass_obj
def leave(start: Path, yes: bool) -> None:
    """Leave the network. The whole collection stays here, and what you wrote stays with the others, with your name.

    Example: cop partner leave
    """
    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    if not yes and not _sure("Leave the network?"):
        raise WrongUsage("Nothing was changed.", hint="If you are sure: cop partner leave --yes")
    names = partings.leave(db, signer, now())
    refresh(site, db)
    say(f"You have left {' and '.join([', '.join(names[:-1]), names[-1]] if len(names) > 1 else names)}.")
    say(f"Everything you shared until now stays here: {plural(sum(status.record_counts(db).values()), 'record')}.")
    say("As files that any program can read: cop checkout")
    by_line = any(one.address for one in partners.to_be_told(db))
    told = "cop sync" if by_line else "cop bundle create FILE, for a stick"
    click.echo(f"The others learn of it at the next exchange: {told}. To come back: cop join INVITATION", err=True)


def _sure(question: str) -> bool:
    return sys.stdin.isatty() and click.confirm(question, err=True)


@click.command("replace")
@click.argument("name")
@click.argument("invitation")
@click.option("--yes", is_flag=True, help="The phrase was compared.")
@click.pass_obj
def replace(start: Path, name: str, invitation: str, yes: bool) -> None:
    """Say that a partner has lost its key, and that the one of this invitation stands for it from now on.

    It does once more than half of the other organisations have said so. What they wrote under the old key stays theirs.

    Example: cop partner replace "Caafi Health" cop1:hVggq…
    """
    site, given = find_site(start), meeting.read(invitation).invitation
    db, signer = identity.open_installation(site, now())
    found = partners.find_member(db, name, but=given.organisation)
    say(f"{found.name} would go on as: {given.name} ({given.kind})\nPhrase: {given.phrase()}", err=True)
    if not yes:
        ask_whether_same(f"cop partner replace {shlex.quote(name)} {shlex.quote(invitation)}")
    partings.replace_key(db, signer, found, given, now())
    refresh(site, db)
    votes = partings.votes(db, found.organisation, given.organisation)
    said = f"{votes.given} of {votes.others} other organisations say so"
    if votes.enough:
        say(f"{given.name} goes on under its new key: {said}. What they wrote before is theirs as it was.")
    else:
        say(f"This is written down. {said}; it takes more than half. Tell the others: cop sync")
