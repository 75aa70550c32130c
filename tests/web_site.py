"""A small published database for the tests of pages and search, written as `cop load` would write it."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from datasette.app import Datasette

from cop import database, filing, search_index, searched, site_schema, site_tables, terms
from cop.fields import TYPES

SOON = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
AS_OF = "2026-11-22T10:00:00Z"


@dataclass
class SiteBuilder:
    """Adds rows the way the loader does."""

    db: sqlite3.Connection
    path: Path
    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, type_name: str, slug: str, *, html: str = "", text: str = "", **given: Any) -> str:
        """One record; returns its id."""
        added_by, was = given.pop("added_by", "community"), given.pop("was", ())
        columns = {
            name: given.pop(name)
            for name in ("conflicts", "checks", "added", "changed", "seen", "language", "looked_at", "waits")
            if name in given
        }
        number, record_type = len(self.numbers) + 1, TYPES[type_name]
        record_id = terms.RECORD_ID if given.pop("is_agreement", False) else f"{number:026d}"
        self.numbers[record_id] = number
        row = {
            "number": number,
            "record_id": record_id,
            "type": type_name,
            "base_slug": slug,
            "slug": slug,
            "title": given.get("title") or given.get("label") or slug,
            "summary": given.get("summary", ""),
            "keywords": " ".join(searched.keywords(type_name, given)),
            "language": (given.get("languages") or [""])[0],
            "date": str(given.get(record_type.sort, "")) if record_type.sort != "title" else "",
            "added": "2026-11-01T09:00:00Z",
            "changed": "2026-11-20T09:00:00Z",
            "seen": "2026-11-20T09:00:00Z",
            "conflicts": "[]",
            "checks": "[]",
            "fields": json.dumps(given),
            "html": html,
            "text": text,
            "other_words": "\n".join(searched.other_words(type_name, given)),
        } | columns
        marks = ", ".join("?" * len(row))
        self.db.execute(f"INSERT INTO records ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
        filed = set(filing.filed(type_name, given, str(row["added"])[:10], added_by))
        filed |= set(filing.found_by(given, html, slug, was))
        site_tables.add_facets(self.db, [(type_name, *facet, number) for facet in sorted(filed)])
        counting = search_index.Counting()
        search_index.add(self.db, [(row, filed)], counting)
        counting.write(self.db, last=True)
        return record_id

    def happened(
        self,
        record_id: str,
        organisation: str,
        patch: dict[str, Any],
        kind: str = "change",
        before: dict[str, list[Any]] | None = None,
        **told: Any,
    ) -> None:
        """One line of the history."""
        count = self.db.execute("SELECT count(*) FROM history WHERE record_id = ?", (record_id,)).fetchone()[0]
        self.db.execute(
            "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record_id,
                count + 1,
                "ab" * 32,
                organisation,
                kind,
                told.get("claimed", f"2026-11-{count + 1:02d}T09:00:00Z"),
                told.get("seen", AS_OF),
                json.dumps(patch),
                json.dumps(before or {}),
                json.dumps(told.get("beside", [])),
                *(told.get(name, "") for name in ("why", "person", "took_part")),
            ),
        )
        self.db.execute(
            "UPDATE records SET seen = max(seen, ?) WHERE record_id = ?", (told.get("seen", AS_OF), record_id)
        )
        number, type_name = self.db.execute(
            "SELECT number, type FROM records WHERE record_id = ?", (record_id,)
        ).fetchone()
        filed = (type_name, filing.CONTRIBUTOR, organisation[: filing.MAX_VALUE], number)
        if not self.db.execute(
            "SELECT 1 FROM facets WHERE (type, name, value, number) = (?, ?, ?, ?)", filed
        ).fetchone():
            site_tables.add_facets(self.db, [filed])

    def looked(self, record_id: str, organisation: str, **told: Any) -> None:
        """An organisation that looked at it."""
        row = {
            "record_id": record_id, "organisation": organisation, "kind": "community", "claimed": "2026-11-21T09:00:00Z",
            "seen": AS_OF, "shown": 1, "position": 1, "why": "", "person": "", "entry_id": "cd" * 32,
        } | told  # fmt: skip
        self.db.execute(f"INSERT INTO looked_at VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
        if row["shown"]:
            self.db.execute("UPDATE records SET looked_at = ? WHERE record_id = ?", (row["claimed"], record_id))

    def differs(self, record_id: str, name: str, *answers: tuple[str, Any]) -> None:
        """Several answers for one field."""
        for at, (organisation, value) in enumerate(answers):
            self.db.execute(
                "INSERT INTO conflicts VALUES (?, ?, ?, ?, ?, ?, ?)",
                (record_id, name, f"{at:064x}", json.dumps(value), organisation, "2026-11-19T10:12:00Z", int(at == 0)),
            )

    def says(self, **meta: str) -> None:
        """What the copy says about itself."""
        self.db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(meta.items()))


def build(path: Path) -> SiteBuilder:
    """An empty published database."""
    return SiteBuilder(site_schema.open_site(path), path)


def filled(folder: Path, fill: Callable[[SiteBuilder], None]) -> SiteBuilder:
    """A published database in that folder, with what `fill` adds to it."""
    site = build(folder / "data" / "site.db")
    with database.writing(site.db):
        fill(site)
    return site


def example(path: Path) -> SiteBuilder:
    """One or more records of every kind, with everything that a page can show."""
    site = build(path)
    with database.writing(site.db):
        _about(site)
        _resources(site)
        _events(site)
        _others(site)
    return site


def _about(site: SiteBuilder) -> None:
    site.says(title="Research as Equals", organisation="Barton Hill Activity Club", as_of=AS_OF, digest="d1")
    site.db.execute("INSERT INTO members VALUES ('k1', 'Caafi Health', 'community', '')")
    site.db.execute("INSERT INTO members VALUES ('k2', 'Barton Hill Activity Club', 'community', '')")
    site.add("topic", "sharing-power", title="Sharing power", summary="Who decides.", languages=["en"])
    site.add("topic", "meetings", title="Meetings", parent="sharing-power")


def _resources(site: SiteBuilder) -> None:
    old = site.add(
        "resource", "guidance-2018", title="Guidance on co-producing", year=2018, kind="guidance", audience=["practitioners"],
        authors=["Hickey, G.", "Brearley, S."], publisher="INVOLVE", url="https://www.invo.org.uk/guidance", topics=["sharing-power"],
        languages=["en"], superseded_by="guidance-2021", summary="The first edition.", open_access="free",
        credits=[{"name": "Hodan", "role": "wrote", "organisation": "Caafi Health"}, {"name": "Aisha", "role": "checked"}],
        html='<p>About power. See <a href="../posts/power">the post</a>.</p>', text="About power in meetings.",
    )  # fmt: skip
    site.happened(old, "Caafi Health", {"title": "Guidance", "topics": {"added": ["meetings"], "removed": []}})
    site.happened(
        old,
        "Nilaari Agency",
        {"title": "Guidance on co-producing", "topics": {"added": ["sharing-power"], "removed": ["meetings"]}},
        before={"title": ["Guidance"]},
        why="The name was cut short",
    )
    new = site.add("resource", "guidance-2021", title="Guidance on co-producing", year=2021, kind="guidance", supersedes="guidance-2018",
             topics=["sharing-power", "meetings"], languages=["en"], publisher="NIHR")  # fmt: skip
    _long_history(site, new)
    site.add(
        "resource", "rose-2019", label="Rose and Kalathil, 2019", year=2019, topics=["sharing-power"], summary="Doubts."
    )
    site.add("resource", "dalil", title="دليل البحث المشترك", languages=["ar"], summary="ملخص قصير", kind="toolkit")
    for at in range(25):
        site.add(
            "resource", f"paper-{at}", title=f"Paper number {at}", kind="paper", year=1990 + at, topics=["meetings"],
            **({"publisher": "Caafi Health", "project": ["map"]} if at < 6 else {}),
        )  # fmt: skip


def _long_history(site: SiteBuilder, record_id: str) -> None:
    """Added twice, edited word by word, settled, credited, hidden and shown again, by a clock that is ahead."""
    early = {"claimed": "2026-10-01T09:00:00Z", "seen": "2026-10-03T09:00:00Z"}
    text = "We meet on Monday in the library at noon, and everybody is welcome to bring a friend"
    site.happened(record_id, "Caafi Health", {"title": "Guidance", "note": text}, **early)
    site.happened(record_id, "Nilaari Agency", {"title": "Guidance on it"}, **early, beside=["title"])
    both = {"title": ["Guidance", "Guidance on it"]}
    site.happened(
        record_id, "Nilaari Agency", {"title": "Guidance on it"}, before=both, why="We talked on the phone", **early
    )
    site.happened(
        record_id, "Caafi Health", {"note": text.replace("Monday", "Tuesday")}, before={"note": [text]}, **early
    )
    hodan = [{"name": "Hodan", "role": "checked", "organisation": "Caafi Health"}]
    site.happened(record_id, "Caafi Health", {"credits": hodan}, before={"credits": [[]]}, **early)
    site.happened(record_id, "Caafi Health", {"withdrawn": "It was wrong"}, kind="withdraw", **early)
    site.happened(record_id, "Caafi Health", {"withdrawn": None}, before={"withdrawn": ["It was wrong"]}, **early)
    changed = {"claimed": "2050-01-01T09:00:00Z", "seen": "2026-11-21T09:00:00Z"}
    site.happened(record_id, "Nilaari Agency", {"publisher": "NIHR"}, **changed)


def _events(site: SiteBuilder) -> None:
    soon = site.add(
        "event", "workshop", title="Power workshop", kind="workshop", start=f"{SOON}T18:00+00:00", end=f"{SOON}T20:00+00:00",
        timezone="Europe/London", place="Barton Hill", organisers=["Caafi Health", "Nilaari Agency"], childcare="Yes, next door", freephone=True,
        conflicts='["venue_access"]', checks='["start", "place"]', venue_access="Step-free",
    )  # fmt: skip
    site.differs(soon, "venue_access", ("Caafi Health", "Step-free"), ("University of Bristol", "Two steps"))
    site.add(
        "event", "old-workshop", title="First workshop", kind="workshop", start="2018-12-05", date_basis="inferred",
        organisers=["Nilaari Agency"], roles=[{"name": "Yasmin", "role": "chair"}, {"name": "Tom", "role": "notes"}],
    )  # fmt: skip
    site.add("event", "spring", title="Spring meeting", kind="meeting", start="2019-02")
    site.add("event", "call", title="Please send resources", kind="call")


def _others(site: SiteBuilder) -> None:
    site.add("post", "power", title="Three kinds of power", date="2026-11-19", authors=["Hodan", "Tom"], topics=["sharing-power"],
             languages=["en"], html="<h2>Power over</h2><p>a</p><h2>Power to</h2><h2>Power with</h2>", text="power over")  # fmt: skip
    site.add("post", "later", title="What came next", date="2026-11-20", authors=["Hodan"])
    for at in range(6):
        told = site.add(
            "note", f"in-barton-hill-{at}", title=f"In Barton Hill, {at}", about="resources/rose-2019", date="2026-11-03",
            text="We read it aloud.",
        )  # fmt: skip
        site.happened(told, "Barton Hill Activity Club", {"title": "In Barton Hill"}, seen="2026-11-03T09:00:00Z")
    site.add("organisation", "caafi-health", title="Caafi Health", kind="community")
    site.add("person", "yasmin", title="Yasmin", offers=["Chairing"])
    site.add("project", "map", title="Map of resources", organisers=["Caafi Health"])
    site.add("word", "co-production", title="Co-production", variants=[
        {"text": "Equal power", "source": "NIHR ARC West"}, {"text": "More equal", "source": "CLAHRC West", "year": 2018}])  # fmt: skip
    site.add("principle", "sharing", title="Sharing of power", tradition="NIHR 2021")
    site.add(
        "checklist",
        "before",
        title="Before a meeting",
        items=[{"text": "Is there childcare?"}, {"text": "Is there food?"}],
    )
    site.add("technique", "rounds", title="Speaking in rounds", materials=["A stone"])
    site.add("opportunity", "peer", title="Peer researcher", closes="2026-12", no_degree_needed=True)
    site.add("training", "course", title="Course for chairs", audience=["practitioners"])
    site.add("page", "about", title="About us all", html='<p>See <a href="../posts/power">the post</a>.</p>')
    site.add("page", "how-to-add", title="How to add")


def serve(path: Path, **settings: Any) -> Datasette:
    """Datasette as plain `datasette serve data/site.db` starts it."""
    return Datasette([str(path)], **settings)
