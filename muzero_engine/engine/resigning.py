"""When a player that is lost resigns: after some turns in a row."""

from __future__ import annotations

from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchResult
from muzero_engine.games.base import Position


class LostTurns:
    """How many turns in a row each player of a game has been lost. For one thread at a time."""

    def __init__(self) -> None:
        self._turns: list[list[tuple[int, str]]] = [[], []]  # of each player: ply and position

    def resigns(self, position: Position, result: SearchResult, options: EngineOptions) -> bool:
        """Count a turn of the player to move; return whether it has been lost for as many turns as the options ask for.

        A turn is lost where neither its position nor the move that would be played is worth `resign_value`: the move's
        is what is shown. One that is searched again counts once, and those that were taken back not at all. Nobody is
        lost who can declare a win, or end the game by a move that is worth more.
        """
        ply, text = position.ply, position.text()
        turns = self._turns[position.mover]
        worth = max([result.info.value, *(move.value for move in result.info.moves[:1])])
        if worth >= options.resign_value or result.declare_win:
            turns.clear()
            return False
        # a client that gives positions without the moves before them has all its turns at ply 0
        turns[:] = [turn for turn in turns if turn[0] < ply or (turn[0] == ply == 0 and turn[1] != text)]
        turns.append((ply, text))
        return len(turns) >= options.resign_turns
