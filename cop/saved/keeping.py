"""Keeps the files of saved copies in a folder: of each kind of copy ("pack") a list, `now.json`, and the files it names.

Whoever asks for a list gets one of the newest state. What lies here may be deleted at any time. Two processes may do this
at once: files are made by either, and put in place by the first.
"""

import logging
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from cop import saved_files
from cop.errors import CopError, WrongUsage
from cop.saved_files import LIST
from cop.segments import listed as lists
from cop.segments import rows as rows_of
from cop.segments.listed import Listed, Moved
from cop.segments.rows import Row
from cop.web import saving

TRIES = 3  # while somebody loads all the time
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Picked:
    """What is in a pack now."""

    rows: dict[str, Row]
    of: int  # entries that there are
    day: str  # ISO
    removed: str  # tells which entries were removed for good
    about: dict[str, str]  # what else a reader is told


Pick = Callable[[sqlite3.Connection, str], Picked | None]  # None: there is no such pack
StateOf = Callable[[sqlite3.Connection], str]  # what tells one state of the site from another


class Changing(CopError):
    """The site changed each time the files were made."""


@dataclass(frozen=True)
class Keeper:
    """The packs of one site in one folder."""

    folder: Path
    site_db: Path
    pick: Pick
    state_of: StateOf
    most_bytes: int = 0  # of all packs together: those that were made longest ago go first. 0: nothing is thrown away

    def kept(self, pack: str) -> bytes | None:
        """The list as it was made last."""
        try:
            return (self.folder / pack / LIST).read_bytes()
        except OSError:
            return None

    def is_new(self, pack: str) -> bool:
        """True if that list shows the newest state."""
        listed = self._read(pack)
        with closing(self._open()) as db:
            return listed is not None and listed.state == self.state_of(db)

    def file(self, pack: str, sha256: str) -> Path:
        """Where a file is, if it is there."""
        return saved_files.path_of(self.folder / pack, sha256)

    def listed(self, pack: str) -> bytes | None:
        """The list of the newest state, made now if need be; None if there is no such pack. Raises: CopError."""
        for _ in range(TRIES):
            if (before := self._read(pack)) and self.is_new(pack):
                return lists.to_json(before)
            with closing(self._open()) as db:
                db.execute("BEGIN")  # all of it is of one state
                state, picked = self.state_of(db), self.pick(db, pack)
            if picked is None:
                return None
            if (made := self._put(pack, picked, state)) is not None:
                return made
        raise Changing("Something is being loaded.", hint="Try again in a minute.")

    def newest(self, pack: str) -> bytes:
        """Likewise. Raises: CopError, also if there is no such pack."""
        if (made := self.listed(pack)) is None:
            raise WrongUsage(*_nothing_in(pack))
        return made

    def _open(self) -> sqlite3.Connection:
        if not self.site_db.exists():
            raise CopError("There is nothing to save yet.", hint="cop load")
        db = sqlite3.connect(f"{self.site_db.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        db.row_factory = sqlite3.Row
        return db

    def _read(self, pack: str) -> Listed | None:
        """The list that is there; None also if a file that it names is not."""
        data = self.kept(pack)
        listed = lists.from_json(data) if data else None
        whole = listed is not None and all(self.file(pack, one.sha256).is_file() for one in listed.files)
        return listed if whole else None

    def _put(self, pack: str, picked: Picked, state: str) -> bytes | None:
        """Put the newest state in place; None if the site has changed since it was read.

        Under the lock, so that nothing comes back here that was taken away since: `saved_files.forget` waits.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.site_db.with_name(saved_files.LOCK), timeout=saved_files.LOCK_SECONDS):
            with closing(self._open()) as db:
                if self.state_of(db) != state:
                    return None
            listed = saved_files.put(self.folder / pack, self._moved(pack, self._read(pack), picked, state))
            self._make_room(pack)
            return lists.to_json(listed)

    def _moved(self, pack: str, before: Listed | None, picked: Picked, state: str) -> Moved:
        rows = picked.rows
        told = Listed(1, state, picked.day, len(rows), picked.of, rows_of.check(rows.values()), 1, (),
            line=secrets.token_hex(8), removed=picked.removed, about=picked.about)  # fmt: skip
        if before is not None and before.removed == picked.removed:
            try:
                return lists.moved(before, rows, told, lambda sha256: saved_files.read(self.folder / pack, sha256))
            except (OSError, ValueError, EOFError) as error:  # a damaged disk
                log.warning("Files of saved copies were damaged and are made anew: %s", error)
        return lists.begun(rows, told)

    def _make_room(self, pack: str) -> None:
        """Take whole packs away if there is too much."""
        packs = sorted(self.folder.glob(f"*/{LIST}"), key=lambda path: path.stat().st_mtime)
        sizes = {path: sum(one.stat().st_size for one in path.parent.iterdir()) for path in packs}
        while self.most_bytes and sum(sizes.values()) > self.most_bytes and packs[0].parent.name != pack:
            oldest = packs.pop(0)
            del sizes[oldest]
            shutil.rmtree(oldest.parent)

    def sizes(self) -> dict[str, int]:
        """Bytes that each pack takes which was made, for who saves it anew."""
        found = {path.parent.name: lists.from_json(path.read_bytes()) for path in sorted(self.folder.glob(f"*/{LIST}"))}
        return {pack: listed.total for pack, listed in found.items() if listed}


def _nothing_in(pack: str) -> tuple[str, str]:
    """What to say of a pack that there is not, and what to do."""
    if language := saving.language_of(pack):
        return f"Nothing here is written in the language “{language}”.", "Leave out --language."
    return f"Nothing here is on the topic “{saving.topic_of(pack)}”.", "cop list topic"
