"""A site with the real content and, of every kind, records that are full, long, empty, right-to-left, hostile, disputed,
hidden or in another form. Made from the table of fields, so a new kind or field is in it by itself.

And a walk over its addresses, as a reader would follow the links.
"""

import re
import shutil
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urldefrag, urljoin, urlsplit

import requests
import yaml

from cop import looking
from cop.contributions import ADD, CORRECT, REMOVE, SAY, Sent, decline, take
from cop.fields import AGREEMENT, FOLDERS, KINDS_OF_RECORDS, TYPES, Field, RecordType
from cop.model import Value
from cop.terms import RECORD_ID
from tests.network import NOW, Place, befriend, places

PROJECT = Path(__file__).parent.parent
SENT = "odd-sent-odd-sent-odd"  # and a digit: a part of the address where a sender sees what became of something
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
WORDS = {
    "full": "Plain words about it",
    "long": f"{LONG} {LONG.lower() * 2}",
    "arabic": "دليل البحث المشترك للمجتمع",
    "hostile": """"'><script>alert(1)</script>&amp;<b>\u202ebent</b> {{ 7 * 7 }} </title><!--""",
}
LANGUAGES = {"full": ["en", "so"], "long": ["de"], "arabic": ["ar"], "hostile": ["xx-not a language", "so"]}
BODY = """
## First part

{words}. [A link]({link}), *and more*.

- one
- two

| Stage | Who |
| --- | --- |
| Plan | {words} |

> {words}

```
{words}
```

### A smaller part

1. {words}
"""


def _value(field: Field, words: str, languages: list[str]) -> object:
    """Something that fits the kind of a field."""
    if field.name in ("timezone", "withdrawn", "slug", "same_as"):
        return "Europe/London" if field.name == "timezone" else None
    if field.name in ("languages", "consent_until"):
        return languages if field.name == "languages" else "2090-01-01"
    if field.name == "consents":
        return [{"who": words, "detail": "odd@example.org", "when": "2026-11-23", "for": words, "until": "2090-01-01"}]
    if field.name == "not_on":
        return ["2090-04-11"]
    if field.choices and field.kind != "people":
        return list(field.choices) if field.kind == "set" else field.choices[0]
    if field.to:
        return "odd-empty" if field.kind == "text" else ["odd-empty", "nowhere"]
    return {
        "text": words,
        "money": words,
        "markdown": words,
        "choice": words,
        "url": "https://example.org/" + "long-path/" * 20,
        "number": 2019,
        "date": "2090-03-14",
        "flag": True,
        "set": [words, "b"],
        "list": [words, "b"],
        "people": [{"name": words, "role": "chair", "organisation": words, "date": "2090-03-14"}],
        "entries": [_entry(field, words, languages), _entry(field, words, languages)],
        "file": "odd/paper.txt",
        "files": ["odd/paper.txt"],
        "repeats": "every 2 weeks on Tuesday until 2090-06-30",
        "dates": ["2090-04-02"],
        "record": "resources/odd-full",
        "moves": [{"date": "2090-03-28", "to": "2090-03-29", "place": words}],
    }[field.kind]


def _entry(field: Field, words: str, languages: list[str]) -> dict[str, object]:
    found = re.search(r"\{(.*?)\}", field.help)
    names = found[1].split(", ") if found else ["text"]
    known = {"date": "2019-02", "year": 2018, "url": "https://example.org/x", "language": languages[0]}
    return {name: known.get(name, words) for name in names}


def _file(record_type: RecordType, shape: str) -> str:
    """A content file of that kind: every field of it filled."""
    words, languages = WORDS[shape], LANGUAGES[shape]
    fields = {field.name: _value(field, words, languages) for field in record_type.fields if field.name != "body"}
    shown = {name: value for name, value in fields.items() if value is not None} | {"title": f"{words} ({shape})"}
    body = BODY.format(words=words, link="https://example.org/somewhere")
    return f"---\n{yaml.safe_dump(shown, allow_unicode=True, sort_keys=False)}---\n{body}"


# nobody is listed without it; it goes behind the title
_AGREED = {"person": "consent: said so to Hodan on 2026-11-23\nconsent_until: 2090-01-01\n"}


ODD_KINDS = tuple(one for one in KINDS_OF_RECORDS if one.name != AGREEMENT)  # there is one agreement only


def _write_odd(place: Place) -> None:
    for record_type in ODD_KINDS:
        for shape in WORDS:
            place.write(f"{record_type.folder}/odd-{shape}.md", _file(record_type, shape))
        agreed = _AGREED.get(record_type.name, "")
        place.write(f"{record_type.folder}/odd-empty.md", f"---\ntitle: Empty\n{agreed}---\n")
        for name in ("disputed", "hidden"):
            place.write(
                f"{record_type.folder}/odd-{name}.md", f"---\ntitle: {name}\n{agreed}summary: Known\n---\n\nText.\n"
            )
        place.write(f"{record_type.folder}/odd/paper.txt", "A paper.\n")


def odd_place(folder: Path) -> Place:
    """One organisation's copy, after it exchanged with another that sees some things differently."""
    one, other = places(folder, 2)
    shutil.copytree(PROJECT / "content", one.site.content, dirs_exist_ok=True)
    _write_odd(one)
    one.load()
    befriend(one, other)
    one.sync(other)
    for record_type in ODD_KINDS:
        disputed, hidden = (_id_of(one, record_type, f"odd-{name}") for name in ("disputed", "hidden"))
        for place, words in ((one, "Ours"), (other, WORDS["hostile"])):
            said = {"title": f"{words} as {place.name} sees it", "summary": words, "body": f"{words}\n\nMore."}
            place.change(disputed, said, type_name=record_type.name, added={"topics": ("meetings",)})
        one.change(hidden, {"withdrawn": "It was wrong"}, type_name=record_type.name, kind="withdraw")
    one.sync(other)
    _agree_odd(one, other)
    other.close()
    _send_odd(one)
    return one


def _agree_odd(one: Place, other: Place) -> None:
    """An agreement of two in odd words, a version that is not signed yet, and entries that somebody looked at."""
    agreed: dict[str, Value] = {
        "title": WORDS["hostile"], "body": BODY.format(words=WORDS["long"], link="https://example.org/x"), "publishing": "none",
        "together": list(WORDS.values()), "alone": [WORDS["arabic"]],
        "roles": [{"role": words, "who": words, "since": "2026-01", "until": "2026-06"} for words in WORDS.values()],
        "parties": [{"name": one.name, "kind": "community", "key": one.organisation.hex()}],
    }  # fmt: skip
    one.change(RECORD_ID, agreed, type_name=AGREEMENT)
    one.sync(other)
    for place in (one, other):
        looking.look_at(place.site, place.db, place.signer, [RECORD_ID], why="", now=NOW)
    one.sync(other)
    one.change(RECORD_ID, {"summary": WORDS["long"]}, type_name=AGREEMENT)
    looked_at = [_id_of(one, TYPES[name], f"odd-{shape}") for name in ("resource", "event") for shape in WORDS]
    looking.look_at(one.site, one.db, one.signer, looked_at, why=WORDS["arabic"], now=NOW - 2 * 366 * 86_400)


def _send_odd(place: Place) -> None:
    """What people sent, of every kind and in odd words."""
    about = _id_of(place, TYPES["resource"], "odd-full")
    for at, words in enumerate(WORDS.values()):
        said = {
            "title": words,
            "summary": words,
            "topics": [words, "meetings"],
            "body": BODY.format(words=words, link="x"),
        }
        told = {"why": words[:400], "credit": words[:90]}
        for sent in (
            Sent(ADD, "event", {**said, "freephone": True, "start": "2090-03-14"}, relayed=at == 1, **told),
            Sent(CORRECT, "resource", {"summary": words, "year": None}, record_id=about, **told),
            Sent(REMOVE, "resource", why=words, reason="harm", record_id=about),
            Sent(SAY, "", {"title": words}, **told),
        ):
            take(place.db, sent, NOW + at)
    place.db.execute("UPDATE local_contribution SET token = ? || number WHERE number < 5", [SENT])
    decline(place.db, 2, why=WORDS["hostile"].replace("\u202e", "")[:100], now=NOW, by=WORDS["arabic"])


def _id_of(place: Place, record_type: RecordType, slug: str) -> str:
    rows = place.public()["records"]
    return next(str(row["record_id"]) for row in rows if (row["type"], row["slug"]) == (record_type.name, slug))


# -- the walk


@dataclass(frozen=True)
class Page:
    """What an address answered."""

    address: str  # path and query
    status: int
    kind: str  # the media type
    text: str

    @property
    def shape(self) -> str:
        return shape_of(self.address)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href" if tag in ("a", "link") else "src")
        if target:
            self.found.append(target)


STARTS = (
    "/", "/no-such-page", "/resources/no-such-page", "/search?q=power", "/search?q=nothingatall",
    "/search?q=%22%27%3E%3Cscript%3E&type=resource", "/resources?topic=sharing-power&kind=guidance&new=365",
    "/resources?help=no-link-known&kind=-", "/resources?page=99999", "/events?month=2090-03", "/events?month=2019-02",
    "/events?access=step-free", "/events?month=never", "/new?since=2020-01-01", "/new?since=soon", "/add", "/languages", "/desk",
    "/desk/find?q=odd", "/desk/sync", "/desk/invite", "/desk/inbox", "/desk/told", "/desk/events", "/desk/duplicates", "/desk/removals", "/removed",
    *(f"/add/sent/{SENT}{at}" for at in range(1, 5)),
)  # fmt: skip
MISSING = {"/no-such-page", "/resources/no-such-page"}
NOT_OURS = re.compile(
    r"^/(?:site|-|static/(?:checklist|saved)|files)(?:/|$|\?|\.)"
)  # Datasette's own pages, and what is saved
_PREFIX = re.compile(r"^/(?:cy|so|ar|ur|pl)(?=/|$)")
ODD = re.compile(r"(?:/ar)?/[a-z]+/odd-[a-z]+$")
_KNOWN = {"history", "feed.atom", "events.ics", "log.csv", "log.txt"}
MOST = 12  # pages of one shape
MOST_NARROWED = 2  # narrowed in one way; in another language one is enough


def shape_of(address: str) -> str:
    """What kind of page an address leads to: `/resources/*`, `/resources?topic`, `ar:/events`."""
    parts = urlsplit(address)
    prefix = _PREFIX.match(parts.path)
    path = parts.path[prefix.end() :] if prefix else parts.path
    first, *rest = path.strip("/").split("/")
    if first in FOLDERS:
        rest = [one if one in _KNOWN else "*" + "".join(re.findall(r"\.[a-z]+$", one)) for one in rest]
    if first == "desk":
        rest = ["*" if re.fullmatch("[a-z2-7]{26}", one) else one for one in rest]
    names = ",".join(sorted(parse_qs(parts.query, keep_blank_values=True)))
    said = "/" + "/".join([first, *rest]) + (f"?{names}" if names else "")
    return f"{prefix[0][1:]}:{said}" if prefix else said


def walk(site: str) -> Iterator[Page]:
    """Pages of every shape, each asked for once. Odd records are all followed, of the others the first few."""
    session, seen, counted = requests.Session(), set(STARTS), Counter[str]()
    session.trust_env = False
    waiting = deque(STARTS)
    waiting.extend(
        f"/{folder}/odd-{name}"
        for folder in (one.folder for one in ODD_KINDS)
        for name in (*WORDS, "empty", "disputed")
    )
    while waiting:
        address = waiting.popleft()
        shape = shape_of(address)
        most = 1 if ":" in shape else MOST_NARROWED if "?" in shape else MOST
        if counted[shape] >= most and address not in STARTS and not ODD.match(address):
            continue
        counted[shape] += 1
        answer = session.get(site + address, allow_redirects=True, timeout=30)
        kind = answer.headers.get("content-type", "").partition(";")[0]
        yield Page(address, answer.status_code, kind, answer.text)
        if kind == "text/html":
            for target in _targets(site, address, answer.text):
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)


def _targets(site: str, address: str, html: str) -> Iterator[str]:
    links = _Links()
    links.feed(html)
    for link in links.found:
        whole, _ = urldefrag(urljoin(site + address, link))
        target = whole.removeprefix(site)
        if target != whole and not NOT_OURS.match(target):
            yield target or "/"
