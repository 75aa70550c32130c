"""The search page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup, escape

from cop.fields import TYPES
from cop.search import Found, Hit, mark, parse, search
from cop.web import dates, labels
from cop.web.asked import Asked
from cop.web.language import _, number
from cop.web.links import record_address
from cop.web.lists import PAGE_SIZE, Pager
from cop.web.works import find

MAX_PAGE = 50  # 1,000 results are looked through by nobody
MAX_TRIES = 6


@dataclass(frozen=True)
class Result:
    """One record that was found, with the words marked."""

    target: str
    title: Markup
    lang: str
    meta: str
    excerpt: Markup


@dataclass(frozen=True)
class Kind:
    """A kind of record with how many were found."""

    label: str
    count: str
    query: Mapping[str, str]
    chosen: bool


@dataclass(frozen=True)
class SearchPage:
    """What the template of the search shows."""

    heading: str
    typed: str
    found: str  # "31 found"
    any_word: bool
    kinds: tuple[Kind, ...]
    results: tuple[Result, ...]
    start: int
    pager: Pager
    tries: tuple[tuple[str, str], ...]  # single words, and how much they find
    asked: bool  # there was a word to look for
    template: ClassVar[str] = "cop_search.html"


def search_page(asked: Asked) -> SearchPage:
    """/search?q=&type=&topic="""
    typed, chosen, topic = asked.text("q"), asked.text("type"), asked.text("topic")
    chosen = chosen if chosen in TYPES else ""
    page = min(asked.page(), MAX_PAGE)
    offset = (page - 1) * PAGE_SIZE
    found = search(asked.db, typed, type=chosen or None, topic=topic or None, limit=PAGE_SIZE, offset=offset)
    query = {name: value for name, value in (("q", typed), ("type", chosen), ("topic", topic)) if value}
    return SearchPage(
        heading=_("Search: %(words)s", words=typed) if typed else _("Search"),
        typed=typed,
        found=_("More than %(num)s found", num=found.total) if found.capped else _("%(num)s found", num=found.total),
        any_word=found.any_word,
        kinds=tuple(_kinds(found, query, chosen)),
        results=tuple(
            _result(hit) for hit in found.hits if hit.type != "person" or find(asked.db, TYPES["person"], hit.slug)
        ),
        start=offset + 1,
        pager=_pager(found, query, page, offset),
        tries=tuple(_tries(asked, typed)) if not found.counts_by_type else (),
        asked=bool(parse(typed).parts),
    )


def _kinds(found: Found, query: Mapping[str, str], chosen: str) -> list[Kind]:
    every = {name: value for name, value in query.items() if name != "type"}
    total = sum(found.counts_by_type.values())
    kinds = [Kind(_("Everything"), "" if found.capped else number(total), every, not chosen)]
    ordered = sorted(found.counts_by_type.items(), key=lambda pair: (-pair[1], pair[0]))
    for name, count in ordered:
        label = labels.plural(TYPES[name]) if name in TYPES else labels.choice(name)
        kinds.append(Kind(label, "" if found.capped else number(count), {**every, "type": name}, name == chosen))
    return kinds


def _result(hit: Hit) -> Result:
    meta = ". ".join(filter(None, [labels.type_label(hit.type), dates.words(hit.date) if hit.date else ""]))
    return Result(
        target=record_address(hit.type, hit.slug),
        title=marked(hit.title or _("Without a title")),
        lang=hit.language,
        meta=meta,
        excerpt=marked(hit.excerpt or hit.summary),
    )


def marked(text: str) -> Markup:
    """Found words in <mark>; everything else escaped.

    >>> str(marked("<b>\\x02power\\x03"))
    '&lt;b&gt;<mark>power</mark>'
    """
    return Markup(mark(str(escape(text)), "<mark>", "</mark>"))


def _pager(found: Found, query: Mapping[str, str], page: int, offset: int) -> Pager:
    last = offset + len(found.hits)
    total = _total(found)
    more = len(found.hits) == PAGE_SIZE and page < MAX_PAGE and (found.capped or last < found.total)
    return Pager(
        _("%(first)s to %(last)s of %(total)s", first=offset + 1, last=last, total=total) if found.hits else "",
        {**query, "page": str(page - 1)} if page > 1 else None,
        {**query, "page": str(page + 1)} if more else None,
    )


def _total(found: Found) -> str:
    return _("more than %(num)s", num=found.total) if found.capped else number(found.total)


def _tries(asked: Asked, typed: str) -> list[tuple[str, str]]:
    """What the beginnings of the single words would find, for an empty result."""
    tries = []
    for part in parse(typed).parts[:MAX_TRIES]:
        for shorter in (part, part[: max(4, len(part) - 3)]):
            found = search(asked.db, shorter, limit=0)
            if found.counts_by_type:
                tries.append((shorter, _total(found)))
                break
    return tries
