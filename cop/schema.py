"""The tables of `store.db`: the log and what belongs to this installation, private.

Tables named log_ are append-only, local_ belong to this installation and are never synced, and view_ are computed from
the log.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cop.database import APPLICATION_ID, connect, make_tables, writing
from cop.errors import CopError

if TYPE_CHECKING:
    from sqlite_utils import Database

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

M003_CONTRIBUTIONS = """
    CREATE TABLE local_contribution (     -- what people sent by the forms of the site; no entry before somebody says yes
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        token TEXT NOT NULL UNIQUE,       -- part of the address where its sender sees what became of it
        received_time INTEGER NOT NULL,   -- seconds UTC
        what TEXT NOT NULL,               -- add, correct, remove, say
        type TEXT NOT NULL,               -- kind of record, or ''
        about TEXT NOT NULL,              -- id of the record it is about, or ''
        base BLOB NOT NULL,               -- heads of that record then: payload hashes, 32 bytes each
        content TEXT NOT NULL,            -- JSON of what was typed; '' once it is forgotten
        digest BLOB NOT NULL,             -- of what was typed, so that the same is kept once; empty once it is forgotten
        state TEXT NOT NULL DEFAULT 'waiting', -- waiting, accepted, changed (used after a change), declined, gone (with the record)
        answer TEXT NOT NULL DEFAULT '',  -- to the sender
        decided_time INTEGER NOT NULL DEFAULT 0,
        decided_by TEXT NOT NULL DEFAULT '', -- as that person wishes to be named
        record_id TEXT NOT NULL           -- that came of it, or that it is about
    );
    CREATE INDEX local_contribution_waiting ON local_contribution (state, digest);
"""


M004_SESSION = """
    CREATE TABLE local_session (          -- who may work at the desk in a browser, and links with which somebody may begin to
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        person TEXT NOT NULL,             -- as they wish to be named, or ''
        link BLOB UNIQUE,                 -- SHA-256 of the secret in a link; null once it was used
        token BLOB UNIQUE,                -- SHA-256 of the secret in the cookie; null until then
        made INTEGER NOT NULL,            -- seconds UTC, of the link
        begun INTEGER NOT NULL DEFAULT 0, -- when it was used
        used INTEGER NOT NULL DEFAULT 0   -- when the session was last used
    );
"""


M005_PAIRS = """
    CREATE TABLE local_pair (             -- buddies that people here brought together; never leaves this computer
        one TEXT NOT NULL, other TEXT NOT NULL, -- record ids, in order
        note TEXT NOT NULL,               -- for the people here
        since INTEGER NOT NULL,           -- seconds UTC
        PRIMARY KEY (one, other)) WITHOUT ROWID;
"""

M006_WAITING = """
    CREATE TABLE view_waiting (           -- records with a text that not enough organisations have looked at
        record_id TEXT PRIMARY KEY,
        shown INTEGER NOT NULL            -- 1 if readers see an earlier text, 0 if they see nothing
    ) WITHOUT ROWID;
"""

M007_FORGETTING = """
    CREATE TABLE view_erase_payload (     -- payloads that entries of kind `erase` name
        payload_hash BLOB NOT NULL, entry_number INTEGER NOT NULL, PRIMARY KEY (payload_hash, entry_number)) WITHOUT ROWID;
    CREATE TABLE view_erase_record (      -- records that they name as a whole
        record_id TEXT NOT NULL, entry_number INTEGER NOT NULL, PRIMARY KEY (record_id, entry_number)) WITHOUT ROWID;
    CREATE TABLE view_erasure (           -- what becomes of payloads, by the erasures that count
        payload_hash BLOB NOT NULL, entry_id BLOB NOT NULL,
        record_id TEXT NOT NULL,
        what TEXT NOT NULL,               -- 'destroy'; 'hide' until a person has decided; 'spent': another one destroys it
        own INTEGER NOT NULL,             -- 1: whoever asked wrote it
        PRIMARY KEY (payload_hash, entry_id, record_id)) WITHOUT ROWID;
    CREATE INDEX view_erasure_record ON view_erasure (record_id);
    CREATE TABLE local_erased (           -- payloads that are never taken in again
        payload_hash BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE local_erase_decision (   -- what people here said to requests of others
        entry_id BLOB PRIMARY KEY,
        what TEXT NOT NULL,               -- 'destroy' or 'keep'
        time INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE local_erase_untrue (     -- erasures that left something else than what stood there, as we saw
        entry_id BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE local_forget (           -- what is still to be done after payloads were destroyed
        kind TEXT NOT NULL,               -- 'record': its content files. 'blob': its bytes. 'receipt': to be written. 'store': its log
        what BLOB NOT NULL,               -- record id, SHA-256 in hex, or entry id
        count INTEGER NOT NULL DEFAULT 0, -- of payloads that were destroyed here
        PRIMARY KEY (kind, what)) WITHOUT ROWID;
    CREATE TABLE local_copy (             -- copies that left this folder, such as bundles
        number INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,               -- such as 'bundle'
        path TEXT NOT NULL,               -- where it was written
        receiver TEXT NOT NULL,           -- name of the partner it is for, '' for anyone
        made_time INTEGER NOT NULL,       -- seconds UTC
        first_entry INTEGER NOT NULL,     -- between these two entry_numbers lies what may be in it
        last_entry INTEGER NOT NULL,
        gone_time INTEGER NOT NULL DEFAULT 0, -- seconds UTC, when somebody said that it is destroyed; 0: as far as we know, it is there
        UNIQUE (kind, path));
"""

M008_PARTED = """
    CREATE TABLE local_parted (           -- partners that we left, and that have not heard of it from us yet
        organisation BLOB PRIMARY KEY     -- as in local_partner
    ) WITHOUT ROWID;
"""

M009_SENDINGS = """
    CREATE TABLE local_sending (          -- what came from a phone that keeps it until it knows that it arrived: it may come again
        digest BLOB PRIMARY KEY,          -- SHA-256 of the random key that the phone gave it
        token TEXT NOT NULL               -- of local_contribution: how the first was answered
    ) WITHOUT ROWID;
"""

M010_UNSETTLED = """
    CREATE INDEX view_record_checks ON view_record (record_id) WHERE checks <> '[]';
    CREATE INDEX view_record_not_understood ON view_record (type) WHERE state IN ('unknown', 'unreadable');
"""

# how a file became what it is: names and order never change
STEPS = {
    "m001_log": M001_LOG,
    "m002_sync": M002_SYNC,
    "m003_contributions": M003_CONTRIBUTIONS,
    "m004_session": M004_SESSION,
    "m005_pairs": M005_PAIRS,
    "m006_waiting": M006_WAITING,
    "m007_forgetting": M007_FORGETTING,
    "m008_parted": M008_PARTED,
    "m009_sendings": M009_SENDINGS,
    "m010_unsettled": M010_UNSETTLED,
}
STORE_VERSION = len(STEPS)


def open_store(path: Path) -> sqlite3.Connection:
    """Open `store.db`, making it or bringing it up to date first. Every commit is on the disk when it returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = connect(path)
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
    for name, tables in STEPS.items():
        migrations(name=name)(_step(tables))
    with writing(db):  # two first runs at once: the second finds it done
        if db.execute("PRAGMA user_version").fetchone()[0] < STORE_VERSION:
            migrations.apply(Database(db))
            db.execute(f"PRAGMA user_version = {STORE_VERSION}")


def _step(tables: str) -> Callable[["Database"], None]:
    def step(store: "Database") -> None:
        make_tables(store.conn, tables, APPLICATION_ID)
        if tables == M007_FORGETTING:
            _index_erasures(store.conn)

    return step


def _index_erasures(db: sqlite3.Connection) -> None:
    """An older cop may have kept erasures that it did not understand."""
    from cop import entry, forgotten

    for number, data, signature in db.execute(
        "SELECT entry_number, data, signature FROM log_entry WHERE kind <> 'change' AND kind = 'erase'"  # as its index says
    ).fetchall():
        forgotten.index(db, number, entry.read(data, signature))
