"""`cop export saved`: the files of saved copies, for a plain web server."""

from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from cop import amounts, copies
from cop.cli.common import echo_json, find_site, not_empty, now, open_up_to_date, say


@dataclass(frozen=True)
class Told:
    """What lies there now."""

    pack: str
    entries: int
    of: int
    bytes: int  # for who saves it anew
    files: int
    version: int


@click.command("saved")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--topic", default="", callback=not_empty, help="Only one topic, by its short address.")
@click.option("--language", default="", callback=not_empty, help="Only one language, by its code.")
@click.option("--start", is_flag=True, help="Only what fits on every phone: at most 400 KB.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def saved(start_at: Path, folder: Path, topic: str, language: str, start: bool, as_json: bool) -> None:
    """Write the files of a saved copy to FOLDER, for a plain web server.

    Run it again to bring them up to date: one small file says what changed. Programs that have saved a copy fetch that only.

    Example: cop export saved /srv/www/copy
    """
    from cop import saved as saving
    from cop.export.tree import explained
    from cop.segments import listed

    site = find_site(start_at)
    pack = saving.pack(topic=topic, language=language, small=start)
    with closing(open_up_to_date(site)) as db:
        copies.register_export(db, str(folder / pack), now())
    with explained(folder):
        made = listed.from_json(saving.in_folder(site.site_db, folder).newest(pack))
    assert made
    told = Told(pack, made.count, made.of, made.total, len(made.files), made.version)
    if as_json:
        echo_json(asdict(told))
    else:
        say(
            f"{folder / pack}: {told.entries:,} of {told.of:,} entries, {amounts.size(told.bytes)} for who saves them anew."
        )
