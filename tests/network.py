"""Places that exchange with each other in one process, made through the code that people run.

A `Place` is one organisation's site in a folder of its own, with keys of its own. `Line` carries messages to another
place; `FaultyLine` loses or spoils some of them. Nothing here sleeps, and nothing needs a network.
"""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

from pyroaring import BitMap

from cop import (
    answering,
    entry,
    frontier,
    identity,
    imprint,
    invitations,
    log,
    partings,
    partners,
    patch,
    read_back,
    stale,
    status,
    sync,
    views,
    vouching,
    wire,
    worktree,
)
from cop.errors import NotReachable
from cop.holding import NOTHING, Holding
from cop.identity import Side
from cop.merge import History
from cop.model import OWN, PUBLIC, Entry, Item, Patch, PayloadHash, RecordId, RecordView, Value
from cop.partners import Partner
from cop.report import Report
from cop.signing import Signer, sha256
from cop.unpacking import decompress

NOW = 1_795_338_840  # 2026-11-22T09:14:00Z: no test looks at the clock
NAMES = ("Caafi Health", "University of Wenlock", "Knowle West Media", "Severn NHS Trust", "Avon Fund", "Hartcliffe")
KINDS = ("community", "university", "charity", "nhs", "funder", "community")
LOCAL_COLUMNS = {
    "records": {"number", "seen"},
    "history": {"seen"},
    "removed": {"seen", "state"},
    "looked_at": {"seen"},
}  # they differ from place to place, as they should
LOCAL_META = {"as_of", "organisation", "kind", "url", "title", "language", "languages", "look", "views_of", "store"}


class Place:
    """One organisation's installation."""

    def __init__(self, folder: Path, name: str = NAMES[0], kind: str = KINDS[0]) -> None:
        self.site, _ = identity.make_site_folder(folder / "site", folder / "keys", name, kind, "")
        self._open()
        views.refresh(self.site, self.db)

    def _open(self) -> None:
        self.db, self.signer = identity.open_installation(self.site, NOW)
        self.db.execute("PRAGMA synchronous = OFF")  # no test here cuts the power

    @property
    def name(self) -> str:
        return self.site.config.name

    @property
    def side(self) -> Side:
        return Side(self.site, self.db, self.signer)

    @property
    def organisation(self) -> bytes:
        return identity.own_organisation(self.db)

    def close(self) -> None:
        self.db.close()

    def copied(self, folder: Path) -> "Place":
        """This installation as a restored backup would have it: same key, same log."""
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(self.site.root, folder)
        copy = object.__new__(Place)
        copy.site = replace(self.site, root=folder)
        copy._open()
        return copy

    # -- partners

    def invitation(self) -> invitations.Invitation:
        """What we hand out, read back from its one line of text."""
        told = invitations.own_invitation(self.db, self.name, self.site.config.kind, f"http://{self.name[:4]}.test")
        return invitations.parse_invitation(told.text())

    def accept(self, other: "Place") -> Partner:
        partners.accept(self.db, self.signer, other.invitation(), NOW)
        views.refresh(self.site, self.db)
        return self.partner(other)

    def remove(self, other: "Place", *, hide: bool = False) -> None:
        partings.remove(self.db, self.signer, self.partner(other), NOW, hide=hide)
        views.refresh(self.site, self.db)

    def partner(self, other: "Place") -> Partner:
        known = [*partners.all_partners(self.db), *partners.to_be_told(self.db)]
        return next(p for p in known if p.organisation == other.organisation)

    def sync(self, other: "Place", line: "Line | None" = None) -> Report:
        """As `cop sync OTHER`."""
        line = line or Line(other)
        line.sender = self.signer.public
        try:
            partner = self.partner(other)
            report = sync.run(self.side, partner, line, NOW, lambda done, of: None)
            partners.were_told(self.db, [partner])
            return report
        finally:
            for place in (self, other):  # a copied or restored installation goes on as another writer
                place.signer = identity.ensure(place.site, place.db, NOW)

    # -- writing

    def change(
        self,
        record_id: RecordId | None = None,
        fields: Mapping[str, Value] | None = None,
        *,
        type_name: str = "post",
        audience: int = PUBLIC,
        added: Mapping[str, tuple[str, ...]] | None = None,
        removed: Mapping[str, tuple[str, ...]] | None = None,
        kind: str = "change",
        parents: Sequence[PayloadHash] | None = None,
    ) -> RecordId:
        """A save: names all heads that are held here as parents, unless told otherwise."""
        record_id = record_id or patch.new_record_id()
        made_from = self.heads(record_id, audience) if parents is None else tuple(parents)
        change = log.Change(record_id, made_from, Patch(type_name, fields or {}, added or {}, removed or {}), audience)
        log.write(self.db, self.signer, kind, [change], claimed_time=NOW)
        views.refresh(self.site, self.db)
        return record_id

    def heads(self, record_id: RecordId, audience: int = PUBLIC) -> tuple[PayloadHash, ...]:
        revisions = [r for r in read_back.revisions(self.db, record_id) if r.audience == audience]
        return tuple(revision.payload_hash for revision in History(revisions).heads())

    def write(self, path: str, text: str) -> Path:
        """A content file, as a person writes it."""
        file = self.site.content / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    def load(self) -> worktree.LoadReport:
        """As `cop load`."""
        report = worktree.load(self.site, self.db, self.signer, now=NOW)
        assert not report.refused, report.refused
        return report

    def rename(self, name: str) -> None:
        """As another name in `cop.toml`, and `cop load`."""
        self.site = replace(self.site, config=replace(self.site.config, name=name))
        identity.ensure(self.site, self.db, NOW)
        views.refresh(self.site, self.db)

    # -- looking

    def view(self, record_id: RecordId, widest: int = OWN) -> RecordView:
        found = views.current_view(self.db, record_id, widest)
        assert found is not None
        return found

    def digest(self) -> str:
        return imprint.network_digest(self.db)

    def entry_ids(self) -> set[bytes]:
        return {row[0] for row in self.db.execute("SELECT entry_id FROM log_entry")}

    def entries(self) -> list[Entry]:
        rows = self.db.execute("SELECT data, signature FROM log_entry ORDER BY entry_number")
        return [entry.parse(row[0], row[1]) for row in rows]

    def payloads(self) -> dict[PayloadHash, bytes]:
        return log.by_hash(row[0] for row in self.db.execute("SELECT payload FROM log_payload"))

    def public(self) -> dict[str, list[dict[str, object]]]:
        """What `site.db` says, apart from what is local."""
        return site_tables(self.site.site_db)

    def published(self, record_id: RecordId) -> dict[str, object] | None:
        """What readers see of one record."""
        rows = [row for row in self.public()["records"] if row["record_id"] == record_id]
        return rows[0] if rows else None

    def bytes_of(self, *names: str) -> bytes:
        """All bytes of files below data/, with what SQLite keeps beside them."""
        files = [path for path in (self.site.root / "data").iterdir() if path.name.startswith(names)]
        return b"".join(path.read_bytes() for path in files)


def places(folder: Path, count: int) -> list[Place]:
    """Organisations that do not know each other."""
    return [Place(folder / str(at), NAMES[at], KINDS[at]) for at in range(count)]


def befriend(one: Place, other: Place) -> None:
    """Both accept the other's invitation."""
    one.accept(other)
    other.accept(one)


def network(folder: Path, count: int) -> list[Place]:
    """Places that have all accepted each other."""
    found = places(folder, count)
    for at, one in enumerate(found):
        for other in found[at + 1 :]:
            befriend(one, other)
    return found


def sync_all(found: Sequence[Place], rounds: int = 3) -> None:
    """Everyone with everyone they accepted, until nothing moves any more."""
    for _ in range(rounds):
        moved = 0
        for one in found:
            for other in found:
                if one is not other and has_accepted(one, other) and not in_step(one, other):
                    before = len(one.entry_ids()), len(other.entry_ids()), len(one.payloads()), len(other.payloads())
                    one.sync(other)
                    after = len(one.entry_ids()), len(other.entry_ids()), len(one.payloads()), len(other.payloads())
                    moved += before != after
        if not moved:
            return


def has_accepted(one: Place, other: Place) -> bool:
    query = "SELECT 1 FROM local_partner WHERE organisation = ?"
    return one.db.execute(query, [other.organisation]).fetchone() is not None


def in_step(one: Place, other: Place) -> bool:
    """Both hold the same, and neither waits for a payload."""
    states = [(frontier.frontier_hash(place.db), status.waiting(place.db)) for place in (one, other)]
    return states[0] == states[1] and states[0][1] == 0


class Line:
    """Carries messages to another place in this process."""

    MAX_REQUESTS = 200  # an exchange that needs more has no end
    several = True  # as over HTTP

    def __init__(self, other: Place) -> None:
        self.other = other
        self.sender = b""
        self.partner = b""
        self.bytes_in = self.bytes_out = self.requests = 0
        self.messages: list[bytes] = []  # all that travelled, both ways
        self._follows: answering.Following | None = None

    def exchange(self, message: bytes) -> bytes:
        self.requests += 1
        assert self.requests <= self.MAX_REQUESTS, "this exchange does not end"
        self.bytes_out += len(message)
        self.messages.append(message)
        return self._arrived(self._answer(message))

    def following(self) -> bytes:
        return self._arrived(self._answer(b""))

    def _arrived(self, answer: bytes) -> bytes:
        self.bytes_in += len(answer)
        self.messages.append(answer)
        return answer

    def _answer(self, message: bytes) -> bytes:
        self.partner = self.other.signer.public
        if message:
            answer = answering.answer(self.other.side, message, NOW, self.sender)
        else:
            assert self._follows is not None, "nothing follows"
            answer = answering.follow(self.other.side, self._follows, NOW)
        self._follows = answer.following
        views.refresh(self.other.site, self.other.db)  # as `cop serve` does behind its answer
        return answer.body


def read_by_anyone(message: bytes, held_by: "Place | None" = None) -> bytes:
    """All that somebody without any key can read of a message, even one who holds what a member holds."""
    if len(message) <= frontier.STATE_BYTES:
        return message
    holding = Holding(held_by.db) if held_by else NOTHING
    texts = wire.unpack(message, Signer(bytes(32)), holding).payloads
    return b"".join([decompress(message), *texts])


class FaultyLine(Line):
    """A line that breaks at the n-th turn, or spoils what it carries."""

    def __init__(
        self,
        other: Place,
        *,
        lose_question: int = 0,
        lose_answer: int = 0,
        spoil: Callable[[bytes], bytes] = lambda answer: answer,
    ) -> None:
        super().__init__(other)
        self.lose_question, self.lose_answer, self.spoil = lose_question, lose_answer, spoil

    def _answer(self, message: bytes) -> bytes:
        if self.requests == self.lose_question:
            raise NotReachable("The line broke before the question arrived.")
        answer = super()._answer(message)
        if self.requests == self.lose_answer:
            raise NotReachable("The line broke before the answer arrived.")
        return self.spoil(answer)


# -- entries as a hostile partner with a valid key might make them


def forge(
    signer: Signer,
    items: Iterable[Item] = (),
    *,
    sequence: int = 1,
    previous: bytes = b"",
    kind: str = "change",
    extra: Mapping[str, object] | None = None,
) -> Entry:
    """A validly signed entry that says whatever one likes."""
    return entry.sign(
        signer,
        sequence=sequence,
        previous=previous,
        kind=kind,
        items=list(items),
        claimed_time=NOW,
        extra=extra or {},
    )


def next_entry(place: Place, items: Iterable[Item] = (), kind: str = "change", **extra: object) -> Entry:
    """A forged entry in the place of the next one in a writer's log; not stored."""
    sequence, previous = place.db.execute(
        "SELECT sequence, entry_id FROM local_head WHERE writer = ? ORDER BY sequence DESC", [place.signer.public]
    ).fetchone()
    return forge(place.signer, items, sequence=sequence + 1, previous=previous, kind=kind, extra=extra)


def item_of(
    record_id: RecordId, payload: bytes, *, parents: Sequence[bytes] = (), audience: int = PUBLIC, size: int = -1
) -> Item:
    """The item that announces a payload, or lies about its size."""
    return Item(record_id, tuple(parents), sha256(payload), len(payload) if size < 0 else size, audience)


def store(place: Place, entries: Iterable[Entry], payloads: Iterable[bytes] = (), received_from: str = "x") -> None:
    """Put entries into a log as they are, and bring the views up to date."""
    log.append(place.db, entries, log.by_hash(payloads), received_time=NOW, received_from=received_from)
    views.refresh(place.site, place.db)


def certified_by(organisation: Signer, writer: Signer) -> Entry:
    """The first entry of a new writer's log."""
    return forge(writer, kind="writer", extra=vouching.certificate(organisation, writer.public))


# -- comparing what places show


def site_tables(path: Path) -> dict[str, list[dict[str, object]]]:
    """All tables of a `site.db`, apart from what is local, each in a fixed order."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    try:
        ids = {row["number"]: row["record_id"] for row in db.execute("SELECT number, record_id FROM records")}
        return {
            "records": _rows(db, "records"),
            "history": _rows(db, "history"),
            "conflicts": _rows(db, "conflicts"),
            "looked_at": _rows(db, "looked_at"),
            "facets": _sorted(
                {**dict(row), "number": ids[row["number"]]} for row in db.execute("SELECT * FROM facets")
            ),
            "facet_counts": _rows(db, "facet_counts"),
            "facet_sets": _sorted(
                {**dict(row), "numbers": sorted(ids[number] for number in BitMap.deserialize(row["numbers"]))}
                for row in db.execute("SELECT * FROM facet_sets")
            ),
            "members": _rows(db, "members"),
            "meta": [row for row in _rows(db, "meta") if row["name"] not in LOCAL_META],
            "found": _found_by_search(db, ids),
        }
    finally:
        db.close()


def _rows(db: sqlite3.Connection, name: str) -> list[dict[str, object]]:
    left_out = LOCAL_COLUMNS.get(name, set())
    return _sorted(
        {key: row[key] for key in row.keys() if key not in left_out}  # noqa: SIM118
        for row in db.execute(f"SELECT * FROM {name}")
    )


def _sorted(rows: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def _found_by_search(db: sqlite3.Connection, ids: Mapping[int, str]) -> list[dict[str, object]]:
    """Which words of the search index lead to which records."""
    db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, records_fts, instance)")
    rows = db.execute("SELECT term, doc, col FROM temp.words")
    return _sorted({"term": row[0], "record_id": ids.get(row[1], "nobody"), "column": row[2]} for row in rows)


def rebuilt(place: Place) -> tuple[str, dict[str, list[dict[str, object]]]]:
    """Digest and tables after a rebuild from nothing."""
    views.rebuild(place.site, place.db)
    return place.digest(), place.public()


def assert_same_views(found: Sequence[Place], *, members: bool = True) -> None:
    """All places show the same, and a rebuild from nothing gives what they show."""
    for place in found:
        if stale.is_any(place.db):  # as every command does that shows something
            views.refresh(place.site, place.db)
    shown = [(place.digest(), place.public()) for place in found]
    for place, (digest, tables) in zip(found, shown, strict=True):
        assert digest == shown[0][0], f"{place.name} has another digest than {found[0].name}"
        for name in tables:
            if name != "members" or members:
                assert tables[name] == shown[0][1][name], f"{name} of {place.name} differs from {found[0].name}"
        assert rebuilt(place) == (digest, tables), f"a rebuild at {place.name} gives something else"


@contextmanager
def steady(seed: int) -> Iterator[random.Random]:
    """Salts, ids and keys from a seed, so that a failing example fails again."""
    source = random.Random(seed)
    with mock.patch("secrets.token_bytes", lambda count=32: source.randbytes(count)):
        yield source


def as_text(value: object) -> str:
    """JSON, for looking into tables."""
    return json.dumps(value, ensure_ascii=False)
