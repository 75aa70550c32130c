"""The tables of `store.db` (the log, private) and of `site.db` (the public view, may be thrown away).

In `store.db`, tables named log_ are append-only, local_ belong to this installation and are never synced, and
view_ are computed from the log. Both files are opened here and nowhere else.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from cop.errors import CopError
from cop.fields import TYPES, RecordType, facets

APPLICATION_ID = 0x636F7031  # "cop1"
SITE_VERSION = 9  # raise it when a table of site.db changes: an older file is then rebuilt from the log
BUSY_SECONDS = 30

STORE_VERSION = 2  # how many functions stand in _migrate()

M001_LOG = """
    CREATE TABLE log_entry (
        entry_number INTEGER PRIMARY KEY, -- order of arrival here
        entry_id BLOB NOT NULL UNIQUE,    -- SHA-256 of data
        writer BLOB NOT NULL,             -- Ed25519 public key
        sequence INTEGER NOT NULL,        -- not unique: a log may fork
        previous BLOB NOT NULL,           -- entry id, or empty for the first
        kind TEXT NOT NULL,
        claimed_time INTEGER NOT NULL,    -- seconds UTC, what the writer's clock said
        received_time INTEGER NOT NULL,   -- seconds UTC, when it was stored here
        received_from TEXT NOT NULL,      -- partner it came through, '' for our own
        data BLOB NOT NULL,               -- exactly the bytes that were signed
        signature BLOB NOT NULL
    );
    CREATE INDEX log_entry_writer ON log_entry (writer, sequence);
    CREATE INDEX log_entry_kind ON log_entry (kind) WHERE kind <> 'change';
    CREATE TABLE log_item (
        item_number INTEGER PRIMARY KEY,
        entry_number INTEGER NOT NULL REFERENCES log_entry,
        position INTEGER NOT NULL,
        record_id TEXT NOT NULL,
        parents BLOB NOT NULL,            -- payload hashes, 32 bytes each
        payload_hash BLOB NOT NULL,
        size INTEGER NOT NULL,            -- of the payload, bytes
        audience INTEGER NOT NULL         -- 0 public, 1 partners, 2 own
    );
    CREATE INDEX log_item_entry ON log_item (entry_number);
    CREATE INDEX log_item_record ON log_item (record_id);
    CREATE INDEX log_item_payload ON log_item (payload_hash);
    CREATE TABLE log_payload (
        item_number INTEGER PRIMARY KEY REFERENCES log_item,
        payload BLOB NOT NULL             -- salt and patch; absent when not held
    );
    CREATE TRIGGER log_entry_kept BEFORE UPDATE ON log_entry BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER log_entry_held BEFORE DELETE ON log_entry BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER log_item_kept BEFORE UPDATE ON log_item BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER log_item_held BEFORE DELETE ON log_item BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER log_payload_kept BEFORE UPDATE ON log_payload
        BEGIN SELECT RAISE(ABORT, 'payloads are never changed'); END;

    CREATE TABLE local_setting (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE local_head (             -- last entries held without a gap, per writer; more than one after a fork
        entry_id BLOB PRIMARY KEY, writer BLOB NOT NULL, sequence INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE local_gap (              -- entries held whose earlier entries have not arrived
        entry_id BLOB PRIMARY KEY, previous BLOB NOT NULL) WITHOUT ROWID;
    CREATE INDEX local_gap_previous ON local_gap (previous);
    CREATE TABLE local_missing (          -- payloads that a partner may still send
        item_number INTEGER PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE local_file (             -- content files as they were when last saved into the log
        path TEXT PRIMARY KEY,            -- below content/, with '/'
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        checked_ns INTEGER NOT NULL,      -- when size and time were read
        file_hash BLOB NOT NULL,          -- blake2b, 16 bytes
        record_id TEXT NOT NULL,
        base BLOB NOT NULL,               -- heads the file was written from: payload hashes, 32 bytes each
        has_id INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX local_file_record ON local_file (record_id);
    CREATE INDEX local_file_hash ON local_file (file_hash);
    CREATE TABLE local_partner (
        organisation BLOB PRIMARY KEY,    -- the organisation's Ed25519 public key
        name TEXT NOT NULL, kind TEXT NOT NULL, address TEXT NOT NULL,
        accepted_time INTEGER NOT NULL,
        writer BLOB NOT NULL DEFAULT x'', -- the installation that invited us
        heard_time INTEGER NOT NULL DEFAULT 0,
        report TEXT NOT NULL DEFAULT '',  -- JSON, of the last exchange
        agreed BLOB NOT NULL DEFAULT x'', -- frontier hash when we last held the same entries
        points BLOB NOT NULL DEFAULT x''  -- CBOR, what they held at the last exchange
    ) WITHOUT ROWID;
    CREATE TABLE local_stale (            -- records whose views are older than the log; a row for each change
        mark INTEGER PRIMARY KEY AUTOINCREMENT, record_id TEXT NOT NULL);

    CREATE TABLE view_record (            -- what this installation sees of each record, whatever its audience
        record_id TEXT PRIMARY KEY, type TEXT NOT NULL, slug TEXT NOT NULL, title TEXT NOT NULL,
        state TEXT NOT NULL,              -- '' shown, else why readers do not see it
        digest BLOB NOT NULL,             -- of what the network shares of it; empty if nothing
        conflicts TEXT NOT NULL,          -- JSON list of field names
        checks TEXT NOT NULL,             -- JSON list of fields merged by machine
        heads BLOB NOT NULL               -- payload hashes, 32 bytes each
    ) WITHOUT ROWID;
    CREATE INDEX view_record_slug ON view_record (type, slug);
    CREATE INDEX view_record_conflicts ON view_record (record_id) WHERE conflicts <> '[]';
"""

M002_SYNC = """
    CREATE TABLE local_state (            -- what we held when we exchanged: frontier hash, last entry_number then
        state BLOB PRIMARY KEY, entry_number INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE local_request (          -- requests of partners that were taken in, so that none counts twice
        number INTEGER PRIMARY KEY,
        writer BLOB NOT NULL,             -- who signed it
        nonce TEXT NOT NULL,              -- what its signature says to be unlike any other
        UNIQUE (writer, nonce));
    CREATE TABLE local_left_out (         -- older texts that we chose not to fetch
        item_number INTEGER PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE local_place_file (       -- files of a shared folder or object store that were read or written here
        file_number INTEGER PRIMARY KEY,
        place TEXT NOT NULL,              -- address
        name TEXT NOT NULL,
        size INTEGER NOT NULL,            -- bytes
        seen BLOB NOT NULL,               -- empty: done. Else what must change before it is read again; of state.cop its hash
        UNIQUE (place, name));
    CREATE TABLE local_place_entry (      -- entries that stand in these files
        file_number INTEGER NOT NULL REFERENCES local_place_file ON DELETE CASCADE,
        entry_number INTEGER NOT NULL, PRIMARY KEY (file_number, entry_number)) WITHOUT ROWID;
    CREATE TABLE local_place_item (       -- payloads that stand in these files
        file_number INTEGER NOT NULL REFERENCES local_place_file ON DELETE CASCADE,
        item_number INTEGER NOT NULL, PRIMARY KEY (file_number, item_number)) WITHOUT ROWID;
    CREATE TABLE local_place_answer (     -- payloads that somebody lacked and that these files of ours bring
        file_number INTEGER NOT NULL REFERENCES local_place_file ON DELETE CASCADE,
        writer BLOB NOT NULL, payload_hash BLOB NOT NULL, PRIMARY KEY (file_number, writer, payload_hash)) WITHOUT ROWID;
    CREATE TABLE local_exchange (         -- the last exchanges, for people to read
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        time INTEGER NOT NULL,            -- seconds UTC, of its last turn
        organisation BLOB NOT NULL,       -- the partner's key, or empty for somebody we do not know
        name TEXT NOT NULL,               -- what we called them then
        direction TEXT NOT NULL,          -- 'asked' if it began here, 'answered' if there, 'bundle' for a file
        counts TEXT NOT NULL              -- JSON: numbers of a report, and 'error' with words if it failed
    );
    CREATE TABLE local_attachment (       -- files that content files name, as they were when last saved or written
        path TEXT NOT NULL,               -- of the content file, below content/
        written TEXT NOT NULL,            -- what stands in it
        file TEXT NOT NULL,               -- of the attachment, below content/
        name TEXT NOT NULL,               -- what the record calls it
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        checked_ns INTEGER NOT NULL,      -- when size and time were read
        sha256 TEXT NOT NULL,             -- hex
        PRIMARY KEY (path, written)) WITHOUT ROWID;
    CREATE TABLE local_blob_talk (        -- what we and a partner held when we last asked each other for attachments
        organisation BLOB PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE local_blob_wrong (       -- attachments that came, and that were not what their record says
        source BLOB NOT NULL,             -- the partner's key, or a hash of place and name of a file there
        sha256 TEXT NOT NULL, times INTEGER NOT NULL, PRIMARY KEY (source, sha256)) WITHOUT ROWID;
"""

# Of an event: 1 for a call that is always open or an event without a date; and the last day, "2018" as "2018~~~~~~", so
# that it comes after every day of 2018. An index answers for them: keep to these words where they are asked for.
EVENT_IS_CALL = "(coalesce(json_extract(fields, '$.kind'), '') = 'call')"
# a call "in 2019" was meant for that year; one that began on a day and has no end goes on
EVENT_IS_OPEN = f"(date = '' OR ({EVENT_IS_CALL} AND json_extract(fields, '$.end') IS NULL AND length(date) >= 10))"
EVENT_LAST = "substr(coalesce(nullif(ends, ''), json_extract(fields, '$.end'), date) || '~~~~~~~~~~', 1, 10)"

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
CREATE INDEX records_seen ON records (seen, min(changed, seen), record_id);
CREATE INDEX records_consent ON records (json_extract(fields, '$.consent_until'))
    WHERE type = 'person' AND json_extract(fields, '$.consent_until') IS NOT NULL;
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
    why TEXT NOT NULL           -- in the words of who made the change, or ''
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
CREATE TABLE files (            -- attachments that a record names, every answer to a field in conflict included
    record_id TEXT NOT NULL, field TEXT NOT NULL,
    sha256 TEXT NOT NULL,       -- hex; with the name, its address: /files/<sha256>/<name>
    name TEXT NOT NULL, size INTEGER NOT NULL, title TEXT NOT NULL,
    PRIMARY KEY (record_id, field, sha256, name, size)
) WITHOUT ROWID;
CREATE INDEX files_sha256 ON files (sha256);
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


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    db.row_factory = sqlite3.Row
    for pragma in ("foreign_keys = ON", "secure_delete = ON", "journal_mode = WAL"):
        db.execute(f"PRAGMA {pragma}")
    return db


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction that takes the write lock at once; nested calls join the outer one."""
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    db.commit()


def open_store(path: Path) -> sqlite3.Connection:
    """Open `store.db`, making it or bringing it up to date first. Every commit is on the disk when it returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = _connect(path)
    db.execute("PRAGMA synchronous = FULL")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > STORE_VERSION:
        raise CopError(f"{path} was written by a newer cop.", hint="Update cop, then try again. Nothing was changed.")
    if version < STORE_VERSION:
        _migrate(db)
    return db


def _migrate(db: sqlite3.Connection) -> None:
    # imported here because a `cop load` with nothing to do must start in a blink, and this takes a tenth of a second
    from sqlite_utils import Database, Migrations

    migrations = Migrations("cop")

    @migrations(name="m001_log")
    def m001_log(store: Database) -> None:
        """The log, and what this installation knows of its files and partners."""
        _run(store.conn, M001_LOG, APPLICATION_ID)

    @migrations(name="m002_sync")
    def m002_sync(store: Database) -> None:
        """What sync remembers, so that it asks for and sends only what is new."""
        _run(store.conn, M002_SYNC, APPLICATION_ID)

    with writing(db):  # two first runs at once: the second finds it done
        if db.execute("PRAGMA user_version").fetchone()[0] < STORE_VERSION:
            migrations.apply(Database(db))
            db.execute(f"PRAGMA user_version = {STORE_VERSION}")


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
    db = _connect(path)
    db.execute("PRAGMA synchronous = NORMAL")  # it can be rebuilt from the log at any time
    tables, version = _site_tables()
    if db.execute("PRAGMA user_version").fetchone()[0] != version:
        db.close()
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)
        db = _connect(path)
        with writing(db):
            _run(db, tables, APPLICATION_ID + 1)
            db.execute(f"PRAGMA user_version = {version}")
    return db


def _run(db: sqlite3.Connection, statements: str, application_id: int) -> None:
    # executescript would commit on its own; within one transaction a kill leaves the file as it was
    for statement in _split(statements):
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {application_id}")


def _split(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


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
