"""Sizes, how long ago, and lists, in the language of the page."""

from collections.abc import Sequence
from datetime import timedelta

from babel.dates import format_timedelta
from babel.lists import format_list
from babel.numbers import format_decimal
from markupsafe import Markup

from cop.web.language import _, locale, lookup, ngettext


def size(count: int) -> str:
    """How much data that is.

    >>> size(600), size(34_200), size(6_040_000), size(1)
    ('600 bytes', '34 KB', '6.0 MB', '1 byte')
    """
    if count < 1000:
        return ngettext("%(num)s byte", "%(num)s bytes", count)
    if count < 1_000_000:
        return _("%(amount)s KB", amount=format_decimal(round(count / 1000), locale=locale()))
    if count < 1_000_000_000:
        return _("%(amount)s MB", amount=format_decimal(count / 1_000_000, "#,##0.0", locale=locale()))
    return _("%(amount)s GB", amount=format_decimal(count / 1_000_000_000, "#,##0.0", locale=locale()))


def ago(then: int, now: int) -> str:
    """How long ago that was. What lies ahead of our clock counts as now: one of the two clocks is wrong.

    >>> ago(1_000_000, 1_000_000 + 3 * 86_400), ago(1_000_000, 1_000_020), ago(0, 1_000_000), ago(2_000, 1_000)
    ('3 days ago', 'just now', 'not yet', 'just now')
    """
    if not then:
        return _("not yet")
    if now - then < 60:
        return _("just now")
    return format_timedelta(timedelta(seconds=then - now), add_direction=True, locale=locale())


def listed(names: Sequence[str]) -> str:
    """Names as a list in words; HTML if the names are.

    >>> listed(["Ann", "Bo", "Cy"])
    'Ann, Bo and Cy'
    """
    if not any(isinstance(name, Markup) for name in names):
        return format_list(names, locale=locale())
    pattern = format_list([f"{{{at}}}" for at in range(len(names))], locale=locale())
    return Markup(pattern).format(*names)


def comma(parts: Sequence[str]) -> str:
    """Parts with the comma of the language between them; HTML if the parts are.

    >>> comma(["Ann", "2019"])
    'Ann, 2019'
    """
    between = lookup(", ")
    return Markup(between).join(parts) if any(isinstance(one, Markup) for one in parts) else between.join(parts)


def sentences(parts: Sequence[str]) -> Markup:
    """Those that say something, each with a full stop between it and the next."""
    return Markup(". ").join(part for part in parts if part)


def spaced(*told: str) -> Markup:
    """Sentences after each other; HTML."""
    return Markup(" ").join(told)
