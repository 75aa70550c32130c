"""The `cop` command. Only this package prints, asks, reads the environment, or exits."""

import gc
import importlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import click

from cop.errors import CopError, Refused

# Commands are imported when they are called: starting must not wait for what a run does not need.
COMMANDS = {
    "init": "cop.cli.setup:init",
    "load": "cop.cli.content:load",
    "new": "cop.cli.content:new",
    "checkout": "cop.cli.content:checkout",
    "withdraw": "cop.cli.content:withdraw",
    "erase": "cop.cli.forget:erase",
    "erasures": "cop.cli.forget:erasures",
    "status": "cop.cli.status:status",
    "list": "cop.cli.read:list_",
    "show": "cop.cli.read:show",
    "history": "cop.cli.read:history",
    "search": "cop.cli.read:search",
    "conflicts": "cop.cli.settle:conflicts",
    "resolve": "cop.cli.settle:resolve",
    "inbox": "cop.cli.inbox:inbox",
    "export": "cop.cli.export:export",
    "accept": "cop.cli.inbox:accept",
    "decline": "cop.cli.inbox:decline",
    "duplicates": "cop.cli.same:duplicates",
    "same-as": "cop.cli.same:same_as",
    "endorse": "cop.cli.look:endorse",
    "agreement": "cop.cli.look:agreement",
    "buddies": "cop.cli.buddies:buddies",
    "serve": "cop.cli.serve:serve",
    "invite": "cop.cli.partners:invite",
    "join": "cop.cli.partners:join",
    "partner": "cop.cli.partners:partner",
    "sync": "cop.cli.exchange:sync",
    "bundle": "cop.cli.exchange:bundle",
    "device": "cop.cli.device:device",
    "desk": "cop.cli.desk:desk",
    "check": "cop.cli.check:check",
    "import": "cop.cli.imports:import_",
    "verify": "cop.cli.check:verify",
    "backup": "cop.cli.backup:backup",
    "restore": "cop.cli.backup:restore",
}


_STOPPED = CopError("Stopped by you. Nothing is lost.", hint="To go on, run the same command again.")
_BUSY = CopError("Another cop is busy with this site.", hint="Wait until it is done, then run it again.")


class Commands(click.Group):
    """Finds commands by name, and shows our errors without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run; an error a person can do something about ends with its message and exit code."""
        try:
            return super().invoke(ctx)
        except CopError as error:
            show_error(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("", err=True)
            show_error(_STOPPED)
            ctx.exit(_STOPPED.exit_code)
        except (sqlite3.DatabaseError, TimeoutError) as error:
            known = of_the_disk(error)
            if known is None:
                raise
            show_error(known)
            ctx.exit(known.exit_code)


def of_the_disk(error: sqlite3.DatabaseError | TimeoutError) -> CopError | None:
    """What a database, or the lock of one, cannot do because of where it lies; None for a mistake of ours."""
    if isinstance(error, TimeoutError):  # `filelock.Timeout` is one; loading that to ask for it takes long
        return _BUSY if hasattr(error, "lock_file") else None
    text = str(error)
    if "malformed" in text or "not a database" in text:
        hint = "If it is data/site.db, delete it, then: cop load. If it is data/store.db, bring it back: cop restore."
        return Refused(f"A file in the data folder is damaged ({text}).", hint)
    if "locked" in text:
        return _BUSY
    if "full" in text:
        return CopError("The disk is full. What was saved before stays.", hint="Make room, then run it again.")
    if "readonly" in text or "unable to open" in text:
        return CopError(f"The data folder cannot be written ({text}).", hint="May you write there? Is the disk whole?")
    if "disk I/O" in text:
        return CopError(
            f"The disk reports a fault ({text}). What was saved before stays.",
            hint="Is there room? Is the stick or share still in? Then run it again.",
        )
    return None


def show_error(error: CopError) -> None:
    """Say what happened and what to do."""
    click.echo(f"Error: {error}", err=True)
    if error.hint:
        click.echo(f"Try:   {error.hint}", err=True)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--site", type=click.Path(path_type=Path), help="The site folder. Else COP_SITE, else the folder you are in."
)
@click.version_option(package_name="cop")
@click.pass_context
def cli(ctx: click.Context, site: Path | None) -> None:
    """A shared collection for people who do research together, kept by all of them, with or without internet."""
    ctx.obj = site or Path(os.environ.get("COP_SITE") or ".")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `cop` command."""
    # nearly all that a load makes is used to its end: looking for rubbish in it took a fifth of the time
    gc.set_threshold(50_000, 20, 50)
    cli.main(args=list(arguments) if arguments is not None else None, prog_name="cop")
