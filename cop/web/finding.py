"""The search page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup, escape

from cop.excerpts import mark
from cop.fields import FOLDERS, TYPES
from cop.filing import MAX_VALUE
from cop.near_words import near
from cop.query import MAX_TYPED
from cop.questions import Question, understand
from cop.search import Found, Hit, options, page_of, plain_words
from cop.search_index import FILTERS
from cop.web import dates, labels
from cop.web.asked import Asked
from cop.web.language import _, number
from cop.web.links import record_address
from cop.web.lists import PAGE_SIZE, Filter, Pager
from cop.web.narrow import parameter, value_labels

MAX_PAGE = 50  # 1,000 results are looked through by nobody
MAX_TRIES = 6
MAX_NEAR = 3  # of each word
MAX_OPTIONS = 8  # of each facet
MAX_TOPICS = 5
_FIELDS = {name: field for name in ("topics", "languages", "kind") if (field := TYPES["resource"].field(name))}


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
class Group:
    """A facet that results can be narrowed by."""

    label: str
    options: tuple[Kind, ...]
    chosen: bool


@dataclass(frozen=True)
class SearchPage:
    """What the template of the search shows."""

    heading: str
    typed: str
    found: str  # "31 found"
    any_word: bool
    shown_for: str  # what was looked for instead of what was typed
    as_typed: Mapping[str, str]  # the query for what was typed, spelled just so
    kinds: tuple[Kind, ...]
    groups: tuple[Group, ...]
    filters: tuple[Filter, ...]  # those in force, each with the way back
    target: str
    cleared: Mapping[str, str]  # the query without any
    results: tuple[Result, ...]
    start: int
    pager: Pager
    tries: tuple[tuple[str, str], ...]  # single words, and how much they find
    topics: tuple[tuple[str, str], ...]  # address and title of topics with most in them, if nothing was found
    asked: bool  # there was a word to look for
    lists: tuple[tuple[str, str], ...]  # what they are called and their addresses, of all kinds that there are
    template: ClassVar[str] = "cop_search.html"


def search_page(asked: Asked) -> SearchPage:
    """/search?q=&type=&topic=&language=&kind="""
    typed, page = asked.text("q")[:MAX_TYPED], min(asked.page(), MAX_PAGE)  # what is longer would stand in every link
    chosen = {name: asked.text(parameter(name))[:MAX_VALUE] for name in FILTERS}
    exact = {"exact": "1"} if asked.text("exact") else {}
    question = understand(asked.db, typed, as_typed=bool(exact))
    found = page_of(asked.db, question, chosen, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    if found.total and not found.hits:  # there are fewer pages: the last one is meant
        page = -(-found.total // PAGE_SIZE)
        found = page_of(asked.db, question, chosen, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    offset = (page - 1) * PAGE_SIZE
    everything = found if found.total else page_of(asked.db, question, {}, limit=0)  # the way out of too many filters
    named = {parameter(name): value for name, value in chosen.items()}
    query = {name: value for name, value in {"q": typed, **named, **exact}.items() if value}
    return SearchPage(
        heading=_("Search: %(words)s", words=typed) if typed else _("Search"),
        typed=typed,
        found=_("%(num)s found", num=found.total),
        any_word=found.any_word,
        shown_for=found.shown_for,
        as_typed={**query, "exact": "1"},
        kinds=tuple(
            _kinds(found, query, chosen["type"]) if found.total else _kinds(everything, {"q": typed, **exact}, "")
        ),
        groups=tuple(_groups(asked, question, chosen, query)) if found.counts_by_type else (),
        filters=tuple(_filters(asked, chosen, query)),
        target="/search",
        cleared={"q": typed, **exact},
        results=tuple(_result(hit) for hit in found.hits),
        start=offset + 1,
        pager=_pager(found, query, page, offset),
        tries=tuple(_tries(asked, typed)) if not found.total else (),
        topics=tuple(_topics(asked)) if typed and not found.total else (),
        asked=bool(plain_words(typed)),
        lists=() if typed else tuple(_lists(asked)),
    )


def _kinds(found: Found, query: Mapping[str, str], chosen: str) -> list[Kind]:
    every = _without(query, "type")
    kinds = [Kind(_("Everything"), number(sum(found.counts_by_type.values())), every, not chosen)]
    for name, count in found.counts_by_type.items():
        label = labels.plural(TYPES[name]) if name in TYPES else labels.choice(name)
        kinds.append(Kind(label, number(count), {**every, "type": name}, name == chosen))
    return kinds


def _groups(
    asked: Asked, question: Question | None, chosen: Mapping[str, str], query: Mapping[str, str]
) -> Iterator[Group]:
    """Topic, language and kind, where there is something to choose."""
    for name, field in _FIELDS.items():
        counts = options(asked.db, question, chosen, name)
        here = chosen[name]
        shown = dict.fromkeys([*([here] if here else []), *counts][:MAX_OPTIONS])
        if here or len(shown) > 1:
            names = value_labels(asked.db, field, shown)
            left = _without(query, name)
            every = [Kind(_("All"), "", left, False)] if here else []
            some = [
                Kind(names[value], _counted(counts.get(value, 0)), {**left, parameter(name): value}, value == here)
                for value in shown
            ]
            yield Group(labels.field_label(TYPES["resource"], name), (*every, *some), bool(here))


def _filters(asked: Asked, chosen: Mapping[str, str], query: Mapping[str, str]) -> Iterator[Filter]:
    for name, value in chosen.items():
        if value:
            if name == "type":
                label, shown = _("Only"), labels.plural(TYPES[value]) if value in TYPES else value
            else:
                label = labels.field_label(TYPES["resource"], name)
                shown = value_labels(asked.db, _FIELDS[name], [value])[value]
            yield Filter(label, shown, _without(query, name))


def _without(query: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in query.items() if key != parameter(name)}


def _counted(count: int | None) -> str:
    return "" if count is None else number(count)


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
    return Pager(
        _("%(first)s to %(last)s of %(total)s", first=offset + 1, last=last, total=number(found.total))
        if last > offset
        else "",
        {**query, "page": str(page - 1)} if page > 1 else None,
        {**query, "page": str(page + 1)} if page < MAX_PAGE and last < found.total else None,
    )


def _tries(asked: Asked, typed: str) -> list[tuple[str, str]]:
    """What the single words would find, and words spelled nearly so, for an empty result."""
    tries: dict[str, str] = {}
    for word in plain_words(typed)[:MAX_TRIES]:
        for other in (word, *near(asked.db, word, MAX_NEAR)):
            found = page_of(asked.db, understand(asked.db, other, as_typed=True), {}, limit=0)
            if found.total and len(tries) < MAX_TRIES:
                tries[other] = number(found.total)
    return list(tries.items())


def _lists(asked: Asked) -> Iterator[tuple[str, str]]:
    held = {name for (name,) in asked.db.execute("SELECT value FROM facet_counts WHERE name = 'type'")}
    for folder, record_type in FOLDERS.items():
        if record_type.name in held and record_type.name not in ("page", "topic", "agreement"):
            yield labels.plural(record_type), f"/{folder}"


def _topics(asked: Asked) -> Iterator[tuple[str, str]]:
    """The topics that most records name, for those who would rather look around."""
    rows = asked.db.execute(
        "SELECT value FROM facet_counts JOIN records ON records.type = 'topic' AND slug = value"
        " WHERE name = 'topics' GROUP BY value ORDER BY sum(n) DESC, value LIMIT ?",
        (MAX_TOPICS,),
    )
    names = value_labels(asked.db, _FIELDS["topics"], [slug for (slug,) in rows])
    yield from ((record_address("topic", slug), title) for slug, title in names.items())
