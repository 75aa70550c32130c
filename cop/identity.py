"""This installation: its writer key, the key of its organisation, and what it tells partners about itself."""

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from cop import files, keys, log, read_back, settings, stances, trust, vouching
from cop.config import FILE, Config, Site, check_organisation, format_config, read_config
from cop.database import writing
from cop.errors import CopError, WrongUsage
from cop.model import PUBLIC
from cop.patch import difference
from cop.schema import open_store
from cop.signing import Signer

METADATA = "datasette_metadata.yml"
_EXAMPLE = "cop init --name 'Our organisation' --kind community"
FOLDERS = ("posts", "events", "resources", "organisations", "pages", "glossary")


@dataclass(frozen=True)
class Side:
    """This installation, in an exchange."""

    site: Site
    db: sqlite3.Connection
    signer: Signer


def make_site_folder(root: Path, keys_folder: Path, name: str, kind: str, url: str) -> tuple[Site, bool]:
    """Make a site folder with `cop.toml` and content folders. Returns the site, and whether it is new.

    Running it again changes nothing; another name or kind is refused.
    """
    path = root / FILE
    new = not path.exists()
    if new:
        if not name or not kind:
            raise WrongUsage("A new site needs the name and the kind of your organisation.", hint=_EXAMPLE)
        check_organisation(name, kind, "--name, --kind")
        root.mkdir(parents=True, exist_ok=True)
        _add_metadata(root)
        files.replace(path, format_config(name, kind, url).encode())
        for folder in FOLDERS:
            (root / "content" / folder).mkdir(parents=True, exist_ok=True)
    config = read_config(path)
    if name and (name, kind or config.kind) != (config.name, config.kind):
        raise CopError(
            f"{path} already says: {config.name} ({config.kind}).", hint=f"To rename, edit {path}, then: cop load"
        )
    return Site(root.resolve(), keys_folder, config), new


def _add_metadata(root: Path) -> None:
    """Descriptions and canned queries of the published data, for the organisation to change as it likes."""
    package = Path(__file__).parent
    shipped = [package / METADATA, package.parent / METADATA]  # in an installed package, in a clone
    found = [path for path in shipped if path.is_file()]
    if found and not (root / METADATA).exists():
        files.replace(root / METADATA, found[0].read_bytes())


def ensure(site: Site, db: sqlite3.Connection, now: int) -> Signer:
    """The writer of this installation, made on first use; its organisation's name in the log follows `cop.toml`."""
    writer = settings.read(db, "writer")
    signer = keys.load(site.keys, writer) if isinstance(writer, bytes) else _found(site, db, now)
    _tell_name(site.config, db, signer, now)
    return replace(signer, former=_former_seeds(site, db))


def present(site: Site, db: sqlite3.Connection, signer: Signer, now: int) -> Signer:
    """The signer of this installation now: it goes on under another key where it was copied or brought back."""
    return signer if settings.own_writer(db) == signer.public else ensure(site, db, now)


def _found(site: Site, db: sqlite3.Connection, now: int) -> Signer:
    what_for = f"organisation {site.config.name}, site {site.root}"
    organisation = keys.find(site.keys, what_for) or keys.create(site.keys, what_for)
    writer = keys.create(site.keys, f"writer of {site.config.name}, site {site.root}")
    with writing(db):
        settings.keep(db, "organisation", organisation.public)
        settings.keep(db, "writer", writer.public)
        log.write(db, writer, "writer", [], claimed_time=now, extra=vouching.certificate(organisation, writer.public))
    return writer


def renew_writer(site: Site, db: sqlite3.Connection, now: int) -> Signer | None:
    """Go on as another writer, because someone else may write as this one: the folder was copied or brought back.

    None where the organisation's key is not on this computer: then nothing changes, and the log stays forked.
    """
    try:
        organisation = keys.load(site.keys, own_organisation(db))
    except CopError:
        return None
    writer = keys.create(site.keys, f"writer of {site.config.name}, site {site.root}")
    with writing(db):
        retire_writer(db)
        settings.keep(db, "writer", writer.public)
        log.write(db, writer, "writer", [], claimed_time=now, extra=vouching.certificate(organisation, writer.public))
    return writer


def retire_writer(db: sqlite3.Connection) -> None:
    """Remember that this installation wrote under its present key, for what was sealed to that."""
    settings.keep(db, "former_writers", b"".join(writers(db)))


def writers(db: sqlite3.Connection) -> tuple[bytes, ...]:
    """The keys under which this installation writes and wrote, that of now first."""
    return (settings.own_writer(db), *_former_writers(db))


def _former_writers(db: sqlite3.Connection) -> tuple[bytes, ...]:
    former = settings.read(db, "former_writers")
    return read_back.split_hashes(former) if isinstance(former, bytes) else ()


def _former_seeds(site: Site, db: sqlite3.Connection) -> tuple[bytes, ...]:
    """Keys that this installation had before, as far as they are on this computer."""
    return tuple(keys.load(site.keys, writer).seed for writer in _former_writers(db) if keys.has(site.keys, writer))


def _tell_name(config: Config, db: sqlite3.Connection, signer: Signer, now: int) -> None:
    """Write name, kind and url into the log when `cop.toml` says something new."""
    told = f"{config.name}\n{config.kind}\n{config.url}"
    if settings.read(db, "told_name") == told:
        return
    organisation = own_organisation(db)
    record_id = trust.member_record_id(organisation)
    known = trust.names(db, trust.members(db)).get(organisation)
    before = (
        {"name": known.name, "kind": known.kind, "url": known.url} if settings.read(db, "told_name") and known else {}
    )
    patch = difference("member", before, {"name": config.name, "kind": config.kind, "url": config.url})
    parents = tuple(revision.payload_hash for revision in read_back.revisions(db, record_id))
    replaces = [entry.entry_id for entry in read_back.statements(db) if entry.extra.get("organisation") == organisation]
    with writing(db):
        change = log.Change(record_id, parents, patch, PUBLIC)
        extra = stances.stance(organisation, stances.SELF, replaces)
        log.write(db, signer, "organisation", [change], claimed_time=now, extra=extra)
        settings.keep(db, "told_name", told)


def own_organisation(db: sqlite3.Connection) -> bytes:
    """The public key of this installation's organisation. Raises: CopError before `cop init`."""
    organisation = settings.read(db, "organisation")
    if not isinstance(organisation, bytes):
        raise CopError(
            "This folder has not been set up yet.", hint="cop init --name 'Our organisation' --kind community"
        )
    return organisation


def open_installation(site: Site, now: int) -> tuple[sqlite3.Connection, Signer]:
    """The store and the writer of a site, both made on first use."""
    db = open_store(site.store_db)
    return db, ensure(site, db, now)
