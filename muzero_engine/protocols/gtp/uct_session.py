"""`UctPlayer` as an engine that speaks GTP, as far as a match needs it.

It searches nothing in the background, so a line is answered before the next is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from muzero_engine.games.base import BadPosition, IllegalMove
from muzero_engine.games.go.rules import BLACK, DEFAULT_KOMI, WHITE, GoPosition
from muzero_engine.games.go.uct import UctPlayer

__all__ = ["UctPlayer", "serve_gtp"]

Answer = Callable[[str], None]  # takes a line without its end

_COLOURS = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}


def serve_gtp(lines: Iterable[str], answer: Answer, name: str, player: UctPlayer) -> None:
    """Answer GTP until `quit` or the end of input."""
    session = _UctSession(name, player)
    for line in lines:
        words = line.partition("#")[0].split()
        number = words.pop(0) if words and words[0].isdecimal() else ""
        if not words:
            continue
        command, *arguments = words
        try:
            response = f"={number} {session.respond(command, arguments)}"
        except (BadPosition, IllegalMove, _BadCommand) as error:
            response = f"?{number} {error}"
        answer(f"{response.rstrip()}\n")
        if command == "quit":
            return


class _BadCommand(ValueError):
    """A command that cannot be carried out, with GTP's words for it."""


class _UctSession:
    def __init__(self, name: str, player: UctPlayer) -> None:
        self._name = name
        self._player = player
        self._shape = (9, 9)
        self._komi = DEFAULT_KOMI
        self._position = GoPosition(self._shape, komi=self._komi)
        self._commands: dict[str, Callable[[list[str]], str]] = {
            "protocol_version": lambda _: "2",
            "name": lambda _: self._name,
            "version": lambda _: "1",
            "list_commands": lambda _: "\n".join(self._commands),
            "known_command": lambda words: str(words[:1] != [] and words[0] in self._commands).lower(),
            "boardsize": self._boardsize,
            "clear_board": lambda _: self._clear(),
            "komi": self._set_komi,
            "play": self._play,
            "genmove": self._genmove,
            "undo": lambda _: self._undo(),
            "set_free_handicap": self._handicap,
            "final_score": lambda _: self._score(),
            "time_settings": lambda _: "",
            "time_left": lambda _: "",
            "quit": lambda _: "",
        }

    def respond(self, command: str, words: list[str]) -> str:
        """Return the response to a command. Raises `_BadCommand`, BadPosition or IllegalMove."""
        if command not in self._commands:
            raise _BadCommand("unknown command")
        return self._commands[command](words)

    def _boardsize(self, words: list[str]) -> str:
        size = int(words[0]) if words and re.fullmatch("[0-9]{1,2}", words[0]) else 0
        if not 2 <= size <= 19:
            raise _BadCommand("unacceptable size")
        self._shape = (size, size)
        return self._clear()

    def _clear(self) -> str:
        self._position = GoPosition(self._shape, komi=self._komi)
        return ""

    def _set_komi(self, words: list[str]) -> str:
        try:
            self._position.set_komi(float(words[0]))
        except (IndexError, ValueError):
            raise _BadCommand("komi takes a number") from None
        self._komi = self._position.komi
        return ""

    def _colour(self, words: list[str]) -> int:
        colour = _COLOURS.get(words[0].lower()) if words else None
        if colour is None:
            raise _BadCommand("a colour is black or white")
        return colour

    def _play(self, words: list[str]) -> str:
        colour = self._colour(words)
        if len(words) != 2:
            raise _BadCommand("play takes a colour and a vertex")
        self._position.set_mover(colour)
        try:
            self._position.push(self._position.parse_action(words[1]))
        except IllegalMove:
            raise _BadCommand("illegal move") from None
        return ""

    def _genmove(self, words: list[str]) -> str:
        self._position.set_mover(self._colour(words))
        action = self._player.choose(self._position)
        text = self._position.action_text(action)
        self._position.push(action)
        return text

    def _undo(self) -> str:
        if not self._position.moves:
            raise _BadCommand("cannot undo")
        self._position.pop()
        return ""

    def _handicap(self, words: list[str]) -> str:
        self._position.place_handicap(self._position.parse_action(word) for word in words)
        return ""

    def _score(self) -> str:
        score = self._position.score()
        return "0" if score == 0 else f"{'B' if score > 0 else 'W'}+{abs(score):.1f}"
