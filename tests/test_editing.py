"""Changing entries at the desk: what is saved, what survives when two write at once, and what a preview shows."""

import html
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cop import editing, read_back, statement, status, terms
from cop.editing import Edit, Saved
from cop.errors import CopError
from cop.fields import TYPES
from cop.model import OWN, PARTNERS, PUBLIC
from cop.patch import new_record_id
from cop.shared_words import Unfit
from tests.desk_browser import Answer, Browser, served, signed_in
from tests.network import NOW, Place, befriend, places
from tests.test_pages import check


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (one,) = places(tmp_path, 1)
    yield one
    one.close()


def save(
    place: Place, record_id: str, values: dict[str, Any], seen: tuple[bytes, ...] | None = None, **told: Any
) -> Saved:
    known = editing.opened(place.db, record_id)
    assert known is not None
    edit = Edit(record_id, known.view.type, values, known.seen if seen is None else seen)
    return editing.save(place.site, place.db, place.signer, edit, now=NOW, **told)


def new(place: Place, type_name: str, values: dict[str, Any], share: int = PUBLIC) -> str:
    edit = Edit(new_record_id(), type_name, values, (), share)
    return editing.save(place.site, place.db, place.signer, edit, now=NOW).record_id


AGREED = {"person": {"consent": "said so to Hodan", "consent_until": "2090-01-01"}}  # nobody is listed without it


# -- what is saved


def test_a_new_entry_gets_an_address_and_a_file(place: Place) -> None:
    record_id = new(place, "post", {"title": "Power and tea", "body": "We met."})
    assert place.view(record_id).fields == {"title": "Power and tea", "slug": "power-and-tea", "body": "We met."}
    file = place.site.content / "posts" / "power-and-tea.md"
    assert "We met." in file.read_text("utf-8")
    assert not place.load().changed


def test_only_what_was_touched_is_written(place: Place) -> None:
    record_id = place.change(None, {"title": "A", "summary": "B", "made_up": {"x": [1]}}, added={"topics": ("tea",)})
    saved = save(place, record_id, {"summary": "C", "topics": ["tea", "power"]}, why="So", person="Hodan")
    assert saved.is_changed and not saved.differing and not saved.others
    last = read_back.revisions(place.db, record_id)[-1].patch
    assert last and dict(last.fields) == {"summary": "C"} and dict(last.added) == {"topics": ("power",)}
    assert (last.why, last.person) == ("So", "Hodan")
    assert place.view(record_id).fields["made_up"] == {"x": [1]}


def test_a_field_goes_to_nobody_who_did_not_have_it(place: Place) -> None:
    record_id = new(place, "event", {"title": "A", "contact": "Ring 020 7946 0958"})
    place.change(record_id, {"note": "Between partners"}, type_name="event", audience=PARTNERS)
    save(place, record_id, {"contact": "Ring 020 7946 0959", "note": "Still", "summary": "For all"})
    public, partners = place.view(record_id, PUBLIC), place.view(record_id, PARTNERS)
    assert "note" not in public.fields and "contact" not in partners.fields
    assert (public.fields["summary"], partners.fields["note"]) == ("For all", "Still")
    assert place.view(record_id).fields["contact"] == "Ring 020 7946 0959"
    save(place, record_id, {"note": None, "contact": None})
    assert {"note", "contact"}.isdisjoint(place.view(record_id).fields)


def test_a_draft_stays_here(place: Place) -> None:
    record_id = new(place, "post", {"title": "Not yet", "body": "Ring 020 7946 0958"}, OWN)
    assert place.published(record_id) is None and {r.audience for r in read_back.revisions(place.db, record_id)} == {
        OWN
    }
    save(place, record_id, {"body": "Still here"})
    assert {r.audience for r in read_back.revisions(place.db, record_id)} == {OWN}


def test_the_button_pressed_twice_saves_once(place: Place) -> None:
    edit = Edit(new_record_id(), "post", {"title": "A"})
    for _ in range(2):
        editing.save(place.site, place.db, place.signer, edit, now=NOW)
    record_id, seen = edit.record_id, place.view(edit.record_id).heads
    for _ in range(2):
        save(place, record_id, {"title": "B"}, seen)
    assert len(read_back.revisions(place.db, record_id)) == 2 and status.conflicts(place.db) == []
    with pytest.raises(CopError, match="like this already"):
        editing.save(place.site, place.db, place.signer, Edit(record_id, "post", {"title": "C"}), now=NOW)


@pytest.mark.parametrize(
    ("type_name", "values", "name"),
    [
        ("post", {"title": None}, "title"),
        ("post", {"body": "Write to jo@example.org"}, "body"),
        (
            "event",
            {"start": "2026-12-01T18:00", "repeats": "every week on Tuesday", "not_on": ["2026-12-03"]},
            "not_on",
        ),
        ("event", {"under_18s": True}, "under_18s"),
        ("resource", {"url": "file:///etc/passwd"}, "url"),
        ("page", {"slug": statement.SLUG, "body": "All is well."}, "body"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(
    place: Place, type_name: str, values: dict[str, Any], name: str
) -> None:
    record_id = new(place, type_name, {"title": "A"})
    entries = len(place.entries())
    with pytest.raises(Unfit) as refused:
        save(place, record_id, values)
    assert name in {one.name for one in refused.value.problems} and len(place.entries()) == entries


def test_heads_that_are_not_of_this_entry_are_refused(place: Place) -> None:
    one, other = new(place, "post", {"title": "A"}), new(place, "post", {"title": "B"})
    for seen in ((b"x" * 32,), place.view(other).heads):
        with pytest.raises(CopError, match="not here"):
            save(place, one, {"title": "C"}, seen)


def test_a_file_with_unsaved_edits_is_left_alone_and_comes_together_at_the_next_load(place: Place) -> None:
    record_id = new(place, "post", {"title": "A", "summary": "B"})
    file = place.site.content / "posts" / "a.md"
    file.write_text(file.read_text("utf-8").replace("title: A", "title: By hand"), "utf-8")
    assert editing.unsaved_file(place.site, place.db, record_id) == "content/posts/a.md"
    assert save(place, record_id, {"summary": "At the desk"}).kept == ("content/posts/a.md",)
    place.load()
    assert {"title": "By hand", "summary": "At the desk"}.items() <= place.view(record_id).fields.items()


# -- two at once

FIELDS = ("title", "summary", "note", "url", "publisher")
some_fields = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(["One", "Two", "Three"]), max_size=4)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=some_fields, second=some_fields)
def test_two_who_write_at_once_lose_nothing(place: Place, first: dict[str, str], second: dict[str, str]) -> None:
    def as_typed(values: dict[str, str]) -> dict[str, str]:
        return {name: f"https://{text}.example" if name == "url" else text for name, text in values.items()}

    first, second = as_typed(first), as_typed(second)
    before = {name: "Before" for name in FIELDS if name != "url"}
    record_id = new(place, "resource", before)
    seen = place.view(record_id).heads
    save(place, record_id, first, seen)
    saved = save(place, record_id, second, seen)
    view = place.view(record_id)
    clash = {name for name in first if name in second and first[name] != second[name]}
    assert set(view.conflicts) == clash == set(saved.differing)
    for name, text in {**before, **first, **second}.items():
        told = {version.value for version in view.conflicts[name]} if name in clash else {view.fields[name]}
        assert text in told and (name not in first or first[name] in told)
    assert saved.others == bool(first)


# -- in the browser


@pytest_asyncio.fixture
async def browser(place: Place) -> AsyncIterator[Browser]:
    yield await signed_in(place, "Hodan")


def words(answer: Answer) -> str:
    return " ".join(check(answer.text).text.split())


def fields_of(answer: Answer) -> dict[str, Any]:
    """What the first form of the page would send as it is."""
    form = re.search(r"<form method=\"post\" action.*?</form>", answer.text, re.DOTALL)
    assert form
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form[0]):
        name, value = (re.search(rf' {part}="([^"]*)"', tag) for part in ("name", "value"))
        if name and (not re.search(r'type="(radio|checkbox)"', tag) or " checked" in tag):
            found.setdefault(name[1], []).append(html.unescape(value[1]) if value else "")
    for name, text in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>\n(.*?)</textarea>', form[0], re.DOTALL):
        found[name] = [html.unescape(text)]
    for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', form[0], re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = [html.unescape(chosen[1])] if chosen else [""]
    return found


async def test_an_entry_is_changed_and_its_history_says_by_whom_and_why(place: Place, browser: Browser) -> None:
    record_id = new(place, "post", {"title": "Power", "summary": "Old"})
    shown = await browser.get(f"/desk/edit/{record_id}")
    typed = {**fields_of(shown), "summary": "New & <b>better</b>", "my-why": "It was old"}
    saved = await browser.post(f"/desk/edit/{record_id}", **typed)
    assert "It is saved." in words(saved)
    history = await browser.get("/posts/power/history")
    assert f"Hodan at {place.name} changed: Summary." in words(history) and "Why: It was old" in words(history)
    page = await browser.get("/posts/power")
    assert "New & <b>better</b>" in words(page) and f"/desk/edit/{record_id}" in page.text
    assert "New & <b>better</b>" in (place.site.content / "posts" / "power.md").read_text("utf-8")


@pytest.mark.parametrize("type_name", sorted(TYPES))
async def test_a_form_that_is_sent_as_it_came_changes_nothing(place: Place, browser: Browser, type_name: str) -> None:
    agreed = AGREED.get(type_name, {})
    record_id = new(place, type_name, {"title": "A 'title' & more", "body": "One.\n\nTwo <three>.", **agreed})
    place.change(record_id, {"credits": [{"name": "Hodan", "role": "wrote", "x": 1}]}, type_name=type_name)
    entries = len(place.entries())
    shown = await browser.get(f"/desk/edit/{record_id}")
    same = await browser.post(f"/desk/edit/{record_id}", **fields_of(shown))
    assert "nothing is different" in words(same) and len(place.entries()) == entries
    assert (await browser.get(f"/desk/new/{type_name}")).status == 200


async def test_two_editors_in_two_browsers(place: Place) -> None:
    record_id = new(place, "post", {"title": "Power", "summary": "Old", "note": "Old"})
    path = f"/desk/edit/{record_id}"
    one, other = await signed_in(place, "Hodan"), await signed_in(place, "Tom")
    ones, others = fields_of(await one.get(path)), fields_of(await other.get(path))
    await one.post(path, **{**ones, "summary": "Hodan’s"})
    told = await other.post(path, **{**others, "note": "Tom’s"})
    assert "both changes are in it" in words(told)
    assert {"summary": "Hodan’s", "note": "Tom’s"}.items() <= place.view(record_id).fields.items()
    clash = await other.post(path, **{**others, "summary": "Tom’s"})
    assert "there are two answers now" in words(clash) and "Hodan’s" in words(clash) and "Tom’s" in words(clash)
    form = await one.get(path)
    assert "Summary." in words(form) and 'name="summary"' not in form.text
    assert "2 answers came in for “Summary”" in words(await one.get("/posts/power"))


async def test_a_preview_shows_the_page_as_it_would_be_and_saves_nothing(place: Place, browser: Browser) -> None:
    record_id = new(place, "post", {"title": "Power", "summary": "Old"})
    entries, path = len(place.entries()), f"/desk/edit/{record_id}"
    typed = {
        **fields_of(await browser.get(path)),
        "body": "## Part\n\nSee [us](../pages/about) <script>",
        "title": "Power & tea",
    }
    seen = await browser.post(path, **typed, do="preview")
    assert seen.status == 200 and "Not saved yet" in words(seen) and '<h1 dir="auto">Power &amp; tea</h1>' in seen.text
    assert 'href="../../about"' in seen.text and "<script" not in seen.text
    assert len(place.entries()) == entries and "tea" not in (await browser.get("/posts/power")).text
    back = await browser.post(path, **{**typed, "do": "edit"})
    assert back.status == 200 and back.value("title") == "Power & tea" and back.value("heads") == typed["heads"][0]
    await browser.post(path, **typed)
    assert place.view(record_id).fields["title"] == "Power & tea"


@pytest.mark.parametrize("type_name", sorted(TYPES))
async def test_a_new_entry_is_seen_first_and_saved(place: Place, browser: Browser, type_name: str) -> None:
    path = f"/desk/new/{type_name}"
    typed = {**fields_of(await browser.get(path)), "title": "Something new", **AGREED.get(type_name, {})}
    seen = await browser.post(path, **typed, do="preview")
    assert seen.status == 200 and "Not saved yet" in words(seen) and "Something new" in words(seen)
    draft = await browser.post(path, **{**typed, "who-sees": "own"}, do="preview")
    assert "Readers would not see it" in words(draft)
    saved = await browser.post(path, **typed)
    assert "It is saved." in words(saved)
    assert place.view(typed["id"][0]).fields["title"] == "Something new"


async def test_there_is_one_agreement(place: Place, browser: Browser) -> None:
    path = "/desk/new/agreement"
    typed = {**fields_of(await browser.get(path)), "title": "How we work together"}
    assert typed["id"] == [terms.RECORD_ID]
    await browser.post(path, **typed)
    assert (await browser.get(path)).header("location").endswith(f"/desk/edit/{terms.RECORD_ID}")
    for other in (path, "/desk/new/post"):
        again = await browser.post(other, **{**typed, "title": "Another", "id": terms.RECORD_ID})
        assert again.status == 422 and again.value("title") == "Another"
    assert place.view(terms.RECORD_ID).fields["title"] == "How we work together"


async def test_contact_details_are_refused_and_what_was_typed_is_kept(place: Place, browser: Browser) -> None:
    record_id = new(place, "post", {"title": "Power"})
    path = f"/desk/edit/{record_id}"
    typed = {**fields_of(await browser.get(path)), "summary": "Ring 020 7946 0958", "body": "Kept <b>"}
    wrong = await browser.post(path, **typed)
    assert wrong.status == 422 and "looks like a phone number" in words(wrong) and "Summary" in words(wrong)
    assert wrong.value("summary") == "Ring 020 7946 0958" and wrong.value("body") == "Kept <b>"
    why = await browser.post(path, **{**typed, "summary": "Fine", "my-why": "jo@example.org asked"})
    assert why.status == 422 and "e-mail address" in words(why) and why.value("summary") == "Fine"
    assert "summary" not in place.view(record_id).fields


async def test_a_form_that_is_not_whole_keeps_what_was_typed(place: Place, browser: Browser) -> None:
    record_id = new(place, "post", {"title": "Power"})
    for heads in ("", "zz", "ab" * 32):
        again = await browser.post(f"/desk/edit/{record_id}", heads=heads, title="Mine", summary="Kept")
        assert again.status == 409 and again.value("summary") == "Kept" and again.value("title") == "Mine"
    assert (await browser.post("/desk/new/post", id="../x", title="Kept")).value("title") == "Kept"


async def test_an_entry_is_withdrawn_with_a_reason_and_shown_again(place: Place, browser: Browser) -> None:
    record_id = new(place, "post", {"title": "Power"})
    gone = await browser.post(f"/desk/withdraw/{record_id}", **{"my-why": "It was wrong", "do": "withdraw"})
    assert "It is withdrawn" in words(gone) and place.published(record_id) is None
    assert "Withdrawn: readers do not see it." in words(await browser.get("/desk/find?q=pow"))
    back = await browser.post(f"/desk/withdraw/{record_id}", do="show")
    assert "Readers see it again." in words(back)
    history = words(await browser.get("/posts/power/history"))
    assert f"Hodan at {place.name} withdrew it" in history and "Why: It was wrong" in history
    wrong = await browser.post(f"/desk/withdraw/{record_id}", **{"my-why": "Ask jo@example.org", "do": "withdraw"})
    assert wrong.status == 422 and place.published(record_id)


async def test_entries_are_found_whoever_may_see_them(place: Place, browser: Browser) -> None:
    new(place, "post", {"title": "100% power_ful \\ tea"})
    new(place, "event", {"title": "Among us"}, PARTNERS)
    for typed, found in (("100%25", True), ("power_ful", True), ("powerXful", False), ("%25%25", False), ("\\", True),
                         ("https://x.example/posts/100-power-ful-tea/", True)):  # fmt: skip
        assert ("100% power_ful" in words(await browser.get(f"/desk/find?q={typed}"))) == found
    assert "For partners only." in words(await browser.get("/desk/find?q=among"))
    assert (await browser.get("/desk/edit/posts/100-power-ful-tea")).status == 303
    for path in ("/desk/edit/posts/nothing", "/desk/edit/nothing/x", "/desk/new/nothing", f"/desk/edit/{'a' * 26}"):
        assert (await browser.get(path)).status == 404


async def test_whoever_has_not_signed_in_may_look_and_not_save(place: Place) -> None:
    record_id = new(place, "post", {"title": "Power"})
    reader = Browser(served(place))
    await reader.datasette.invoke_startup()
    typed = fields_of(await reader.get(f"/desk/edit/{record_id}"))
    refused = await reader.post(f"/desk/edit/{record_id}", **{**typed, "title": "Mine"})
    assert (
        refused.status == 403 and refused.value("title") == "Mine" and place.view(record_id).fields["title"] == "Power"
    )
    far = Browser(reader.datasette, host="192.168.1.7:8001", client="192.168.1.9")
    assert (await far.get(f"/desk/edit/{record_id}")).status == 403


async def test_a_change_reaches_partners_with_the_name(tmp_path: Path) -> None:
    one, other = places(tmp_path, 2)
    befriend(one, other)
    record_id = new(one, "post", {"title": "Power"})
    browser, path = await signed_in(one, "Hodan"), f"/desk/edit/{record_id}"
    await browser.post(path, **{**fields_of(await browser.get(path)), "title": "Power to"})
    one.sync(other)
    there = Browser(served(other))
    await there.datasette.invoke_startup()
    assert f"Hodan at {one.name} changed: Title." in words(await there.get("/posts/power/history"))
    assert one.digest() == other.digest()
    one.close()
    other.close()


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("hello world", "a consent does not say who agreed to what"), ("who: a", "a consent does not say who agreed to what"),
        ("who: a\ndetail: 020 7946 0958", "a consent does not say who agreed to what"),
        ("who: a\ndetail: x\nwhen: 2026\nfor: b\nuntil: soon", "“soon” is not a day"),
        ("who: a\ndetail: x\nwhen: 2026\nfor: b\nuntil: 2090", "“x” is no phone number or e-mail address"),
    ],
)  # fmt: skip
async def test_a_consent_that_a_file_could_not_have_is_not_saved_here_either(
    place: Place, browser: Browser, typed: str, reason: str
) -> None:
    entries = len(place.entries())
    page = await browser.get("/desk/new/post")
    again = await browser.post("/desk/new/post", **{**fields_of(page), "title": "Circle", "consents": typed})
    assert again.status == 422 and reason in words(again) and 'id="f-consents-oops"' in again.text
    assert again.value("consents").replace("\r", "") == typed and again.value("title") == "Circle"
    assert len(place.entries()) == entries
    whole = "who: a\ndetail: 020 7946 0958\nwhen: 2026-11-01\nfor: b\nuntil: 2090-01-01"
    typed_again = {**fields_of(again), "consents": whole, "body": "Ring 020 7946 0958."}
    assert "It is saved" in words(await browser.post("/desk/new/post", **typed_again))
    assert "020 7946 0958" in (await browser.get("/posts/circle")).text


async def test_what_goes_to_partners_may_have_a_number_at_the_desk_too(place: Place, browser: Browser) -> None:
    page = await browser.get("/desk/new/post")
    typed = {**fields_of(page), "title": "Plan", "body": "Ring 020 7946 0958.", "who-sees": "partners"}
    assert "It is saved" in words(await browser.post("/desk/new/post", **typed))
