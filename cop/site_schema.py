"""The tables of `site.db`: the public view, which may be thrown away and made anew from the log."""

import sqlite3
import zlib
from functools import cache
from pathlib import Path

from cop.database import APPLICATION_ID, connect, make_tables, writing
from cop.fields import TYPES, RecordType, facets

SITE_VERSION = 13  # raise it when a table of site.db changes: an older file is then rebuilt from the log

# Of an event: 1 for a call that is always open or an event without a date; and the last day, "2018" as "2018~~~~~~", so
# that it comes after every day of 2018. An index answers for them: keep to these words where they are asked for.
EVENT_IS_CALL = "(coalesce(json_extract(fields, '$.kind'), '') = 'call')"
# a call "in 2019" was meant for that year; one that began on a day and has no end goes on
EVENT_IS_OPEN = f"(date = '' OR ({EVENT_IS_CALL} AND json_extract(fields, '$.end') IS NULL AND length(date) >= 10))"
EVENT_LAST = "substr(coalesce(nullif(ends, ''), json_extract(fields, '$.end'), date) || '~~~~~~~~~~', 1, 10)"

# What is shown only as long as somebody agrees to it; likewise, an index answers for it.
CONSENT_UNTIL, CONSENTS = "json_extract(fields, '$.consent_until')", "json_extract(fields, '$.consents')"
WITH_CONSENT = f"({CONSENT_UNTIL} IS NOT NULL OR {CONSENTS} IS NOT NULL)"

SITE_TABLES = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE records (
    number INTEGER PRIMARY KEY,
    record_id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    base_slug TEXT NOT NULL,
    slug TEXT NOT NULL,         -- with the type, its address: /<folder>/<slug>
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    keywords TEXT NOT NULL,     -- topics, authors, other names, and words to choose from, for search
    language TEXT NOT NULL,     -- first language code, or ''
    date TEXT NOT NULL,         -- what its list is ordered by, or ''
    ends TEXT NOT NULL DEFAULT '', -- last day of an event that repeats, 9999-12-31 if nobody wrote it, or ''
    added TEXT NOT NULL,        -- first change, UTC, as the writer's clock said
    changed TEXT NOT NULL,      -- last change, likewise
    seen TEXT NOT NULL,         -- UTC, when the last change reached this copy
    looked_at TEXT NOT NULL DEFAULT '', -- UTC, when an organisation last looked at this very text, or ''
    waits INTEGER NOT NULL DEFAULT 0, -- 1 if a newer text waits to be looked at; 2 of an agreement that is only proposed
    conflicts TEXT NOT NULL,    -- JSON list of fields with more than one value
    checks TEXT NOT NULL,       -- JSON list of fields merged by machine
    fields TEXT NOT NULL,       -- JSON object of all public fields but the body
    html TEXT NOT NULL,         -- the body, safe to show
    text TEXT NOT NULL,         -- the body as plain text, for search
    other_words TEXT NOT NULL DEFAULT '' -- of all other fields that have words, for search
);
CREATE INDEX records_slug ON records (type, slug);
CREATE INDEX records_base_slug ON records (type, base_slug);
CREATE INDEX records_date ON records (type, date DESC, title COLLATE NOCASE, record_id);
CREATE INDEX records_oldest ON records (type, (date = ''), date, title COLLATE NOCASE, record_id);
CREATE INDEX records_title ON records (type, title COLLATE NOCASE, record_id);
CREATE INDEX records_added ON records (type, added DESC, record_id);
CREATE INDEX records_changed ON records (changed DESC, record_id);
CREATE INDEX records_type_changed ON records (type, changed DESC, record_id);
CREATE INDEX records_event ON records ({EVENT_IS_OPEN}, {EVENT_LAST}) WHERE type = 'event';
CREATE INDEX records_seen ON records (seen, min(changed, seen), title COLLATE NOCASE, record_id);
CREATE INDEX records_newest ON records (seen DESC, min(changed, seen) DESC, title COLLATE NOCASE, record_id);
CREATE INDEX records_consent ON records (record_id) WHERE {WITH_CONSENT};
CREATE TABLE history (
    record_id TEXT NOT NULL,
    position INTEGER NOT NULL,  -- 1 is the first change
    entry_id TEXT NOT NULL,     -- hex
    organisation TEXT NOT NULL, -- name of who stands behind it
    kind TEXT NOT NULL,         -- kind of entry: change, withdraw …
    claimed TEXT NOT NULL,      -- UTC, what the writer's clock said
    seen TEXT NOT NULL,         -- UTC, when it reached this copy
    patch TEXT NOT NULL,        -- JSON object: field and its new value; long texts are cut
    before TEXT NOT NULL,       -- JSON object: field and a list of what stood there before, cut likewise
    beside TEXT NOT NULL,       -- JSON list of fields that somebody else changed without having seen this
    why TEXT NOT NULL,          -- in the words of who made the change, or ''
    person TEXT NOT NULL DEFAULT '',   -- who that was, named as they wish, or ''
    took_part TEXT NOT NULL DEFAULT '' -- who took part in the decision, as it was typed, or ''
);
CREATE INDEX history_record ON history (record_id, position);
CREATE INDEX history_seen ON history (seen DESC, organisation);
CREATE TABLE conflicts (
    record_id TEXT NOT NULL, field TEXT NOT NULL,
    version TEXT NOT NULL,      -- hex payload hash, what `cop resolve --take` names
    value TEXT NOT NULL,        -- JSON
    organisation TEXT NOT NULL, claimed TEXT NOT NULL,
    shown INTEGER NOT NULL,     -- 1 for the one that the page shows
    PRIMARY KEY (record_id, field, version)
) WITHOUT ROWID;
CREATE TABLE looked_at (        -- organisations that looked at a record
    record_id TEXT NOT NULL,
    organisation TEXT NOT NULL, kind TEXT NOT NULL, -- as it calls itself
    claimed TEXT NOT NULL,      -- UTC, what the writer's clock said
    seen TEXT NOT NULL,         -- UTC, when that reached this copy
    shown INTEGER NOT NULL,     -- 1 if it looked at the very text that is shown, 0 for an earlier one
    position INTEGER NOT NULL,  -- of the last change in `history` that it had seen
    why TEXT NOT NULL,          -- in its words, or ''
    person TEXT NOT NULL,       -- who of them, named as they wish, or ''
    entry_id TEXT NOT NULL,     -- hex
    PRIMARY KEY (record_id, shown, claimed, organisation, entry_id)
) WITHOUT ROWID;
CREATE TABLE files (            -- attachments that a record names, every answer to a field in conflict included
    record_id TEXT NOT NULL, field TEXT NOT NULL,
    sha256 TEXT NOT NULL,       -- hex; with the name, its address: /files/<sha256>/<name>
    name TEXT NOT NULL, size INTEGER NOT NULL, title TEXT NOT NULL,
    PRIMARY KEY (record_id, field, sha256, name, size)
) WITHOUT ROWID;
CREATE INDEX files_sha256 ON files (sha256);
CREATE TABLE removed (          -- what was erased, or is hidden because somebody asked for that; never what it said
    entry_id TEXT NOT NULL,     -- hex, of the entry that asks for it
    record_id TEXT NOT NULL,
    organisation TEXT NOT NULL, -- name of who asked
    part INTEGER NOT NULL,      -- 1: only a part of the record
    reason TEXT NOT NULL,       -- asked, personal, rights, mistake or other
    state TEXT NOT NULL,        -- 'gone', or 'waits' until a person has decided
    claimed TEXT NOT NULL,      -- UTC, what the writer's clock said
    seen TEXT NOT NULL,         -- UTC, when it reached this copy
    PRIMARY KEY (entry_id, record_id)
) WITHOUT ROWID;
CREATE INDEX removed_record ON removed (record_id);
CREATE TABLE facets (
    type TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, number INTEGER NOT NULL REFERENCES records (number),
    PRIMARY KEY (type, name, value, number)
) WITHOUT ROWID;
CREATE INDEX facets_number ON facets (number);
CREATE TABLE facet_counts (
    type TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (type, name, value)
) WITHOUT ROWID;
CREATE TABLE facet_sets (       -- what stands in `facets`, as one roaring bitmap of numbers for each value
    type TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, numbers BLOB NOT NULL,
    PRIMARY KEY (type, name, value)
) WITHOUT ROWID;
CREATE TABLE members (
    organisation TEXT PRIMARY KEY, -- hex public key
    name TEXT NOT NULL, kind TEXT NOT NULL, url TEXT NOT NULL
);
-- Full-text search; rowid is the number. The words in the comment before the bracket are for Datasette and sqlite-utils:
-- they look for them to know what this searches. (FTS5 would read them as "take the text from there", and it is not there.)
CREATE VIRTUAL TABLE records_fts USING fts5 (
    title, keywords, summary, text, -- keys of words, see words.py: what is asked goes through query.py
    marks,                      -- facets, title and address as single words
    written,                    -- words that are not their own key, as they stand: for programs that do not know our keys
    content='', tokenize='ascii' /* content="records" */
);
INSERT INTO records_fts (records_fts, rank) VALUES ('automerge', 8); -- a first load takes a tenth less time for the index
CREATE TABLE search_words (     -- words as people write them, to offer near ones for those that nobody wrote
    plain TEXT NOT NULL,        -- without capitals, accents and hyphens
    word TEXT NOT NULL,
    back TEXT NOT NULL,         -- plain from its last letter to its first
    n INTEGER NOT NULL,         -- how often it occurs
    PRIMARY KEY (plain, word)
) WITHOUT ROWID;
CREATE INDEX search_words_back ON search_words (back);
"""


def is_site_current(path: Path) -> bool:
    """True if `site.db` has the tables of this version; a look at its first bytes, so that it costs nothing."""
    try:
        with path.open("rb") as file:
            header = file.read(64)
    except OSError:
        return False
    return int.from_bytes(header[60:64], "big") == _site_tables()[1]  # user_version: https://sqlite.org/fileformat.html


def has_current_tables(public: sqlite3.Connection) -> bool:
    """Likewise, of an open `site.db`; true also where a writer has not yet moved its first bytes into the file."""
    return bool(public.execute("PRAGMA user_version").fetchone()[0] == _site_tables()[1])


@cache
def _site_tables() -> tuple[str, int]:
    """What makes the tables of `site.db`, and their version: with a new field, it is another file."""
    tables = SITE_TABLES + "".join(_public_view(record_type) for record_type in TYPES.values())
    filed = sorted((name, field.name) for name, fields in facets().items() for field in fields)
    return tables, zlib.crc32(f"{SITE_VERSION} {filed} {tables}".encode()) & 0x7FFF_FFFF


def open_site(path: Path) -> sqlite3.Connection:
    """Open `site.db` for writing, empty if it is new or of another version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = connect(path)
    db.execute("PRAGMA synchronous = NORMAL")  # it can be rebuilt from the log at any time
    tables, version = _site_tables()
    if db.execute("PRAGMA user_version").fetchone()[0] != version:
        db.close()
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)
        db = connect(path)
        with writing(db):
            make_tables(db, tables, APPLICATION_ID + 1)
            db.execute(f"PRAGMA user_version = {version}")
    return db


def _public_view(record_type: RecordType) -> str:
    """A view with one plain column a field, for people who take the data as CSV or JSON."""
    skip = {"title", "slug", "summary", "body", "withdrawn"}
    columns = "".join(
        f", json_extract(fields, '$.{field.name}') AS {_column(field.name)}"
        for field in record_type.fields
        if field.name not in skip and field.share == "public"
    )
    page = f"coalesce((SELECT rtrim(value, '/') FROM meta WHERE name = 'url'), '') || '/{record_type.folder}/' || slug"
    return (
        f'CREATE VIEW "{record_type.folder}" AS SELECT record_id, slug, title, summary{columns}, added, changed, html, text'
        f", {page} AS page, number FROM records WHERE type = '{record_type.name}';\n"
    )


def _column(name: str) -> str:
    return f'"{name}"'
