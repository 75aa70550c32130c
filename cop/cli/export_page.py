"""`cop export page`: the collection as one file, for phones."""

from contextlib import closing
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from cop import amounts, copies
from cop.cli.common import echo_json, find_site, not_empty, now, open_up_to_date, plural, progress_bar, say


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--topic", default="", callback=not_empty, metavar="TOPIC", help="Only what is on this topic: its short address."
)
@click.option(
    "--language", default="", callback=not_empty, metavar="CODE", help="Only what is in this language: so, en, ar …"
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def page(start: Path, file: Path, topic: str, language: str, as_json: bool) -> None:
    """Write the collection into one FILE that any phone can open: no internet, no other files, no app.

    Everything can be read and searched in it. What is attached to entries is not in it; its name and size are.

    Example: cop export page our-collection.html --language so
    """
    from cop.export import target
    from cop.pocket.file import export
    from cop.pocket.within import Choice

    target.check_file(file, ".html", ".htm")
    site = find_site(start)
    with closing(open_up_to_date(site)) as db:
        copies.register_export(db, str(file), now())
    with progress_bar("Writing") as progress:
        told = export(site, file, Choice(topic, language), today=date.today(), progress=progress)
    if as_json:
        echo_json(asdict(told))
    else:
        say(
            f"{file}: {plural(told.records, 'entry', 'entries')}, {amounts.size(told.bytes)}.\nOpen it in a browser, or send it to a phone."
        )
