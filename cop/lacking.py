"""Which attachments the public records name now, and which of them are not here. Reads only.

`site.db` says what is named: current values of public records of members, every answer to a conflict included.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cop import amounts, attachments, blobs
from cop.config import Site
from cop.model import RecordId


@dataclass(frozen=True)
class Named:
    """Bytes that public records name."""

    sha256: str
    sizes: tuple[int, ...]  # what records say; all but one of different ones are wrong
    name: str
    record_id: str  # the first of its records
    title: str  # of that record

    @property
    def size(self) -> int:
        """Bytes, as far as we know."""
        return self.sizes[0]


@dataclass(frozen=True)
class Lacking:
    """What is here and what is not."""

    held: tuple[Named, ...] = ()
    wanted: tuple[Named, ...] = ()  # smallest first
    left_out: tuple[Named, ...] = ()  # larger than `max_attachment`


def sort_out(named: Sequence[Named], held: frozenset[str], most: int) -> Lacking:
    """Tell what is held from what is wanted and what is too large. Pure."""
    lacking = [one for one in named if one.sha256 not in held]
    wanted = sorted((_up_to(one, most) for one in lacking if one.size <= most), key=lambda one: (one.size, one.sha256))
    return Lacking(
        tuple(one for one in named if one.sha256 in held),
        tuple(wanted),
        tuple(one for one in lacking if one.size > most),
    )


def _up_to(one: Named, most: int) -> Named:
    """Of several sizes, those that may be fetched: a record that says too little must not let too much in."""
    return replace(one, sizes=tuple(size for size in one.sizes if size <= most))


def lacking(site: Site) -> Lacking:
    """What is here and what is not, now."""
    named, root = all_named(site.site_db), blobs.folder(site)
    held = frozenset(one.sha256 for one in named if blobs.holds(root, one.sha256))
    return sort_out(named, held, site.config.max_attachment_bytes)


def all_named(site_db: Path) -> list[Named]:
    """Everything that public records name."""
    return _read(
        site_db,
        "SELECT sha256, group_concat(DISTINCT files.size), min(files.name), min(record_id), min(records.title)"
        " FROM files JOIN records USING (record_id) GROUP BY sha256 ORDER BY min(records.title) COLLATE NOCASE, sha256",
        [],
    )


def named(site_db: Path, sha256: str) -> Named | None:
    """What public records name by this hash, None if none does."""
    found = _read(
        site_db,
        "SELECT sha256, group_concat(DISTINCT files.size), min(files.name), min(record_id), min(records.title)"
        " FROM files JOIN records USING (record_id) WHERE sha256 = ? GROUP BY sha256",
        [sha256],
    )
    return found[0] if found else None


def records_with_files(site_db: Path) -> list[RecordId]:
    """The public records that name any."""
    return [record_id for (record_id,) in _rows(site_db, "SELECT DISTINCT record_id FROM files", [])]


def _read(site_db: Path, query: str, values: Sequence[str]) -> list[Named]:
    return [
        Named(sha256, tuple(sorted(int(size) for size in sizes.split(","))), name, record_id, title)
        for sha256, sizes, name, record_id, title in _rows(site_db, query, values)
        if attachments.is_sha256(sha256)
    ]


def _rows(site_db: Path, query: str, values: Sequence[str]) -> list[Any]:
    try:
        public = sqlite3.connect(f"{site_db.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.OperationalError:  # nothing has been published yet
        return []
    try:
        return public.execute(query, values).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        public.close()


def too_large(most: int) -> str:
    """Why something was left out, in words."""
    return f"larger than {amounts.size(most)}" if most else "no files are fetched: max_attachment is 0"


def report(site: Site) -> dict[str, Any]:
    """For `cop status --json`; the keys do not change."""
    found, why = lacking(site), too_large(site.config.max_attachment_bytes)
    return {
        "held": len(found.held),
        "wanted": len(found.wanted),
        "left_out": [
            {
                "name": one.name, "size": one.size, "record": one.record_id, "title": one.title, "sha256": one.sha256,
                "why": why,
            }
            for one in found.left_out
        ],
    }  # fmt: skip
