"""The command `position` as UCI and UGI write it, and the position that it leads to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from muzero_engine.games.base import BadPosition, IllegalMove, Position
from muzero_engine.games.record_files import refuse_long


@dataclass(frozen=True, slots=True)
class PositionCommand:
    """`position startpos|fen F [moves M1 M2 ...]`. `fen` is None for the start position."""

    fen: str | None
    moves: tuple[str, ...]


def parse_position_command(arguments: str) -> PositionCommand | None:
    """Return what follows the word `position`; None where it is neither `startpos` nor `fen F`.

    F runs to the first word `moves`; its words come out with single spaces between them.
    """
    words = arguments.split()
    cut = words.index("moves") if "moves" in words else len(words)
    setup, moves = words[:cut], tuple(words[cut + 1 :])
    if setup == ["startpos"]:
        return PositionCommand(None, moves)
    if setup[:1] == ["fen"] and len(setup) > 1:
        return PositionCommand(" ".join(setup[1:]), moves)
    return None


def kept_moves(count: int) -> str:
    """Return what is said of the legal moves before one that is not."""
    return f"kept the {'move' if count == 1 else f'{count} moves'} before it" if count else "no move before it to keep"


class PlayedLine:
    """The position of a session: where it starts and the moves that were played from there, all legal."""

    def __init__(self, read_start: Callable[[str | None], Position]) -> None:
        """Begin at the start; `read_start` makes the position of a text (None: the start) and raises BadPosition."""
        self._read_start = read_start
        self._position: Position | None = None  # None: nobody has asked yet, so nothing is loaded
        self._fen: str | None = None
        self._moves: list[str] = []  # as sent
        self.refused: str | None = None  # why the last position that was sent cannot be had: nothing is to be searched

    @property
    def position(self) -> Position:
        """Return the last position that could be read; the start of the game where none was set."""
        if self._position is None:
            self._position = self._read_start(None)
        return self._position

    def go_to(self, command: PositionCommand) -> str | None:
        """Go to the position of a command, or as far as its moves are legal; return one line on what is wrong.

        Only the moves that are new are played where the command goes on from the line before it. A start position that
        cannot be read, or more moves than any game has, are `refused` until another command comes.
        """
        try:
            refuse_long(command.moves)
        except BadPosition as error:
            return self.refuse(str(error))
        if self._position is None or command.fen != self._fen:
            return self._begin(command.fen, command.moves)
        return self._follow(command.moves)

    def refuse(self, why: str) -> str:
        """Have no position until another command sets one; return one line that says so."""
        self.refused = why
        return f"{why}; there is no position until the next one"

    def read_again(self) -> str | None:
        """Read the start position anew and play the moves again; return one line on what is wrong."""
        return None if self._position is None else self._begin(self._fen, self._moves)

    def _begin(self, fen: str | None, moves: Sequence[str]) -> str | None:
        try:
            self._position = self._read_start(fen)
        except BadPosition as error:
            return self.refuse(str(error))
        self._fen, self._moves = fen, []
        return self._follow(moves)

    def _follow(self, moves: Sequence[str]) -> str | None:
        self.refused = None
        position = self.position
        shared = 0
        while shared < min(len(moves), len(self._moves)) and moves[shared] == self._moves[shared]:
            shared += 1
        for _ in self._moves[shared:]:
            position.pop()
        self._moves = self._moves[:shared]
        for text in moves[shared:]:
            try:
                position.push(position.parse_action(text))
            except IllegalMove as error:
                return f"{error}; {kept_moves(len(self._moves))}"
            self._moves.append(text)
        return None
