"""`cop list`, `show`, `history` and `search`: reading from the command line."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cop.cli.common import as_text, echo_json, find_site, numbered_slugs, open_up_to_date, plural, resolve_record, say
from cop.cli.settle import say_conflict
from cop.errors import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cop.model import EntryId, Patch, Revision


def _type_name(name: str) -> str:
    from cop.fields import FOLDERS, TYPES

    if name and name not in TYPES and name not in FOLDERS:
        raise WrongUsage(f"There is no kind of record “{name}”.", hint=f"Use one of: {', '.join(TYPES)}.")
    return FOLDERS[name].name if name in FOLDERS else name


@click.command("list")
@click.argument("type_name", metavar="[TYPE]", default="")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def list_(start: Path, type_name: str, as_json: bool) -> None:
    """List records, of one kind or of all.

    Example: cop list resource
    """
    from cop.fields import TYPES

    db = open_up_to_date(find_site(start))
    rows = db.execute(
        "SELECT record_id, type, slug, title, state FROM view_record WHERE type IN (SELECT value FROM json_each(?))"
        " ORDER BY type, title COLLATE NOCASE, record_id",
        [json.dumps([_type_name(type_name)] if type_name else list(TYPES))],
    )
    slugs = numbered_slugs(db)
    listed = [(row[0], row[1], slugs.get(row[0], row[2]), row[3], row[4]) for row in rows]
    if as_json:
        echo_json([{"id": r[0], "type": r[1], "slug": r[2], "title": r[3], "state": r[4] or "shown"} for r in listed])
        return
    for _, kind, slug, title, state in listed:
        seen = state in ("", "untitled")
        say(f"{TYPES[kind].folder}/{slug}  {title or 'Without a title'}" + ("" if seen else f"  ({state})"))


@click.command()
@click.argument("record")
@click.option(
    "--hidden", is_flag=True, help="What somebody asks to remove, as readers saw it, while that waits for you."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def show(start: Path, record: str, hidden: bool, as_json: bool) -> None:
    """Show one record: its fields as they stand, with every answer where there are several.

    Example: cop show resources/power-and-making-change-happen
    """
    from cop import forgetting, publish, views
    from cop.fields import TYPES
    from cop.status import conflicts

    db = open_up_to_date(find_site(start))
    record_id = resolve_record(db, record)
    if hidden:
        forgetting.requests_for(db, record_id)
    view = forgetting.hidden_view(db, record_id) if hidden else views.current_view(db, record_id)
    state = db.execute("SELECT state FROM view_record WHERE record_id = ?", [record_id]).fetchone()
    if view is None and state and state[0] == "erased":
        waits = any(one.record_id == record_id for one in forgetting.waiting(db))
        if waits:
            raise WrongUsage(
                f"Somebody asks to remove “{record}”, so it is hidden.", hint=f"cop show {record} --hidden"
            )
        raise WrongUsage(f"“{record}” was removed, or is hidden because somebody asked for that.", hint="cop erasures")
    if view is None:
        raise WrongUsage(f"Nothing of “{record}” is held here.", hint="cop sync")
    open_ = [conflict for conflict in conflicts(db) if conflict["record"] == record_id]
    if as_json:
        echo_json({"id": record_id, "type": view.type, "state": (state and state[0]) or "shown", "fields": dict(view.fields),
                   "conflicts": open_, "checks": list(view.checks)})  # fmt: skip
        return
    say(f"{publish.title_of(view.fields)}\n{TYPES[view.type].label if view.type in TYPES else view.type}  {record_id}")
    for name, value in view.fields.items():
        if name != "body":
            say(f"{name}: {as_text(value)}")
    say(f"\n{view.fields['body']}" if "body" in view.fields else "")
    for conflict in open_:
        say_conflict(conflict)


@click.command()
@click.argument("record")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def history(start: Path, record: str, as_json: bool) -> None:
    """What happened to one record: who changed what, and when.

    Example: cop history events/reading-circle
    """
    from cop import merge, read_back, trust
    from cop.merge import History

    db = open_up_to_date(find_site(start))
    network = trust.members(db)
    names = trust.names(db, network)
    revisions = merge.accepted(read_back.revisions(db, resolve_record(db, record)), network)
    said = [one for one in revisions if one.word and network.counts(one.writer, one.entry_id)]
    steps = _with_words(History(revisions).in_order(), said, {one.entry_id: at for at, one in enumerate(revisions)})
    texts = {one.payload_hash for one in revisions if one.counts}
    rows = [_step(one, names[network.writers[one.writer]].name, texts) for one in steps]
    if as_json:
        echo_json(rows)
        return
    titles = _titles(db, [one for row in rows for one in (*row["linked"], *row["unlinked"])])
    for row in reversed(rows):
        who = f"{row['person']} at {row['organisation']}" if row["person"] else row["organisation"]
        say(f"{str(row['claimed'])[:10]}  {who} {_what_happened(row, titles)}")


def _with_words(
    texts: "Sequence[Revision]", said: "Sequence[Revision]", arrived: "Mapping[EntryId, int]"
) -> "list[Revision]":
    """Words on a record among its changes: behind what they are about, and before what was written after them."""

    def when(one: "Revision") -> tuple[int, int]:
        return one.claimed_time, arrived[one.entry_id]  # within a second, what came first

    steps = list(texts)
    for word in sorted(said, key=when):
        behind = max((at for at, one in enumerate(steps, 1) if one.payload_hash in word.parents), default=0)
        later = (at for at in range(behind, len(steps)) if when(steps[at]) > when(word))
        steps.insert(next(later, len(steps)), word)
    return steps


def _step(revision: "Revision", organisation: str, texts: set[bytes]) -> dict[str, Any]:
    """One change, or one word on it, for `--json`."""
    from cop.fields import SAME_AS
    from cop.model import AUDIENCES, iso_time

    told = revision.patch or revision.word
    assert told is not None
    return {
        "claimed": iso_time(revision.claimed_time),
        "seen": iso_time(revision.received_time),
        "organisation": organisation,
        "kind": revision.kind,
        "type": told.type,
        "fields": told.names(),
        "why": _why(told),
        "person": told.person,
        "took_part": told.took_part,
        "stands_behind": None if revision.patch else bool(texts.intersection(revision.parents)),
        "linked": list(told.added.get(SAME_AS, ())),
        "unlinked": list(told.removed.get(SAME_AS, ())),
        "audience": AUDIENCES[min(revision.audience, 2)],
        "patch": revision.payload_hash.hex(),
        "entry": revision.entry_id.hex(),
    }


def _titles(db: sqlite3.Connection, record_ids: list[str]) -> dict[str, str]:
    query = "SELECT record_id, title FROM view_record WHERE record_id IN (SELECT value FROM json_each(?))"
    return {row[0]: f"“{row[1]}”" for row in db.execute(query, [json.dumps(record_ids)]) if row[1]}


def _why(patch: "Patch") -> str:
    return str(patch.why or patch.fields.get("withdrawn") or "")


def _what_happened(row: dict[str, Any], titles: dict[str, str]) -> str:
    from cop.fields import label

    reasons = [row["why"], row["took_part"] and f"who took part: {row['took_part']}"]
    why = f" ({'; '.join(filter(None, reasons))})" if any(reasons) else ""
    if row["kind"] == "endorse":
        return f"{'looked at it and stands' if row['stands_behind'] else 'no longer stands'} behind it{why}"
    if row["kind"] == "withdraw":
        return f"hid it from readers: {row['why']}"
    if row["kind"] == "same-as":
        told = [f"said it is the same as {titles.get(one, one)}" for one in row["linked"]]
        told += [f"said it is not the same as {titles.get(one, one)}" for one in row["unlinked"]]
        return ", ".join(told) + why
    if row["fields"] == ["withdrawn"]:
        return "showed it again"
    return "wrote: " + ", ".join(label(row["type"], name) for name in row["fields"]) + why


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--type", "type_name", default="", help="Only this kind of record.")
@click.option("--topic", default="", help="Only this topic.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def search(start: Path, words: tuple[str, ...], type_name: str, topic: str, as_json: bool) -> None:
    """Search the published records, as the search box of the site does.

    Example: cop search sharing power
    """
    from cop.excerpts import plain
    from cop.fields import TYPES
    from cop.search import search as find
    from cop.site_schema import has_current_tables

    site = find_site(start)
    if not site.site_db.exists():
        raise WrongUsage("Nothing has been loaded here yet.", hint="cop load")
    db = sqlite3.connect(f"{site.site_db.resolve().as_uri()}?mode=ro", uri=True)
    if not has_current_tables(db):
        raise WrongUsage("The site was made by another version of cop.", hint="cop load")
    found = find(db, " ".join(words), {"type": _type_name(type_name), "topics": topic})
    found = replace(
        found, hits=tuple(replace(hit, title=plain(hit.title), excerpt=plain(hit.excerpt)) for hit in found.hits)
    )
    if as_json:
        echo_json(found)
        return
    if found.shown_for:
        say(f"Nobody wrote it so. This is what was found for: {found.shown_for}", err=True)
    if found.any_word:
        say("Nothing has all of these words. These have some of them.", err=True)
    for hit in found.hits:
        say(f"{TYPES[hit.type].folder}/{hit.slug}  {hit.title}")
    say(f"{plural(found.total, 'record')} found.", err=True)
