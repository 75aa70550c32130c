"""`cop desk`: who may work at the desk in a browser."""

import sqlite3
from pathlib import Path

import click

from cop import amounts, serving, sessions
from cop.cli.common import PORT, echo_json, find_site, now, open_set_up, plural, say
from cop.config import Site
from cop.errors import CopError, WrongUsage
from cop.model import iso_time
from cop.sessions import Session


@click.group()
def desk() -> None:
    """Who may look after this site in a browser. There are no passwords: a link lets one person in, once."""


@desk.command("invite")
@click.argument("name", default="")
@click.option(
    "--at",
    "address",
    default="",
    help="The address of the site in their browser. Else `url` in cop.toml, else where cop serve shows it just now.",
)
@click.pass_obj
def invite(start: Path, name: str, address: str) -> None:
    """Print a link that lets one person in: once, within a day. NAME is how they wish to be named; they can change it.

    Example: cop desk invite Hodan
    """
    from cop import patch, shared_words

    site = find_site(start)
    person = patch.person(name)
    shared_words.check_told("", person, "", site.config.timezone)
    db = open_set_up(site)
    top = _top(site, address)
    _, secret = sessions.invite(db, person, now())
    say(f"{top}/desk/enter/{secret}")
    say(
        "Give it to that person only: whoever opens it first is in. It works once, until this time tomorrow.\n"
        "See who is in: cop desk list",
        err=True,
    )


def _top(site: Site, address: str) -> str:
    here = serving.address(site)
    top = (address or site.config.url or here).rstrip("/")
    if not top:
        raise CopError(
            "The site is not being served, so nobody could open a link to it.",
            hint="Start it: cop serve. It prints a link by itself. Or say where the site can be seen: --at https://…",
        )
    if not top.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
        raise WrongUsage(
            f"At {top} others could listen in, so nobody can sign in there.",
            hint='Serve the site with https, and write its address into cop.toml: url = "https://…". '
            f"Or sign in at the computer itself: --at {here or f'http://127.0.0.1:{PORT}'}",
        )
    return top


@desk.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def list_(start: Path, as_json: bool) -> None:
    """Who has signed in, and links that nobody has used yet.

    Example: cop desk list
    """
    clock = now()
    found = sessions.all_open(open_set_up(find_site(start)), clock)
    if as_json:
        echo_json([_summary(one) for one in found])
        return
    for one in found:
        say(f"{one.number}  {one.person or 'without a name'}: {_what(one, clock)}, ends on {iso_time(one.ends)[:10]}")
    if not found:
        say("Nobody has signed in. To let somebody in: cop desk invite NAME", err=True)


def _what(one: Session, clock: int) -> str:
    if one.is_link:
        return f"a link that nobody has used yet, made {amounts.ago(one.made, clock)}"
    return f"in since {amounts.ago(one.begun, clock)}, last here {amounts.ago(one.used, clock)}"


def _summary(one: Session) -> dict[str, object]:
    times = {
        name: iso_time(getattr(one, name)) if getattr(one, name) else "" for name in ("made", "begun", "used", "ends")
    }
    return {"number": one.number, "name": one.person, "link": one.is_link, **times}


@desk.command("end")
@click.argument("name")
@click.pass_obj
def end(start: Path, name: str) -> None:
    """End what NAME has: sessions and links. NAME is a name or a number from `cop desk list`.

    Example: cop desk end Hodan
    """
    db = open_set_up(find_site(start))
    found = _named(db, name)
    for one in found:
        sessions.end(db, one.number)
    say(
        f"{plural(len(found), 'session or link', 'sessions or links')} of “{name}” ended. Nobody gets in with them any more."
    )


def _named(db: sqlite3.Connection, name: str) -> list[Session]:
    everybody = sessions.all_open(db, now())
    found = [one for one in everybody if one.person and one.person.casefold() == name.casefold()]
    found = found or [one for one in everybody if str(one.number) == name]
    if not found:
        raise WrongUsage(f"Nobody is called “{name}” here.", hint="cop desk list")
    return found
