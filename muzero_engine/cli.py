"""The command line: a group whose commands are imported when they are called.

A GUI waits for the engine's first answer, so nothing is imported that the command in question does not need. The bodies
are in `muzero_engine.commands`, one module each. Without a command the engine listens on standard input and answers in
whichever protocol it is spoken to.
"""

from __future__ import annotations

import _thread
import difflib
import errno
import importlib
import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from muzero_engine import __version__
from muzero_engine.commands.common.interrupts import INTERRUPTED
from muzero_engine.commands.common.refusals import refusal

# Commands that play for hours: their processes have one heap for all threads, from before there is a second thread.
PLAYING = frozenset(("uci", "gtp", "usi", "ugi", "analysis", "play", "web", "watch", "bench"))
NO_THREAD = "can't start new thread"  # Python's words where the system has none left
MOST_TOLD = 1000  # characters of a complaint
SOON_S = 0.01  # until the callback that a Ctrl-C came in is over

# command -> where it is: module of `muzero_engine.commands`, attribute
COMMANDS = {
    "uci": ("sessions", "uci"),
    "gtp": ("sessions", "gtp"),
    "usi": ("sessions", "usi"),
    "ugi": ("sessions", "ugi"),
    "analysis": ("sessions", "analysis"),
    "play": ("play", "play"),
    "web": ("web", "web"),
    "analyze": ("analyze", "analyze"),
    "imagine": ("imagine", "imagine_command"),
    "watch": ("watch", "watch"),
    "match": ("match", "match"),
    "bench": ("bench", "bench"),
    "info": ("info", "info"),
    "train": ("train", "train"),
    "report": ("report", "report"),
    "export": ("export", "export"),
    "ladder": ("ladder", "ladder"),
    "calibrate": ("calibrate", "calibrate"),
    "uct": ("uct", "uct"),
}


_unraisable_before = sys.unraisablehook


def _unraisable(what: sys.UnraisableHookArgs) -> None:
    """Let a Ctrl-C that came where nothing can be raised, as in a callback of a weak reference, come once more."""
    if what.exc_type is KeyboardInterrupt:
        _thread.start_new_thread(_interrupt_soon, ())  # `threading` takes locks, inside of which this may be
    else:
        _unraisable_before(what)


def _interrupt_soon() -> None:
    time.sleep(SOON_S)
    _thread.interrupt_main()


class LazyGroup(click.Group):
    """Finds commands in `COMMANDS`, and ends with one line where the package refuses something."""

    def main(self, *arguments: Any, **settings: Any) -> Any:
        """Run the program, on a console that may not be able to write everything."""
        _replace_streams()
        sys.unraisablehook = _unraisable
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # an engine's name in Japanese, say, on a console of cp1252
        return super().main(*arguments, **settings)

    def make_context(self, *arguments: Any, **settings: Any) -> click.Context:
        """Read the command line as far as the command."""
        with _short_messages():
            if sys.stdout is None:
                raise click.ClickException("standard output is closed: connect it to something, /dev/null for one")
            return super().make_context(*arguments, **settings)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in PLAYING:
            _one_heap()
        module, attribute = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"muzero_engine.commands.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant. A name that is none is answered with those that are like it."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            close = difflib.get_close_matches(name, COMMANDS)
            rest = f"Did you mean {' or '.join(close)}?" if close else "--help lists the commands."
            ctx.fail(f"There is no command {name[:60]!r}. {rest}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line on each command, none of which is cut."""
        commands = [(name, self.get_command(ctx, name)) for name in COMMANDS]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(200)) for name, command in commands if command])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Errors that this package defines carry a line for people; any other, but for what the system
        refuses, is a bug and is shown whole."""
        with _short_messages():
            try:
                return super().invoke(ctx)
            except (ValueError, RuntimeError) as error:
                if type(error).__module__.startswith("muzero_engine."):
                    raise click.ClickException(str(error)) from None
                raise


class _Interrupted(click.ClickException):
    """Ctrl-C where a command has nothing more to say of it."""

    exit_code = INTERRUPTED

    def show(self, file: IO[Any] | None = None) -> None:
        """Say so, below what the terminal has shown of the key."""
        click.echo(f"\n{self.message}" if sys.stderr.isatty() else self.message, file=file, err=True)


def _one_heap() -> None:
    from muzero_engine.commands.common.collector import one_heap

    one_heap()


@contextmanager
def _short_messages() -> Iterator[None]:
    """Cut what a complaint echoes of the command line and of files, and free it of control characters. Make one of what
    the system refuses: memory, room on a disk. Answer Ctrl-C."""
    try:
        with _refusals():
            yield
    except (KeyboardInterrupt, ImportError) as error:
        if isinstance(error, ImportError) and not isinstance(error.__cause__, KeyboardInterrupt):
            raise  # extensions make their own error of a Ctrl-C while they are loaded
        raise _Interrupted("stopped as asked") from None
    except click.ClickException as error:
        if error.message:
            text = "".join(mark if mark.isprintable() or mark == "\n" else "?" for mark in error.message)
            cut = text if len(text) <= MOST_TOLD else f"{text[:MOST_TOLD]}..."
            error.message = cut  # type: ignore[misc]  # final, but click has no other way
        raise


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in one line what the system refuses."""
    try:
        yield
    except MemoryError:
        raise click.ClickException("there is not enough memory") from None
    except RuntimeError as error:
        if NO_THREAD not in str(error):
            raise
        raise click.ClickException("the system has no thread left: free memory, or raise its limit (ulimit)") from None
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # who read the output is gone, and click ends quietly
        raise click.ClickException(refusal(error, "standard output")) from None


class _Complaints(io.FileIO):
    """Standard error, where what cannot be written is lost: a log on a full disk ends no game."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data) or len(data)
        except OSError:
            return len(data)


def _replace_streams() -> None:
    """Let no file that is opened later get the number of a stream that is closed, and complaints be lost quietly.

    `sys.stdin` and `sys.stdout` stay None, which who needs them sees.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        encoding = None if sys.stderr is None else sys.stderr.encoding
        buffer = io.BufferedWriter(_Complaints(2, "w", closefd=False))
        sys.stderr = io.TextIOWrapper(buffer, encoding, errors="backslashreplace", line_buffering=True)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="muzero-engine", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A MuZero engine for chess (UCI), Go (GTP), shogi (USI) and other games (UGI).

    Without a command it listens on standard input and answers in the protocol of the first command it gets, so that its
    path alone is enough for a GUI.

    \b
    Examples:
      muzero-engine play chess --level 1200
      muzero-engine match --game go -e muzero -e random --pairs 5
    \b
    The TAB key completes commands and options in bash (zsh, fish alike) after
      eval "$(_MUZERO_ENGINE_COMPLETE=bash_source muzero-engine)"
    """
    if ctx.invoked_subcommand is None:
        _one_heap()
        from muzero_engine.commands.sessions import listen

        listen()
