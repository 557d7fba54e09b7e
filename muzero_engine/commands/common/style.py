"""What a terminal can show."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

SYMBOLS = "♚♟●○·┼─"
KANJI = "歩龍一"


@dataclass(frozen=True, slots=True)
class Style:
    """How boards are drawn."""

    symbols: bool = False  # pieces and lines of Unicode, not letters and points
    kanji: bool = False  # pieces as kanji, where the game has them
    colour: bool = False  # escape sequences for 256 colours


PLAIN = Style()


def style_of(
    stream: TextIO, environment: Mapping[str, str], *, ascii_only: bool, kanji: bool, scripted: bool = False
) -> Style:
    """Return the best style that a stream takes: plain text for a file, a pipe or a terminal that says it is dumb.

    What a script answers (`scripted`: the input is no terminal) is plain, too.

    NO_COLOR (https://no-color.org) switches colours off; kanji that were asked for are left out only where the stream's
    encoding has none.
    """
    encoding = getattr(stream, "encoding", None) or "ascii"
    kanji = kanji and not ascii_only and _encodes(encoding, KANJI)
    if scripted or not stream.isatty() or environment.get("TERM") == "dumb":
        return Style(kanji=kanji)
    return Style(
        symbols=not ascii_only and _encodes(encoding, SYMBOLS),
        kanji=kanji,
        colour=not environment.get("NO_COLOR") and _has_256_colours(environment),
    )


def _encodes(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _has_256_colours(environment: Mapping[str, str]) -> bool:
    if sys.platform == "win32":
        return any(name in environment for name in ("WT_SESSION", "ANSICON", "TERM"))
    term = environment.get("TERM", "")
    return "COLORTERM" in environment or "256" in term or term.startswith(("xterm", "screen", "tmux", "rxvt", "foot"))


def terminal_width() -> int:
    """Return the columns of the terminal, 80 where there is none."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def cut(text: str, columns: int) -> str:
    """Return as much of the beginning of a text as surely fits; some terminals show signs like \u25b2 as wide ones."""
    used = 0
    for index, sign in enumerate(text):
        used += 2 if unicodedata.east_asian_width(sign) in "WFA" else 1
        if used > columns:
            return text[:index]
    return text
