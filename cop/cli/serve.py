"""`cop serve`."""

import asyncio
import logging
import socket
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import uvicorn

from cop import identity, nearby, worktree
from cop.cli.common import PORT, find_site, now, plural, progress_bar, sentence
from cop.config import Site
from cop.errors import CopError
from cop.web import api, door
from cop.web.door import Served
from cop.web.following import Follower


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen. 0.0.0.0 lets others reach it.")
@click.option("--port", default=PORT, show_default=True, help="0 takes any free port.")
@click.option("--no-announce", is_flag=True, help="Do not tell the local network that this site is here.")
@click.option("--open", "open_browser", is_flag=True, help="Open it in the browser.")
@click.pass_obj
def serve(start: Path, host: str, port: int, no_announce: bool, open_browser: bool) -> None:
    """Load, then serve the site to readers and to partners, until you stop it with Ctrl+C.

    With --host 0.0.0.0, partners in the same network find it by cop sync --nearby.

    Example: cop serve --port 8001
    """
    site = find_site(start)
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
    address = f"http://{_in_address(host)}:{port}"
    server = _Server(config, site.config.name, address, open_browser, announcement, follower)
    try:
        with suppress(KeyboardInterrupt):  # Ctrl+C is how one stops it
            server.run(sockets=[listening])
    finally:
        if announcement:
            announcement.stop()


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

    settings = {"default_allow_sql": False, "allow_download": False, "sql_time_limit_ms": 2000, "suggest_facets": False}
    datasette = Datasette([str(served.site.site_db)], settings=settings)
    follower = api.attach(datasette, served.site)
    door.attach(datasette, served)
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
            hint=f"cop serve --port {port + 1 if port else 0}",
        ) from error
    return listening


def _show_exchanges() -> None:
    """Exchanges with partners are told on the terminal."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
    logger = logging.getLogger("cop.sync")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


class _Server(uvicorn.Server):
    """Says where the site is once it answers."""

    def __init__(
        self,
        config: uvicorn.Config,
        name: str,
        address: str,
        open_browser: bool,
        announcement: nearby.Announcement | None,
        follower: Follower,
    ) -> None:
        super().__init__(config)
        self._name, self._address, self._open_browser = name, address, open_browser
        self._announcement, self._follower = announcement, follower
        self._watching: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell the address."""
        await super().startup(sockets)
        if self.started:
            self._watching = asyncio.create_task(self._follower.watch())
            click.echo(f"Serving {self._name} at {self._address}")
            if self._open_browser:
                webbrowser.open(self._address)
            if self._announcement:
                await asyncio.to_thread(_announce, self._announcement)


def _announce(announcement: nearby.Announcement) -> None:
    try:
        announcement.start()
    except CopError as error:  # the site works all the same
        click.echo(str(error), err=True)
