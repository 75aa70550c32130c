"""`cop serve`."""

import asyncio
import ipaddress
import logging
import signal
import socket
import sys
import webbrowser
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import uvicorn

from cop import identity, nearby, saved, serving, sessions, worktree
from cop.cli.common import PORT, find_site, now, plural, progress_bar, sentence, show_qr
from cop.config import Site
from cop.errors import CopError
from cop.schema import open_store
from cop.web import api, door, saving
from cop.web.door import Served
from cop.web.following import Follower

SETTINGS = {
    "default_allow_sql": False, "allow_download": False, "sql_time_limit_ms": 2000, "suggest_facets": False,
    "truncate_cells_html": 200,  # characters: a page of a table would hold a hundred whole texts; a row has all of its own
}  # fmt: skip
MAX_PORT = 65535


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen. 0.0.0.0 lets others reach it.")
@click.option(
    "--port", type=click.IntRange(0, MAX_PORT), default=PORT, show_default=True, help="0 takes any free port."
)
@click.option("--lan", is_flag=True, help="Let phones in the same room reach it, and show them a code to scan.")
@click.option("--no-announce", is_flag=True, help="Do not tell the local network that this site is here.")
@click.option("--open", "open_browser", is_flag=True, help="Open it in the browser.")
@click.pass_obj
def serve(start: Path, host: str, port: int, lan: bool, no_announce: bool, open_browser: bool) -> None:
    """Load, then serve the site to readers and to partners, until you stop it with Ctrl+C.

    With --lan or --host 0.0.0.0, partners in the same network find it by cop sync --nearby.

    Where people meet, --lan --open shows a code for their phones.

    Example: cop serve --port 8001
    """
    site, host = find_site(start), "0.0.0.0" if lan else host
    _load(site)
    listening = _listen(host, port)
    port = listening.getsockname()[1]
    hosts = nearby.own_hosts(listening.getsockname()[0])
    _show_exchanges()
    served = Served(site, f"http://{_in_address(hosts[0])}:{port}" if hosts else "", port)
    application, follower = _application(served)
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=75,
        server_header=False,
    )
    announcement = None if no_announce or not hosts else _announcement(site, hosts, port)
    address = _to_show(host, listening)
    link = _desk_link(served, listening)
    told = Told(site.config.name, address, link.address, served.address if lan else None, open_browser)
    server = _Server(config, told, announcement, follower)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what a service manager stops ends as well
    try:
        with serving.told(site, _here(listening)), suppress(KeyboardInterrupt):  # Ctrl+C is how one stops it
            server.run(sockets=[listening])
    finally:
        link.end()
        if announcement:
            announcement.stop()


@dataclass(frozen=True)
class _DeskLink:
    """A link with which whoever sees this terminal signs in at the desk, once; "" where the desk is not open here."""

    site: Site
    number: int = 0
    address: str = ""

    def end(self) -> None:
        """Nobody can have it any more who did not use it."""
        if self.number:
            db = open_store(self.site.store_db)
            sessions.end_link(db, self.number)
            db.close()


def _desk_link(served: Served, listening: socket.socket) -> _DeskLink:
    if not door.begins_here(served) or not ipaddress.ip_address(_host_here(listening)).is_loopback:
        return _DeskLink(served.site)
    db = open_store(served.site.store_db)
    number, secret = sessions.invite(db, "", now())
    db.close()
    return _DeskLink(served.site, number, f"{_here(listening)}/desk/enter/{secret}")


def _here(listening: socket.socket) -> str:
    """The address of the site on this computer."""
    return f"http://{_in_address(_host_here(listening))}:{listening.getsockname()[1]}"


def _to_show(host: str, listening: socket.socket) -> str:
    """An address that opens on this computer. 0.0.0.0 stands for all of its addresses, and is none itself."""
    port = listening.getsockname()[1]
    return _here(listening) if _is_for_all(listening) else f"http://{_in_address(host)}:{port}"


def _is_for_all(listening: socket.socket) -> bool:
    return ipaddress.ip_address(str(listening.getsockname()[0]).partition("%")[0]).is_unspecified


def _host_here(listening: socket.socket) -> str:
    host = str(listening.getsockname()[0])
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _announcement(site: Site, hosts: list[str], port: int) -> nearby.Announcement | None:
    """What tells the local network of this site; None without the extra for it."""
    if not nearby.is_available():
        return None
    db, signer = identity.open_installation(site, now())
    organisation = identity.own_organisation(db)
    db.close()
    return nearby.Announcement(organisation, signer.public, site.config.name, hosts, port)


def _load(site: Site) -> None:
    db, signer = identity.open_installation(site, now())
    with progress_bar("Loading") as progress:
        report = worktree.load(site, db, signer, now=now(), progress=progress)
    db.close()
    for problem in report.refused:
        click.echo(f"{problem.path}, line {problem.line}: {sentence(problem.reason)} Try: {problem.hint}", err=True)
    if report.missing:
        click.echo(f"{plural(len(report.missing), 'content file is', 'content files are')} gone: cop status", err=True)


def _application(served: Served) -> tuple[Any, Follower]:
    """The Datasette application with our pages, the desk and the sync endpoint; and what keeps the pages up to date."""
    from datasette.app import Datasette

    datasette = Datasette([str(served.site.site_db)], settings=SETTINGS)
    follower = api.attach(datasette, served.site)
    door.attach(datasette, served)
    saving.attach(datasette, saved.of_site(served.site.site_db))
    return datasette.app(), follower


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small parts without delay only where it reads TCP here; else every page takes 40 ms longer
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise CopError(
            f"Port {port} on {host} cannot be used ({getattr(error, 'strerror', '') or error}).",
            hint=f"cop serve --port {(port + 1) % (MAX_PORT + 1)}",
        ) from error
    return listening


def _show_exchanges() -> None:
    """Exchanges with partners are told on the terminal."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("cop.sync")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


@dataclass(frozen=True)
class Told:
    """What people are told once the site answers."""

    name: str
    address: str
    desk_link: str
    for_phones: str | None  # None: phones were not asked for. "": no network is there
    open_browser: bool

    def say(self) -> None:
        """Tell it on the terminal, and open the browser if that was asked for."""
        click.echo(f"Serving {self.name} at {self.address}")
        if self.desk_link:
            click.echo(f"To look after it, sign in with this link, once: {self.desk_link}")
        if self.for_phones:
            self._say_for_phones(f"{self.for_phones}/offline")
        elif self.for_phones is not None:
            click.echo(
                "This computer is in no network, so phones cannot reach it. Join a Wi-Fi, then start again.", err=True
            )
        if self.open_browser:
            webbrowser.open(f"{self.address}/offline/code" if self.for_phones else self.address)

    def _say_for_phones(self, address: str) -> None:
        if sys.stderr.isatty():
            show_qr(address, f"{self.address}/offline/code")
        click.echo(f"Phones in the same network: {address}")
        click.echo(
            f"To show a large code, open {self.address}/offline/code. Is nothing there? A firewall may block it."
        )


class _Server(uvicorn.Server):
    """Says where the site is once it answers."""

    def __init__(
        self,
        config: uvicorn.Config,
        told: Told,
        announcement: nearby.Announcement | None,
        follower: Follower,
    ) -> None:
        super().__init__(config)
        self._told, self._announcement, self._follower = told, announcement, follower
        self._watching: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell the address."""
        await super().startup(sockets)
        if self.started:
            self._watching = asyncio.create_task(self._follower.watch())
            self._told.say()
            if self._announcement:
                await asyncio.to_thread(_announce, self._announcement)


def _announce(announcement: nearby.Announcement) -> None:
    try:
        announcement.start()
    except CopError as error:  # the site works all the same
        click.echo(str(error), err=True)
