"""`cop export print` and `cop export epub`: copies for paper and e-readers."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cop import amounts, copies
from cop.cli.common import echo_json, find_site, not_empty, now, open_up_to_date, plural, progress_bar, say
from cop.errors import WrongUsage

if TYPE_CHECKING:
    from cop.paper.sheets import Told


@click.command("print")
@click.argument("target", metavar="FILE.pdf", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--topic", default="", callback=not_empty, help="Only what stands under this topic, and under those below it."
)
@click.option("--event", default="", callback=not_empty, help="Everything about this event, with its papers.")
@click.option(
    "--form",
    default="",
    callback=not_empty,
    metavar="KIND",
    help="A form to fill in with a pen: any, or a kind such as event.",
)
@click.option("--language", default="", callback=not_empty, help="Only what is written in this language, such as ar.")
@click.option("--large", is_flag=True, help="In large print: 18 point.")
@click.option("--anyway", is_flag=True, help="Also if this computer has no font for some letters.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def print_(
    start: Path,
    target: Path,
    topic: str,
    event: str,
    form: str,
    language: str,
    large: bool,
    anyway: bool,
    as_json: bool,
) -> None:
    """Write a PDF to print: everything, one topic, a pack for an event, or a form.

    Example: cop export print booklet.pdf --topic sharing-power --large
    """
    from cop.export.target import check_file
    from cop.paper import pdf
    from cop.paper.sheets import Look

    check_file(target, ".pdf")
    pdf.needed()
    write, site, look = _writer(topic, event, form), find_site(start), Look(large, anyway)
    with closing(open_up_to_date(site)) as db:
        with progress_bar("Laying out pages") as progress:
            told = write(site, target, language=language, look=look, today=date.today(), progress=progress)
        if not form:
            copies.register_export(db, str(target), now())
    if as_json:
        echo_json({"file": str(target), **asdict(told)})
    else:
        say(_words(told, target))


def _writer(topic: str, event: str, form: str) -> Callable[..., "Told"]:
    """What writes what was asked for. Raises: WrongUsage."""
    from cop.paper import booklet, pack
    from cop.paper import form as forms

    if sum(map(bool, (topic, event, form))) > 1:
        raise WrongUsage(
            "One file is for a topic, an event or a form.", hint="Name one of --topic, --event and --form."
        )
    if form and form not in forms.KINDS:
        raise WrongUsage(f"There is no form for “{form}”.", hint=f"Name one of these: {', '.join(forms.KINDS)}.")
    if form:
        return partial(forms.write, kind=form)
    return partial(pack.write, event=event) if event else partial(booklet.write, topic=topic)


@click.command()
@click.argument("target", metavar="FILE.epub", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--topic", default="", callback=not_empty, help="Only what stands under this topic, and under those below it."
)
@click.option("--language", default="", callback=not_empty, help="Only what is written in this language, such as ar.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def epub(start: Path, target: Path, topic: str, language: str, as_json: bool) -> None:
    """Write an e-book, for e-readers and apps that read aloud: everything, or one topic.

    Example: cop export epub our-copy.epub --topic sharing-power
    """
    from cop.export.target import check_file
    from cop.paper.epub import write

    check_file(target, ".epub")
    site = find_site(start)
    with closing(open_up_to_date(site)) as db:
        with progress_bar("Writing entries") as progress:
            told = write(site, target, topic=topic, language=language, today=date.today(), progress=progress)
        copies.register_export(db, str(target), now())
    if as_json:
        echo_json({"file": str(target), **asdict(told)})
    else:
        say(f"{target}: {amounts.size(told.bytes)}, {plural(told.records, 'entry', 'entries')}.")


def _words(told: "Told", target: Path) -> str:
    lines = [f"{target}: {plural(told.pages, 'page')}, {amounts.size(told.bytes)}{_contents(told)}."]
    lines += [f"Not in it: {name}" for name in told.papers_left_out]
    if told.missing:
        lines.append(f"No font on this computer has these signs, so they are empty boxes: {' '.join(told.missing)}")
    return "\n".join(lines)


def _contents(told: "Told") -> str:
    entries = f", {plural(told.records, 'entry', 'entries')}" if told.records else ""
    return entries + (f", {plural(len(told.papers), 'paper')}" if told.papers else "")
