"""A reference of a library program as a resource: what BibTeX, RIS and CSL-JSON have in common."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cop import identifiers, languages
from cop.importing.drafts import Draft, Known, Unread
from cop.model import Value
from cop.plain import lines, one_line
from cop.publish import short_address

# Kinds that say the same in other words; all others become a word of their own, or nothing if they say nothing.
_KINDS = {
    "article": "paper", "article-journal": "paper", "article-magazine": "paper", "article-newspaper": "news", "jour": "paper",
    "jfull": "paper", "mgzn": "paper", "news": "news", "paper-conference": "paper", "inproceedings": "paper", "conference": "paper",
    "conf": "paper", "cpaper": "paper", "unpb": "paper", "book": "book", "mvbook": "book", "proceedings": "book", "edbook": "book",
    "ebook": "book", "collection": "book", "report": "report", "techreport": "report", "rprt": "report", "manual": "guidance",
    "online": "website", "electronic": "website", "www": "website", "webpage": "website", "elec": "website", "icomm": "website",
    "post": "website", "post-weblog": "blog", "blog": "blog", "video": "video", "movie": "video", "motion_picture": "video",
    "mpct": "video", "standard": "standard", "stand": "standard", "thesis": "thesis", "phdthesis": "thesis",
    "mastersthesis": "thesis", "thes": "thesis", "chapter": "chapter", "chap": "chapter", "echap": "chapter", "inbook": "chapter",
    "incollection": "chapter",
}  # fmt: skip
_OF_OURS = frozenset({"guidance", "toolkit", "report"})  # kinds that our own citations call reports, and name besides
_OUR_SUMMARY = re.compile(r"Summary in our words: (.+)", re.DOTALL)  # as our own citations begin it
_DOI_PAGE = "https://doi.org/"
_YEAR = re.compile(r"[12]\d{3}")
MAX_TEXT = 20_000  # characters of one value


@dataclass(frozen=True)
class Reference:
    """What a library program knows of a work; "" where it says nothing."""

    line: int
    key: str
    kind: str  # in the words of that program
    title: str
    genre: str = ""  # the kind of report
    authors: tuple[str, ...] = ()  # as written, the family name first where that is known
    editors: tuple[str, ...] = ()
    year: str = ""
    publisher: str = ""
    url: str = ""
    doi: str = ""
    language: str = ""
    keywords: tuple[str, ...] = ()
    abstract: str = ""
    more: Mapping[str, str] = field(default_factory=dict)  # what else describes it, by our names for it
    left_out: tuple[str, ...] = ()


def draft(one: Reference, known: Known) -> Draft | Unread:
    """The reference as a resource."""
    if not one_line(one.title):
        hint = "Write its title there, and import the file again: what is here already is not taken twice."
        name = f"“{one_line(one.key)}”" if one_line(one.key) else "this entry"
        return Unread(one.line, f"{name} has no title", hint)
    kept = dict(_kept(one, known))
    fields: dict[str, Value] = {name: value for name, value in {**_shown(one, known), **kept}.items() if value}
    return Draft("resource", fields, _mark(one), one.line, one_line(one.key), tuple(kept), _left_out(one))


def _shown(one: Reference, known: Known) -> dict[str, Value]:
    """What stands on its page."""
    doi = next(identifiers.dois(one.doi), "")
    urls = [url for url in (one_line(one.url), f"{_DOI_PAGE}{doi}" if doi else "") if identifiers.link(url)]
    ours = _OUR_SUMMARY.fullmatch(one_line(one.abstract))
    return {
        "title": one_line(one.title),
        "authors": _texts(one.authors),
        "credits": [{"name": name, "role": "editor"} for name in _texts(one.editors)],
        "publisher": one_line(one.publisher),
        "year": int(one.year) if _YEAR.fullmatch(one.year) else None,
        "kind": _kind(one),
        "url": urls[0] if urls else "",
        "other_urls": [url for url in urls[1:] if identifiers.link(url) != identifiers.link(urls[0])],
        "languages": list(filter(None, [_language(one.language)])),
        "topics": sorted(_topics(one, known)),
        "summary": ours[1] if ours else "",
        "source": known.file,
        "section": one_line(one.key),
    }


def _kept(one: Reference, known: Known) -> Iterator[tuple[str, Value]]:
    """What is worth keeping and has no place on a page."""
    yield from ((name, text) for name, value in one.more.items() if (text := one_line(value)[:MAX_TEXT]))
    if doi := next(identifiers.dois(one.doi), ""):
        yield "doi", doi
    if words := [word for word in _texts(one.keywords) if short_address(word) not in known.topics]:
        yield "keywords", words
    if one.abstract.strip() and not _OUR_SUMMARY.fullmatch(one_line(one.abstract)):
        yield "abstract", lines(one.abstract)[:MAX_TEXT]  # it belongs to whoever wrote it


def _left_out(one: Reference) -> tuple[str, ...]:
    found = [name for name in ("year", "url", "language") if getattr(one, name).strip()]
    unread = {
        "year": not _YEAR.fullmatch(one.year),
        "url": not identifiers.link(one_line(one.url)),
        "language": not _language(one.language),
    }
    return (*(f"{name} “{one_line(getattr(one, name))[:40]}”" for name in found if unread[name]), *one.left_out)


def _kind(one: Reference) -> str:
    genre = one_line(one.genre).casefold()
    return genre if genre in _OF_OURS else _KINDS.get(one.kind.casefold(), "")


def _language(written: str) -> str:
    text = one_line(written)
    return text if languages.is_code(text) else languages.code_of(text)


def _topics(one: Reference, known: Known) -> set[str]:
    return {slug for slug in map(short_address, _texts(one.keywords)) if slug in known.topics}


def _texts(values: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(text for value in values if (text := one_line(value)[:MAX_TEXT])))


def _mark(one: Reference) -> str:
    """Its DOI; else what is on its title page. Not its key, which programs make anew."""
    if doi := next(identifiers.dois(one.doi), ""):
        return f"doi:{doi}"
    return "\0".join([one_line(one.title).casefold(), one.year, *map(str.casefold, _texts(one.authors))])
