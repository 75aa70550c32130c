"""Copies that a phone saves from the site, and the small files that bring them up to date."""

from pathlib import Path

from cop import saved_files
from cop.errors import WrongUsage
from cop.saved import picking
from cop.saved.keeping import Keeper
from cop.web.saving import ALL, LANGUAGE, START, TOPIC

MOST_BYTES = 300_000_000  # of what lies beside site.db


def of_site(site_db: Path) -> Keeper:
    """What keeps the files that `cop serve` sends."""
    folder = saved_files.folder_beside(site_db)
    return Keeper(folder, site_db, picking.pick, picking.state_of, most_bytes=MOST_BYTES)


def in_folder(site_db: Path, folder: Path) -> Keeper:
    """What keeps the same files in another folder, for a plain web server."""
    return Keeper(folder, site_db, picking.pick, picking.state_of)


def pack(*, topic: str = "", language: str = "", small: bool = False) -> str:
    """The name of what somebody chose. Raises: WrongUsage."""
    chosen = [one for one in (topic and TOPIC + topic, language and LANGUAGE + language, small and START) if one]
    if len(chosen) > 1:
        raise WrongUsage("Choose one of --topic, --language and --start.", hint="cop export saved FOLDER --start")
    return str(chosen[0]) if chosen else ALL
