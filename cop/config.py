"""`cop.toml` and where things lie in a site folder."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from cop import amounts, marks, palette
from cop.errors import CopError, WrongUsage
from cop.fields import ORGANISATION_KINDS
from cop.languages import OWN_NAMES, SOURCE
from cop.marks import Mark
from cop.palette import Palette

FILE = "cop.toml"


@dataclass(frozen=True)
class Config:
    """The settings of `cop.toml`."""

    name: str = "Your organisation"
    kind: str = "community"
    url: str = ""  # where partners reach this site, if it can be reached
    title: str = "Research as Equals"  # what stands at the top of every page
    language: str = SOURCE  # of menus, buttons and messages, where an address names no language
    languages: tuple[str, ...] = tuple(OWN_NAMES)  # that readers can choose from
    timezone: str = ""  # of events that do not say theirs, such as Europe/London
    write_ids: bool = True  # add the line `id: …` to content files that have none
    look: Palette = palette.OURS  # the colours of the pages
    mark: Mark = marks.NONE  # a picture of the organisation, at the top of every page
    mark_text: str = ""  # what it says, for people who do not see it
    max_attachment: str = "10 MB"  # larger files of partners are left out; 0: all of them

    @property
    def max_attachment_bytes(self) -> int:
        """The size up to which attachments are fetched."""
        return amounts.parse_size(self.max_attachment)

    @property
    def shown_as(self) -> str:
        """What readers and partners see of these settings, to notice when it changes."""
        seen = (self.title, self.language, *self.languages, self.look.day, self.look.night)
        return "\n".join((self.name, self.kind, self.url, *seen, self.mark.sha256, self.mark_text))


@dataclass(frozen=True)
class Site:
    """One organisation's site folder, and where this installation keeps its keys."""

    root: Path
    keys: Path
    config: Config

    @property
    def content(self) -> Path:
        """The folder with the content files."""
        return self.root / "content"

    @property
    def store_db(self) -> Path:
        """The log: private, never served."""
        return self.root / "data" / "store.db"

    @property
    def site_db(self) -> Path:
        """The public view."""
        return self.root / "data" / "site.db"


def open_site_folder(start: Path, keys: Path) -> Site:
    """The site that `start` lies in: the nearest folder upwards with a `cop.toml`. Raises: WrongUsage."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return Site(folder, keys, read_config(folder / FILE))
    raise WrongUsage(f"There is no site in {start}.", hint="cop init --name 'Our organisation' --kind community")


def read_config(path: Path) -> Config:
    """Read `cop.toml`. Raises: CopError, naming the key and what it may be."""
    try:
        settings = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CopError(f"{path}: {error}", hint="Each line is: name = value. Texts stand between quotes.") from error
    if type(settings.get("max_attachment")) is int:  # 0 needs no unit
        settings["max_attachment"] = str(settings["max_attachment"])
    if type(settings.get("languages")) is list:
        settings["languages"] = tuple(settings["languages"])
    if type(settings.get("look")) is dict:
        settings["look"] = _read_look(settings["look"], path)
    if type(settings.get("mark")) is str:
        settings["mark"] = _read_mark(settings, path)
    _check_kinds(settings, path)
    config = Config(**settings)
    check_organisation(config.name, config.kind, str(path))
    _check_size(config.max_attachment, path)
    _check_languages(config, path)
    _check_timezone(config.timezone, path)
    return config


_KINDS_OF_VALUE = {
    bool: "true or false",
    str: "a text between quotes",
    tuple: 'a list, such as ["en", "cy"]',
    Mark: 'the path of a picture, such as "content/mark.svg"',
    Palette: 'a part of its own: a line [look], and below it: colour = "#7b1e45"',
}


def _check_kinds(settings: dict[str, Any], path: Path) -> None:
    known = {field.name: type(field.default) for field in fields(Config)}
    for name, value in settings.items():
        if name not in known:
            raise CopError(f"{path}: there is no setting “{name}”.", hint=f"The settings are: {', '.join(known)}.")
        if type(value) is not known[name]:
            kind = _KINDS_OF_VALUE[known[name]]
            raise CopError(f"{path}: “{name}” must be {kind}.", hint="Mend that line, then try again.")


def _read_mark(settings: dict[str, Any], path: Path) -> Mark:
    """The picture that `mark` names, and that `mark_text` describes. Raises: CopError."""
    written, text = settings["mark"], settings.get("mark_text")
    if not written:
        return marks.NONE
    if not isinstance(text, str) or not text.strip() or len(text) > 200 or not text.isprintable():
        hint = 'Write what the picture says, for people who do not see it: mark_text = "Caafi Health"'
        raise CopError(f"{path}: “mark” needs a line “mark_text” beside it.", hint=hint)
    file = (path.parent / written).resolve()
    if not file.is_relative_to(path.parent.resolve()):
        raise CopError(
            f"{path}: “mark” leads out of the site folder.", hint="Put the picture into content, and name it."
        )
    try:
        with file.open("rb") as picture:
            return marks.read(picture.read(marks.MAX_BYTES + 1), written)
    except OSError as error:
        raise CopError(f"{path}: {written} cannot be read.", hint="Is the picture where “mark” says?") from error


_LOOK = {  # what it is called, the nearest colour that works, and what would be wrong with another
    "colour": ("day", palette.nearest_day, "white words on it could not be read by everyone"),
    "colour_night": ("night", palette.nearest_night, "on dark paper it could not be seen by everyone"),
}


def _read_look(settings: dict[str, Any], path: Path) -> Palette:
    """The colours under [look]. Raises: CopError, with the nearest colour that works."""
    chosen = {}
    for name, value in settings.items():
        if name not in _LOOK:
            raise CopError(
                f"{path}: there is no setting “{name[:40]}” under [look].",
                hint=f"The settings are: {', '.join(_LOOK)}.",
            )
        field, nearest, wrong = _LOOK[name]
        colour = value.lower() if isinstance(value, str) else ""
        if not palette.is_colour(colour):
            raise CopError(f"{path}: “{name}” must be a colour.", hint=f'For example: {name} = "{palette.DAY}"')
        if (works := nearest(colour)) != colour:
            raise CopError(
                f"{path}: {name} = “{colour}” is too hard to see: {wrong}.",
                hint=f'The nearest that works: {name} = "{works}"',
            )
        chosen[field] = colour
    return Palette(**chosen)


def _check_languages(config: Config, path: Path) -> None:
    for code in (config.language, *config.languages):
        if code not in OWN_NAMES:
            known = ", ".join(f"{code} ({name})" for code, name in OWN_NAMES.items())
            raise CopError(
                f"{path}: the site cannot be shown in “{str(code)[:20]}”.", hint=f"The languages are: {known}."
            )


def _check_timezone(name: str, path: Path) -> None:
    from cop import occasions  # late: an exchange has no use for it

    if name and occasions.named_zone(name) is None:
        raise CopError(
            f"{path}: there is no time zone “{name[:40]}”.",
            hint="It is called after a large town, such as Europe/London or Asia/Karachi.",
        )


def _check_size(text: str, path: Path) -> None:
    try:
        amounts.parse_size(text)
    except ValueError as error:
        raise CopError(
            f"{path}: “max_attachment” must be a size, not “{text[:40]}”.",
            hint='For example: max_attachment = "10 MB", or "500 KB", or 0 for no files at all.',
        ) from error


def check_organisation(name: str, kind: str, where: str) -> None:
    """Raise CopError unless name and kind can stand for an organisation."""
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise CopError(
            f"{where}: the name must be one line of 1 to 200 characters.", hint='For example: name = "Caafi Health"'
        )
    if kind not in ORGANISATION_KINDS:
        raise CopError(f"{where}: there is no kind “{kind}”.", hint=f"The kinds are: {', '.join(ORGANISATION_KINDS)}.")


def format_config(name: str, kind: str, url: str) -> str:
    """The text of a new `cop.toml`."""
    return (
        "# Who keeps this copy. Readers see the name on every page.\n"
        f"name = {_quote(name)}\n"
        f"kind = {_quote(kind)}  # {', '.join(ORGANISATION_KINDS)}\n"
        f"url = {_quote(url)}  # where partners reach this site, if it can be reached\n"
    )


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
