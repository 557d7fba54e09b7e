"""The command line: a group whose commands are imported when they are called.

A GUI waits for the engine's first answer, so nothing is imported that the command in question does not need. The bodies
are in `muzero_engine.commands`, one module each. Without a command the engine listens on standard input and answers in
whichever protocol it is spoken to.
"""

from __future__ import annotations

import importlib
import sys

import click

from muzero_engine import __version__

# command -> where it is: module of `muzero_engine.commands`, attribute
COMMANDS = {
    "uci": ("sessions", "uci"),
    "gtp": ("sessions", "gtp"),
    "usi": ("sessions", "usi"),
    "ugi": ("sessions", "ugi"),
    "analysis": ("sessions", "analysis"),
    "play": ("play", "play"),
    "analyze": ("analyze", "analyze"),
    "match": ("match", "match"),
    "bench": ("bench", "bench"),
    "info": ("info", "info"),
    "train": ("train", "train"),
    "report": ("train", "report"),
    "export": ("export", "export"),
    "ladder": ("ladder", "ladder"),
    "uct": ("uct", "uct"),
}


class LazyGroup(click.Group):
    """Finds commands in `COMMANDS`, and ends with one line where the package refuses something."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"muzero_engine.commands.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command. Errors that this package defines carry a line for people; any other is a bug and is shown
        whole."""
        try:
            return super().invoke(ctx)
        except (ValueError, RuntimeError) as error:
            if type(error).__module__.startswith("muzero_engine."):
                raise click.ClickException(str(error)) from None
            raise


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="muzero-engine", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A MuZero engine for chess (UCI), Go (GTP), shogi (USI) and other games (UGI).

    Without a command it listens on standard input and answers in the protocol of the first command it gets, so that its
    path alone is enough for a GUI.
    """
    if ctx.invoked_subcommand is None:
        from muzero_engine.commands.sessions import listen

        listen()


def uci() -> None:
    """`muzero-uci`: for GUIs that start an engine without arguments."""
    main(["uci", *sys.argv[1:]], prog_name="muzero-engine")


def gtp() -> None:
    """`muzero-gtp`: as `uci`."""
    main(["gtp", *sys.argv[1:]], prog_name="muzero-engine")


def usi() -> None:
    """`muzero-usi`: as `uci`."""
    main(["usi", *sys.argv[1:]], prog_name="muzero-engine")
