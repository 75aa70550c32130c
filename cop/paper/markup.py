"""The text of a record as well-formed XHTML for a book: headings below its title, links that lead somewhere on paper."""

import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser
from urllib.parse import quote, urljoin, urlsplit

from markupsafe import Markup

from cop.web.language import _
from cop.web.links import outside

_EMPTY = frozenset({"br", "hr"})
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_NOWHERE = "http://copy.invalid"  # RFC 2606: so that relative addresses can be resolved
_BARE = ' class="bare"'  # its text is its address: no need to print that again

# What an address may hold (RFC 3986), less what people only ever put there by mistake
_UNSAFE = re.compile(r"[^A-Za-z0-9._~:/?#@!$&'()*+,;=%-]|%(?![0-9A-Fa-f]{2})")

Where = Callable[[str], str]  # an address of the site to a place in the book, or on the web; "" if there is none


class _Writer(HTMLParser):
    """Writes what `markdown` lets through, and nothing else; every element is closed."""

    def __init__(self, where: Where, below: int, path: str) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._where, self._below, self._path = where, below, path
        self._open: list[str] = []
        self._link: tuple[int, str] | None = None  # where the text of the open link begins, and its address

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "img":
            self.handle_data(_("[Picture: %(words)s]", words=given["alt"]) if given.get("alt") else "")
        elif tag in _EMPTY:
            self.parts.append(f"<{tag}/>")
        elif tag == "a":
            self._start_link(given.get("href", ""))
        else:
            start = f' start="{escape(given["start"])}"' if tag == "ol" and given.get("start", "").isdigit() else ""
            self._push(self._named(tag), start)

    def _start_link(self, href: str) -> None:
        target = outside(href) or self._inside(href)
        self._push("a" if target else "span", f' href="{escape(uri(target))}"' if target else "")
        self._link = (len(self.parts), target)

    def _inside(self, href: str) -> str:
        try:
            parts = urlsplit(urljoin(f"{_NOWHERE}{self._path}", href))
        except ValueError:  # such as an unfinished IPv6 address
            return ""
        return self._where(parts.path) if f"{parts.scheme}://{parts.netloc}" == _NOWHERE else ""

    def _push(self, tag: str, attributes: str) -> None:
        self._open.append(tag)
        self.parts.append(f"<{tag}{attributes}>")

    def _named(self, tag: str) -> str:
        return f"h{min(int(tag[1]) + self._below, 6)}" if tag in _HEADINGS else tag

    def handle_endtag(self, tag: str) -> None:
        names = ("a", "span") if tag == "a" else (self._named(tag),)
        if tag in _EMPTY or not any(name in self._open for name in names):
            return
        if tag == "a" and self._link:
            self._end_link(*self._link)
        while True:
            last = self._open.pop()
            self.parts.append(f"</{last}>")
            if last in names:
                return

    def _end_link(self, start: int, target: str) -> None:
        said = "".join(self.parts[start:])
        if target and escape(target, quote=False).removeprefix("mailto:").rstrip("/") == said.strip().rstrip("/"):
            self.parts[start - 1] = self.parts[start - 1].replace("<a", f"<a{_BARE}", 1)
        self._link = None

    def handle_data(self, data: str) -> None:
        self.parts.append(escape(data, quote=False))

    def finish(self) -> str:
        """All of it."""
        self.close()
        self.parts += [f"</{tag}>" for tag in reversed(self._open)]
        return "".join(self.parts)


def uri(address: str) -> str:
    """An address as it must be written, whatever somebody typed.

    >>> uri("https://example.org/a b?c=100%&d=%20#e")
    'https://example.org/a%20b?c=100%25&d=%20#e'
    """
    return _UNSAFE.sub(lambda found: quote(found[0], safe=""), address)


def body(html: str, where: Where, *, below: int, path: str) -> Markup:
    """The text of the record at `path`, with its headings so many levels lower.

    >>> body('<h2>A</h2><p>See <a href="../posts/b" title="x">b</a><br></p>', lambda address: "#" + address[7:], below=1, path="/posts/a")
    Markup('<h3>A</h3><p>See <a href="#b">b</a><br/></p>')
    """
    writer = _Writer(where, below, path)
    writer.feed(html)
    return Markup(writer.finish())
