"""`cop device`: the computers of this organisation."""

import sys
from pathlib import Path

import click

from cop import devices, identity, trust
from cop.cli.common import NOT_VOUCHED, VOUCH, echo_json, find_site, now, open_set_up, plural, refresh, say
from cop.errors import WrongUsage
from cop.model import iso_time


@click.group()
def device() -> None:
    """The computers of your organisation. Each has a key of its own."""


@device.command("new")
@click.pass_obj
def new(start: Path) -> None:
    """Give this copy of a site folder a key of its own, as after copying it to another computer.

    Example: cop device new
    """
    site = find_site(start)
    open_set_up(site).close()
    line = devices.new(site, now())
    if not line:
        say("This copy has a key of its own now. Nothing else is to be done.")
        return
    writer = devices.read_request(line).writer
    say(line)
    say("\nThis copy has a key of its own now. What you save here is kept, and shown here only, until your first computer"
        " vouches for it.\nRun there: cop device add LINE, with the line above, and compare:"
        f"\n\n    {devices.phrase(writer)}\n\nThen exchange: cop sync, or cop bundle create and cop bundle apply.", err=True)  # fmt: skip


@device.command("add")
@click.argument("line")
@click.option("--yes", is_flag=True, help="The digits were compared.")
@click.pass_obj
def add(start: Path, line: str, yes: bool) -> None:
    """Vouch for another computer of your organisation, with the line that `cop device new` printed there.

    Example: cop device add copdevice1:g1ggX…
    """
    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    writer = devices.read_request(line).writer
    say(f"Both computers must show: {devices.phrase(writer)}", err=True)
    if not yes and not _compared():
        raise WrongUsage(
            "The digits are not the same, so nothing was accepted.", hint="Run `cop device new` there again."
        )
    devices.add(site, db, signer, line, now())
    refresh(site, db)
    say(
        "That computer writes for your organisation now. It and your partners learn of it at the next exchange: cop sync"
    )


def _compared() -> bool:
    if not sys.stdin.isatty():
        raise WrongUsage("Compare the digits first.", hint="Once they are the same: cop device add LINE --yes")
    return click.confirm("Are they the same?")


@device.command("end")
@click.argument("writer")
@click.option("--take-in", is_flag=True, help="It ended before, and what came of it since then shall count, too.")
@click.option("--yes", is_flag=True, help="You are sure.")
@click.pass_obj
def end(start: Path, writer: str, take_in: bool, yes: bool) -> None:
    """End a computer of yours that was lost or stolen. WRITER is the start of its key, as cop device list shows it.

    What it wrote and is here stays. What comes of it from now on is kept apart and shown nowhere.

    Example: cop device end 3f9c02ab71d4
    """
    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    found = devices.find(db, writer)
    if not yes and not _sure(found):
        raise WrongUsage("Nothing was changed.", hint="If you are sure, say it again with: --yes")
    devices.end(site, db, signer, found, now(), take_in=take_in)
    refresh(site, db)
    say(f"That computer has ended. What it wrote until now counts: {plural(found.entries, 'entry', 'entries')}.")
    say("Your partners learn of it at the next exchange: cop sync", err=True)


def _sure(found: devices.Device) -> bool:
    if not sys.stdin.isatty():
        return False
    last = f", last on {iso_time(found.last_claimed)[:10]} by its clock" if found.entries else ""
    told = f"It wrote {plural(found.entries, 'entry', 'entries')}{last}."
    return click.confirm(f"End the computer {found.writer.hex()[:16]}? {told}", err=True)


@device.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def list_(start: Path, as_json: bool) -> None:
    """The computers of your organisation, as far as this copy knows. Example: cop device list"""
    db = open_set_up(find_site(start))
    found = devices.devices(db)
    if as_json:
        echo_json([one.summary() for one in found])
        return
    for one in found:
        last = f"last wrote on {iso_time(one.last_claimed)[:10]} by its clock" if one.entries else "has written nothing"
        here = " (this computer)" if one.here else " (ended)" if one.ended else ""
        last += f", {plural(one.apart, 'entry', 'entries')} since its end kept apart" if one.apart else ""
        say(f"{one.writer.hex()[:16]}{here}: {plural(one.entries, 'entry', 'entries')}, {last}")
    if not trust.is_vouched_for(db):
        say(
            f"{NOT_VOUCHED} {VOUCH}", err=True
        )  # cop device new would make one more key, for which nobody vouched either
