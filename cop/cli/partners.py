"""`cop invite`, `join` and `partner`: meeting the organisations we exchange with."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from cop import (
    about,
    addresses,
    amounts,
    exchange,
    exchanges,
    identity,
    invitations,
    meeting,
    partners,
    serving,
    standing,
    status,
)
from cop import bundle as bundles
from cop.cli import parting
from cop.cli import reports as words
from cop.cli.common import (
    PAGES,
    PORT,
    echo_json,
    find_site,
    last_heard,
    now,
    open_set_up,
    plural,
    progress_bar,
    refresh,
    say,
    show_qr,
)
from cop.errors import Refused
from cop.identity import Side
from cop.meeting import Given


@click.command()
@click.option("--address", default="", help="Where the partner reaches this site. Else `url` in cop.toml.")
@click.option("--qr/--no-qr", default=None, help="With or without a QR code. Else with one, on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def invite(start: Path, address: str, qr: bool | None, as_json: bool) -> None:
    """Print our invitation for a partner, and the phrase to compare.

    The page /desk/invite shows the same, on the computer where cop serve runs.

    Example: cop invite
    """
    site = find_site(start)
    db, _ = identity.open_installation(site, now())
    here = serving.address(site) or f"http://127.0.0.1:{PORT}"
    where = (addresses.check_address(address) if address else "") or site.config.url or here
    invitation = invitations.own_invitation(db, site.config.name, site.config.kind, where)
    if as_json:
        echo_json({"invitation": invitation.text(), "phrase": invitation.phrase()})
        return
    click.echo(invitation.text())
    if qr or (qr is None and sys.stdout.isatty() and sys.stderr.isatty()):
        show_qr(invitation.text(), "/desk/invite")
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

    INVITATION is the line that cop invite prints, or the name of a text file that holds it, or of a bundle of theirs,
    which is taken in, too.

    Example: cop join cop1:hVggq…
    """
    given = meeting.read(invitation)
    _accept(start, given, yes)


def _accept(start: Path, given: Given, compared: bool) -> None:
    site, invitation = find_site(start), given.invitation
    say(
        f"{invitation.name} ({invitation.kind}), {f'at {invitation.address}' if invitation.address else 'no address'}\n"
        f"Phrase: {invitation.phrase()}",
        err=True,
    )
    _say_amount(given)
    if not compared:
        parting.ask_whether_same("cop join INVITATION")
    db, signer = identity.open_installation(site, now())
    apart = status.kept_apart(db, invitation.organisation)
    partners.accept(db, signer, invitation, now())
    refresh(site, db)
    if given.bundle:
        say(f"{invitation.name} is a partner now.")
        _take_in(Side(site, db, signer), given.bundle)
    else:
        say(f"{invitation.name} is a partner now. Try: cop sync")
    _say_apart(apart, status.kept_apart(db, invitation.organisation))
    click.echo("They must accept you too. Send them the line that this prints: cop invite", err=True)


def _say_apart(before: int, now: int) -> None:
    """What becomes of changes that were here and did not count."""
    if shown := before - now:
        are = "was here, kept apart. It is" if shown == 1 else "were here, kept apart. They are"
        say(f"{plural(shown, 'change')} of theirs {are} shown from now on.")
    if now:
        stay = "stays" if now == 1 else "stay"
        say(f"{plural(now, 'change')} of theirs {stay} apart until they say that they are back.")


def _say_amount(given: Given) -> None:
    """How much there is to come, if somebody can say."""
    if given.bundle and given.header:
        size = amounts.size(given.bundle.stat().st_size)
        say(f"The bundle holds {plural(given.header.changes, 'change')}, {size}. They come right away.", err=True)
    elif told := about.ask(given.invitation.address):
        say(f"They hold {told.in_words()}: cop sync", err=True)
    elif addresses.is_of_this_computer(given.invitation.address):
        say(
            "That address leads everybody to their own computer, and here nobody answers at it. Ask them where you reach"
            " them, then: cop partner add NAME ADDRESS",
            err=True,
        )


def _take_in(side: Side, path: Path) -> None:
    with progress_bar(f"Taking in {path.name}", in_bytes=True) as bar, progress_bar(PAGES) as pages:
        applied = bundles.apply(side, path, now(), progress=bar, pages=pages)
    status.count_open_ends(side.db, applied)
    maker = bytes.fromhex(applied.organisation)
    exchanges.remember(side.db, maker, exchanges.BUNDLE, asdict(applied), now())
    for line in words.bundle_lines(applied, dry_run=False):
        say(line)


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
    known = [p for p in partners.current(db) if p.name.casefold() == name.casefold()]
    if known and not phrase:
        address = partners.set_address(db, known[0], address)
        click.echo(f"{known[0].name} is at {address} now.")
        return
    invitation = exchange.invitation_at(Side(site, db, signer), address, name)
    address = addresses.check_address(address)
    if phrase and phrase.casefold().split() != invitation.phrase().split():
        raise Refused(
            f"{address} shows another phrase: {invitation.phrase()}",
            hint="Nothing was accepted. Ask them for their phrase again, by phone or face to face.",
        )
    if invitation.name.casefold() != name.casefold():
        say(f"They call themselves “{invitation.name}”, not “{name}”.", err=True)
    _accept(start, Given(invitations.at_address(invitation, address)), bool(phrase))


@partner.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def list_(start: Path, as_json: bool) -> None:
    """Our partners, and when each was last heard from. Example: cop partner list"""
    db = open_set_up(find_site(start))
    found = standing.partner_summaries(db)
    if as_json:
        echo_json(found)
        return
    times = standing.heard(db)
    for one in found:
        heard = times[bytes.fromhex(one["key"])]
        said = last_heard(
            f"{one['name']} ({one['kind']}) at {one['address'] or 'no address'}", heard.time, heard.through, now()
        )
        say(f"{said}.{' Has left the network.' if one['has_left'] else ''}")
    if not found:
        click.echo("No partners yet. Try: cop invite")


for command in (parting.remove, parting.leave, parting.replace):
    partner.add_command(command)
