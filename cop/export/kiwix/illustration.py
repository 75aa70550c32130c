"""The picture that Kiwix shows for a file: the mark of the organisation, or two lines of the same length in its colour."""

import base64
from pathlib import Path
from xml.sax.saxutils import quoteattr

from cop.palette import Palette
from cop.web.picture import Picture

SIDE = 48  # pixels, as every reader of ZIM files expects it
_EQUALS = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}"><rect width="48" height="48" rx="9" fill=%s/>
<path d="M12 19h24M12 29h24" stroke="#fff" stroke-width="5" stroke-linecap="round"/></svg>"""
_AROUND = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}">
<image href=%s width="{SIDE}" height="{SIDE}" preserveAspectRatio="xMidYMid meet"/></svg>"""


def png(mark: Picture | None, bytes_of_mark: Path | None, palette: Palette) -> bytes:
    """A PNG of 48 by 48 pixels."""
    import resvg_py  # late: an extra

    drawn = _EQUALS % quoteattr(palette.day)
    if mark is not None and bytes_of_mark is not None and bytes_of_mark.is_file():
        data = base64.b64encode(bytes_of_mark.read_bytes()).decode()
        drawn = _AROUND % quoteattr(f"data:{mark.content_type};base64,{data}")
    return bytes(resvg_py.svg_to_bytes(svg_string=drawn, width=SIDE, height=SIDE, skip_system_fonts=True))
