"""Our own words can be read by somebody who is 11: pages, messages, help of commands, and documentation for readers.

What is too hard is named with its age, so that it can be rewritten; `reading_age.py` says how it is measured.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cop.cli import cli
from tests.reading_age import age, sentences
from tools import translations

PROJECT = Path(__file__).parent.parent
OLDEST = 12  # for a page
OLDEST_ALONE = 14.5  # for a single message: it scores by chance, and one long word is a lot of it
SHORTEST = 9  # words of a message that says anything about how hard it is
OLDEST_FOR_MAKERS = 13  # documentation for people who write programs
FOR_MAKERS = {"architecture.md", "formats.md", "datasette.md", "tables.md"}
PAGES = sorted([*PROJECT.glob("content/pages/*.md"), *PROJECT.glob("content/posts/*.md")])
DOCS = sorted([PROJECT / "README.md", PROJECT / "CHANGELOG.md", *(PROJECT / "docs").glob("*.md")])


def messages() -> list[str]:
    """Every text of the interface, in English."""
    found = [one.id for one in translations.template() if one.id]
    texts = [text for one in found for text in (one if isinstance(one, tuple) else (one,))]
    return [re.sub(r"%\(\w+\)s", "this", re.sub(r"\{.*?\}", "these", text)) for text in texts]


def helps(command: click.Command, name: str = "cop") -> Iterator[tuple[str, str]]:
    """What `--help` says, per command; without the example."""
    yield name, (command.help or "").partition("Example:")[0]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            if one := command.get_command(context, below):
                yield from helps(one, f"{name} {below}")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_of_ours_is_in_plain_words(path: Path) -> None:
    assert age(sentences(path.read_text("utf-8"))) < OLDEST


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_documentation_is_in_plain_words(path: Path) -> None:
    limit = OLDEST_FOR_MAKERS if path.name in FOR_MAKERS else OLDEST
    assert age(sentences(path.read_text("utf-8"))) < limit


def test_the_words_of_the_pages_are_plain_taken_together_and_one_by_one() -> None:
    said = [one for one in messages() if len(one.split()) >= SHORTEST]
    assert len(said) > 100
    assert age("\n".join(said)) < OLDEST
    assert [(age(one), one) for one in said if age(one) > OLDEST_ALONE] == []


def test_the_help_of_commands_is_plain() -> None:
    said = [(name, text) for name, text in helps(cli) if len(text.split()) >= SHORTEST]
    assert len(said) > 10
    assert age("\n".join(text for _, text in said)) < OLDEST
    assert [(age(text), name, text) for name, text in said if age(text) > OLDEST_ALONE] == []


def test_hard_words_and_long_sentences_are_noticed() -> None:
    hard = "Organisational accountability necessitates the operationalisation of participatory methodologies."
    assert age(hard) > 25 > OLDEST_ALONE > OLDEST > age("We ask people what they need. Then we do it.")
    assert age(f"We ask people what they need{' and then we do it' * 10}.") > OLDEST
