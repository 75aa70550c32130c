"""Pictures of the main pages at phone and desktop width, into docs/images/. Needs a served site and Debian's Chromium.

Usage: python examples/screenshots.py http://127.0.0.1:8001
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
RESOURCE = "/resources/mcpin-how-to-break-down-power-structures-2019"
SHOTS = [
    ("home", "/", 1280, 1000),
    ("home-phone", "/", 360, 800),
    ("resources", "/resources?topic=sharing-power", 1280, 1000),
    ("resource-phone", RESOURCE, 360, 800),
    ("word", "/glossary/term-co-produced-research", 1280, 1000),
]


def main() -> None:
    """Take every picture."""
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for name, path, width, height in SHOTS:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(sys.argv[1] + path)
            page.screenshot(path=IMAGES / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
