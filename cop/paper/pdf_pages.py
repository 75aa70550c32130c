"""Pages of a PDF that somebody sent, as plain drawings with their words, and how they come onto pages of ours.

Only what is drawn is taken over: no scripts, forms, links or files of theirs.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

BROKEN, LOCKED, LONG = "broken", "locked", "long"
MAX_PAGES = 200
MAX_WORDS = 4000  # characters of one page, for those who listen
_DRAWN = ("/Font", "/XObject", "/ExtGState", "/ColorSpace", "/Pattern", "/Shading", "/Properties")
_HIDDEN = 0b100011  # flags of an annotation: invisible, hidden, no view (ISO 32000-1, 12.5.3)
_NOT_DRAWN = frozenset({"/Link", "/Popup", "/FileAttachment", "/Sound", "/Movie", "/Screen", "/RichMedia", "/3D"})
_FORM = "/P"  # name of the drawing on each page of `Made.data`

Matrix = tuple[float, float, float, float, float, float]  # ISO 32000-1, 8.3.3
Box = tuple[float, float, float, float]  # left, bottom, right, top; in points


@dataclass(frozen=True)
class Made:
    """A PDF of nothing but the pages, or what is in the way."""

    words: tuple[str, ...] = ()  # what stands on each page
    data: bytes = field(default=b"", repr=False)
    problem: str = ""


@dataclass(frozen=True)
class Placed:
    """A page of theirs on a page of ours."""

    ours: int  # 0 is the first page
    data: bytes = field(repr=False)  # of `Made`
    theirs: int


# -- in a process of its own


def read(path: str) -> Made:
    """What is to be printed of a PDF. It may raise anything, take long, or use up memory."""
    from pypdf import PdfReader, PdfWriter  # late: an extra
    from pypdf.errors import DependencyError, FileNotDecryptedError

    try:
        reader = PdfReader(path)
        if len(reader.pages) > MAX_PAGES:
            return Made(problem=LONG)
    except (DependencyError, FileNotDecryptedError):
        return Made(problem=LOCKED)
    writer = PdfWriter()
    for page in reader.pages:
        form, width, height = _drawing(writer, page)
        _draw(writer, writer.add_blank_page(width, height), form, _FORM, (1, 0, 0, 1, 0, 0))
    file = io.BytesIO()
    writer.write(file)
    return Made(tuple(map(_words, reader.pages)), file.getvalue())


def _words(page: Any) -> str:
    try:
        return " ".join(page.extract_text().split())[:MAX_WORDS]
    except Exception:  # whatever is wrong with its letters: people who see can still read it
        return ""


def _drawing(writer: Any, page: Any) -> tuple[Any, float, float]:
    """A page as one drawing, the right way up, with its width and height."""
    box = _box(page.cropbox)
    matrix, width, height = upright(box, int(page.get("/Rotate", 0)))
    content = page.get_contents()
    drawn = b"q " + (content.get_data() if content is not None else b"") + b" Q"
    form = _stream(drawn, box, matrix)
    resources = _resources(writer, page.get("/Resources"))
    for at, (appearance, moved) in enumerate(_appearances(page)):
        name = f"/CopAppearance{at}"
        _named(resources, "/XObject")[_name(name)] = appearance.clone(writer)
        drawn += _do(name, moved)
    form.set_data(drawn)
    form[_name("/Resources")] = resources
    return writer._add_object(form.flate_encode()), width, height


def _box(given: Any) -> Box:
    """Left and bottom first, whatever order they stand in."""
    one, two, three, four = (float(number) for number in given)
    return min(one, three), min(two, four), max(one, three), max(two, four)


def _resources(writer: Any, given: Any) -> Any:
    from pypdf.generic import DictionaryObject

    found: Any = given.get_object() if given is not None else DictionaryObject()
    kept = {_name(key): found.raw_get(key).clone(writer) for key in _DRAWN if key in found}
    return DictionaryObject(kept)


def _appearances(page: Any) -> Iterator[tuple[Any, Matrix]]:
    """What stands in fields and notes of a page, as far as it is seen, and where."""
    for reference in page.get("/Annots") or ():
        one = reference.get_object()
        look = one.get("/AP", {}).get("/N") if one.get("/Subtype") not in _NOT_DRAWN else None
        if look is None or one.get("/F", 0) & _HIDDEN or "/Rect" not in one:
            continue
        drawn = look.get_object()
        if "/BBox" not in drawn:  # one for each state
            look = drawn.raw_get(one["/AS"]) if one.get("/AS") in drawn else None
        if look is not None and "/BBox" in look.get_object():
            yield look, into(look.get_object(), _box(one["/Rect"]))


def into(form: Any, rectangle: Box) -> Matrix:
    """What moves the appearance of an annotation to its place (ISO 32000-1, 12.5.5)."""
    a, b, c, d, e, f = (float(one) for one in form.get("/Matrix", (1, 0, 0, 1, 0, 0)))
    left, bottom, right, top = (float(one) for one in form["/BBox"])
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    xs, ys = [x for x, _y in corners], [y for _x, y in corners]
    across = (rectangle[2] - rectangle[0]) / (max(xs) - min(xs) or 1)
    up = (rectangle[3] - rectangle[1]) / (max(ys) - min(ys) or 1)
    return across, 0, 0, up, rectangle[0] - min(xs) * across, rectangle[1] - min(ys) * up


# -- onto our pages


def onto(ours: bytes, placed: Iterable[Placed], frame: Box) -> bytes:
    """Our pages with theirs drawn into the frame of each; what they show is told by our own page, so theirs is decoration."""
    from pypdf import PdfReader, PdfWriter

    writer, readers = PdfWriter(clone_from=io.BytesIO(ours)), dict[bytes, Any]()
    for at, one in enumerate(placed):
        if one.data not in readers:
            readers[one.data] = PdfReader(io.BytesIO(one.data))
        page = readers[one.data].pages[one.theirs]
        form = page["/Resources"]["/XObject"].raw_get(_FORM).clone(writer)
        size = float(page.mediabox.width), float(page.mediabox.height)
        _draw(writer, writer.pages[one.ours], form, f"/CopPaper{at}", fitted(size, frame))
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def upright(box: Box, turned: int) -> tuple[Matrix, float, float]:
    """What brings a page to the origin the right way up, and its width and height then; `turned` clockwise, in degrees.

    >>> upright((10, 20, 110, 220), 0)
    ((1, 0, 0, 1, -10, -20), 100, 200)
    >>> upright((10, 20, 110, 220), 90)
    ((0, -1, 1, 0, -20, 110), 200, 100)
    """
    left, bottom, right, top = box
    wide, tall = right - left, top - bottom
    return {
        90: ((0, -1, 1, 0, -bottom, right), tall, wide),
        180: ((-1, 0, 0, -1, right, top), wide, tall),
        270: ((0, 1, -1, 0, top, -left), tall, wide),
    }.get(turned % 360, ((1, 0, 0, 1, -left, -bottom), wide, tall))


def fitted(size: tuple[float, float], frame: Box) -> Matrix:
    """What makes a page as large as the frame allows, in the middle of it; a wide one is turned, as paper is.

    >>> fitted((100, 200), (10, 10, 210, 110))
    (0.5, 0, 0, 0.5, 85.0, 10.0)
    >>> fitted((200, 100), (0, 0, 100, 200))
    (0, 1.0, -1.0, 0, 100.0, 0.0)
    """
    wide, tall = frame[2] - frame[0], frame[3] - frame[1]
    turned = (size[0] > size[1]) != (wide > tall) and size[0] > size[1]
    across, up = reversed(size) if turned else size
    scale = min(wide / across, tall / up)
    left, bottom = frame[0] + (wide - across * scale) / 2, frame[1] + (tall - up * scale) / 2
    return (0, scale, -scale, 0, left + across * scale, bottom) if turned else (scale, 0, 0, scale, left, bottom)


def _draw(writer: Any, page: Any, form: Any, name: str, matrix: Matrix) -> None:
    """Draw it under what stands on the page."""
    from pypdf.generic import ArrayObject, StreamObject

    resources = _named(page, "/Resources")
    _named(resources, "/XObject")[_name(name)] = form
    stream = StreamObject()
    stream.set_data(b"/Artifact BMC " + _do(name, matrix) + b" EMC\n")
    before = page.raw_get("/Contents") if "/Contents" in page else None
    page[_name("/Contents")] = ArrayObject([writer._add_object(stream), *([before] if before is not None else [])])


def _do(name: str, matrix: Matrix) -> bytes:
    return f" q {' '.join(f'{one:.5f}' for one in matrix)} cm {name} Do Q".encode()


def _stream(data: bytes, box: Box, matrix: Matrix) -> Any:
    from pypdf.generic import ArrayObject, FloatObject, StreamObject

    form = StreamObject()
    form.set_data(data)
    form.update({_name("/Type"): _name("/XObject"), _name("/Subtype"): _name("/Form")})
    form[_name("/BBox")] = ArrayObject(map(FloatObject, box))
    form[_name("/Matrix")] = ArrayObject(map(FloatObject, matrix))
    return form


def _named(parent: Any, key: str) -> Any:
    """The dictionary under that name, made if there is none."""
    from pypdf.generic import DictionaryObject

    if key not in parent:
        parent[_name(key)] = DictionaryObject()
    return parent[key].get_object()


def _name(text: str) -> Any:
    from pypdf.generic import NameObject

    return NameObject(text)
