"""No word of ours escapes translation on paper or in an e-book either: see test_untranslated.py."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from web_site import SiteBuilder

from cop.languages import OWN_NAMES
from cop.paper import book, booklet, epub, form, pack, source
from cop.paper.chosen import Wanted
from cop.paper.sheets import Look
from cop.web.form_page import OFFERED
from cop.web.language import speaking
from tests.test_untranslated import IN_ADDRESSES, Seen, escaped, speak, words_of_locale
from tests.test_untranslated import greek as greek  # a fixture

TODAY = date(2026, 11, 23)


def everything(path: Path) -> Iterator[tuple[str, str]]:
    """Name and HTML of all that can be made of a site in Welsh."""
    db = source.opened(path)
    yield "booklet", booklet.sheets_of(db, Wanted(), Look(), TODAY).html
    with speaking("cy", "cy"):
        walk = pack.find(db, "walk")
        yield "pack", pack.sheets_of(db, walk, path.parent / "blobs", Look(), TODAY).html
        for kind in (form.ANY, *OFFERED):
            yield f"form {kind}", form.sheets_of(db, kind, Look(), TODAY).html
        made = book.placed(book.read(db, Wanted(), TODAY), "{}.xhtml".format)
        yield from ((name, text) for name, text in epub.contents(made, "") if name.endswith("xhtml"))


def test_no_word_on_paper_escapes_translation(greek: SiteBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    speak(monkeypatch, "cy", lambda text: f"⟦{text}⟧")
    greek.says(language="cy")
    greek.db.commit()
    known, found = words_of_locale("cy") | IN_ADDRESSES | {*OWN_NAMES.values()}, []
    for name, html in everything(greek.path):
        text = re.sub(r"<style>.*?</style>|<\?xml.*?\?>|(?<=[^\s])/(?=>)", "", html, flags=re.DOTALL)
        left = re.sub(r"\bhttps?://\S+", "", escaped("\n".join(Seen(text).texts)))
        found += [(name, word, left.strip()[:300]) for word in re.findall(r"[A-Za-z]+", left) if word not in known]
    assert found == []
