"""Phone numbers and e-mail addresses: found as people write them, stopped when saving, never shown without consent."""

import doctest
from datetime import date

import pytest
from conftest import Folder
from hypothesis import given
from hypothesis import strategies as st
from web_site import serve

from cop import checking, contact_details, ending, imprint, patch, read_back, stale, verification, views, withheld
from cop.model import PARTNERS, PUBLIC

NUMBER, ADDRESS = "020 7946 0958", "jo.bloggs@example.org"
EVENT = "---\ntitle: Reading circle\n{front}---\n\nAsk Jo:\n\nRing 020 7946 0958 or write to Jo.Bloggs@example.org.\n"
AGREED = """consents:
  - {{who: Jo Bloggs, detail: "{0}", when: 2026-10-01, for: questions about the circle, until: {1}}}
"""
BOTH = AGREED.format("+44 20 7946 0958", "2026-11-30") + AGREED.format(ADDRESS, "2026-11-30").split("\n", 1)[1]


def texts(text: str, zone: str = "") -> list[str]:
    return [one.text for one in contact_details.find(text, zone)]


def test_examples_in_the_text_hold() -> None:
    assert not doctest.testmod(contact_details).failed and not doctest.testmod(ending).failed


@pytest.mark.parametrize(
    "written",
    [
        "020 7946 0958", "(0161) 496 0000", "07700 900123", "07700900123", "+44 20 7946 0018", "0044 7700 900456",
        "+252 61 2345678", "020-7946-0958", "020/79460958", "0.20.7946.0958", "020–7946–0958", "０２０ ７９４６ ０９５８",
        "jo@example.org", "JO@EXAMPLE.ORG", "j.o+x@sub.example.co.uk", "o'neil@example.ie", "naïve@exämple.org", "jo＠example.org",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "Ring {}.", "<{}>", "[Jo](mailto:{})", "“{}”", "tel:{}, please", "\n{}\n"])
def test_details_of_people_are_found(written: str, around: str) -> None:
    assert texts(around.format(written)) == [written]


@pytest.mark.parametrize(
    "text",
    [
        "Ring 0800 1111, 0808 800 5000, 0300 123 1234, 116 123 or 999; dial 141 first.",
        "ISBN 0-335-21234-5 and ISBN 978-0-335-24415-1, 9780335244151", "doi:10.1136/bmj.n1234567 NIHR200727",
        "https://example.org/articles/01234567890 and www.example.org/020-7946-0958", "2018-2021, 2020/2021, 12.11.2026 18:00",
        "ORCID 0000-0002-1825-0097, charity 1098893, £1,200,000", "@coop@social.coop, https://social.coop/@jo@other.coop",
        "meeting id 812 3456 7890", "user@localhost", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "a07700900123b", "WP02079460958", "a @ b", "1600 x 1200", "",
    ],
)  # fmt: skip
def test_what_belongs_to_nobody_in_particular_is_let_be(text: str) -> None:
    assert texts(text) == []


def test_numbers_without_a_country_code_are_those_of_the_sites_own_country() -> None:
    assert texts("512 345 678", "Europe/Warsaw") == ["512 345 678"]
    assert texts("512 345 678", "Europe/London") == []


@pytest.mark.parametrize(("path", "line"), [("events/a.md", 7), ("posts/a.md", 7)])
def test_loading_stops_such_a_record_and_says_where_and_what_to_do(folder: Folder, path: str, line: int) -> None:
    folder.write(path, EVENT.format(front=""))
    folder.write("posts/other.md", "---\ntitle: Other\n---\n")
    report = folder.load()
    assert [(one.path, one.line) for one in report.refused] == [(f"content/{path}", line)]
    assert NUMBER in report.refused[0].reason and "consents" in report.refused[0].hint
    assert report.added == 1, "the others are loaded"
    assert [one.line for one in checking.check(folder.site, date(2026, 11, 23)).problems] == [line]


@pytest.mark.parametrize(
    ("front", "line"),
    [
        (f"note: Ring {NUMBER}\n", 3), (f"authors: [Jo <{ADDRESS}>]\n", 3), (f"credits:\n  - {{name: Jo, role: {ADDRESS}}}\n", 3),
        (f"anything: {{deep: [{NUMBER}]}}\n", 3), (f"'{ADDRESS}': yes\n", 3),
    ],
)  # fmt: skip
def test_every_field_that_everybody_gets_is_looked_at(folder: Folder, front: str, line: int) -> None:
    folder.write("posts/a.md", f"---\ntitle: A\n{front}---\n")
    assert [one.line for one in folder.load().refused] == [line]


@pytest.mark.parametrize(
    "front",
    [
        "share: own\n", "draft: true\n", "share_fields: {body: own}\n",
        "share: partners\n", "share_fields: {body: partners}\n", f"share_fields: {{body: own}}\ncontact: {NUMBER}\n",
    ],
)  # fmt: skip
def test_what_is_not_for_everybody_may_have_them(folder: Folder, front: str) -> None:
    folder.write("events/a.md", EVENT.format(front=front))
    assert not folder.load().refused
    assert "7946" not in folder.published_text() and "loggs@" not in folder.published_text().casefold()


def test_the_last_good_version_stays_up(folder: Folder) -> None:
    folder.write("posts/a.md", "---\ntitle: As it was\n---\n")
    folder.load()
    folder.write("posts/a.md", folder.read("posts/a.md") + f"\n{NUMBER}\n")
    assert folder.load().refused
    assert "As it was" in folder.published_text() and NUMBER not in folder.published_text()


@pytest.mark.parametrize("detail", ["+44 20 7946 0958", "(020) 79460958", "Jo, 020 7946 0958"])
def test_with_consent_it_is_shown_however_it_is_written(folder: Folder, detail: str) -> None:
    front = AGREED.format(detail, "2099-12-31") + AGREED.format("JO.BLOGGS@example.org", "2099").split("\n", 1)[1]
    folder.write("posts/a.md", EVENT.format(front=front))
    assert not folder.load().refused
    assert NUMBER in folder.published_text() and "Jo.Bloggs@example.org" in folder.published_text()


@pytest.mark.parametrize(
    ("consent", "reason"),
    [
        (f'{{who: Jo, detail: "{NUMBER}"}}', "does not say who agreed to what"),
        (f'{{who: Jo, detail: "{NUMBER}", when: 2026, for: x, until: soon}}', "“soon” is not a day"),
        ("{who: Jo, detail: her number, when: 2026, for: x, until: 2099}", "is no phone number or e-mail address"),
        (f'{{who: Jo, detail: "{NUMBER}", when: 2020, for: x, until: 2021-01-01}}', "ended on 2021-01-01"),
        ("yes", "does not say who agreed to what"),
    ],
)  # fmt: skip
def test_a_consent_says_who_agreed_to_what_until_when(folder: Folder, consent: str, reason: str) -> None:
    folder.write("posts/a.md", f"---\ntitle: A\nconsents:\n  - {consent}\n---\n")
    refused = folder.load().refused
    assert reason in refused[0].reason and refused[0].line == 3 and refused[0].hint


def test_a_consent_goes_to_partners_and_never_to_the_public(folder: Folder) -> None:
    folder.write(
        "posts/a.md", EVENT.format(front="share_fields: {body: partners}\n" + BOTH.replace("2026-11", "2099-11"))
    )
    assert not folder.load().refused
    (record_id,) = (row[0] for row in folder.db.execute("SELECT record_id FROM local_file"))
    heard = {name: one.audience for one in read_back.revisions(folder.db, record_id) for name in one.patch.fields}
    assert (heard["consents"], heard["body"], heard["title"]) == (PARTNERS, PARTNERS, PUBLIC)
    assert "7946" not in folder.published_text() and "loggs" not in folder.published_text()


def test_a_consent_in_the_log_of_an_older_version_is_not_shown_either(folder: Folder) -> None:
    consent = {"who": "Canary", "detail": NUMBER, "when": "2026", "for": "x", "until": "2099"}
    record_id = patch.new_record_id()
    folder.partner_writes(record_id, {"title": "T", "slug": "a", "consents": [consent]})
    views.refresh(folder.site, folder.db)
    assert "7946" not in folder.published_text() and "Canary" not in folder.published_text()
    folder.partner_writes(record_id, {"body": f"Ring {NUMBER}."})
    views.refresh(folder.site, folder.db)
    assert NUMBER in asked(folder, "/posts/a") and "Canary" not in folder.published_text()


@pytest.mark.parametrize("field", [f"contact: Jo, {NUMBER}\n", f"note: {NUMBER}\nshare_fields: {{note: own}}\n"])
def test_a_consent_tells_partners_nothing_that_stays_here(folder: Folder, field: str) -> None:
    consent = AGREED.format(NUMBER, "2099")
    folder.write("events/a.md", f"---\ntitle: A\n{field}{consent}---\n")
    (refused,) = folder.load().refused
    assert "keep to yourselves" in refused.reason and "Take this consent out" in refused.hint
    assert refused.line == field.count("\n") + 3
    both = field.replace("share_fields: {note: own}\n", "")
    own = f"share_fields: {{consents: own{', note: own' if 'note' in field else ''}}}\n"
    folder.write("events/a.md", f"---\ntitle: A\n{both}{own}{consent}---\n")
    assert not folder.load().refused
    folder.write("events/b.md", f"---\ntitle: B\n{field}{consent}---\n\nRing {NUMBER}.\n")
    assert not folder.load().refused, "everybody gets that detail anyway"


def on(monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    monkeypatch.setattr(stale, "today", lambda: date.fromisoformat(day))


def test_when_consent_ends_the_detail_is_taken_down_and_only_the_detail(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, "2026-11-30")
    folder.write("posts/a.md", EVENT.format(front=BOTH))
    folder.load()
    before = imprint.network_digest(folder.db)
    assert NUMBER in folder.published_text()
    for day, shown in (("2026-12-01", False), ("2026-11-30", True), ("2050-01-01", False)):
        on(monkeypatch, day)
        assert stale.is_any(folder.db)
        views.refresh(folder.site, folder.db)
        told = folder.published_text()
        assert ("7946" in told, "loggs@" in told.casefold()) == (shown, shown), day
        assert "Jo Bloggs" not in told and "questions about" not in told, "who agreed to what is for partners"
        assert "Reading circle" in told and "Ask Jo" in told
        assert not verification.verify(folder.site, folder.db).problems
    assert b"7946" not in folder.site.site_db.read_bytes()
    assert imprint.network_digest(folder.db) == before, "what partners share is the same"


def test_a_copy_that_nobody_keeps_up_to_date_hides_the_whole_page(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, "2026-11-30")
    folder.write("posts/a.md", EVENT.format(front=BOTH.replace("2026-11-30", "2020-11-30")))
    monkeypatch.setattr(stale, "today", lambda: date(2020, 11, 30))
    assert not folder.load().refused
    for path in ("/posts", "/posts/a", "/search?q=circle", "/new", "/feed.atom"):
        assert "7946" not in asked(folder, path), path


def asked(folder: Folder, path: str) -> str:
    import asyncio

    async def ask() -> str:
        datasette = serve(folder.site.site_db)
        await datasette.invoke_startup()
        return str((await datasette.client.get(path)).text)

    return asyncio.run(ask())


def test_what_a_partner_sends_is_shown_without_it_and_the_page_says_so(folder: Folder) -> None:
    record_id = patch.new_record_id()
    folder.partner_writes(
        record_id, {"title": "Their post", "slug": "theirs", "body": f"Ring {NUMBER}.", "summary": ADDRESS}
    )
    folder.partner_writes(record_id, {"body": "Ring us."})
    views.refresh(folder.site, folder.db)
    told = folder.published_text()
    assert "7946" not in told and "bloggs" not in told, "the history, too"
    assert "[not shown]" in asked(folder, "/posts/theirs") and "is not shown here" in asked(folder, "/posts/theirs")
    assert "[not shown]" in asked(folder, "/posts/theirs/history")
    assert not verification.verify(folder.site, folder.db).problems


def test_a_person_who_agreed_to_be_listed_until_a_day_shows_what_they_like(folder: Folder) -> None:
    folder.write(
        "people/jo.md",
        f"---\ntitle: Jo\nconsent: Jo, on 1 October 2026, for questions\nconsent_until: 2099\n---\n\n{ADDRESS}\n",
    )
    assert not folder.load().refused
    assert ADDRESS in folder.published_text()
    folder.write("people/al.md", f"---\ntitle: Al\n---\n\n{ADDRESS}\n")
    assert folder.load().refused


_PIECES = st.sampled_from(
    [NUMBER, ADDRESS, "+44 7700 900123", "07700900123", "a", " ", "\n", "5", "@", ".", "(", "2021-03-04", "é", "\0"]
)


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_nothing_is_left_after_hiding_and_nothing_else_is_lost(text: str) -> None:
    hidden = withheld.without(text, frozenset(), "")
    assert not contact_details.find(str(hidden), "")
    for one in contact_details.find(text, ""):
        assert text[one.start : one.start + len(one.text)] == one.text


@pytest.mark.parametrize("consents", ["{{7*7}}", 7, True, {"until": "2020"}, [1, "x", {"detail": 5, "until": 6}], None])
def test_consents_of_any_shape_break_nothing(folder: Folder, consents: object) -> None:
    fields = {"title": "Theirs", "slug": "theirs", "body": f"Ring {NUMBER}.", "consents": consents}
    folder.partner_writes(patch.new_record_id(), fields)
    views.refresh(folder.site, folder.db)
    for path in ("/posts", "/posts/theirs", "/search?q=theirs"):
        assert "Theirs" in asked(folder, path) and NUMBER not in asked(folder, path)


@pytest.mark.parametrize(
    "text",
    [
        "1" * 500_000, "020 7946 0958 " * 40_000, "a@b.org " * 60_000, "12 34 56 78 90 " * 30_000, "@" * 500_000,
        "ISBN " + "0-335-21234-5 " * 30_000, "a." * 200_000 + "@" + "b." * 200_000, "+" * 500_000, "https://" * 60_000,
        "٠٢٠ ٧٩٤٦ ٠٩٥٨ " * 30_000,
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_texts_made_to_take_long_do_not(text: str) -> None:
    """Within seconds, on a slow machine; the first way to look at them took hours."""
    hidden = str(withheld.without(text, frozenset(), ""))
    assert "7946" not in hidden and "@b.org" not in hidden


def test_a_record_made_to_take_long_does_not(folder: Folder) -> None:
    fields = {"title": "Theirs", "slug": "theirs", "also_in": [f"+44 20 7946 {number:04d}" for number in range(9000)]}
    folder.partner_writes(patch.new_record_id(), fields)
    views.refresh(folder.site, folder.db)
    assert "7946" not in folder.published_text() and "Theirs" in folder.published_text()
