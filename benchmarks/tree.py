"""Writes content trees of any size, the same one every time: 20 posts to 10 events to 70 resources, 0.5 to 3 KB each.

Files look as people write them: front matter, no `id:` line, Markdown in English, Somali, Arabic and Polish.

    python benchmarks/tree.py FOLDER 10000
"""

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

SEED = 20261122
KINDS = ("post",) * 2 + ("event",) + ("resource",) * 7  # of every ten records
BYTES = {"post": (1300, 2700), "event": (600, 1900), "resource": (550, 2000)}  # of a whole file, about

ENGLISH = """about access across after agree agreed all also and any are around ask asked at balance be because before
begin being between book both bring build by call can care carers change choose clinic community could day decide
decision different do each early easy enough equal evidence experience face families feedback fees find first for
free from funding give go group groups guide had has have health hear help here home hospital how if in interpreter
into involve is it join journey just kept know language later lead learn learning left less like listen listening
lived local long made make many may meet meeting meetings members money more most mother move much nearby need needs
neighbours never new next no not notes now of offer often on one open or other our out over paid paper part partners
patients pay people phone place plan plain power practice project public question questions read record report
research researcher researchers respect right role room safe say services share shared should show small so some
speak start still stories support take talk team than thank that the their them then there they thing think this
through time to together tools topic trained training travel trust two university until up us use very voice wait was
way we week well were what when where which who why will with without words work worked workshop would write year
young your"""
SOMALI = """aad aan ah ahaan baaritaan baro bulsho bulshada caafimaad caafimaadka cilmi cilmibaaris codkaaga dadka daryeel
degaan dhageyso dhalinyaro dhallinyarada dhaqan fadlan faham fikrad guddi hab hadal helitaan hooyooyinka iyo isbeddel
isbitaal jaaliyad jawaab kala kalsooni kulan kulanka la lacag luqad luqadda magaalada mashruuc mashruuca mid nala
nolosha oo qof qofka qoraal qoys qoyska saaxiib shaqo si su'aal su'aalo tababar taageero turjubaan u waa wadahadal
wadaag wax waxbarasho waxaa wadajir xaq xafiis xirfad xog xubin yar"""
ARABIC = """أسئلة أسرة أفكار اجتماع استماع الاحترام البحث البحوث التدريب التغيير التمويل الثقة الجامعة الخبرة الدعم الرعاية
السلطة الصحة العائلات العمل القرار اللغة المجتمع المرضى المستشفى المشاركة المشروع المعرفة الناس باحث بدون تجربة
ترجمة تعلم تقرير جلسة جميع حق حوار خدمات دور رأي سؤال شباب شراكة صحي صوت عدالة على عن فريق في قصة كتاب لقاء مترجم
مجموعة مساواة مشترك مع معا من نحن ورشة وقت"""
POLISH = """badacz badaczka badania bezpieczny czas decyzja doświadczenie dostęp dzień dziękujemy głos grupa i jak język języki
każdy kobiety koszt książka lekarz ludzie łatwy matki miejsce młodzież można nasz nauka nie notatki o opieka opowieść
oraz osoba pacjenci pieniądze pomoc potrzeby praca projekt przewodnik pytania raport razem rodzina rozmowa równość
sąsiedzi słuchać spotkanie społeczność szkolenie szpital tłumacz udział uniwersytet warsztaty wiedza wolontariusz
wsparcie wspólnie współpraca wynik z zaufanie zdrowie zespół zmiana źródło"""
SYLLABLES = {
    "en": ("re", "con", "pre", "in", "un", "sur", "tra", "vel", "mor", "lin", "ter", "ant", "ment", "tion", "able"),
    "so": ("ba", "dha", "caa", "xo", "qa", "wa", "shi", "gu", "ri", "lay", "maa", "nka", "da", "yo", "ha"),
    "ar": ("ال", "مع", "تر", "حا", "سل", "نا", "قو", "بي", "دم", "كت", "رة", "ين", "ات", "ون", "ية"),
    "pl": ("prze", "wy", "roz", "sta", "gó", "łą", "mię", "dzy", "ny", "ście", "ka", "ów", "nia", "rze", "cz"),
}
COMMON = {"en": ENGLISH.split(), "so": SOMALI.split(), "ar": ARABIC.split(), "pl": POLISH.split()}
RARE = 6000  # words of each language beyond the common ones, so that an index has as many words as a real one
TOPICS = [f"{one}-{other}" for one in COMMON["en"][10:40:3] for other in ("research", "power", "access", "funding")]
AUDIENCES = ["community-researchers", "university-researchers", "practitioners", "public-contributors", "young-people"]
RESOURCE_KINDS = ["guidance", "toolkit", "training", "report", "paper", "book", "website", "video", "template"]
EVENT_KINDS = ["workshop", "webinar", "meeting", "training-course", "call", "publication"]
ORGANISATIONS = [
    "Caafi Health",
    "University of the West",
    "Somali Women’s Circle",
    "Fundacja Razem",
    "جمعية الأمل",
    "NHS North",
]
FIRST = ["Hodan", "Amina", "Yusuf", "Zofia", "Łukasz", "Małgorzata", "مريم", "خالد", "Grace", "Tom", "Priya", "Faadumo"]
LAST = ["Cali", "Warsame", "Nowak", "Wiśniewska", "الحسن", "Okafor", "Smith", "Jones", "Patel", "Maxamed", "Kowalczyk"]


@dataclass(frozen=True)
class Document:
    """One content file."""

    path: str  # below content/
    text: str


class Words:
    """Words of one language, frequent ones more often than rare ones."""

    def __init__(self, rng: random.Random, language: str) -> None:
        syllables = SYLLABLES[language]
        rare = ["".join(rng.choices(syllables, k=rng.randint(2, 4))) for _ in range(RARE)]
        self._all = [*COMMON[language], *rare]
        weights = [30.0] * len(COMMON[language]) + [250 / (at + 10) for at in range(RARE)]
        self._weights = list(accumulate(weights))

    def some(self, rng: random.Random, count: int) -> list[str]:
        """That many words."""
        return rng.choices(self._all, cum_weights=self._weights, k=count)


class Author:
    """Writes documents; what it writes depends on the seed only."""

    def __init__(self) -> None:
        self.rng = random.Random(SEED)
        self._words = {language: Words(self.rng, language) for language in COMMON}

    def document(self, number: int) -> Document:
        """The next document."""
        kind = KINDS[number % len(KINDS)]
        language = self.rng.choices(("en", "so", "ar", "pl"), weights=(70, 10, 10, 10))[0]
        low, high = BYTES[kind]
        front = self._front(kind, language)
        body = self._body(language, self.rng.randint(low, high) - len(front.encode()))
        name = "-".join(self._words["en"].some(self.rng, 3)).replace("'", "")
        return Document(f"{kind}s/{name}-{number:06}.md", f"---\n{front}---\n\n{body}")

    def _front(self, kind: str, language: str) -> str:
        rng = self.rng
        month, day = rng.randint(1, 12), rng.randint(1, 28)
        lines = [f"title: {_quoted(self._phrase(language, rng.randint(3, 8)))}"]
        if kind == "post":
            lines.append(f'date: "{rng.randint(2018, 2026)}-{month:02}-{day:02}"')
            lines += _listed("authors", [self._person() for _ in range(rng.randint(1, 3))])
        elif kind == "event":
            lines.append(f"kind: {rng.choice(EVENT_KINDS)}")
            lines.append(f"start: {rng.randint(2018, 2027)}-{month:02}-{day:02}T{rng.randint(9, 19):02}:30")
            lines.append("timezone: Europe/London")
            lines.append(f"place: {_quoted(self._phrase(language, 3))}")
            lines += _listed("organisers", [rng.choice(ORGANISATIONS)])
        else:
            lines += _listed("authors", [self._person() for _ in range(rng.randint(1, 4))])
            lines.append(f"publisher: {rng.choice(ORGANISATIONS)}")
            lines.append(f"year: {rng.randint(1996, 2026)}")
            lines.append(f"kind: {rng.choice(RESOURCE_KINDS)}")
            lines += _listed("audience", rng.sample(AUDIENCES, rng.randint(1, 3)))
        if kind != "post":
            lines.append(f"url: https://example.org/{kind}/{rng.randint(1, 10**9)}")
        lines += _listed("topics", rng.sample(TOPICS, rng.randint(1, 4)))
        lines += _listed("languages", [language] if language == "en" else [language, "en"])
        lines.append(f"summary: {_quoted(self._sentence(language))}")
        return "\n".join(lines) + "\n"

    def _body(self, language: str, size: int) -> str:
        writers: tuple[Callable[[str], str], ...] = (self._paragraph, self._list, self._heading, self._quote)
        parts = [self._paragraph(language)]
        held = len(parts[0].encode())
        while held < size:
            part = self.rng.choices(writers, weights=(60, 15, 15, 10))[0](language)
            parts.append(part)
            held += len(part.encode()) + 2
        return "\n\n".join(parts) + "\n"

    def _paragraph(self, language: str) -> str:
        sentences = [self._sentence(language) for _ in range(self.rng.randint(1, 3))]
        if self.rng.random() < 0.4:
            words = self._phrase(language, 2)
            sentences.append(f"[{words}](https://example.org/{self.rng.randint(1, 10**6)}).")
        return " ".join(sentences)

    def _list(self, language: str) -> str:
        mark = self.rng.choice(("- ", "1. "))
        return "\n".join(mark + self._phrase(language, self.rng.randint(3, 9)) for _ in range(self.rng.randint(2, 5)))

    def _heading(self, language: str) -> str:
        return f"## {self._phrase(language, 4)}\n\n{self._sentence(language)}"

    def _quote(self, language: str) -> str:
        return f"> {self._sentence(language)}"

    def _sentence(self, language: str) -> str:
        words = self._phrase(language, self.rng.randint(6, 16)).split()
        if self.rng.random() < 0.3:
            at = self.rng.randrange(len(words))
            words[at] = self.rng.choice(("**{}**", "*{}*", "{},")).format(words[at])
        return " ".join(words) + "."

    def _phrase(self, language: str, count: int) -> str:
        words = self._words[language].some(self.rng, count)
        if self.rng.random() < 0.2:  # people mix languages
            other = self.rng.choice(("en", "so", "ar", "pl"))
            words[-1] = self._words[other].some(self.rng, 1)[0]
        return words[0].capitalize() + "".join(f" {word}" for word in words[1:])

    def _person(self) -> str:
        return f"{self.rng.choice(FIRST)} {self.rng.choice(LAST)}"


def _quoted(text: str) -> str:
    plain = text.replace("*", "")
    return f'"{plain}"' if "'" in plain or ":" in plain else plain


def _listed(name: str, values: Sequence[str]) -> Iterator[str]:
    yield f"{name}:"
    yield from (f"  - {value}" for value in values)


def write(folder: Path, count: int) -> int:
    """Write a tree of `count` files below `folder`. Returns its size in bytes."""
    for kind in set(KINDS):
        (folder / f"{kind}s").mkdir(parents=True, exist_ok=True)
    author, size = Author(), 0
    for number in range(count):
        document = author.document(number)
        data = document.text.encode()
        (folder / document.path).write_bytes(data)
        size += len(data)
    return size


def main() -> None:
    """Write the tree that the command line asks for."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    size = write(folder, count)
    print(f"{count:,} files, {size:,} bytes in {folder}")


if __name__ == "__main__":
    main()
