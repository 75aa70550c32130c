"""`cop load`, `new`, `checkout` and `withdraw`: between content files and the log."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from cop.cli.common import (
    catch_up,
    echo_json,
    find_site,
    finish_erasing,
    now,
    open_set_up,
    open_up_to_date,
    plural,
    progress_bar,
    resolve_record,
    say,
    say_if_ended,
    sentence,
)
from cop.config import Site
from cop.errors import CopError, WrongUsage
from cop.fields import AGREEMENT
from cop.scan import Scan, scan
from cop.schema import open_store
from cop.site_schema import is_site_current

MOST_REMARKS = 20  # of those that `cop load` says


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be saved, and save nothing.")
@click.option("--why", default="", help="Why, in one sentence. Everyone who gets the change can read it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def load(start: Path, paths: tuple[Path, ...], dry_run: bool, why: str, as_json: bool) -> None:
    """Save changed content files into the log and refresh the site. With PATHS, only those.

    Example: cop load --why "The old link was dead"
    """
    site = find_site(start)
    started = time.monotonic()
    found = None if paths else _quick_look(site)
    if found is not None and not found.candidates and not found.odd:
        report = _nothing_changed(found, time.monotonic() - started)
    else:
        report = _load(site, paths, found, dry_run, why)
    if as_json:
        echo_json(report)
    else:
        _say(report, dry_run)
    say_if_ended(open_set_up(site))
    if report["refused"]:
        raise SystemExit(5)


def _quick_look(site: Site) -> Scan | None:
    """What may have changed, found without loading any of the parts that read, sign or draw.

    None if there is more to do than saving files: a new store, a new name, or views that were left behind or are of
    another version of cop.
    """
    if not site.store_db.exists() or not is_site_current(site.site_db):
        return None
    db = open_store(site.store_db)
    shown = db.execute("SELECT value FROM local_setting WHERE name = 'shown_as'").fetchone()
    stale = db.execute("SELECT 1 FROM local_stale LIMIT 1").fetchone()
    left = db.execute("SELECT 1 FROM local_forget LIMIT 1").fetchone()
    if stale or left or not shown or shown[0] != site.config.shown_as:
        return None
    return scan(db, site.content, ids_wanted=site.config.write_ids)


def _nothing_changed(found: Scan, seconds: float) -> dict[str, object]:
    return {
        "added": 0, "changed": 0, "unchanged": found.unchanged, "moved": 0, "missing": len(found.missing),
        "missing_paths": [f"content/{path}" for path in found.missing], "refused": [], "remarks": [],
        "more_remarks": 0, "entries": 0, "seconds": round(seconds, 3),
    }  # fmt: skip


def _load(site: Site, paths: tuple[Path, ...], found: Scan | None, dry_run: bool, why: str) -> dict[str, object]:
    from dataclasses import asdict

    from cop import identity, worktree

    db, signer = identity.open_installation(site, now())
    finish_erasing(site, db)
    with progress_bar("Loading") as progress:
        report = worktree.load(
            site, db, signer, now=now(), paths=paths, found=found, dry_run=dry_run, why=why, progress=progress
        )
    finish_erasing(site, db)  # somebody may have taken out by hand what could not be taken out before
    missing = [f"content/{path}" for path in report.missing]
    return {**asdict(report), "missing": len(missing), "missing_paths": missing}


def _say_remarks(remarks: Sequence[Mapping[str, object]], more: int) -> None:
    for remark in remarks[:MOST_REMARKS]:
        place = f"{remark['path']}, line {remark['line']}"
        say(f"{place}: {sentence(str(remark['reason']))} {remark['hint']}", err=True)
    if more := more + len(remarks[MOST_REMARKS:]):
        say(f"There are {more:,} more such remarks. See them all: cop check", err=True)


def _say(report: dict[str, object], dry_run: bool) -> None:
    for problem in report["refused"]:  # type: ignore[attr-defined]
        say(f"{problem['path']}, line {problem['line']}: {sentence(problem['reason'])}", err=True)
        say(f"  Try: {problem['hint']}", err=True)
    _say_remarks(report["remarks"], report["more_remarks"])  # type: ignore[arg-type]
    for path in report["missing_paths"]:  # type: ignore[attr-defined]
        say(
            f"{path} is gone. Its record stays. Bring it back: cop checkout {path}. Hide it: cop withdraw {path}",
            err=True,
        )
    would = "would be " if dry_run else ""
    parts = [
        f"{report['added']:,} {would}added",
        f"{report['changed']:,} {would}changed",
        f"{report['unchanged']:,} unchanged",
    ]
    if report["moved"]:
        parts.append(f"{report['moved']:,} moved")
    if report["refused"]:
        refused = len(report["refused"])  # type: ignore[arg-type]
        parts.append(f"{refused:,} left out (see above; the last good version stays up)")
    say(", ".join(parts) + f". {report['seconds']:.1f} seconds.")


@click.command()
@click.argument("type_name", metavar="TYPE")
@click.argument("title", nargs=-1, required=True)
@click.pass_obj
def new(start: Path, type_name: str, title: tuple[str, ...]) -> None:
    """Write a content file ready to fill in.

    Example: cop new event "Reading circle in March"
    """
    from cop import files, patch, statement, writeback
    from cop.fields import FOLDERS, TYPES
    from cop.publish import short_address

    site, words = find_site(start), " ".join(title).strip()
    kind = TYPES.get(type_name) or FOLDERS.get(type_name)
    if kind is None:
        raise WrongUsage(f"There is no kind of record “{type_name}”.", hint=f"Use one of: {', '.join(TYPES)}.")
    if not words or not words.isprintable():
        raise WrongUsage("The title must be one line of text.", hint=f'cop new {type_name} "A title"')
    if kind.name == AGREEMENT:
        _new_agreement(site, words)
        return
    record_id = patch.new_record_id()
    path = site.content / kind.folder / f"{short_address(words) or record_id}.md"
    if path.exists():
        raise CopError(f"{path} is already there.", hint="Choose another title, or edit that file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    model = statement.MODEL if (kind.name, path.stem) == ("page", statement.SLUG) else ""
    files.replace(path, (writeback.template(kind, record_id, words) + model.lstrip("\n")).encode())
    say(str(path))
    say("Fill in what you know and leave the rest. Then: cop load", err=True)


def _new_agreement(site: Site, title: str) -> None:
    """A file to begin the network's agreement with. There is one of it, whoever wrote it."""
    from cop import agreement, files, identity, looking
    from cop.publish import short_address
    from cop.terms import RECORD_ID

    db, _ = identity.open_installation(site, now())
    catch_up(site, db)
    if db.execute("SELECT 1 FROM view_record WHERE record_id = ?", [RECORD_ID]).fetchone():
        raise CopError("There is an agreement already.", hint="cop checkout agreement, change it, then: cop load")
    origin = looking.origin_of(site, db)
    members = sorted(origin.names.items(), key=lambda one: one[1].casefold())
    if not all(origin.kinds[key] for key, _ in members):
        raise CopError("Some members have not told their name and kind yet.", hint="cop sync, then again.")
    folder = site.content / AGREEMENT
    for path in folder.glob("*.md"):
        raise CopError(f"{path} is already there.", hint="Edit that file. Then: cop load")
    path = folder / f"{short_address(title) or AGREEMENT}.md"
    folder.mkdir(parents=True, exist_ok=True)
    files.replace(path, agreement.first_file(title, [(key, name, origin.kinds[key]) for key, name in members]).encode())
    say(str(path))
    say("Write what you agree on. Then: cop load. It is in force once enough have signed: cop agreement", err=True)


@click.command()
@click.argument("records", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def checkout(start: Path, records: tuple[str, ...], as_json: bool) -> None:
    """Write records from the log as content files, never over unsaved edits. Without RECORDS: all that changed.

    Example: cop checkout events/reading-circle
    """
    from cop.checkout import check_out

    site = find_site(start)
    db = open_up_to_date(site)
    report = check_out(site, db, [resolve_record(db, name) for name in records])
    if as_json:
        echo_json(report)
    else:
        for path in report.written:
            say(path)
        for path in report.waiting:
            say(f"{path} is not written yet: somebody asks to remove a part of it. See: cop erasures", err=True)
        for path in report.covered:
            say(
                f"{path} is for you alone and stays. What others changed in it is in its history, and counts once you share it.",
                err=True,
            )
        for path in report.kept:
            say(f"{path} has unsaved edits and was left alone. Save them first: cop load", err=True)
        say(f"{plural(len(report.written), 'file')} written, {report.unchanged:,} up to date.", err=True)
    if report.kept or report.waiting:
        raise SystemExit(5)


@click.command()
@click.argument("record")
@click.option("--why", default="", help="Why, in one sentence. Everyone can read it.")
@click.option("--undo", is_flag=True, help="Show it again.")
@click.pass_obj
def withdraw(start: Path, record: str, why: str, undo: bool) -> None:
    """Hide a record from readers, here and at partners. It stays in the log and can be shown again.

    Example: cop withdraw events/reading-circle --why "It was entered twice"
    """
    from cop import identity, withdrawal

    site = find_site(start)
    db, signer = identity.open_installation(site, now())
    catch_up(site, db)
    title = withdrawal.withdraw(site, db, signer, resolve_record(db, record), why=why, undo=undo, now=now())
    say(f"“{title}” is {'shown again' if undo else 'hidden from readers'}. Partners follow at the next sync.")
