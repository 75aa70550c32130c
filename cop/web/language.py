"""The language in which a page is being made, and the words of the site in it.

`_` and `ngettext` translate at once, `N_` marks words of a table that are translated when they are shown. Values go in
by name: `_("%(who)s added it.", who=name)`. Whole numbers are written as the language writes them. Translations are
not trusted: on a page they are only ever text.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from gettext import NullTranslations

from babel import Locale
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from cop.languages import SOURCE, is_code
from cop.web.catalogues import catalogue

RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_TAGS = {"en": "en-GB"}


@dataclass(frozen=True)
class Speaking:
    """What a page is being made in."""

    code: str = SOURCE
    own: str = SOURCE  # the site's own language, taken for that of records that do not say theirs
    alone: bool = False  # no other language is there, as in a copy: no address begins with one

    @property
    def has_prefix(self) -> bool:
        """True if addresses in this language begin with it."""
        return self.code != self.own and not self.alone

    @cached_property
    def words(self) -> NullTranslations:
        """The catalogue of the language."""
        return catalogue(self.code).translations


_speaking: ContextVar[Speaking] = ContextVar("speaking", default=Speaking())  # noqa: B039 - it is frozen


@contextmanager
def speaking(code: str, own: str, *, alone: bool = False) -> Iterator[None]:
    """Everything inside is said in that language."""
    token = _speaking.set(Speaking(code, own, alone))
    try:
        yield
    finally:
        _speaking.reset(token)


def spoken() -> Speaking:
    """What the page is being made in."""
    return _speaking.get()


def current() -> str:
    """The code of the language."""
    return spoken().code


def tag() -> str:
    """The language for `<html lang>` (RFC 5646)."""
    return _TAGS.get(current(), current())


@cache
def _locale(tag: str) -> Locale:
    return Locale.parse(tag, sep="-")


def locale() -> Locale:
    """How the language writes numbers, dates and lists."""
    return _locale(tag())


# -- words


def N_(text: str) -> str:
    """Mark words of a table for the catalogues; `_` or `lookup` translates them when they are shown."""
    return text


def lookup(text: str) -> str:
    """The translation as it is, or the same text if there is none."""
    return _found(text, spoken().words) if text else ""


# A page says a hundred things, most of them again on the next page. `typed`: what is HTML must not stand for what is not.
@lru_cache(maxsize=8192, typed=True)
def _found(text: str, words: NullTranslations) -> str:
    return words.gettext(text)


def _(text: str, **values: object) -> str:
    """Words of the site in the language of the page; with HTML in a value, HTML.

    >>> _("%(count)s found", count=1200)
    '1,200 found'
    >>> _("%(who)s & others", who=apart("<Ann>"))
    Markup('<bdi>&lt;Ann&gt;</bdi> &amp; others')
    """
    return _filled(lookup(text), text, values)


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """Likewise, in the form that the language has for this number; `num` is the number itself.

    >>> ngettext("%(num)s change", "%(num)s changes", 1), ngettext("%(num)s change", "%(num)s changes", 1200)
    ('1 change', '1,200 changes')
    """
    found = spoken().words.ngettext(one, many, count)
    return _filled(found, one if count == 1 else many, {"num": count, **values})


def on_page(text: str, **values: object) -> Markup:
    """`_` for templates: always HTML."""
    found = _escaped(text, spoken().words)
    return Markup(_filled(found, escape(text), values)) if values else found


@lru_cache(maxsize=8192, typed=True)
def _escaped(text: str, words: NullTranslations) -> Markup:
    return escape(_found(text, words) if text else "")


def counted_on_page(one: str, many: str, count: int, **values: object) -> Markup:
    """`ngettext` for templates: always HTML."""
    found = spoken().words.ngettext(one, many, count)
    return Markup(_filled(escape(found), escape(one if count == 1 else many), {"num": count, **values}))


def _filled(found: str, source: str, values: Mapping[str, object]) -> str:
    if not values:
        return found
    shown = {name: number(value) if type(value) is int else value for name, value in values.items()}
    if any(isinstance(value, Markup) for value in shown.values()):
        found, source = escape(found), escape(source)
    try:
        return found % shown
    except (KeyError, TypeError, ValueError):  # a slip in a catalogue must not take the page away
        return source % shown


def number(value: int) -> str:
    """A whole number as the language writes it.

    >>> number(1200)
    '1,200'
    """
    return _number(value, tag())


@lru_cache(maxsize=8192, typed=True)
def _number(value: int, tag: str) -> str:
    return format_decimal(value, locale=_locale(tag))


# -- texts of records among the words of the site


def direction(code: str) -> str:
    """The direction of writing: "rtl", "ltr", or "auto" if the language is not known."""
    if not code:
        return "auto"
    return "rtl" if code.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def apart(text: str) -> Markup:
    """A text of a record inside a line of the site: its direction moves nothing around it.

    >>> apart("a < b")
    Markup('<bdi>a &lt; b</bdi>')
    """
    return Markup(f"<bdi>{escape(text)}</bdi>")


def marked(code: str) -> Markup:
    """The attributes of an element that holds a text of a record in that language; if it does not say it, or says no code: what it looks like.

    >>> marked("ar"), marked("")
    (Markup(' lang="ar" dir="rtl"'), Markup(' dir="auto"'))
    """
    return _marked(code, spoken().own if spoken().code != spoken().own else "")


@lru_cache(maxsize=1024, typed=True)
def _marked(code: str, own: str) -> Markup:
    if is_code(code):
        return Markup(' lang="{}" dir="{}"').format(code, direction(code))
    lang = Markup(' lang="{}"').format(own) if own else Markup()
    return lang + Markup(' dir="auto"')
