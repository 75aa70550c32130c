"""The sites whose pages are measured: loaded by `cop load` from the content that `tree.py` writes, once."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import tree


@dataclass(frozen=True)
class Place:
    """One site folder."""

    root: Path
    size: int

    @property
    def site(self) -> Path:
        """The site folder."""
        return self.root / "site"

    @property
    def site_db(self) -> Path:
        """What readers see."""
        return self.site / "data" / "site.db"

    @property
    def environment(self) -> Mapping[str, str]:
        """For every process that works on it."""
        return {**os.environ, "COP_KEYS": str(self.root / "keys")}

    def cop(self, *arguments: str) -> None:
        """Run a `cop` command. Raises: CalledProcessError."""
        command = [sys.executable, "-m", "cop.cli", "--site", str(self.site), *arguments]
        subprocess.run(command, env=self.environment, check=True, stdout=subprocess.DEVNULL)


def prepare(work: Path, size: int) -> Place:
    """A loaded site of that size; one that is there already is only brought up to date."""
    place = Place(work / f"pages-{size}", size)
    if not place.site.exists():
        place.cop("init", str(place.site), "--name", "Bench", "--kind", "community")
        for path in (place.site / "content").rglob("*.md"):
            path.unlink()
        tree.write(place.site / "content", size)
    place.cop("load")
    db = sqlite3.connect(place.site_db)
    try:
        count = db.execute("SELECT count(*) FROM records").fetchone()[0]
    finally:
        db.close()
    if count != size:
        raise SystemExit(f"{place.site} holds {count} records, not {size}. Delete it and try again.")
    return place
