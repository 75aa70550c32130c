"""What stands around the articles of one file: `top`, for each kind `heading` and its articles, then `bottom`.

The first page is a list of links by kind and topic. What they lead to is chosen by the style sheet, so it works without
a script, and needs no list of titles that would have to be made anew with every change.
"""

import base64
import hashlib
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from cop import plain
from cop.export import search_speech
from cop.fields import AGREEMENT, FOLDERS, TYPES
from cop.pocket.articles import SECTIONS
from cop.pocket.within import BY_TOPIC, Choice, Within, folder_of, within
from cop.web import asked, dates, labels, sheet
from cop.web.language import _, apart, current, direction, tag
from cop.web.templating import TEMPLATES
from cop.web.topics import read_topics
from cop.web.words import comma

_STYLE = (files("cop.pocket") / "pocket.css").read_text("utf-8")
_SCRIPTS = (  # each needs the one before it
    files("cop.pocket") / "inside.js", files("cop.web") / "static" / "copy-search.js", files("cop.pocket") / "pocket.js"
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind of record in the contents."""

    folder: str
    counted: str  # "12 resources"


@dataclass(frozen=True)
class Topic:
    """One topic in the contents."""

    slug: str
    title: str
    lang: str
    count: int
    target: str  # where it is described, "" if nowhere


def top(db: sqlite3.Connection, choice: Choice, inside: Within | None = None) -> str:
    """Everything above the first article; call it inside `speaking`."""
    inside = inside or within(db, choice)
    meta = asked.read_meta(db)
    style, topics = _style(meta, inside), _topics(db, inside)
    return _html(
        "_cop_pocket_top.html",
        lang=tag(),
        dir=direction(current()),
        policy=_policy(style),
        style=style,
        site=meta.get("title") or "Research as Equals",
        organisation=meta.get("organisation", ""),
        day=dates.words(meta["as_of"][:10]) if meta.get("as_of") else "",
        web=inside.web,
        part=_part(choice, topics),
        kinds=_kinds(inside),
        topics=topics,
        by_topic=BY_TOPIC,
    )


def heading(section: int) -> str:
    """What stands above the articles of one kind; `section` is their place in SECTIONS."""
    kind = TYPES[SECTIONS[section]]
    return _html(
        "_cop_pocket_heading.html", folder="" if kind.name == AGREEMENT else kind.folder, label=labels.plural(kind)
    )


def bottom() -> str:
    """What stands below the last article."""
    return _html("_cop_pocket_bottom.html", rules=_as_data(_rules()), script=_script())


def _rules() -> Mapping[str, object]:
    """What the script goes by and what it says, in the language of the page."""
    said = search_speech.speech()["said"]
    assert isinstance(said, Mapping)
    names = ("found", "nothing", "shorter", "instead", "as_typed", "any")
    return {
        "g": search_speech.rules(),
        "x": " ".join(search_speech.usual()),
        "folders": {folder: kind.name for folder, kind in FOLDERS.items()},
        "said": {
            **{name: said[name] for name in names},
            "wait": _("Reading all words. The first time, this takes a moment."),
        },
    }


def _as_data(value: object) -> str:
    """JSON of plain signs only, that nothing in it can end: some of its signs stand on their own in no text."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).replace("<", "\\u003c")


@lru_cache(maxsize=1)
def _script() -> str:
    """The scripts as one, without comments and the white space in front of lines."""
    text = "\n".join(path.read_text("utf-8") for path in _SCRIPTS)
    return re.sub(r"^\s*(?://.*)?\n?", "", text, flags=re.MULTILINE)


def _html(template: str, **values: object) -> str:
    return plain.allowed(TEMPLATES.get_template(template).render(**values)).strip() + "\n"


def _part(choice: Choice, topics: Iterable[Topic]) -> str:
    """What was chosen, in words; "" for everything."""
    titles = {topic.slug: topic.title for topic in topics}
    chosen = [apart(titles.get(choice.topic, labels.choice(choice.topic)))] if choice.topic else []
    return comma([*chosen, *([labels.language(choice.language)] if choice.language else [])])


def _kinds(inside: Within) -> tuple[Kind, ...]:
    """The kinds that are in the file, in their order."""
    found = Counter(folder_of(key) for key in inside.keys)
    ordered = (TYPES[name] for name in SECTIONS)
    return tuple(Kind(one.folder, labels.counted(one, found[one.folder])) for one in ordered if found[one.folder])


def _topics(db: sqlite3.Connection, inside: Within) -> tuple[Topic, ...]:
    """Topics that something in the file is about, from A to Z."""
    known = read_topics(db)
    found = []
    for slug, count in inside.topics.items():
        one = known.get(slug)
        title, lang = (one.title, one.lang) if one else (labels.choice(slug), "")
        found.append(Topic(slug, title, lang, count, f"#topics/{slug}" if f"topics/{slug}" in inside.keys else ""))
    return tuple(sorted(found, key=lambda topic: (topic.title.casefold(), topic.slug)))


def _style(meta: dict[str, str], inside: Within) -> str:
    """The style sheet in the colours of the organisation, with a rule for each topic and kind that can be shown alone."""
    palette = sheet.palette_of(meta)
    style = sheet.packed(_STYLE).strip().replace("DAY", palette.day).replace("NIGHT", palette.night)
    said = _("not in this file")
    not_here = json.dumps(f" ({said})", ensure_ascii=False).replace("<", "\\3c ")
    shown = "".join(f'#{_id(BY_TOPIC + slug)}:target~.all article:not([data-t~="{slug}"]),' for slug in inside.topics)
    alone = f"{shown.rstrip(',')}{{display:none}}" if shown else ""
    return f"{style}article a:not([href])::after{{content:{not_here}}}{alone}"


def _id(name: str) -> str:
    return name.replace("/", "\\/")


def _policy(style: str) -> str:
    """The content security policy: the style sheet and the script of this very page, and nothing from elsewhere."""
    return f"default-src 'none'; style-src {_hashed(style)}; script-src {_hashed(_script())}; base-uri 'none'; form-action 'none'"


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
