"""GTP text: command lines, responses, colours, vertices and numbers.

After the GTP version 2 specification (https://www.lysator.liu.se/~gunnar/gtp/gtp2-spec-draft2/gtp2-spec.html),
sections 2.4 to 2.11 and 3.1: a command line is `[id] name arguments...`; a response is `=[id] text` or `?[id] message`,
closed by one empty line, so that a response never holds an empty line itself. Inside, black is 0 and white is 1.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from muzero_engine.games.base import IllegalMove, Shape
from muzero_engine.games.go.actions import parse_vertex

_COLOURS = {"b": 0, "black": 0, "w": 1, "white": 1}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MARK = re.compile('["#]')
_PATH = re.compile(r"""(?P<quote>["'])(?P<path>.*?)(?P=quote)(?P<rest>\s.*|)""")
_PATH_COMMANDS = frozenset({"loadsgf", "printsgf"})
_BLANK_LINES = re.compile(r"\n\s*(?=\n)")

Args = tuple[str, ...]  # the words after a command's name


class GtpError(ValueError):
    """A command that fails; the message becomes the response."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command line. `name` is empty for a line with nothing but an id."""

    id: str  # decimal digits as they were sent, or ""
    name: str
    args: tuple[str, ...]


def parse_command(line: str) -> Command | None:
    """Read a line without its end; return None for one that gets no response (empty, or only a comment)."""
    text = _without_comment(_CONTROL.sub("", line)).strip()
    words = text.split(maxsplit=1)
    if not words:
        return None
    number = ""
    if words[0].isascii() and words[0].isdecimal():
        number, words = words[0], words[1].split(maxsplit=1) if len(words) > 1 else []
    name, rest = (*words, "", "")[:2]
    return Command(number, name, _path_words(rest) if name in _PATH_COMMANDS else tuple(rest.split()))


def quits(line: str) -> bool:
    """Return whether a line ends the session."""
    command = parse_command(line)
    return command is not None and command.name == "quit"


def _without_comment(line: str) -> str:
    """Return what stands before the first # that is not in double quotes, in which a path may stand."""
    open_quotes = line.count('"') % 2  # one that is never closed begins nothing
    for mark in _MARK.finditer(line):
        if mark[0] == '"':
            open_quotes ^= 1
        elif not open_quotes:
            return line[: mark.start()]
    return line


def _path_words(text: str) -> tuple[str, ...]:
    """Return a path, perhaps in quotes, with its spaces as they are, and the number that may come after it."""
    quoted = _PATH.fullmatch(text)
    if quoted is not None:
        return quoted["path"], *quoted["rest"].split()
    words = text.rsplit(maxsplit=1)
    return tuple(words) if len(words) == 2 and words[1].isdecimal() else (text,) if text else ()


def success(command_id: str, text: str = "") -> str:
    """Return a whole successful response but for the line end that `Writer.write` adds."""
    text = _one_block(text)
    return f"={command_id} {text}\n" if text and text[0] != "\n" else f"={command_id}{text}\n"


def failure(command_id: str, message: str) -> str:
    """Return a whole failure response, like `success`; the message becomes one line."""
    return f"?{command_id} {' '.join(message.split())}\n"


def _one_block(text: str) -> str:
    """Return the text without empty lines and trailing space.

    A leading line end stays, for boards that begin on their own line.
    """
    return _BLANK_LINES.sub("", text.rstrip())


def parse_colour(text: str) -> int:
    """Return 0 for black, 1 for white. Raises GtpError."""
    try:
        return _COLOURS[text.lower()]
    except KeyError:
        raise GtpError(f"a colour is b, black, w or white, not {text!r:.20}") from None


def is_colour(text: str) -> bool:
    """Return whether `parse_colour` takes it."""
    return text.lower() in _COLOURS


def parse_point(text: str, shape: Shape) -> int:
    """Return the square of a vertex other than pass. Raises GtpError."""
    action = parse_move(text, shape)
    if action == shape[0] * shape[1]:
        raise GtpError("a point is wanted here, not pass")
    return action


def parse_move(text: str, shape: Shape) -> int:
    """Return the action of a vertex or `pass`. Raises GtpError."""
    try:
        return parse_vertex(text, shape)
    except IllegalMove as error:
        raise GtpError(str(error)) from None


def parse_int(text: str, what: str) -> int:
    """Read a whole number within 32 bits; "50.0" counts as one. Raises GtpError that names `what`."""
    number = parse_float(text, what)
    if number != int(number) or abs(number) >= 2**31:
        raise GtpError(f"{what} must be a whole number, not {text!r:.20}")
    return int(number)


def parse_float(text: str, what: str) -> float:
    """Read a finite number. Raises GtpError that names `what`."""
    try:
        number = math.nan if "_" in text else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise GtpError(f"{what} must be a number, not {text!r:.20}")
    return number


def parse_komi(text: str) -> float:
    """Read a komi: a whole or a half number, with a comma or a point. Raises GtpError."""
    komi = parse_float(re.sub(r"^([+-]?[0-9]+),([0-9]+)$", r"\1.\2", text), "komi")
    if 2.0 * komi % 1.0:
        raise GtpError(f"komi must be a whole or a half number, not {text!r:.20}")
    return komi + 0.0  # -0 is 0


def parse_bool(text: str, what: str) -> bool:
    """Read true or false, in any case. Raises GtpError that names `what`."""
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise GtpError(f"{what} must be true or false, not {text!r:.20}")
    return lowered == "true"


def want_args(args: tuple[str, ...], least: int, usage: str) -> None:
    """Raise GtpError with the usage where there are fewer than `least` arguments; more are ignored."""
    if len(args) < least:
        raise GtpError(f"usage: {usage}")
