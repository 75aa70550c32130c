"""`cop export`: copies that need no server."""

from contextlib import closing
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cop import amounts, copies
from cop.cli import export_paper, export_saved
from cop.cli.common import echo_json, find_site, now, open_up_to_date, plural, progress_bar, say
from cop.cli.export_page import page
from cop.cli.export_zim import zim

if TYPE_CHECKING:
    from cop.export.tree import Written


@click.group()
def export() -> None:
    """Make copies that need no server: for a stick, a web space or a phone."""


@export.command()
@click.argument("target")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def static(start: Path, target: str, as_json: bool) -> None:
    """Write the whole site to TARGET: a folder, a file that ends in .zip, or a store such as s3://our-bucket/site.

    To read it, open index.html. Run it again to bring the copy up to date: in a folder or a store, only what changed is written.

    Example: cop export static /media/stick/our-copy
    """
    from cop.export.static import export as write
    from cop.export.target import place

    target, site = place(target), find_site(start)
    with closing(open_up_to_date(site)) as db:
        copies.register_export(db, target, now())
    with progress_bar("Writing pages") as progress:
        told = write(site, target, today=date.today(), progress=progress)
    if as_json:
        echo_json(asdict(told))
    else:
        say(_words(told, target))


@export.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def ready(start: Path, as_json: bool) -> None:
    """Make all kinds of copies, for readers to take from the page /offline.

    They lie in data/copies. Run it again after changes: what is still the same is not made again. Once something in them
    is not public any more, the page stops offering them.

    Example: cop export ready
    """
    from cop.export.ready import make

    site = find_site(start)
    open_up_to_date(site).close()
    made = make(site, date.today(), lambda kind: progress_bar(f"Making: {_KINDS[kind]}"))
    if as_json:
        echo_json([asdict(one) for one in made])
        return
    for one in made:
        if one.copy:
            how = "" if one.is_new else ", as before"
            say(f"{_KINDS[one.kind]}: data/copies/{one.copy.file}, {amounts.size(one.copy.bytes)}{how}.")
        else:
            say(f"{_KINDS[one.kind]}: left out. {one.why} Try: {one.hint}", err=True)
    say("Readers find them on the page /offline of your site.")


_KINDS = {
    "phone": "For a phone",
    "folder": "For a laptop or a stick",
    "booklet": "To print",
    "ebook": "For e-readers",
    "kiwix": "For Kiwix",
}


def _words(told: "Written", target: str) -> str:
    if not told.written and not told.removed:
        return f"{target} is up to date: {plural(told.files, 'file')}, {amounts.size(told.bytes)}."
    gone = f" {plural(told.removed, 'file')} went." if told.removed else ""
    lacking = f" {plural(told.lacking, 'attachment')} not here, so not in it." if told.lacking else ""
    folder = "://" in target or Path(target).is_dir()
    read = (
        f"To read it, open: {target.rstrip('/')}/index.html" if folder else "To read it, unpack it and open index.html."
    )
    return (
        f"{target}: {plural(told.files, 'file')}, {amounts.size(told.bytes)}. Written now: {told.written:,},"
        f" {amounts.size(told.bytes_written)}.{gone}{lacking}\n{read}"
    )


for command in (page, export_paper.print_, export_paper.epub, export_saved.saved, zim):
    export.add_command(command)
