"""`cop init`."""

from pathlib import Path

import click

from cop import identity, views
from cop.cli.common import keys_folder, now
from cop.fields import ORGANISATION_KINDS


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", default="", help="The name of your organisation, as readers should see it.")
@click.option("--kind", type=click.Choice(ORGANISATION_KINDS), help="What kind of organisation it is.")
@click.option("--url", default="", help="Where partners reach this site, if it can be reached.")
@click.pass_obj
def init(start: Path, folder: Path | None, name: str, kind: str | None, url: str) -> None:
    """Make a site folder and this installation's key. Running it again changes nothing.

    Example: cop init my-site --name "Caafi Health" --kind community
    """
    root = (folder or start).resolve()
    site, new = identity.make_site_folder(root, keys_folder(), name, kind or "", url)
    had_store = site.store_db.exists()
    db, _ = identity.open_installation(site, now())
    views.refresh(site, db)
    if new or not had_store:
        click.echo(f"{site.config.name} has a site in {root}.", err=True)
        click.echo(f"Try:   cop --site {root} new post 'Our first post'", err=True)
    else:
        click.echo(f"{site.config.name} already has a site in {root}. Nothing was changed.", err=True)
