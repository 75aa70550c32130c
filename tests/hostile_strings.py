"""Strings that mean harm to a page, a feed or a file, and a reader that says which of them found a way in."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

CANARY = "zqx7"  # no page has this by itself: where it is anything but text, something got in
_HARM = f"{CANARY}()"
_SEEDS = (
    "<script>{harm}</script>", "<ScRiPt src=//{canary}.test></ScRiPt>", "<img src=x onerror={harm}>",
    "<svg onload={harm}>", "<svg><animate onbegin={harm} attributeName=x>", "<iframe srcdoc='<script>{harm}</script>'>",
    "<body onload={harm}>", "<details open ontoggle={harm}>", "<input autofocus onfocus={harm}>",
    "<a href=javascript:{harm}>x</a>", "[x](javascript:{harm})", "[x](<java\tscript:{harm}>)", "![x](data:text/html,{harm})",
    "[x](data:text/html;base64,PHNjcmlwdD56cXg3KCk8L3NjcmlwdD4=)", "[x](vbscript:{harm})", "<javascript:{harm}>",
    "javascript:{harm}", "JaVaScRiPt:{harm}", "java\nscript:{harm}", "\x01javascript:{harm}", "&#106;avascript:{harm}",
    "data:text/html,<script>{harm}</script>", "vbscript:{harm}", "//{canary}.test/x", "http:{canary}", "https://x/\" onmouseover={harm} y=\"",
    "https://x/' onmouseover={harm} y='", "mailto:a@b\" onclick={harm} x=\"", "\" onmouseover=\"{harm}", "' onfocus='{harm}' autofocus='",
    "\"><{canary} x=\"", "'><{canary} x='", "`><{canary} x=`", "--><{canary}><!--", "<!--{canary}", "]]><{canary}>", "<![CDATA[<{canary}>]]>",
    "</title><{canary}>", "</textarea><{canary}>", "</script><{canary}>", "</style><{canary}>", "</svg><{canary}>", "</template><{canary}>",
    "<style>*{{background:url(//{canary}.test)}}</style>", "<p style=\"background:url(//{canary}.test)\">", "<link rel=stylesheet href=//{canary}.test>",
    "<base href=//{canary}.test>", "<meta http-equiv=refresh content='0;url=//{canary}.test'>", "<form action=//{canary}.test><button>",
    "<button formaction=javascript:{harm}>", "<object data=//{canary}.test>", "<embed src=//{canary}.test>", "<math href=javascript:{harm}>",
    "<{canary}", "< {canary}>", "<\x00script>{harm}</script>", "\ufe64script>{harm}", "\uff1cscript\uff1e{harm}", "+ADw-script+AD4-{harm}",
    "&lt;script&gt;{harm}&lt;/script&gt;", "&#60;script&#62;{harm}", "\\u003cscript\\u003e{harm}", "%3Cscript%3E{harm}", "\\x3cscript\\x3e{harm}",
    "{{{{ 7 * 7 }}}} {canary}", "{{% include '/etc/passwd' %}} {canary}", "${{7*7}} {canary}", "%(x)s %s %d {canary}", "{{0.__class__}} {canary}",
    "\u202egnp.{canary}", "\u2066{canary}\u2069", "x\r\nSet-Cookie: {canary}=1", "x\r\nBEGIN:VEVENT\r\nSUMMARY:{canary}", "x\nER  - \nTY  - {canary}",
    "x}},\n@book{{{canary},", "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>{canary}&y;</x>",
    "'; DROP TABLE records; -- {canary}", "\" OR 1=1 -- {canary}", "{canary}* OR NEAR(", "title:{canary} AND \"", "../../../../etc/passwd?{canary}",
    "..\\..\\{canary}", "/{canary}", "\\\\{canary}\\x", "CON", "=HYPERLINK(\"//{canary}.test\")", "\U0001f600{canary}", "e\u0301" * 40 + "{canary}",
    "{canary}" + "\u0300" * 60, "{canary} " * 60, "0", "-1", "1e999", "NaN", "null", "2026-02-30", "0000-00-00", "9999-12-31T23:59:60Z",
)  # fmt: skip
_CHANGED = (
    lambda text: text,
    lambda text: text.upper(),
    lambda text: f'">{text}',
    lambda text: f"'>{text}<'",
    lambda text: f"\t\n {text}\x7f",
)


def strings(every: int = 1) -> list[str]:
    """All of them, or each so-manieth."""
    seeds = [seed.format(canary=CANARY, harm=_HARM) for seed in _SEEDS]
    return [change(seed) for change in _CHANGED for seed in seeds][::every]


_NEVER = {
    "iframe",
    "object",
    "embed",
    "base",
    "style",
    "template",
    "math",
    "frame",
    "applet",
    "noscript",
    "foreignobject",
}
_OUR_SCRIPT = re.compile(r"(\.\./)*static/[a-z]+-[0-9a-f]{12}\.js")
_PLAIN = {"", "http", "https", "mailto", "webcal"}
_ADDRESSES = {
    "href",
    "src",
    "action",
    "formaction",
    "data",
    "poster",
    "xlink:href",
    "srcset",
    "ping",
    "cite",
    "manifest",
}


class Reader(HTMLParser):
    """Reads a page as a browser would take it apart, and keeps what no text may do."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element: neither it nor the name of an attribute may come from a text."""
        told = dict(attrs)
        if tag in _NEVER or CANARY in tag or (tag == "meta" and "http-equiv" in told):
            self.found.append(f"<{tag}>")
        if tag == "script" and not _OUR_SCRIPT.fullmatch(told.get("src") or ""):
            self.found.append(f"<script> {told}")
        for name, value in attrs:
            self._attribute(tag, name, value or "")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name == "style" or CANARY in name:
            self.found.append(f"<{tag} {name}>")
        if name in _ADDRESSES and _scheme(value) not in _PLAIN:
            self.found.append(f"<{tag} {name}={value!r}>")
        if tag in ("script", "img", "link", "source", "form") and name in _ADDRESSES and _is_elsewhere(value):
            self.found.append(f"<{tag} {name}={value!r}>")

    def handle_comment(self, data: str) -> None:
        """Our pages have no comments."""
        self.found.append(f"<!--{data[:40]}")

    def handle_decl(self, decl: str) -> None:
        """Nor any declaration but the first."""
        if decl.lower() != "doctype html":
            self.found.append(f"<!{decl[:40]}")

    def unknown_decl(self, data: str) -> None:
        """CDATA and the like."""
        self.found.append(f"<![{data[:40]}")

    def handle_pi(self, data: str) -> None:
        """A processing instruction."""
        self.found.append(f"<?{data[:40]}")


def _scheme(address: str) -> str:
    """As browsers read it: without white space and control characters."""
    plain = "".join(character for character in address if character > " ")
    head, colon, _ = plain.partition(":")
    return head.lower() if colon and head.replace("+", "").replace("-", "").replace(".", "").isalnum() else ""


def _is_elsewhere(address: str) -> bool:
    plain = "".join(character for character in address if character > " ").replace("\\", "/")
    return plain.startswith("//") or bool(urlsplit(plain).netloc)


def ways_in(html: str) -> Iterator[str]:
    """What on this page is more than text."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    yield from reader.found
