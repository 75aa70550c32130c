"""`cop invite`, `join` and `partner`: meeting the organisations we exchange with."""

import sys
from pathlib import Path

import click

from cop import exchange, identity, partners, views
from cop.cli.common import PORT, echo_json, find_site, now, open_set_up
from cop.errors import Refused, WrongUsage
from cop.partners import Invitation
from cop.sync import Side


@click.command()
@click.option("--address", default="", help="Where the partner reaches this site. Else `url` in cop.toml.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def invite(start: Path, address: str, as_json: bool) -> None:
    """Print our invitation for a partner, and the phrase to compare.

    Example: cop invite
    """
    site = find_site(start)
    db, _ = identity.open_installation(site, now())
    where = (partners.check_address(address) if address else "") or site.config.url or f"http://127.0.0.1:{PORT}"
    invitation = partners.own_invitation(db, site.config.name, site.config.kind, where)
    if as_json:
        echo_json({"invitation": invitation.text(), "phrase": invitation.phrase()})
        return
    click.echo(invitation.text())
    click.echo(f"\nSend this line to your partner. They run: cop join INVITATION\nThen say these words to each other, "
               f"by phone or face to face. Both must see the same:\n\n    {invitation.phrase()}\n", err=True)  # fmt: skip
    if not (address or site.config.url):
        click.echo(
            f"The address in it is {where}: this computer only. For another: cop invite --address http://…", err=True
        )


@click.command()
@click.argument("invitation")
@click.option("--yes", is_flag=True, help="The phrase was compared.")
@click.pass_obj
def join(start: Path, invitation: str, yes: bool) -> None:
    """Accept a partner from its invitation, after you compared the phrase.

    Example: cop join cop1:hVggq…
    """
    _accept(start, partners.parse_invitation(invitation), yes)


def _accept(start: Path, invitation: Invitation, compared: bool) -> None:
    site = find_site(start)
    click.echo(
        f"{invitation.name} ({invitation.kind}), at {invitation.address}\nPhrase: {invitation.phrase()}", err=True
    )
    if not compared:
        if not sys.stdin.isatty():
            raise WrongUsage(
                "Compare the phrase with your partner first.", hint="Once it is the same: cop join INVITATION --yes"
            )
        if not click.confirm("Do they see the same phrase?"):
            raise Refused("The phrase is not the same, so nothing was accepted.", hint="Ask for the invitation again.")
    db, signer = identity.open_installation(site, now())
    partners.accept(db, signer, invitation, now())
    views.refresh(site, db)
    click.echo(f"{invitation.name} is a partner now. Try: cop sync")
    click.echo("They must accept you too. Send them the line that this prints: cop invite", err=True)


@click.group()
def partner() -> None:
    """The organisations we exchange with."""


@partner.command("add")
@click.argument("name")
@click.argument("address")
@click.option("--phrase", default="", help="The words that the partner told you.")
@click.pass_obj
def add(start: Path, name: str, address: str, phrase: str) -> None:
    """Accept a partner by its address, or change the address of one.

    Example: cop partner add "Caafi Health" http://192.168.1.7:8001 --phrase "one two three four five six"
    """
    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    known = [p for p in partners.all_partners(db) if p.name.casefold() == name.casefold()]
    if known and not phrase:
        address = partners.set_address(db, known[0], address)
        click.echo(f"{known[0].name} is at {address} now.")
        return
    invitation = exchange.invitation_at(Side(site, db, signer), address, name)
    address = partners.check_address(address)
    if phrase and phrase.casefold().split() != invitation.phrase().split():
        raise Refused(
            f"{address} shows another phrase: {invitation.phrase()}",
            hint="Nothing was accepted. Ask them for their phrase again, by phone or face to face.",
        )
    if invitation.name.casefold() != name.casefold():
        click.echo(f"They call themselves “{invitation.name}”, not “{name}”.", err=True)
    _accept(start, partners.at_address(invitation, address), bool(phrase))


@partner.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def list_(start: Path, as_json: bool) -> None:
    """Our partners, and when each was last heard from. Example: cop partner list"""
    found = [p.summary() for p in partners.all_partners(open_set_up(find_site(start)))]
    if as_json:
        echo_json(found)
        return
    for one in found:
        heard = one["last_heard"] or "not yet"
        click.echo(f"{one['name']} ({one['kind']}) at {one['address'] or 'no address'}, last heard from: {heard}")
    if not found:
        click.echo("No partners yet. Try: cop invite")


@partner.command("remove")
@click.argument("name")
@click.pass_obj
def remove(start: Path, name: str) -> None:
    """End with a partner. What it wrote stays in the log and is no longer shown here.

    Example: cop partner remove "Caafi Health"
    """
    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    found = partners.find_member(db, name)
    partners.remove(db, signer, found, now())
    views.refresh(site, db)
    click.echo(f"{found.name} is no partner any more. Nothing was deleted; to accept them again: cop join INVITATION")
