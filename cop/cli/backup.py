"""`cop backup` and `cop restore`."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click

from cop import amounts, copies, keys, settings
from cop.cli.common import echo_json, find_site, keys_folder, now, open_set_up, plural, progress_bar, refresh, say


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--with-keys", is_flag=True, help="Also the keys, with which anybody can sign in your name.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def backup(start: Path, file: Path, with_keys: bool, as_json: bool) -> None:
    """Write a backup of the whole site to FILE: one zip file. `cop serve` may go on running.

    It holds private things, too: keep it where only you can read it. An older backup of that name is replaced.

    Example: cop backup /media/stick/our-site.zip --with-keys
    """
    from cop import backup as backups

    site = find_site(start)
    with closing(open_set_up(site)) as db:
        copies.register(db, copies.BACKUP, file, "", (0, copies.last_entry(db)), now())
        with progress_bar("Copying", in_bytes=True) as progress:
            made = backups.write(site, db, file, with_keys=with_keys, progress=progress)
    if as_json:
        echo_json(asdict(made))
        return
    say(
        f"{file}: {plural(made.files, 'file')}, {amounts.size(made.bytes)}. It holds private things: keep it locked away."
    )
    if made.keys:
        say("Your keys are in it. Whoever has this file can sign in your name.")
    else:
        say(f"Your keys are not in it. Copy them, too: {site.keys}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def restore(start: Path, file: Path, folder: Path | None, as_json: bool) -> None:
    """Bring a backup back into a new FOLDER, or into the empty folder you are in, and check every signature.

    Example: cop restore /media/stick/our-site.zip our-site
    """
    from cop import restoring, status, verification

    root = (folder or start).resolve()
    with progress_bar("Bringing back", in_bytes=True) as progress:
        done = restoring.restore(file, root, keys_folder(), progress)
    site = find_site(root)
    with closing(open_set_up(site)) as db:
        refresh(site, db)
        with progress_bar("Checking") as progress:
            found = verification.verify(site, db, progress)
        writer, records = settings.own_writer(db), sum(status.record_counts(db).values())
    if as_json:
        echo_json(asdict(done) | {"problems": found.problems})
    else:
        say(f"{plural(done.files, 'file')} and {plural(records, 'record')} are back in {root}.")
        for problem in found.problems:
            say(problem, err=True)
        if not keys.has(site.keys, writer):
            say(f"Your keys are not on this computer. Copy them to {site.keys}, or say: cop device new")
        say("What happened since then comes with: cop sync")
    if found.problems:
        raise SystemExit(4)
