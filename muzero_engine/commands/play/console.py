"""The terminal, or the pipe, that a game is played at: lines in, text out, signs of life while the engine thinks."""

from __future__ import annotations

import io
import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import click

from muzero_engine.commands.common.style import Style, cut, terminal_width
from muzero_engine.engine.control import Finish

PROMPT = "> "
FIRST_SIGN_S = 0.5  # of thinking, before which nothing is said of it
TICK_S = 0.1
_CLEAR_LINE = "\r\x1b[2K"


class Console:
    """Standard input and output. `terminal`: a person sits at both ends, so that prompts and hints make sense."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.terminal = sys.stdin.isatty() and sys.stdout.isatty()
        self._typed_ahead: list[str] = []
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")  # bytes of another encoding are a wrong move, no failure
        self._lively = self.terminal and os.environ.get("TERM") != "dumb"
        if self.terminal:
            with suppress(ImportError):  # Windows has its own line editing
                import readline  # noqa: F401  (input() edits lines and remembers them once it is loaded)

    def say(self, text: str) -> None:
        """Print a line or several; what the output's encoding cannot write is replaced."""
        encoding = sys.stdout.encoding or "ascii"
        click.echo(text.encode(encoding, errors="replace").decode(encoding))

    def complete(self, words: Callable[[], Sequence[str]]) -> None:
        """Let the Tab key complete what `words` returns, where lines are edited."""
        if not self.terminal or "readline" not in sys.modules:
            return
        import readline

        def completion(text: str, state: int) -> str | None:
            matches = [word for word in words() if word.lower().startswith(text.lower())]
            return matches[state] if state < len(matches) else None

        readline.set_completer(completion)
        readline.set_completer_delims(" ")
        readline.parse_and_bind("tab: complete")

    def line(self, prompt: str = PROMPT) -> str | None:
        """Return the next line without blanks around it, None at the end of the input. Raises KeyboardInterrupt."""
        if self._typed_ahead:
            line = self._typed_ahead.pop(0)
            self.say(f"{prompt}{line}")
            return line
        try:
            if self.terminal:
                line, *more = input(prompt).splitlines() or [""]  # lines that were pasted come as one
                self._typed_ahead += filter(None, map(str.strip, more))
                return line.strip()
            if sys.stdin.isatty():
                click.echo(prompt, nl=False)
            line = sys.stdin.readline()
        except EOFError:
            click.echo()
            return None
        except KeyboardInterrupt:
            click.echo()
            raise
        return line.lstrip("\ufeff").strip() if line else None

    def wait(self, done: Finish, status: Callable[[], str], stop: Callable[[], None]) -> None:
        """Wait for the end of a search. On a terminal, show `status` meanwhile, and `stop` at an empty line.

        Raises KeyboardInterrupt at Ctrl-C.
        """
        if not self._lively:
            done.wait()
            return
        begun = time.monotonic()
        shown = False
        try:
            while not done.wait(TICK_S):
                if self._line_was_typed():
                    stop()
                if time.monotonic() - begun >= FIRST_SIGN_S:
                    text = status()
                    print(f"{_CLEAR_LINE}{cut(text, terminal_width() - 1)}", end="", flush=True)
                    shown = True
        finally:
            if shown:
                print(_CLEAR_LINE, end="", flush=True)

    def _line_was_typed(self) -> bool:
        """Return whether Enter was pressed on an empty line; other lines are kept for `line`."""
        if sys.platform == "win32":
            import msvcrt

            return bool(msvcrt.kbhit()) and msvcrt.getwch() in "\r\n"
        if not select.select([sys.stdin], [], [], 0)[0]:
            return False
        lines = os.read(sys.stdin.fileno(), 4096).decode(errors="replace").splitlines()
        self._typed_ahead += [line.strip() for line in lines if line.strip()]
        return any(not line.strip() for line in lines)
