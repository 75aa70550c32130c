"""A work as citation programs read it: BibTeX (as biblatex reads it, in UTF-8), RIS, CSL-JSON, and tags for Zotero.

What is not known is left out, never guessed: the style of the reader's program writes "no date". A name is split into
family and given name only where its author wrote a comma; all others stand as they were written.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from cop.plain import one_line

_PERSON = re.compile(r"([^,;]{1,60}), ([^,;]{1,60})")
_JOINS = frozenset({"and", "&", "for", "of", "in", "on", "the"})  # words of "People, Dialogue and Change"

# Kind of resource to its name in biblatex, in RIS and in CSL.
_NAMES = {
    "paper": ("article", "JOUR", "article-journal"),
    "book": ("book", "BOOK", "book"),
    "guidance": ("report", "RPRT", "report"),
    "report": ("report", "RPRT", "report"),
    "toolkit": ("report", "RPRT", "report"),
    "standard": ("report", "STAND", "standard"),
    "website": ("online", "ELEC", "webpage"),
    "network": ("online", "ELEC", "webpage"),
    "blog": ("online", "BLOG", "post-weblog"),
    "video": ("video", "VIDEO", "motion_picture"),
}
_OTHER = ("misc", "GEN", "document")
_PUBLISHER = {"report": "institution", "online": "organization", "misc": "organization", "video": "organization"}
_LANGUAGES = {"ar": "arabic", "cy": "welsh", "en": "english", "pl": "polish", "ur": "urdu"}  # names that biblatex knows


@dataclass(frozen=True)
class Author:
    """Who made a work. Either `name` is set, or `family` and `given` are."""

    name: str = ""  # as it was written: an organisation, or a person whose name has no comma
    family: str = ""
    given: str = ""


@dataclass(frozen=True)
class Work:
    """What can be said of a work when it is cited. "" where nobody has written it down."""

    key: str  # its short address
    title: str
    kind: str
    authors: tuple[Author, ...]
    publisher: str
    year: int | None
    url: str  # of the work itself, http or https
    page: str  # address of the page that describes it
    language: str  # code, such as en-GB
    keywords: tuple[str, ...]
    abstract: str
    remarks: tuple[str, ...]  # such as that a newer edition exists
    accessed: date


def author(written: str, organisations: Iterable[str] = ()) -> Author:
    """Read one name. A comma parts family and given name, unless it is the name of an organisation.

    >>> author("Hickey, G."), author("Caafi Health"), author("People, Dialogue and Change")
    (Author(name='', family='Hickey', given='G.'), Author(name='Caafi Health', family='', given=''), \
Author(name='People, Dialogue and Change', family='', given=''))
    """
    text = one_line(written)
    person = _PERSON.fullmatch(text)
    if person is None or text in organisations:
        return Author(name=text)
    words = person[2].lower().split()
    if len(words) > 3 or _JOINS.intersection([*words, *person[1].lower().split()]):
        return Author(name=text)
    return Author(family=person[1], given=person[2])


def inverted(one: Author) -> str:
    """The name with the family name first, as it was written."""
    return one.name or f"{one.family}, {one.given}"


# -- BibTeX

# Braces are counted even behind a backslash, so a lone one has to be spelt out.
_TEX = {
    "\\": r"{\textbackslash}", "{": r"{\textbraceleft}", "}": r"{\textbraceright}", "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
}  # fmt: skip
_TO_TEX = str.maketrans(_TEX)
_URL_TO_TEX = str.maketrans({"{": "%7B", "}": "%7D", "\\": "%5C", " ": "%20", "<": "%3C", ">": "%3E"})


def bibtex(*works: Work) -> str:
    """The works as BibTeX entries, one field a line. Letters stay as they are (UTF-8)."""
    return "\n".join(map(_bibtex, works))


def _bibtex(work: Work) -> str:
    entry = _NAMES.get(work.kind, _OTHER)[0]
    fields = {
        "author": " and ".join(map(_bibtex_name, work.authors)),
        "title": _tex(work.title),
        _PUBLISHER.get(entry, "publisher"): _tex(work.publisher),
        "year": str(work.year or ""),
        "type": _tex(work.kind.capitalize()) if entry == "report" else "",
        "url": one_line(work.url).translate(_URL_TO_TEX),
        "urldate": work.accessed.isoformat() if work.url else "",
        "langid": _LANGUAGES.get(work.language.partition("-")[0].lower(), ""),
        "keywords": _tex(", ".join(word.replace(",", " ") for word in work.keywords)),
        "abstract": _tex(work.abstract),
        "annotation": _tex(" ".join(work.remarks)),
    }
    said = "".join(f",\n  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{entry}{{{_bibtex_key(work.key)}{said}\n}}\n"


def _tex(text: str) -> str:
    return one_line(text).translate(_TO_TEX)


def _bibtex_key(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.:-]", "-", key) or "work"


def _bibtex_name(one: Author) -> str:
    if one.name:
        return f"{{{_tex(one.name)}}}"
    return f"{_tex_part(one.family)}, {_tex_part(one.given)}"


def _tex_part(name: str) -> str:
    return f"{{{_tex(name)}}}" if " and " in f" {name.lower()} " else _tex(name)


# -- RIS


def ris(*works: Work) -> str:
    """The works as RIS, lines ending in CR LF. No value can begin a line of its own: each is one line behind its tag."""
    return "\r\n".join(map(_ris, works))


def _ris(work: Work) -> str:
    accessed = [work.accessed.strftime("%Y/%m/%d")] if work.url else []
    tags: list[tuple[str, Iterable[str]]] = [
        ("TY", [_NAMES.get(work.kind, _OTHER)[1]]),
        ("ID", [_bibtex_key(work.key)]),
        ("AU", map(inverted, work.authors)),
        ("TI", [work.title]),
        ("PY", [str(work.year or "")]),
        ("PB", [work.publisher]),
        ("UR", [work.url]),
        ("Y2", accessed),
        ("LA", [work.language]),
        ("KW", work.keywords),
        ("AB", [work.abstract]),
        ("N1", work.remarks),
    ]
    lines = [f"{tag}  - {text}" for tag, values in tags for value in values if (text := one_line(value))]
    return "\r\n".join([*lines, "ER  - ", ""])


# -- CSL-JSON


def csl_json(*works: Work) -> str:
    """The works as CSL-JSON: one list, as Zotero and pandoc read it."""
    return json.dumps([dict(_csl(work)) for work in works], ensure_ascii=False, indent=2) + "\n"


def _csl(work: Work) -> Iterator[tuple[str, Any]]:
    texts = {
        "id": _bibtex_key(work.key),
        "type": _NAMES.get(work.kind, _OTHER)[2],
        "title": work.title,
        "genre": work.kind.capitalize(),
        "publisher": work.publisher,
        "URL": work.url,
        "language": work.language,
        "keyword": ", ".join(work.keywords),
        "abstract": work.abstract,
        "note": " ".join(work.remarks),
    }
    yield from ((name, text) for name, value in texts.items() if (text := one_line(value)))
    if work.authors:
        yield "author", [_csl_name(one) for one in work.authors]
    if work.year:
        yield "issued", {"date-parts": [[work.year]]}
    if work.url:
        yield "accessed", {"date-parts": [[work.accessed.year, work.accessed.month, work.accessed.day]]}


def _csl_name(one: Author) -> dict[str, str]:
    return {"literal": one.name} if one.name else {"family": one.family, "given": one.given}


# -- tags in the head of a page


def meta_tags(work: Work) -> tuple[tuple[str, str], ...]:
    """Names and contents of the `citation_*` tags that Zotero and library catalogues read."""
    report = _NAMES.get(work.kind, _OTHER)[0] == "report"
    tags: list[tuple[str, Iterable[str]]] = [
        ("citation_title", [work.title]),
        ("citation_author", map(inverted, work.authors)),
        ("citation_publication_date", [str(work.year or "")]),
        ("citation_technical_report_institution" if report else "citation_publisher", [work.publisher]),
        ("citation_language", [work.language]),
        ("citation_public_url", [work.url]),
        ("citation_abstract_html_url", [work.page]),
        ("citation_keywords", ["; ".join(work.keywords)]),
    ]
    return tuple((name, text) for name, values in tags for value in values if (text := one_line(value)))
