"""The promise of forgetting, on invented people: after an erase no byte of the site folder and no page tells of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from datasette.app import Datasette

from cop import bundle, checkout, forgetting, traces, verification
from cop.place import attachments as left_files
from cop.transports.folder import FolderCarrier
from tests.canaries import forms, where
from tests.carriers import visit
from tests.network import NOW, Place, assert_same_views, network

WORD = "Zyqwémox"  # of everybody who is to be forgotten
FEW, MANY = 48, 1000
Erase = Callable[[Place, str], None]


def test_the_search_for_words_finds_them_in_every_form(tmp_path: Path) -> None:
    for at, form in enumerate(sorted(forms(WORD))):
        (tmp_path / str(at)).write_bytes(b"before " + form + b" after")
    assert len(where(tmp_path, WORD)) == len(forms(WORD)) > 30


def _whole(place: Place, path: str) -> None:
    forgetting.erase(place.side, _id_of(place, path), reason="asked", now=NOW)


def _part(field: str) -> Erase:
    return lambda place, path: forgetting.erase(
        place.side, _id_of(place, path), field=field, reason="personal", now=NOW
    )


def _id_of(place: Place, path: str) -> str:
    row = place.db.execute("SELECT record_id FROM local_file WHERE path = ?", [path]).fetchone()
    assert row, path
    return str(row[0])


def _person(at: int) -> str:
    letters = "".join("bcdfghjklm"[int(digit)] for digit in f"{at:04}")
    return f"{WORD}{letters}a Quill"


def _in_title(place: Place, at: int) -> tuple[str, Erase]:
    path = f"people/{_person(at).replace(' ', '-').lower()}.md"
    place.write(path, f"---\ntitle: {_person(at)}\nconsent: Said so\nconsent_until: 2090\n---\n\nLikes tea.\n")
    return path, _whole


def _in_the_name_only(place: Place, at: int) -> tuple[str, Erase]:
    path = f"posts/{_person(at).replace(' ', '-').lower()}.md"
    place.write(path, f"---\ntitle: {_person(at)} tells\nsummary: A talk {at}\n---\n\nThe rest stays.\n")
    return path, _part("title")


def _in_body(place: Place, at: int) -> tuple[str, Erase]:
    path = f"posts/talk-{at}.md"
    place.write(path, f"---\ntitle: Talk {at}\n---\n\nFirst.\n\n{_person(at)} told us.\n\nLast.\n")
    return path, _part("body")


def _in_front_matter(place: Place, at: int) -> tuple[str, Erase]:
    path = f"posts/note-{at}.md"
    place.write(path, f"---\ntitle: Note {at}\nsummary: >\n  by {_person(at)}\ntopics: [power]\n---\n\nText.\n")
    return path, _part("summary")


def _in_a_list(place: Place, at: int) -> tuple[str, Erase]:
    path = f"resources/guide-{at}.md"
    place.write(path, f"---\ntitle: Guide {at}\nauthors: [Ann Bell, {_person(at)}]\nyear: 2024\n---\n\nText.\n")
    return path, _part("authors")


def _in_an_attachment(place: Place, at: int) -> tuple[str, Erase]:
    stem = f"cv-{_person(at).replace(' ', '-').lower()}"
    file = place.site.content / "resources" / stem / f"{stem}.txt"
    file.parent.mkdir(parents=True)
    file.write_text(f"{_person(at)} was born.\n", "utf-8")
    path = f"resources/life-{at}.md"
    place.write(path, f"---\ntitle: Life {at}\nfile: {stem}/{stem}.txt\n---\n\nA life.\n")
    return path, _whole


def _in_an_older_version(place: Place, at: int) -> tuple[str, Erase]:
    path = f"posts/old-{at}.md"
    place.write(path, f"---\ntitle: Old {at}\nsummary: {_person(at)}\n---\n\nText by {_person(at)}.\n")
    place.load()
    place.write(path, f"---\nid: {_id_of(place, path)}\ntitle: Old {at}\nsummary: Somebody\n---\n\nText.\n")
    return path, _whole


def _for_partners(place: Place, at: int) -> tuple[str, Erase]:
    path = f"events/walk-{at}.md"
    text = f"---\ntitle: Walk {at}\nbooking: ask {_person(at)}\nnote: {_person(at)} leads\nshare_fields: {{booking: partners, note: own}}\n---\n"
    place.write(path, text)
    return path, _whole


_WAYS = (
    _in_title, _in_the_name_only, _in_body, _in_front_matter, _in_a_list, _in_an_attachment, _in_an_older_version,
    _for_partners,
)  # fmt: skip


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[Place]]:
    found = network(tmp_path, 2)
    yield found
    for place in found:
        place.close()


def meet(found: list[Place], folder: Path, rounds: int = 2) -> None:
    """Both visit a shared folder, with their files; then each does what the other wants erased."""
    for _ in range(rounds):
        for place in found:
            carrier = FolderCarrier(str(folder))
            visit(place, carrier)
            traces.clean(place.side, NOW)
            left_files.exchange(place.side, carrier, lambda done, of: None)


def forget_everybody(found: list[Place], folder: Path, count: int) -> None:
    one, other = found
    shared = folder / "share"
    shared.mkdir()
    one.write("posts/stays.md", "---\ntitle: What stays\n---\n\nWyrdquil stays.\n")
    people = [_WAYS[at % len(_WAYS)](one, at) for at in range(count)]
    one.load()
    meet(found, shared)
    checkout.check_out(other.site, other.db)
    bundle.create(other.side, folder / "old.cop", None, full=True, files_too=True, now=NOW)
    for place in found:
        assert len(where(place.site.root, WORD)) > 3
    assert where(shared, WORD)
    for path, erase in people:
        erase(one, path)
    assert where(one.site.root, WORD) == []
    meet(found, shared)
    for root in (other.site.root, shared):
        assert where(root, WORD) == []
    for place in found:
        applied = bundle.apply(place.side, folder / "old.cop", NOW)
        assert applied.erased >= count
        traces.clean(place.side, NOW)
        assert where(place.site.root, WORD) == []
        assert where(place.site.root, "Wyrdquil")
        assert verification.verify(place.site, place.db).problems == []
    meet(found, shared)
    assert where(shared, WORD) == []
    assert one.digest() == other.digest()
    assert_same_views(found)


def test_nothing_tells_of_a_few_people(two: list[Place], tmp_path: Path) -> None:
    forget_everybody(two, tmp_path, FEW)


def test_nothing_tells_of_more_people_than_fit_on_a_page(two: list[Place], tmp_path: Path) -> None:
    forget_everybody(two, tmp_path, 120)


@pytest.mark.slow
def test_nothing_tells_of_a_thousand_people(two: list[Place], tmp_path: Path) -> None:
    forget_everybody(two, tmp_path, MANY)


@pytest.mark.asyncio
async def test_no_page_tells_of_them(two: list[Place]) -> None:
    one = two[0]
    people = [_WAYS[at % len(_WAYS)](one, at) for at in range(16)]
    one.load()
    served = Datasette([str(one.site.site_db)])
    paths = await all_pages(served)
    before = [path for path in paths if await tells(served, path)]
    assert len(before) > 16, before
    for path, erase in people:
        erase(one, path)
    for path in {*paths, *await all_pages(served)}:
        assert not await tells(served, path), path
    listed = (await served.client.get("/removed")).text
    assert listed.count("<li>") > 16


@pytest.mark.asyncio
async def test_no_page_tells_a_number_that_only_a_consent_names(two: list[Place]) -> None:
    number, who = "0117 496 0888", "Qyvertone"
    consent = f'consents:\n  - {{who: {who}, detail: "{number}", when: 2026, for: {who}, until: 2090}}\n'
    place = two[0]
    share = "share_fields: {body: partners}\n"
    place.write("posts/x.md", f"---\ntitle: Circle\n{share}{consent}---\n\nRing {number}.\n")
    place.write("posts/y.md", f"---\ntitle: Other circle\n{consent}---\n\nRing {number}.\n")
    place.load()
    found = Datasette([str(place.site.site_db)])
    paths = [*await all_pages(found), "/search?q=circle", "/search?q=0117+496+0888", "/posts/x.json"]
    assert "/posts/x/history" in paths and "/posts/y/history" in paths
    for path in paths:
        content = (await found.client.get(path, follow_redirects=True)).content
        assert not any(form in content for form in forms(who)), path
        if path.startswith("/posts/x"):
            assert not any(form in content for form in forms(number)), path
    assert not [name for name in where(place.site.site_db.parent, who) if name.startswith("site.db")]


async def tells(served: Datasette, path: str) -> bool:
    """True if an answer has the word in any form."""
    answer = await served.client.get(path, follow_redirects=True)
    body = answer.content.replace(b"q=Zyqw%C3%A9mox", b"").replace(b'value="Zyqw\xc3\xa9mox"', b"")
    return any(form in body for form in forms(WORD)) and not path.startswith("/search")


async def all_pages(served: Datasette) -> list[str]:
    """Lists, feeds, tables, and every record with its history."""
    paths = ["/", "/new", "/posts", "/people", "/events", "/resources", "/topics", "/feed.atom", "/events.ics", "/removed",
             "/resources.bib", "/resources.ris", "/pictures", "/differences", "/search?q=power", "/search?q=Zyqwemox"]  # fmt: skip
    tables = ("records", "history", "files", "facets", "facet_counts", "removed", "search_words", "conflicts")
    paths += [f"/site/{name}.json?_size=1000" for name in tables]
    rows = (await served.client.get("/site/records.json?_size=1000&_shape=array")).json()
    from cop.fields import TYPES

    for row in rows:
        address = f"/{TYPES[row['type']].folder}/{row['slug']}"
        paths += [address, f"{address}/history"]
    return paths
