"""/offline/save: a copy of the collection in a reader's browser, and the files that it is made of.

This module has the page, the scripts, and the way to the files. What makes the files is attached by `cop serve`
(`cop/saved/`): under plain Datasette there are none, and the page says what to do instead. `static/saved.js` says how
the browser keeps them.
"""

import asyncio
import gzip
import hashlib
import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar, Protocol
from weakref import WeakKeyDictionary

from datasette import Response

from cop.errors import CopError
from cop.fields import FOLDERS
from cop.web import cache, labels, render, sheet, topics
from cop.web.asked import Asked, plain_frame, read_meta
from cop.web.language import N_, _, current, lookup, marked, spoken
from cop.web.offered import from_meta
from cop.web.render import Document
from cop.web.templating import BUILT_FROM, TEMPLATES

PAGE, FRAME = "/offline/save", "/offline/frame"
FILES = "/offline/copy/"  # and the pack
START, ALL = "start", "all"  # packs: what fits on every phone, and everything
TOPIC, LANGUAGE = "topic-", "language-"  # what is in front of the name of others
WORKER_PATH = "/copy-worker.js"
KNOWN_SECONDS = 3.0  # how long a reader waits for the newest list if there is an older one
PLAIN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PACK = r"(?P<pack>[a-z0-9]+(?:-[a-z0-9]+)*)"
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def _script(*names: str) -> str:
    return "".join((files("cop.web") / "static" / name).read_text("utf-8") for name in names)


SCRIPT, WORKER = _script("saved.js", "save-page.js"), _script("saved.js", "copy-worker.js")
SCRIPT_PATH = f"/static/saved-{hashlib.sha256(SCRIPT.encode()).hexdigest()[:12]}.js"

# What the scripts say. %(name)s is filled in by them.
WORDS = {
    "size": N_("%(size)s to fetch. It holds %(count)s of %(of)s entries."),
    "nothing": N_("Nothing needs to be fetched. It holds %(count)s of %(of)s entries."),
    "asking": N_("Looking how large it is …"),
    "fetching": N_("Fetching: %(done)s of %(all)s"),
    "writing": N_("Putting it in place …"),
    "done": N_("The copy is on this device. You can switch off the internet now, read its entries, lists and topics, and search them."),
    "no-network": N_("The site cannot be reached. What you had before is still here. Try again when there is a network."),
    "not-ours": N_("What came is not from this site. Perhaps the network wants you to sign in first. What you had before is still here."),
    "damaged": N_("A part arrived damaged. Nothing of it was kept, and what you had before is still here. Please try again."),
    "full": N_("There is not enough room on this device. What you had before is still here. Make room, or choose a smaller copy."),
    "too-old": N_("This browser is too old to keep a copy. Update it, or take one of the other copies."),
    "not-safe": N_("A browser keeps a copy only from addresses that begin with https. Take one of the other copies instead."),
    "no-store": N_("This browser keeps nothing, perhaps because of a private window. Open the page in a usual window."),
    "yours": N_("It shows the site as it was on %(day)s (%(ago)s). It holds %(count)s entries and took %(size)s to fetch."),
    "old": N_("It is old: update it when you can."),
    "removed": N_("The copy is gone from this device."),
    "ask-remove": N_("Remove the copy from this device?"),
    "waits": N_("Waits since %(when)s"),
    "sent": N_("Sent on %(when)s"),
    "mend": N_("Something must be mended before it can be taken"),
    "look": N_("Look at it again"),
    "where": N_("See what became of it"),
    "forget": N_("Delete it"),
    "ask-forget": N_("Delete what you wrote? Nobody has got it yet."),
    "untitled": N_("Without a title"),
    "saved-copy": N_("This is your saved copy. It shows the site as it was on %(day)s (%(ago)s)."),
    "slow": N_("The network does not answer, so you see your saved copy."),
    "not-here": N_("This is not in your copy"),
    "not-here-long": N_("There is no network now, and this page is not in the copy that you saved."),
    "try": N_("Try again when there is a network. Or go to what is in the copy:"),
    "entries": N_("What is in the copy"),
    "found": N_("%(count)s found in the copy"),
    "found-none": N_("Nothing in the copy has all of these words."),
    "search": N_("Search the copy"),
    "search-button": N_("Search"),
    "queue": N_("What waits to be sent"),
    "queue-long": N_("You wrote this without a network. It goes by itself when there is one."),
    "short-form": N_("You have no network now. You can write all the same: it is kept on this device and sent later."),
}  # fmt: skip


class Packs(Protocol):
    """What makes the files."""

    def kept(self, pack: str) -> bytes | None:
        """The list as it was made last."""

    def listed(self, pack: str) -> bytes | None:
        """The newest list; None if there is no such pack. Raises: CopError."""

    def file(self, pack: str, sha256: str) -> Path:
        """Where a file is, if it is there."""

    def sizes(self) -> dict[str, int]:
        """Bytes of each pack that was made."""


_packs: WeakKeyDictionary[Any, Packs] = WeakKeyDictionary()
_making: WeakKeyDictionary[Any, dict[str, asyncio.Task[bytes | None]]] = WeakKeyDictionary()


def attach(datasette: Any, packs: Packs) -> None:
    """Let readers save copies."""
    _packs[datasette] = packs


def sizes(datasette: Any) -> dict[str, int]:
    """Bytes that a new reader takes of each pack that somebody has asked for; nothing where none can be saved."""
    return _packs[datasette].sizes() if datasette in _packs else {}


def frame_version(meta: dict[str, str]) -> str:
    """Changes when a saved copy must look another way."""
    said = [BUILT_FROM, SCRIPT, WORKER, *(meta.get(name, "") for name in ("title", "look", "language", "languages"))]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:12]


# -- the page


@dataclass(frozen=True)
class Choice:
    """A pack that one can choose."""

    pack: str
    label: str


@dataclass(frozen=True)
class SavePage:
    """What the template shows."""

    heading: str
    can: bool  # `cop serve` shows it
    topics: tuple[Choice, ...]
    languages: tuple[Choice, ...]
    script: str
    words: str  # JSON
    template: ClassVar[str] = "cop_save.html"


def save_page(asked: Asked) -> SavePage:
    """/offline/save"""
    found = [one for one in topics.read_topics(asked.db).values() if one.count and PLAIN.fullmatch(one.slug)]
    codes = asked.db.execute("SELECT value, sum(n) FROM facet_counts WHERE name = 'languages' GROUP BY 1 ORDER BY 1")
    languages = {code.partition("-")[0]: None for code, _n in codes if PLAIN.fullmatch(code.lower())}
    return SavePage(
        heading=_("Save a copy on this device"),
        can=asked.forms,
        topics=tuple(Choice(TOPIC + one.slug, one.title) for one in found),
        languages=tuple(Choice(LANGUAGE + code, labels.language(code)) for code in languages),
        script=SCRIPT_PATH,
        words=_words(),
    )


def _words() -> str:
    return json.dumps({name: lookup(text) for name, text in WORDS.items()}, ensure_ascii=False)


def frame(asked: Asked) -> Document:
    """/offline/frame: what pages look like that the browser makes from a saved copy."""
    meta = read_meta(asked.db)
    style = sheet.path_of(sheet.palette_of(meta))
    around = plain_frame("/", style, {**meta, "as_of": ""})
    told = {
        "shell": TEMPLATES.get_template("cop_saved_shell.html").render(frame=around),
        "words": json.loads(_words()),
        "folders": {folder: labels.plural(record_type) for folder, record_type in FOLDERS.items()},
        "languages": list(from_meta(meta).others),
        "language": current() if spoken().has_prefix else "",
        "own": marked(spoken().own) if spoken().has_prefix else "",  # entries are laid out in the language of the site
        "keep": [PAGE, "/add"],
        "files": [style, SCRIPT_PATH],
    }
    return Document(json.dumps(told, ensure_ascii=False), "application/json")


# -- the files


async def list_(request: Any, datasette: Any) -> Response:
    """GET /offline/copy/<pack>/now.json"""
    try:
        told = await _newest(datasette, request.url_vars["pack"]) if datasette in _packs else None
    except CopError as error:
        return Response.text(str(error), status=503, headers={"Cache-Control": "no-store", "Retry-After": "30"})
    if told is None:
        return render.not_found(datasette, request)
    tag = f'"{hashlib.sha256(told).hexdigest()[:20]}"'
    headers = {"Cache-Control": "no-cache", "ETag": tag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response.text("", status=304, headers=headers)
    if cache.accepts_gzip(request.headers.get("accept-encoding", "").encode("latin-1")):
        told, headers["Content-Encoding"] = gzip.compress(told, 9, mtime=0), "gzip"
    return Response(told, headers=headers, content_type="application/json; charset=utf-8")


async def _newest(datasette: Any, pack: str) -> bytes | None:
    """The newest list. Whoever has an older one waits a little for it; all who wait get the one that is being made."""
    packs, making = _packs[datasette], _making.setdefault(datasette, {})
    task = making.get(pack)
    if task is None:
        task = making[pack] = asyncio.create_task(asyncio.to_thread(packs.listed, pack))
        task.add_done_callback(lambda _done: making.pop(pack, None))
    before = await asyncio.to_thread(packs.kept, pack)
    done, _waits = await asyncio.wait([task], timeout=KNOWN_SECONDS if before else None)
    return task.result() if done else before


async def file(request: Any, datasette: Any) -> Response:
    """GET /offline/copy/<pack>/<sha256>.gz"""
    packs = _packs.get(datasette)
    try:
        named = packs.file(request.url_vars["pack"], request.url_vars["sha256"]) if packs else None
        data = await asyncio.to_thread(named.read_bytes) if named else None
    except OSError:  # a newer list names others
        data = None
    if data is None:
        return render.not_found(datasette, request)
    headers = {**_FOR_EVER, "Content-Length": str(len(data))}
    return Response(data, headers=headers, content_type="application/gzip")


async def script(request: Any) -> Response:
    """The script of the page. Its address changes with its content."""
    headers = _FOR_EVER if request.path.endswith(SCRIPT_PATH) else {"Cache-Control": "no-cache"}
    return Response(SCRIPT, headers=headers, content_type="text/javascript; charset=utf-8")


async def worker(request: Any) -> Response:
    """The script that answers in place of the network. At the top, so that it may answer for the whole site."""
    return Response(WORKER, headers={"Cache-Control": "no-cache"}, content_type="text/javascript; charset=utf-8")


ROUTES: list[tuple[str, Callable[..., Any]]] = [
    (rf"^{FILES}{_PACK}/now\.json$", list_),
    (rf"^{FILES}{_PACK}/(?P<sha256>[0-9a-f]{{64}})\.gz$", file),
    (r"^/static/saved-[0-9a-f]+\.js$", script),
    (rf"^{WORKER_PATH}$", worker),
]


def topic_of(pack: str) -> str:
    """The topic that a pack is of, "" if it is none."""
    return pack[len(TOPIC) :] if pack.startswith(TOPIC) else ""


def language_of(pack: str) -> str:
    """Likewise the language."""
    return pack[len(LANGUAGE) :] if pack.startswith(LANGUAGE) else ""


def is_there(db: sqlite3.Connection, pack: str) -> bool:
    """True if there is such a pack: what nobody offers is not made."""
    if pack in (START, ALL):
        return True
    if topic := topic_of(pack):
        named = "SELECT 1 FROM facet_counts WHERE name = 'topics' AND value = ?"
        return db.execute(named, (topic,)).fetchone() is not None
    code = language_of(pack)
    named = "SELECT 1 FROM facet_counts WHERE name = 'languages' AND (value = ?1 OR value LIKE ?1 || '-%')"
    return bool(code) and db.execute(named, (code,)).fetchone() is not None
