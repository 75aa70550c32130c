"""The mark of an organisation: which pictures may stand on every page, and how pages show it."""

import re
import struct
import zlib
from typing import Any

import pytest
from conftest import Cop
from hypothesis import given
from hypothesis import strategies as st
from test_pages import check
from web_site import serve

from cop import marks
from cop.errors import CopError
from cop.web import picture

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 120 40"'
GOOD = f'<?xml version="1.0"?><!-- drawn by hand -->{OPEN}><style>.a{{fill:url(#g)}}</style><path class="a" d="M0 0h9"/></svg>'


def png(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))


def test_a_drawing_is_written_anew_without_what_is_not_needed() -> None:
    mark = marks.read(GOOD.encode(), "mark.svg")
    assert (mark.ending, mark.width / mark.height) == ("svg", pytest.approx(3, abs=0.01))
    assert b"path" in mark.data and b"drawn by hand" not in mark.data and b"<?" not in mark.data
    assert marks.read(mark.data, "again") == mark


WRONG = {
    "a script": f"{OPEN}><script>alert(1)</script></svg>",
    "a handler": f'{OPEN} onload="alert(1)"/>',
    "a handler of any case": f'{OPEN}><g OnClick="a"/></svg>',
    "an image from elsewhere": f'{OPEN}><image href="https://example.org/a.png"/></svg>',
    "a web page inside": f'{OPEN}><foreignObject><p xmlns="http://www.w3.org/1999/xhtml"/></foreignObject></svg>',
    "a link": f'{OPEN}><a href="javascript:alert(1)"><path/></a></svg>',
    "a gradient from elsewhere": f'{OPEN}><linearGradient xlink:href="https://example.org/a#b"/></svg>',
    "a colour from elsewhere": f'{OPEN}><path fill="url(https://example.org/a)"/></svg>',
    "a quoted colour from elsewhere": f"{OPEN}><path fill=\"url('//example.org/a')\"/></svg>",
    "a style that fetches": f"{OPEN}><style>@import 'a.css';</style></svg>",
    "a style with escapes": f"{OPEN}><style>a{{fill:u\\72l(b)}}</style></svg>",
    "an animation": f'{OPEN}><set attributeName="href" to="javascript:alert(1)"/></svg>',
    "copies of copies": f'{OPEN}><g id="a"/><use href="#a"/></svg>',
    "another base": f'{OPEN} xml:base="https://example.org/"/>',
    "entities": f'<!DOCTYPE svg [<!ENTITY a "b">]>{OPEN}/>',
    "parts within parts": f"{OPEN}>{'<g>' * 3000}{'</g>' * 3000}</svg>",
    "no size": '<svg xmlns="http://www.w3.org/2000/svg"/>',
    "too thin": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 10"/>',
    "not closed": f"{OPEN}>",
    "a web page": "<html><body/></html>",
    "an svg of nobody": "<svg viewBox='0 0 9 9'/>",
    "nothing": "",
    "a short picture": "\x89PNG",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_could_run_or_fetch_or_not_be_read_is_refused(wrong: str) -> None:
    with pytest.raises(CopError) as refused:
        marks.read(WRONG[wrong].encode(), "content/mark.svg")
    assert "content/mark.svg" in str(refused.value) and refused.value.hint


def test_another_encoding_hides_nothing() -> None:
    with pytest.raises(CopError):
        marks.read(f'<?xml version="1.0" encoding="utf-16"?>{OPEN}/>'.encode("utf-16"), "mark.svg")


def test_pictures_are_known_by_their_bytes() -> None:
    assert marks.read(png(300, 100), "mark.svg").ending == "png"
    for data in (png(8, 8), png(5000, 5000), png(1000, 20), b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\0" * 20):
        with pytest.raises(CopError):
            marks.read(data, "mark.png")
    with pytest.raises(CopError, match="too large"):
        marks.read(png(300, 100) + b"\0" * marks.MAX_BYTES, "mark.png")


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"RIFF0000WEBP", b"\x89PNG\r\n\x1a\n", b"<svg "])
)
def test_no_bytes_make_it_fail(data: bytes, magic: bytes) -> None:
    try:
        marks.read(magic + data, "mark")
    except CopError as error:
        assert error.hint


def _with_mark(cop: Cop, lines: str, data: bytes = GOOD.encode()) -> None:
    (cop.root / "content").mkdir(exist_ok=True)
    (cop.root / "content" / "mark.svg").write_bytes(data)
    config = cop.root / "cop.toml"
    config.write_text(f"{lines}\n{config.read_text('utf-8')}", "utf-8")


async def _site(cop: Cop) -> Any:
    datasette = serve(cop.root / "data" / "site.db")
    await datasette.invoke_startup()
    return datasette.client


async def test_every_page_shows_it_from_an_address_with_its_hash(cop: Cop) -> None:
    _with_mark(cop, 'mark = "content/mark.svg"\nmark_text = "River & Group"')
    cop.write("posts/one.md", "---\ntitle: One\n---\n")
    assert cop("load").exit_code == 0
    client = await _site(cop)
    for path in ("/posts/one", "/cy/posts/one"):
        page = (await client.get(path)).text
        check(page)
        image = re.search(r'<img class="mark" src="([^"]+)" alt="River &amp; Group" width="168" height="56">', page)
        assert image, page
    answer = await client.get("/" + image[1].lstrip("./"))
    assert answer.headers["content-type"] == "image/svg+xml" and b"path" in answer.content
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "immutable" in answer.headers["cache-control"]
    assert (await client.get("/static/mark-000000000000.svg")).status_code == 404


async def test_another_picture_has_another_address_and_without_one_the_name_stands_alone(cop: Cop) -> None:
    cop.write("posts/one.md", "---\ntitle: One\n---\n")
    assert cop("load").exit_code == 0
    assert "<img" not in (await (await _site(cop)).get("/")).text
    _with_mark(cop, 'mark = "content/mark.svg"\nmark_text = "River"')
    seen = set()
    for data in (GOOD.encode(), GOOD.replace("h9", "h8").encode()):
        (cop.root / "content" / "mark.svg").write_bytes(data)
        assert cop("load").exit_code == 0
        seen |= set(re.findall(r"static/mark-[^\"]+", (await (await _site(cop)).get("/")).text))
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('mark = "content/mark.svg"', "needs a line “mark_text”"),
        ('mark = "content/mark.svg"\nmark_text = " "', "needs a line “mark_text”"),
        ('mark = "content/none.svg"\nmark_text = "A"', "cannot be read"),
        ('mark = "../mark.svg"\nmark_text = "A"', "leads out of the site folder"),
        ("mark = 3", "must be the path of a picture"),
    ],
)
def test_a_wrong_line_says_what_to_write(cop: Cop, lines: str, said: str) -> None:
    _with_mark(cop, lines)
    result = cop("load")
    assert result.exit_code == 1 and said in result.output and "Try:" in result.output


def test_what_a_copy_says_of_its_mark_is_not_believed() -> None:
    for told in ("", "x svg 1 1", f"{'a' * 64} html 10 10", f"{'a' * 64} svg 0 10", f"{'a' * 64} svg 10"):
        assert picture.of({"mark": told}) is None
