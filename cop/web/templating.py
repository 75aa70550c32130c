"""From a page to HTML: the templates, what they know besides their page, and the parts of pages that are kept."""

import hashlib
import re
from collections.abc import MutableMapping
from functools import lru_cache, partial
from gettext import NullTranslations
from importlib.resources import files
from typing import Any, ClassVar, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined, nodes
from jinja2.compiler import CodeGenerator
from jinja2.compiler import Frame as Scope
from markupsafe import Markup, escape

from cop import __version__
from cop.web import catalogues, language, sheet
from cop.web.asked import Frame
from cop.web.cards import MAX_KEPT, Card
from cop.web.links import about, outside, page_link, shown_as
from cop.web.narrow import Facet
from cop.web.script import SCRIPT

# Control characters, and those that turn the direction of what follows, have no business in a text for people.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]")


class Page(Protocol):
    """What a template gets: a frozen dataclass, with at least a heading."""

    template: ClassVar[str]

    @property
    def heading(self) -> str:
        """The heading of the page, and its title in the browser."""


def _mark(text: str) -> Markup:
    return Markup("<mark>{}</mark>").format(text)


def _time(iso: str, shown: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(iso, shown)


class _Generator(CodeGenerator):
    """A page is made of hundreds of calls and values. What Jinja does around each took a quarter of the time of a template."""

    def visit_Call(self, node: nodes.Call, frame: Scope, forward_caller: bool = False) -> None:
        """A plain call: none of our functions asks for what Jinja looks up before it calls one."""
        if forward_caller or node.dyn_args or node.dyn_kwargs:
            super().visit_Call(node, frame, forward_caller)
            return
        self.visit(node.node, frame)
        self.write("(")
        for argument in (*node.args, *node.kwargs):
            self.visit(argument, frame)
            self.write(", ")
        self.write(")")

    def _output_child_pre(self, node: nodes.Expr, frame: Scope, finalize: Any) -> None:
        self.write("environment.escaped(")


class _Environment(Environment):
    code_generator_class = _Generator

    @staticmethod
    def escaped(value: object) -> str:
        """`escape`, but what is HTML already is not made anew."""
        return value if type(value) is Markup else escape(value)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """One plain dictionary. Every part of every page copies its names, and from a chain that takes ten times as long."""
        return {**self.globals, **(d or {})}


def _environment() -> Environment:
    environment = _Environment(
        loader=PackageLoader("cop.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # it would look at the disk for every part of every page
    )
    environment.globals.update(
        about=about, outside=outside, shown_as=shown_as, marked=language.marked, apart=language.apart
    )
    environment.globals.update(_=language.on_page, ngettext=language.counted_on_page, mark=_mark, time=_time)
    environment.filters["number"] = language.number
    return environment


TEMPLATES = _environment()
BUILT_FROM = hashlib.sha256(
    b"\0".join(
        [__version__.encode(), sheet.STYLE.encode(), SCRIPT, catalogues.contents()]
        + [path.read_bytes() for path in sorted((files("cop.web") / "templates").iterdir(), key=lambda p: p.name)]
    )
).hexdigest()


# Parts that many pages share, word for word. They are most of the words of a page, so they are kept.


def _foot(path: str, desk: bool, copied: bool) -> Markup:
    return _foot_at(path.count("/"), desk, copied, language.spoken(), language.spoken().words)


@lru_cache(maxsize=128)
def _foot_at(depth: int, desk: bool, copied: bool, _spoken: language.Speaking, _words: NullTranslations) -> Markup:
    """The links to all pages, for pages so many folders down."""
    foot = TEMPLATES.get_template("_cop_foot.html")
    return Markup(foot.render(link=partial(page_link, "/" * depth), desk=desk, copied=copied))


def _choices(facets: tuple[Facet, ...]) -> Markup:
    return _choices_in(facets, language.spoken(), language.spoken().words)


@lru_cache(maxsize=128)
def _choices_in(facets: tuple[Facet, ...], _spoken: language.Speaking, _words: NullTranslations) -> Markup:
    return Markup(TEMPLATES.get_template("_cop_facets.html").render(facets=facets))


def _shown(card: Card, path: str) -> Markup:
    keep = len(card.title) + len(card.summary) + len(card.meta) <= MAX_KEPT
    shown = _card_at if keep else _card_at.__wrapped__
    return Markup(shown(path.count("/"), card, language.spoken(), language.spoken().words))


@lru_cache(maxsize=1000)
def _card_at(depth: int, card: Card, _spoken: language.Speaking, _words: NullTranslations) -> Markup:
    """A record in a list, for pages so many folders down."""
    return Markup(TEMPLATES.get_template("_cop_card.html").render(card=card, link=partial(page_link, "/" * depth)))


TEMPLATES.globals.update(foot=_foot, choices=_choices, shown=_shown)


def html(page: Page, path: str, around: Frame, *, of: str = "") -> str:
    """The page as HTML. `of` is the address that it speaks of, if it is shown at another one."""
    template = TEMPLATES.get_template(page.template)
    return _UNWANTED.sub(
        "", template.render(page=page, frame=around, link=partial(page_link, path), path=path, of=of or path)
    )
