"""The style sheet, in the colours of the organisation. Its address holds both, so it may be kept for ever."""

import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from weakref import WeakKeyDictionary

from datasette import Response

from cop.palette import DAY, NIGHT, OURS, Palette, is_colour


def packed(text: str) -> str:
    """A style sheet without comments and the white space around blocks and rules: a seventh less on a costly line."""
    return re.sub(r"\s*([{};])\s*", r"\1", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)).strip() + "\n"


STYLE = packed((files("cop.web") / "static" / "style.css").read_text("utf-8"))
_HASH = hashlib.sha256(STYLE.encode()).hexdigest()[:12]
PATH = f"/static/style-{_HASH}.css"
ADDRESS = r"^/static/style-[0-9a-f]+(?:-[0-9a-f]{6}-[0-9a-f]{6})?\.css$"
_PARTS = re.compile(r"style-([0-9a-f]+)(?:-([0-9a-f]{6})-([0-9a-f]{6}))?\.css$")
_last: WeakKeyDictionary[Any, str] = (
    WeakKeyDictionary()
)  # per server, for pages that are made without looking anything up


def palette_of(meta: Mapping[str, str]) -> Palette:
    """The colours that a copy asks for; ours if it does not say them."""
    colours = meta.get("look", "").split()
    return Palette(*colours) if len(colours) == 2 and all(map(is_colour, colours)) else OURS


def path_of(palette: Palette) -> str:
    """The address of the style sheet in these colours."""
    return PATH if palette == OURS else f"{PATH[:-4]}-{palette.day[1:]}-{palette.night[1:]}.css"


def told(datasette: Any, meta: Mapping[str, str]) -> str:
    """The address of the style sheet for a copy; error pages have it from then on."""
    _last[datasette] = path_of(palette_of(meta))
    return _last[datasette]


def last(datasette: Any) -> str:
    """The address of the style sheet when nothing can be looked up."""
    return _last.get(datasette, PATH)


def sheet(palette: Palette) -> str:
    """The style sheet in these colours."""
    return STYLE.replace(f"--org: {DAY}", f"--org: {palette.day}").replace(
        f"--org-night: {NIGHT}", f"--org-night: {palette.night}"
    )


def respond(path: str) -> Response:
    """The style sheet at an address."""
    found = _PARTS.search(path)
    palette = Palette(f"#{found[2]}", f"#{found[3]}") if found and found[2] else OURS
    known = found is not None and found[1] == _HASH
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if known else "no-cache"}
    return Response(sheet(palette), headers=headers, content_type="text/css; charset=utf-8")
