"""Pictures of the main pages into docs/images/: on a phone and a desktop, by day and by night, and right to left.

Serves a site with the real content on a free port and ends it afterwards. Needs Debian's Chromium.
Usage: python examples/screenshots.py [FOLDER]
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
IMAGES = PROJECT / "docs" / "images"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SIZES = {"-phone": (360, 800), "": (1280, 960)}
COLOURS = 64  # pages have few; a picture is then a third as large
MOST_BYTES = 100_000  # of one picture: people clone this on slow lines
RESOURCE = "/resources/mcpin-how-to-break-down-power-structures-2019"
PAGES = {
    "home": "/",
    "resources": "/resources?topic=sharing-power",
    "resource": RESOURCE,
    "events": "/events?month=2018-12",
    "event": "/events/clahrc-west-workshop-1-2018",
    "post": "/posts/what-is-co-production",
    "word": "/glossary/term-co-produced-research",
    "checklist": "/checklists/check-before-meetings",
    "search": "/search?q=power",
    "new": "/new",
    "pictures": "/pictures",
    "history": f"{RESOURCE}/history",
}
OTHERS = [  # name, page, size, at night
    ("home-night", "/", "", True),
    ("resource-night-phone", RESOURCE, "-phone", True),
    ("home-arabic", "/ar/", "", False),
    ("resource-arabic-phone", f"/ar{RESOURCE}", "-phone", False),
]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a site with the project's content, as long as it is needed."""
    environment = {**os.environ, "COP_KEYS": str(folder / "keys"), "COP_SITE": str(folder / "site")}
    cop = [sys.executable, "-m", "cop.cli"]
    name = ["--name", "Your organisation", "--kind", "community"]
    subprocess.run([*cop, "init", str(folder / "site"), *name], env=environment, check=True, stdout=subprocess.DEVNULL)
    shutil.copytree(PROJECT / "content", folder / "site" / "content", dirs_exist_ok=True)
    server = subprocess.Popen([*cop, "serve", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        found = re.search(r"Serving .* at (\S+)", server.stdout.readline())
        if not found:
            sys.exit("The site could not be served. Try: make serve")
        yield found[1].rstrip("/")
    finally:
        server.terminate()
        server.wait()


def small(picture: bytes) -> bytes:
    """The same picture in few colours and few bytes."""
    packed = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    return packed.getvalue()


def take(browser: Browser, address: str, size: str, *, night: bool) -> bytes:
    """One picture of what is seen before scrolling."""
    width, height = SIZES[size]
    scheme: Any = "dark" if night else "light"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(address)
    picture = page.screenshot()
    page.close()
    return small(picture)


def main(folder: Path) -> None:
    """Take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(f"{name}{size}", path, size, False) for name, path in PAGES.items() for size in SIZES] + OTHERS
    with tempfile.TemporaryDirectory() as made, served(Path(made)) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for name, path, size, night in wanted:
            picture = take(browser, site + path, size, night=night)
            if len(picture) > MOST_BYTES:
                sys.exit(f"{name}.png has {len(picture):,} bytes; at most {MOST_BYTES:,} are wanted.")
            (folder / f"{name}.png").write_bytes(picture)
        browser.close()
    print(f"{len(wanted)} pictures in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
