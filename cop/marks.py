"""The mark of an organisation (its logo): whether a picture may stand on every page, and what of it is passed on. Pure.

An SVG is a document that may carry scripts and fetch things. Only shapes and colours are let through, and what is served
is written anew from them, so that no browser reads anything in it that was not looked at here.
"""

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from cop.errors import CopError
from cop.signing import sha256

MAX_BYTES = 30_000  # every reader fetches it once
LEAST, MOST = 16, 2000  # pixels of a side
MAX_RATIO = 8  # of the longer side to the shorter
TYPES = {"svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
_MAGIC = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"RIFF", "webp"))
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_SHAPES = frozenset({
    "svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan",
    "linearGradient", "radialGradient", "stop", "clipPath", "mask", "style",
})  # fmt: skip
# not <use>: a few lines of it, one within the other, draw a thousand million shapes
_LEADS_OUT = re.compile(r"url\s*\(\s*(?!['\"]?#)|@|\\|expression|javascript:|data:|https?:|//", re.IGNORECASE)
ET.register_namespace("svg", _SVG[1:-1])
ET.register_namespace("xlink", _LINK[1:-5])
_NUMBER = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)(?:px)?\s*")


@dataclass(frozen=True)
class Mark:
    """A picture that was looked at."""

    data: bytes = b""
    ending: str = ""  # a key of TYPES
    width: int = 0
    height: int = 0

    @property
    def sha256(self) -> str:
        """Hash of the bytes, hex; "" if there is no mark."""
        return sha256(self.data).hex() if self.data else ""


NONE = Mark()


def read(data: bytes, name: str) -> Mark:
    """Look at the bytes of a picture. Raises: CopError, naming the file and what to do."""
    if len(data) > MAX_BYTES:
        hint = f"At most {MAX_BYTES:,} bytes, because every reader fetches it. Save it smaller, or as SVG."
        raise CopError(f"{name} is too large for a mark ({len(data):,} bytes).", hint=hint)
    ending = next((ending for magic, ending in _MAGIC if data.startswith(magic)), "svg")
    if ending == "webp" and data[8:12] != b"WEBP":
        ending = "svg"
    return _svg(data, name) if ending == "svg" else _picture(data, ending, name)


def _picture(data: bytes, ending: str, name: str) -> Mark:
    import imagesize  # late: it takes longer to read than a `cop load` with nothing to do

    try:
        width, height = imagesize.get(io.BytesIO(data))
    except Exception as error:  # whatever the library makes of a broken file
        raise _unreadable(name) from error
    return Mark(data, ending, *_sides(width, height, name))


def _unreadable(name: str) -> CopError:
    hint = "Save it as SVG, PNG, WebP or JPEG with a drawing program, then try again."
    return CopError(f"{name} is no picture that can be a mark.", hint=hint)


def _sides(width: float, height: float, name: str) -> tuple[int, int]:
    if min(width, height) < LEAST or max(width, height) > MOST:
        hint = f"Each side must have {LEAST} to {MOST:,} pixels."
        raise CopError(f"{name} has {width:g} by {height:g} pixels, which does not do for a mark.", hint=hint)
    return _shape(round(width), round(height), name)


def _shape(width: int, height: int, name: str) -> tuple[int, int]:
    if max(width, height) > MAX_RATIO * min(width, height):
        hint = f"The longer side may be {MAX_RATIO} times the shorter one. Cut the empty parts off."
        raise CopError(f"{name} is too long and thin for a mark ({width} by {height}).", hint=hint)
    return width, height


# -- SVG


def _svg(data: bytes, name: str) -> Mark:
    root = _root(data, name)
    for element in root.iter():
        if wrong := _wrong(element):
            hint = "Save it as “plain SVG” with shapes only, or as PNG. Text should be turned into paths."
            raise CopError(f"{name} cannot be a mark: {wrong}.", hint=hint)
    width, height = _size(root, name)
    try:
        return Mark(ET.tostring(root, encoding="utf-8"), "svg", width, height)
    except RecursionError as error:  # parts within parts within parts
        raise _unreadable(name) from error


def _root(data: bytes, name: str) -> ET.Element:
    try:
        text = data.decode("utf-8-sig")
        if "<!" in re.sub(r"<!--.*?-->|<!\[CDATA\[", "", text, flags=re.DOTALL):  # entities can grow without end
            raise CopError(
                f"{name} cannot be a mark: it has a line <!DOCTYPE or <!ENTITY.", hint="Take that line out of the file."
            )
        root = ET.fromstring(text)
    except (UnicodeDecodeError, ET.ParseError, ValueError) as error:
        raise _unreadable(name) from error
    if root.tag != f"{_SVG}svg":
        raise _unreadable(name)
    return root


def _wrong(element: ET.Element) -> str:
    """What an element has that no mark may have, "" if nothing."""
    tag = str(element.tag)
    if tag.removeprefix(_SVG) not in _SHAPES or not tag.startswith(_SVG):
        return f"it has a part <{tag.rpartition('}')[2]}>"
    if tag == f"{_SVG}style" and _LEADS_OUT.search("".join(element.itertext())):
        return "its <style> leads out of the file"
    for name, value in element.attrib.items():
        short = name.rpartition("}")[2].lower()
        if short.startswith("on"):
            return f"it has a script ({short})"
        if short in ("href", "src", "base") and (name not in ("href", _LINK) or not value.startswith("#")):
            return f"it leads out of the file ({short})"
        if not short.startswith("aria") and _LEADS_OUT.search(value) and short not in ("label", "id", "class"):
            return f"it leads out of the file ({short})"
    return ""


def _size(root: ET.Element, name: str) -> tuple[int, int]:
    """Its two sides; what counts is how they stand to each other."""
    box = (root.get("viewBox") or "").replace(",", " ").split()
    sides = [
        _NUMBER.fullmatch(one)
        for one in (box[2:4] if len(box) == 4 else [root.get("width", ""), root.get("height", "")])
    ]
    found = [float(side[1]) for side in sides if side]
    if len(found) != 2 or min(found) <= 0:
        raise CopError(f"{name} does not say how large it is.", hint='Give its <svg> a viewBox, such as "0 0 120 40".')
    scale = 1000 / max(found)
    return _shape(max(1, round(found[0] * scale)), max(1, round(found[1] * scale)), name)
