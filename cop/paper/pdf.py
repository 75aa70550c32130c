"""HTML to PDF through WeasyPrint (the extra `cop[paper]`): tagged, the same bytes for the same HTML, nothing fetched."""

import contextlib
import io
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cop.errors import CopError, install
from cop.progress import Progress, no_progress
from cop.signing import sha256

if TYPE_CHECKING:
    from weasyprint.urls import URLFetcherResponse

PACKAGES = "sudo apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
_PAGE = re.compile(r"Page (\d+)$")
_LETTERS_A_PAGE, _PASSES = 2200, 3  # about; only the bar depends on it
_FONTS = (  # names of letters in Unicode begin like this; packages of Debian and Ubuntu that hold them
    ("CJK|HIRAGANA|KATAKANA|HANGUL|BOPOMOFO", "fonts-noto-cjk"),
    ("", "fonts-noto-core"),
)
_TEXT = re.compile(r">([^<]+)")  # of elements; attributes hold no ">"
_ENDLESS = re.compile(r"[^\s<>&;]{40}(?=[^\s<>&;]{40})")
MAX_NAMED = 8  # letters that an error shows

Fetch = Callable[[str], "tuple[bytes, str] | None"]  # address of a picture to its bytes and type


@dataclass(frozen=True)
class Printed:
    """A PDF."""

    data: bytes
    pages: int
    missing: str  # letters that no font of this computer has
    places: Mapping[str, int]  # id of an element to its page, 0 is the first


def write(html: str, fetch: Fetch, *, claims: bool = True, progress: Progress = no_progress) -> Printed:
    """Lay it out. `claims`: it says of itself that it follows PDF/UA-1. Raises: CopError if something is not installed."""
    weasyprint = _weasyprint()
    with _listening(len(html), progress) as missing:
        document = weasyprint.HTML(string=_breakable(html), url_fetcher=_fetcher(fetch)).render()
        options: dict[str, Any] = {"pdf_variant": "pdf/ua-1"} if claims else {"pdf_tags": True}
        data = document.write_pdf(pdf_identifier=sha256(html.encode())[:16], **options)
    places = {name: at for at, page in reversed(list(enumerate(document.pages))) for name in page.anchors}
    return Printed(data, len(document.pages), "".join(sorted(missing)), places)


def _breakable(html: str) -> str:
    """The same with places to break endless words: to look for one in a text of them takes time by the square of its length.

    >>> _breakable(f"<p>{'a' * 250}</p>").count("\u200b"), _breakable(f'<a href="{"a" * 250}">b</a>').count("\u200b")
    (5, 0)
    """
    return _TEXT.sub(lambda text: _ENDLESS.sub("\\g<0>\u200b", text[0]), html)


def needed() -> None:
    """Raises: CopError if something is not installed."""
    _weasyprint()
    try:
        import pypdf  # noqa: F401
    except ImportError as error:
        raise CopError("Printing needs one more package.", hint=install("pypdf")) from error


def _weasyprint() -> Any:
    told = io.StringIO()
    try:
        with contextlib.redirect_stdout(told):  # it prints a banner of its own
            import weasyprint
    except ImportError as error:
        raise CopError("Printing needs two more packages.", hint=install("weasyprint", "pypdf")) from error
    except OSError as error:
        raise CopError(f"Printing needs Pango, which lays out text ({error}).", hint=PACKAGES) from error
    return weasyprint


def _fetcher(fetch: Fetch) -> Callable[[str], "URLFetcherResponse"]:
    """Only what we hand over ourselves: no address is ever opened."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Ours(URLFetcher):  # type: ignore[misc]  # it has no types
        def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
            found = fetch(url)
            if found is None:
                raise ValueError("Nothing is fetched while a booklet is made.")
            return URLFetcherResponse(url, found[0], {"Content-Type": found[1]})

    ours: Callable[[str], URLFetcherResponse] = Ours()
    return ours


@contextlib.contextmanager
def _listening(letters: int, progress: Progress) -> Iterator[set[str]]:
    """What WeasyPrint tells by its loggers: pages that it has laid out, and letters that it cannot show."""
    missing: set[str] = set()
    pages, talk = logging.getLogger("weasyprint.progress"), logging.getLogger("weasyprint")
    heard = (_Pages(letters, progress), _Missing(missing))
    before = pages.level, talk.propagate, pages.propagate
    pages.setLevel(logging.INFO)
    talk.propagate = pages.propagate = False
    pages.addHandler(heard[0])
    talk.addHandler(heard[1])
    try:
        yield missing
    finally:
        pages.removeHandler(heard[0])
        talk.removeHandler(heard[1])
        pages.level, talk.propagate, pages.propagate = before


class _Pages(logging.Handler):
    """It lays out all pages, and again until the numbers in the contents are right."""

    def __init__(self, letters: int, progress: Progress) -> None:
        super().__init__()
        self._guess, self._progress, self._before, self._last = max(letters // _LETTERS_A_PAGE, 1), progress, 0, 0

    def emit(self, record: logging.LogRecord) -> None:
        found = _PAGE.search(record.getMessage())
        if found is None:
            return
        page = int(found[1])
        if page < self._last:
            self._before, self._guess = self._before + self._last, self._last
        self._last = page
        done = self._before + page
        self._progress(done, max(_PASSES * self._guess, done))


class _Missing(logging.Handler):
    def __init__(self, missing: set[str]) -> None:
        super().__init__(logging.WARNING)
        self._missing = missing

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and len(record.args) == 2 and ".notdef" in str(record.msg):
            self._missing.add(str(record.args[0]))


def refuse_boxes(missing: str) -> None:
    """Raises: CopError if letters would be printed as empty boxes. Signs that are no letters may be."""
    letters = [one for one in missing if unicodedata.category(one)[0] in "LM"]
    if not letters:
        return
    names = [unicodedata.name(one, "") for one in letters]
    packages = {next(font for start, font in _FONTS if re.match(start, name)) for name in names}
    shown = " ".join(letters[:MAX_NAMED])
    raise CopError(
        f"No font on this computer has these letters: {shown}. They would be empty boxes, so nothing was written.",
        hint=f"sudo apt install {' '.join(sorted(packages))} (or print it with --anyway)",
    )
