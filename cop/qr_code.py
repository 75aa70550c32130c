"""QR codes of an invitation: for a terminal, and as a picture for a page. Pure."""

import io
from typing import Any

QUIET = 4  # light modules around it, as ISO/IEC 18004 asks for
_HALVES = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}  # (upper dark, lower dark)


def _code(text: str) -> Any:
    import segno  # late: only needed when partners meet

    return segno.make_qr(text, error="l", boost_error=False)


def terminal_lines(text: str) -> list[str]:
    """Lines of blocks, two rows of modules in each: to be shown light on dark."""
    rows = [[bool(module) for module in row] for row in _code(text).matrix_iter(scale=1, border=QUIET)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(_HALVES[both] for both in zip(upper, lower, strict=True)) for upper, lower in pairs]


def svg(text: str, title: str) -> bytes:
    """A picture without styles or scripts, dark on white whatever the page is."""
    out = io.BytesIO()
    _code(text).save(
        out, kind="svg", scale=4, border=QUIET, dark="#000", light="#fff", title=title, svgclass=None, lineclass=None
    )
    return out.getvalue()
