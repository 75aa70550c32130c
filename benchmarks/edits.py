"""Edits that all programs get alike, and how small they can be made: changed text and what changed in it, by zstd -19."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import zstandard
from tree import COMMON, Words

WORDS = 12  # in a run that is replaced
LEVEL = 19


@dataclass(frozen=True)
class Edit:
    """A run of words in one line of a text becomes another."""

    path: str  # below the folder of the tree
    old: str  # the whole line
    new: str
    words: str  # the new words
    at: int  # which word of the text the run starts with

    def apply(self, tree: Path) -> None:
        """Make the edit in a tree, as an editor does."""
        path = tree / self.path
        text = path.read_text("utf-8")
        if self.old not in text:
            raise SystemExit(f"{path} does not have the line that was to be changed: {self.old}")
        path.write_text(text.replace(self.old, self.new, 1), "utf-8", newline="\n")

    def is_in(self, tree: Path) -> bool:
        """True if a tree has the edit."""
        return self.new in (tree / self.path).read_text("utf-8").split("\n")


class Editor:
    """Makes edits of a tree that it keeps for itself; the same ones every time."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        self.paths = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*.md"))
        self._rng = random.Random(len(self.paths))
        self._words = {language: Words(self._rng, language) for language in COMMON}

    def make(self, count: int) -> list[Edit]:
        """Edit that many files, each once."""
        if count > len(self.paths):
            raise SystemExit(f"{count:,} edits need as many texts, and there are {len(self.paths):,}.")
        made = [self._edit(path) for path in self._rng.sample(self.paths, count)]
        for edit in made:
            edit.apply(self.tree)
        return made

    def _edit(self, path: str) -> Edit:
        """An edit in one text. Where no line has so many words, the longest has fewer replaced."""
        front, body = _split((self.tree / path).read_text("utf-8"))
        lines = [line for line in body.split("\n") if line not in front]
        long = [line for line in lines if len(line.split(" ")) > WORDS]
        old = self._rng.choice(long) if long else max(lines, key=lambda line: len(line.split(" ")))
        words = old.split(" ")
        count = min(WORDS, len(words) - 1)
        at = self._rng.randint(1, len(words) - count)  # the first word may be a mark of Markdown
        new = self._words[_language(front)].some(self._rng, count)
        words[at : at + count] = new
        before = len(body[: body.index(old)].split())
        return Edit(path, old, " ".join(words), " ".join(new), before + at)


def _split(text: str) -> tuple[str, str]:
    """Fields and body of a content file."""
    front, mark, body = text.partition("\n---\n")
    return front + mark, body


def _language(front: str) -> str:
    """The language of a text: the first it names."""
    return front.partition("languages:\n  - ")[2][:2]


@dataclass(frozen=True)
class Limits:
    """How few bytes would do, without signatures, names and requests."""

    whole: int  # the changed files whole, as one text
    words: int  # only which file, which word, and the new words; both sides hold the old text


def limits(editor: Editor, edits: Sequence[Edit]) -> Limits:
    """The physical limits of some edits that were just made."""
    number = {path: at for at, path in enumerate(editor.paths)}
    ordered = sorted(edits, key=lambda edit: edit.path)
    whole = b"".join((editor.tree / edit.path).read_bytes() for edit in ordered)
    words = "".join(f"{number[edit.path]} {edit.at} {edit.words}\n" for edit in ordered)
    return Limits(_compressed(whole), _compressed(words.encode()))


def whole_tree(tree: Path) -> int:
    """The physical limit of a first copy: all texts as one."""
    return _compressed(b"".join(path.read_bytes() for path in sorted(tree.rglob("*.md"))))


def _compressed(data: bytes) -> int:
    return len(zstandard.ZstdCompressor(level=LEVEL).compress(data)) if data else 0
