"""What `copy.js` says and by which rules it takes words as the same, as data: the script itself has no word of any language."""

import re
import unicodedata
from collections.abc import Mapping

from cop import excerpts, near_words, query, questions, ranking, search, word_rules, words
from cop.export.search_records import NUMBERS, SHOWN, TITLES
from cop.real_words import real_words
from cop.web import finding, lists, narrow
from cop.web.cards import GAPS
from cop.web.language import N_, RIGHT_TO_LEFT, lookup, number, spoken, tag

_SAID = {
    "found": N_("%(num)s found"), "everything": N_("Everything"), "all": N_("All"),
    "instead": N_("Showing results for “%(words)s”."), "as_typed": N_("Search for “%(words)s” instead"),
    "any": N_("Nothing has all of these words. These have some of them."), "untitled": N_("Without a title"),
    "remove": N_("remove"), "this": N_("this filter: %(value)s"), "remove_all": N_("Remove all"), "only": N_("Only"),
    "nothing": N_("Nothing found for “%(words)s”"), "try_one": N_("Try one word:"), "look_in": N_("Look in everything:"),
    "shorter": N_("Try a shorter word, or one that means the same."), "topics": N_("Look through the topics"),
    "help": N_("We looked in all resources, events, posts and words of this copy. Here is what may help."),
    "no_letter": N_("There is no letter or number in this. Type a word."),
    "range": N_("%(first)s to %(last)s of %(total)s"), "previous": N_("Previous page"), "next": N_("Next page"),
    "pages": N_("Pages of this list"), "narrow": N_("Narrow the list"), "show": N_("Show these"),
    "of": N_("%(num)s of %(things)s"), "order": N_("Order"), "apply": N_("Apply"), "words": N_("Words"),
    "no_fit": N_("Nothing fits all of this. Take a filter away."),
    "newest": N_("Newest first"), "best": N_("Best match first"), "oldest": N_("Oldest first"),
    "coming": N_("To come"), "undated": N_("Always open, or no date known"), "past": N_("Past"),
    "title": N_("Title, A to Z"), "added": N_("Newly added first"),
    "here": N_("Searched in this copy."), "sent": N_("Nothing was sent elsewhere."), "heading": N_("Search: %(words)s"),
}  # fmt: skip
_COUNTED = {
    "more": ("%(num)s more", "%(num)s more"),
    "narrowed": ("Narrow the list (%(num)s choice made)", "Narrow the list (%(num)s choices made)"),
}
_FORMS = 200  # numbers after which the forms of a language begin again, as far as hundreds go
_GROUP = re.compile(r"\\(\d)")


def speech() -> Mapping[str, object]:
    """Words of the site in the language of the copy; call it inside `speaking`."""
    long = number(1_234_567)
    return {
        "said": {name: lookup(text) for name, text in _SAID.items()},
        "counted": {name: _forms(*both) for name, both in _COUNTED.items()},
        "gaps": [lookup(text) for text in GAPS.values()],
        "digits": [number(at) for at in range(10)],
        "thousands": long[1],
        "from": 4 if len(number(1234)) > 4 else 5,  # digits of a number that is parted
        "rtl": sorted(RIGHT_TO_LEFT),
        "lang": tag(),
    }


def _forms(one: str, many: str) -> list[str]:
    """What the language says for 0, 1, 2 … things; from 200 on as for 100 fewer."""
    return [spoken().words.ngettext(one, many, count) for count in range(_FORMS)]


def rules() -> Mapping[str, object]:
    """The tables of `word_rules`, and every number that a search goes by."""
    return {
        "marks": word_rules.MARKS, "vowels": word_rules.VOWEL_SIGNS, "invisible": word_rules.INVISIBLE,
        "apostrophes": word_rules.APOSTROPHES, "hyphens": re.escape(word_rules.HYPHENS), "unspaced": word_rules.UNSPACED,
        "letters": word_rules.LETTERS, "fold": _folded(), "same": word_rules.SAME,
        "prefixes": sorted(word_rules.PREFIXES), "pairs": sorted(map(list, word_rules.PAIRS)),
        "small": sorted(map(words.plain, word_rules.SMALL)), "languages": word_rules.LANGUAGES,
        "endings": {language: _groups(language) for language in word_rules.ENDINGS},
        "size": {"shown": SHOWN, "titles": TITLES, "numbers": NUMBERS},
        "limits": {
            "letters": words.MAX_LETTERS, "joined": words.MAX_PARTS, "shortest": words.SHORTEST,
            "parts": query.MAX_PARTS, "typed": query.MAX_TYPED, "beginning": query.MIN_BEGINNING,
            "few": questions.FEW, "compared": questions.MOST_COMPARED, "unfinished": questions.UNFINISHED,
            "looked": ranking.LOOKED_AT, "beginnings": near_words.MAX_BEGINNINGS, "alike": near_words.MAX_LOOKED_AT,
            "rare": near_words.RARE, "short": near_words.SHORT, "long": near_words.LONG,
            "options": search.MAX_OPTIONS, "groups": finding.MAX_OPTIONS, "pages": finding.MAX_PAGE,
            "tries": finding.MAX_TRIES, "near": finding.MAX_NEAR, "page": lists.PAGE_SIZE,
            "open": narrow.OPEN_OPTIONS, "facet": narrow.MAX_OPTIONS,
            "window": excerpts.WINDOW, "before": excerpts.BEFORE, "excerpt": excerpts.MAX_EXCERPT,
        },
        "boost": {
            "exact": ranking.EXACT, "heading": ranking.HEADING, "begins": ranking.BEGINS, "holds": ranking.HOLDS,
            "share": ranking.SHARE, "covers": ranking.COVERS, "explains": ranking.EXPLAINS,
            "after": ranking.AFTER_HEADING.pattern,
        },
    }  # fmt: skip


def _groups(language: str) -> list[list[tuple[str, str]]]:
    """The rules of a language as JavaScript writes them; those of spelling come first, as in `words`."""
    found = (*(word_rules.SPELLING if language == "en" else ()), *word_rules.ENDINGS[language])
    return [[(pattern, _GROUP.sub(r"$\1", new)) for pattern, new in group] for group in found]


def _folded() -> Mapping[str, str]:
    """Small letters that count as others when capitals do not matter; browsers know only which are small."""
    found = (chr(code) for code in range(0x80, 0x20000) if unicodedata.normalize("NFKD", chr(code)) == chr(code))
    return {one: one.casefold() for one in found if one == one.lower() and one != one.casefold()}


def usual() -> list[str]:
    """Words that are spelled right although nobody in the collection wrote them."""
    return sorted(real_words())
