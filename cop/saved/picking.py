"""What is in each pack of saved copies: everything, one topic, one language, or what fits on every phone."""

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from cop.errors import CopError
from cop.pocket import articles
from cop.pocket.within import Choice, Within, within
from cop.saved.keeping import Picked
from cop.segments.rows import Row
from cop.site_schema import EVENT_IS_OPEN, EVENT_LAST
from cop.web import saving
from cop.web.asked import read_meta
from cop.web.language import speaking
from cop.web.links import record_address
from cop.web.offered import from_meta

START_BYTES = 300_000  # packed, of the base: with the steps after it, at most 400 KB
BATCH = 50  # records that are laid out before it is looked whether there is room for more
# The pages, topics and words; the events to come; and then what changed last
_BY_USE = f"""
    SELECT number FROM records ORDER BY CASE WHEN type = 'page' THEN 1 WHEN type = 'topic' THEN 2 WHEN type = 'word' THEN 3
    WHEN type = 'event' AND {EVENT_IS_OPEN} = 0 AND {EVENT_LAST} >= ? THEN 4 ELSE 5 END, changed DESC, record_id"""


def state_of(db: sqlite3.Connection) -> str:
    """What tells one state of the site from another, for who has a copy: also the day, and how it is shown."""
    meta = read_meta(db)
    said = [
        meta.get("digest", ""),
        meta.get("as_of", ""),
        meta.get("url", ""),
        saving.frame_version(meta),
        date.today().isoformat(),
    ]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:20]


def pick(db: sqlite3.Connection, pack: str) -> Picked | None:
    """What is in a pack now; None if there is no such pack."""
    if not saving.is_there(db, pack):
        return None
    meta, today = read_meta(db), date.today()
    choice = Choice(topic=saving.topic_of(pack), language=saving.language_of(pack))
    with speaking(*(from_meta(meta).own,) * 2):
        try:
            inside = _leading_everywhere(db, within(db, choice, today))
        except CopError:  # there is nothing, such as before the first `cop load`
            inside = Within(frozenset(), frozenset(), {}, "")
        made = _that_fits(db, inside, today) if pack == saving.START else articles.of(db, inside)
        rows = {row.key: row for row in (Row(one.key, one.section, one.sort, one.html) for one in made)}
    count = db.execute("SELECT count(*) FROM records").fetchone()[0]
    day = (meta.get("as_of") or today.isoformat())[:10]
    return Picked(rows, count, day, _removed(db), {"frame": saving.frame_version(meta)})


def _removed(db: sqlite3.Connection) -> str:
    named = db.execute("SELECT entry_id, record_id FROM removed ORDER BY entry_id, record_id").fetchall()
    return hashlib.sha256(repr([tuple(row) for row in named]).encode()).hexdigest()[:20]


def _leading_everywhere(db: sqlite3.Connection, inside: Within) -> Within:
    """Links lead to every record of the site: the browser says which are not in the copy. So no article changes with another."""
    keys = frozenset(record_address(*row)[1:] for row in db.execute("SELECT type, slug FROM records"))
    topics = dict(db.execute("SELECT value, sum(n) FROM facet_counts WHERE name = 'topics' GROUP BY 1").fetchall())
    return replace(inside, keys=keys, topics=topics, web="")


def _that_fits(db: sqlite3.Connection, inside: Within, today: date) -> Iterator[articles.Article]:
    """As many articles as START_BYTES hold, those first that most people need."""
    numbers = [n for (n,) in db.execute(_BY_USE, (today.isoformat(),)) if n in inside.numbers]
    packing, size = zlib.compressobj(9), 0
    for at in range(0, len(numbers), BATCH):
        batch = numbers[at : at + BATCH]
        made = list(articles.of(db, replace(inside, numbers=frozenset(batch))))
        text = "\n".join(one.html for one in made).encode("utf-8", "replace")
        size += len(packing.compress(text)) + len(packing.flush(zlib.Z_SYNC_FLUSH))
        if size > START_BYTES:
            return
        yield from made
