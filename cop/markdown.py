"""The one place that turns untrusted Markdown into HTML that is safe to show.

Raw HTML is off; what comes out is cleaned once more; links lead to web pages, mail or this site only; pictures from
elsewhere become links, so that reading never tells another server. A text that takes too long is shown as it was typed.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cop.workers import OneProcess, map_in_processes

if TYPE_CHECKING:
    import nh3
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_QUICK_CHARACTERS = 16_000  # the worst text of this length takes about half a second
MAX_CHARACTERS = 600_000  # beyond this a text is shown as it was typed
_TAGS = {
    "a", "b", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p",
    "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}


@dataclass(frozen=True)
class Rendered:
    """A text as HTML for pages and as plain words for search."""

    html: str
    text: str


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # late, as below: a run that lays out no text must start in a blink

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.add_render_rule("image_link", _image_link)
    return parser


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    import nh3

    return nh3.Cleaner(
        tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto"}, link_rel="noreferrer"
    )


def render(source: str) -> Rendered:
    """Markdown as HTML and plain text, in this process."""
    parser, env = _parser(), dict[str, Any]()
    tokens = parser.parse(source, env)
    _lower_headings(tokens)
    for token in tokens:
        if token.children and any(child.type == "image" for child in token.children):
            token.children = [_picture(child) for child in token.children]
    return Rendered(_cleaner().clean(parser.renderer.render(tokens, parser.options, env)), plain_text(tokens))


def _lower_headings(tokens: Iterable[Token]) -> None:
    """Headings of a text stand below the title of its page."""
    headings = [token for token in tokens if token.tag in ("h1", "h2", "h3", "h4", "h5", "h6")]
    if any(token.tag == "h1" for token in headings):
        for token in headings:
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"


def _picture(token: Token) -> Token:
    source = str(token.attrs.get("src", ""))
    if token.type != "image" or ("://" not in source and not source.startswith("//")):
        return token
    from markdown_it.token import Token

    link = Token("text", "", 0, content=token.content or source)
    opening = Token("link_open", "a", 1, attrs={"href": source})
    return Token("image_link", "", 0, children=[opening, link, Token("link_close", "a", -1)])


def _image_link(renderer: Any, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    return str(renderer.renderInline(tokens[index].children, options, env))


def plain_text(tokens: Iterable[Token]) -> str:
    """The words of a parsed text, one block a line."""
    lines = []
    for token in tokens:
        if token.type == "inline" and token.children:
            lines.append("".join(_words(token.children)))
        elif token.type in ("fence", "code_block"):
            lines.append(token.content.strip())
    return "\n".join(lines)


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            yield " "
        elif token.children:
            yield from _words(token.children)
        else:
            yield token.content


def links(source: str) -> list[tuple[int, str]]:
    """Where the links and pictures of a text lead, each with the line it stands on; 1 is the first."""
    found: list[tuple[int, str]] = []
    line = 1
    for token in _parser().parse(source):
        line = token.map[0] + 1 if token.map else line  # a cell of a table has none; its row has
        found.extend(_links(token.children or (), line))
    return found


def _links(tokens: Iterable[Token], line: int) -> Iterator[tuple[int, str]]:
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            line += 1
        elif address := token.attrs.get("href") or token.attrs.get("src"):
            yield line, str(address)


def as_typed(source: str) -> Rendered:
    """A text that cannot be laid out, shown as it was typed."""
    return Rendered(f"<pre>{html.escape(source)}</pre>", source)


def render_all(sources: Iterable[str], *, processes: int = 1) -> Iterator[Rendered]:
    """Render many texts, in their order. Long ones, and all if `processes` is more than 1, in processes of their own."""
    if processes > 1:
        yield from map_in_processes(_render_or_show, sources, as_typed, processes=processes)
        return
    with OneProcess() as apart:
        for source in sources:
            quick = len(source) <= MAX_QUICK_CHARACTERS
            yield render(source) if quick else apart.call(_render_or_show, source, as_typed)


def _render_or_show(source: str) -> Rendered:
    return render(source) if len(source) <= MAX_CHARACTERS else as_typed(source)
