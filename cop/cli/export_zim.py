"""`cop export zim`: the site as one file for Kiwix."""

from contextlib import closing
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cop import amounts, copies
from cop.cli.common import echo_json, find_site, not_empty, now, open_up_to_date, plural, progress_bar, say

if TYPE_CHECKING:
    from cop.export.kiwix.export import Written


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--language",
    default="",
    callback=not_empty,
    help="Language of the menus and of the search: en, cy, so, ar, ur or pl.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def zim(start: Path, file: Path, language: str, as_json: bool) -> None:
    """Write the whole site to FILE, which ends in .zim, for the reader Kiwix on phones and computers.

    Example: cop export zim our-copy.zim
    """
    from cop.export.kiwix.export import check
    from cop.export.kiwix.export import export as write

    check(file)
    site = find_site(start)
    with closing(open_up_to_date(site)) as db:
        copies.register_export(db, str(file), now())
    with progress_bar("Writing pages") as progress:
        told = write(site, file, language=language, today=date.today(), progress=progress)
    if as_json:
        echo_json(asdict(told))
    else:
        say(_words(told, file))


def _words(told: "Written", file: Path) -> str:
    size = amounts.size(told.bytes)
    lines = [f"{file}: {size}, {plural(told.found, 'entry', 'entries')} to search, menus in “{told.language}”."]
    if told.other_languages:
        many = plural(told.other_languages, "entry is", "entries are")
        lines.append(f"{many} in another language. The file holds all of them.")
    if told.lacking:
        lines.append(f"{plural(told.lacking, 'attachment')} not here, so not in it.")
    return "\n".join([*lines, "To read it, open it with Kiwix: see docs/kiwix.md."])
