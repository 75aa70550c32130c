"""What was read from a whole copy is read again when the copy is another, and on another day."""

from datetime import date
from pathlib import Path

from web_site import build

from cop.web.kept import Kept


def test_it_is_read_once_for_each_copy_and_day(tmp_path: Path) -> None:
    site = build(tmp_path / "data" / "site.db")
    days, reads = [date(2026, 11, 23)], [0]
    kept = Kept(lambda db: reads.append(len(reads)) or len(reads), lambda: days[-1])
    assert kept(site.db) != kept(site.db), "a copy that does not say what it is"
    site.says(digest="d1")
    assert kept(site.db) == kept(site.db)
    before = kept(site.db)
    days.append(date(2026, 11, 24))
    assert kept(site.db) != before, "somebody's consent may have ended"
    before = kept(site.db)
    site.says(digest="d2")
    assert kept(site.db) != before


def test_two_files_that_say_the_same_are_two_copies(tmp_path: Path) -> None:
    one, other = (build(tmp_path / name / "site.db") for name in ("one", "other"))
    kept: Kept[str] = Kept(lambda db: str(db.execute("PRAGMA database_list").fetchone()["file"]))
    for site in (one, other):
        site.says(digest="d1")
    assert kept(one.db) != kept(other.db), "they may number their records otherwise"
