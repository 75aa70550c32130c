"""Words of the collection that are near to one that nobody wrote: slips of the finger, and beginnings. Reads only."""

import sqlite3
from collections.abc import Iterable, Iterator

from rapidfuzz.distance import OSA

from cop import words
from cop.real_words import is_real

MAX_LOOKED_AT = 4000  # words that begin alike, and as many that end alike
MAX_BEGINNINGS = 20  # words that a beginning may stand for
RARE = 2  # a word that occurs no more often is not taken for half of another
SHORT, LONG = 4, 8  # letters: below SHORT no slip is forgiven, from LONG on two are


def beginnings(db: sqlite3.Connection, begins: str) -> tuple[str, ...]:
    """Plain words that go on from these letters, those that occur most first."""
    rows = db.execute(
        "SELECT plain FROM search_words WHERE plain >= ? AND plain < ? GROUP BY plain ORDER BY sum(n) DESC, plain LIMIT ?",
        (begins, begins + chr(0x10FFFF), MAX_BEGINNINGS),
    )
    return tuple(row[0] for row in rows)


def near(db: sqlite3.Connection, plain: str, count: int = 1) -> list[str]:
    """Words as people write them, the nearest first; of those equally near the more usual one. None for a real word."""
    allowed = 0 if is_real(plain) else _allowed(plain)
    if not allowed:
        return []
    found: dict[str, tuple[tuple[float, bool, int, str], str]] = {}
    for other, word, n in _alike(db, plain, allowed):
        distance = apart(plain, other, allowed)
        if distance <= allowed:
            rank = (distance, other[0] != plain[0], -n, word)
            found[other] = min(found.get(other, (rank, word)), (rank, word))
    return [word for _, word in sorted(found.values())[:count]]


def _allowed(plain: str) -> int:
    """How many slips are forgiven. Numbers are never guessed."""
    if len(plain) < SHORT or any(character.isdigit() for character in plain):
        return 0
    return 2 if len(plain) >= LONG else 1


def _alike(db: sqlite3.Connection, plain: str, allowed: int) -> Iterator[tuple[str, str, int]]:
    """Words of about the same length that begin or end with the same letters."""
    same = max(2, len(plain) // 4)
    letters = set(plain)
    for column, start in (("plain", plain[:same]), ("back", plain[::-1][:same])):
        rows = db.execute(
            f"SELECT plain, word, n FROM search_words WHERE {column} >= ? AND {column} < ?"
            " AND length(plain) BETWEEN ? AND ? LIMIT ?",
            (start, start + chr(0x10FFFF), len(plain) - 2 * allowed, len(plain) + 2 * allowed, MAX_LOOKED_AT),
        )
        yield from (row for row in rows if row[0] != plain and len(letters.symmetric_difference(row[0])) <= 2 * allowed)


def apart(one: str, other: str, most: int) -> float:
    """How many slips lead from one word to another: a letter too many, too few, wrong, or two that changed places.

    Letters doubled or not doubled count little. More than `most` is told as `most` + 1.

    >>> apart("particpation", "participation", 2), apart("accomodaton", "accommodation", 2), apart("peer", "power", 1)
    (1, 1.5, 2)
    """
    plainly = _slips(one, other, most)
    squeezed = _slips(_squeeze(one), _squeeze(other), most) + 0.5
    return min(plainly, squeezed, most + 1)


def _squeeze(word: str) -> str:
    return "".join(letter for at, letter in enumerate(word) if at == 0 or letter != word[at - 1])


def _slips(one: str, other: str, most: int) -> int:
    """The restricted Damerau-Levenshtein distance; more than `most` is told as `most` + 1."""
    return OSA.distance(one, other, score_cutoff=most)


def split(db: sqlite3.Connection, plain: str) -> str:
    """Two words of the collection that were typed as one, with a space between; "" if there are none."""
    if is_real(plain):
        return ""
    best: tuple[int, str] = (RARE, "")
    for at in range(3, len(plain) - 2):
        halves = plain[:at], plain[at:]
        often = min(_often(db, half) for half in halves)
        best = max(best, (often, " ".join(halves)) if often > RARE else best)
    return best[1]


def _often(db: sqlite3.Connection, plain: str) -> int:
    row = db.execute("SELECT coalesce(sum(n), 0) FROM search_words WHERE plain = ?", [plain]).fetchone()
    return int(row[0])


def usual(found: Iterable[str]) -> list[str]:
    """Words without those that are filed alike: "meeting" of "meeting" and "meetings"."""
    return list({words.key(words.plain(word)): word for word in reversed(list(found))}.values())[::-1]
