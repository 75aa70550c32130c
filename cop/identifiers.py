"""What tells a work from all others: its link, DOI or ISBN, each brought to one way of writing. Pure."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

# Names that programs add to a link to see where a reader came from; they say nothing of the page.
_FOLLOWED = re.compile(r"utm_\w+|fbclid|gclid|mc_cid|mc_eid|igshid|_ga", re.IGNORECASE)
_FIRST_PAGE = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
# As Crossref advises: https://www.crossref.org/blog/dois-and-matching-regular-expressions/
_DOI = re.compile(r"\b10\.\d{4,9}/[-._;()/:a-z0-9]+", re.IGNORECASE)
_BEHIND_DOI = re.compile(r"(?:/(?:full|pdf|epdf|abstract|html|meta)|\.pdf|[.,;:)]+)$")
_ISBN = re.compile(r"\bISBN(?:-?1[03])?:?\s*([\dX][\dX\s\u2010-\u2013-]{8,16})", re.IGNORECASE)


def link(address: str) -> str:
    """A web address without what often differs between two that lead to one page; "" if it is none.

    >>> link("HTTP://www.Example.org:80/a%7Eb/?utm_source=x&b=2&a=1#top") == link("https://example.org/a~b?a=1&b=2")
    True
    >>> link("https://example.org/#!/reports/3"), link("no address")
    ('example.org#!/reports/3', '')
    """
    try:
        parts = urlsplit(address.strip())
        host, port = (parts.hostname or "").removeprefix("www.").rstrip("."), parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not host:
        return ""
    place = host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
    path = quote(unquote(_FIRST_PAGE.sub("/", parts.path)), safe="/~").rstrip("/")
    asked = [(name, value) for name, value in parse_qsl(parts.query, True) if not _FOLLOWED.fullmatch(name)]
    # such a page is told apart by what stands behind the sign: all else is the same address for the whole site
    inside = f"#{parts.fragment}" if parts.fragment.startswith(("!", "/")) else ""
    return f"{place}{path}{'?' + urlencode(sorted(asked)) if asked else ''}{inside}"


def dois(text: str) -> Iterator[str]:
    """Every DOI in a text or address, in small letters.

    >>> list(dois("https://journals.example/doi/full/10.1177/1363459312438563?x=1 and doi:10.1186/S12961-018-0375-0."))
    ['10.1177/1363459312438563', '10.1186/s12961-018-0375-0']
    """
    for found in _DOI.findall(text):
        doi, before = found.lower(), ""
        while doi != before:
            doi, before = _BEHIND_DOI.sub("", doi), doi
        yield doi


def isbns(text: str) -> Iterator[str]:
    """Every ISBN behind that word, as 13 digits; none whose check digit is wrong.

    >>> list(isbns("ISBN 0-306-40615-2, ISBN-13: 978-0-306-40615-7, ISBN 978-0-306-40615-8"))
    ['9780306406157', '9780306406157']
    """
    for written in _ISBN.findall(text):
        code = re.sub(r"[^\dX]", "", written.upper())
        digits = [10 if one == "X" else int(one) for one in code]
        if len(code) == 13 and "X" not in code and _check_digit(code[:12]) == code[12]:
            yield code
        elif len(code) == 10 and sum(digit * (10 - at) for at, digit in enumerate(digits)) % 11 == 0:
            yield f"978{code[:9]}{_check_digit('978' + code[:9])}"


def _check_digit(twelve: str) -> str:
    """The last digit of an ISBN: ISO 2108, as for EAN-13."""
    return str(-sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(twelve)) % 10)
