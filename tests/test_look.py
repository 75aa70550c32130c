"""The colours of the pages: every pair can be read, an organisation may choose its own, and pages stay small."""

import gzip
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

import pytest
from conftest import Cop
from hypothesis import given
from hypothesis import strategies as st
from test_pages import check
from web_site import serve

from cop.config import read_config
from cop.errors import CopError
from cop.palette import DARK_TINT, DAY, NIGHT, SHAPE, TEXT, WHITE, Palette, contrast, nearest_day, nearest_night
from cop.web import sheet

PAPERS = ("paper", "tint", "mark", "plus", "minus")
colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def tokens() -> tuple[dict[str, str], dict[str, str]]:
    """The colours of style.css by day and by night."""
    parts = re.findall(r":root\{(.*?)\}", sheet.STYLE)
    day, night = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part)) for part in parts[:2])
    return day | {"accent": day["org"]}, day | night | {"accent": day["org-night"]}


@pytest.mark.parametrize("at", [0, 1], ids=["day", "night"])
def test_all_words_can_be_read_on_all_papers(at: int):
    token = tokens()[at]
    pairs = [("ink", paper) for paper in PAPERS]
    pairs += [(words, paper) for words in ("soft", "link", "seen", "bad") for paper in ("paper", "tint")]
    assert {
        pair: contrast(token[pair[0]], token[pair[1]])
        for pair in pairs
        if contrast(token[pair[0]], token[pair[1]]) < TEXT
    } == {}
    assert contrast(token["org"], WHITE) >= TEXT
    edges = [(one, paper) for one in ("accent", "soft", "ink") for paper in ("paper", "tint")]
    assert [pair for pair in edges if contrast(token[pair[0]], token[pair[1]]) < SHAPE] == []


def test_the_style_sheet_is_small_and_needs_nothing_from_elsewhere():
    assert len(sheet.STYLE) < 15_000 and len(gzip.compress(sheet.STYLE.encode())) < 4_500
    assert not re.search(r"url\(|@import|@font-face", sheet.STYLE)
    physical = (
        r"(?:margin|padding|border|inset)-(?:left|right)|(?<![a-z-])(?:left|right):|text-align: (?:left|right)|float:"
    )
    assert not re.search(physical, sheet.STYLE)


def test_the_tokens_that_are_replaced_stand_in_the_style_sheet():
    assert tokens()[0]["org"] == DAY and tokens()[0]["org-night"] == NIGHT and tokens()[1]["tint"] == DARK_TINT
    made = sheet.sheet(Palette("#123456", "#abcdef"))
    assert "--org: #123456;--org-night: #abcdef;" in made and len(made) == len(sheet.STYLE)


@given(colours)
def test_the_nearest_colour_works_and_stays_if_it_did(colour: str):
    assert contrast(nearest_day(colour), WHITE) >= TEXT and contrast(nearest_night(colour), DARK_TINT) >= SHAPE
    assert nearest_day(nearest_day(colour)) == nearest_day(colour)
    assert (nearest_day(colour) == colour) == (contrast(colour, WHITE) >= TEXT)


def _configured(tmp_path: Path, text: str) -> Any:
    (tmp_path / "cop.toml").write_text(f'name = "A"\n{text}', "utf-8")
    return read_config(tmp_path / "cop.toml")


def test_a_colour_that_cannot_be_read_is_refused_with_the_nearest_that_works(tmp_path: Path):
    with pytest.raises(CopError, match="too hard to see: white words on it") as refused:
        _configured(tmp_path, '[look]\ncolour = "#FFCC00"')
    works = re.search(r'"(#\w+)"', refused.value.hint)
    assert works and _configured(tmp_path, f'[look]\ncolour = "{works[1]}"').look.day == works[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[look]\ncolour = "red"', "“colour” must be a colour"),
        ("[look]\ncolour = 7", "“colour” must be a colour"),
        ('[look]\nfont = "Comic"', "no setting “font” under"),
        ('[look]\ncolour_night = "#000000"', "on dark paper"),
        ('look = "red"', "“look” must be a part of its own"),
        ('[look]\ncolour = "#7b1e45;}body{display:none"', "must be a colour"),
    ],
)
def test_a_look_that_makes_no_sense_is_refused_in_plain_words(tmp_path: Path, text: str, message: str):
    with pytest.raises(CopError, match=message):
        _configured(tmp_path, text)


async def test_the_pages_and_their_style_sheet_have_the_colours_of_cop_toml(cop: Cop):
    cop.write("posts/hello.md", "---\ntitle: Hello\n---\n")
    assert cop("load").exit_code == 0
    datasette = serve(cop.root / "data" / "site.db")
    await datasette.invoke_startup()
    assert f'href="{sheet.PATH[1:]}"' in (await datasette.client.get("/")).text
    with (cop.root / "cop.toml").open("a", encoding="utf-8") as file:
        file.write('[look]\ncolour = "#114477"\n')
    assert cop("load").exit_code == 0
    for path in ("/", "/posts/hello", "/no-such-page"):
        html = (await datasette.client.get(path)).text
        address = re.search(r'<link rel="stylesheet" href="([^"]*)"', html)
        assert address and address[1].endswith("-114477-f0a8bd.css")
        answer = await datasette.client.get(urljoin(path, address[1]))
        assert "--org: #114477" in answer.text and "immutable" in answer.headers["cache-control"]
    assert (await datasette.client.get("/static/style-0000-zzzzzz-000000.css")).status_code == 404


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A site with the project's own content."""
    folder = tmp_path_factory.mktemp("weight")
    command = Cop(folder / "site", folder / "keys")
    assert command("init", "--name", "Test Group", "--kind", "community").exit_code == 0
    shutil.copytree(Path(__file__).parent.parent / "content", folder / "site" / "content", dirs_exist_ok=True)
    assert command("load").exit_code == 0
    yield folder / "site" / "data" / "site.db"


@pytest.mark.slow
async def test_every_page_of_the_real_content_is_light(real: Path):
    datasette = serve(real)
    await datasette.invoke_startup()
    weights: dict[str, int] = {}
    waiting = ["/", "/resources?help=no-link-known", "/resources?topic=sharing-power&kind=guidance"]
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        answer = await datasette.client.get(path)
        if answer.status_code != 200 or not answer.headers["content-type"].startswith("text/html"):
            continue
        weights[path] = len(gzip.compress(answer.content))
        assert "<img" not in answer.text
        for one in check(answer.text).links:
            target = urldefrag(urljoin(path, one))[0]
            ours = (
                target.startswith("/")
                and "?" not in target
                and not re.match(r"/(site|-|desk|cy|so|ar|ur|pl)(/|$)", target)
            )
            if ours and target not in seen:
                seen.add(target)
                waiting.append(target)
    assert len(weights) > 400
    heavy = {path: weight for path, weight in weights.items() if weight > 10_000}
    assert not heavy
    assert sorted(weights.values())[len(weights) // 2] < 4_500
