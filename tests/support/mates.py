"""A helper that proves mates at once, in the calling thread: for tests that need no process."""

from __future__ import annotations

from collections.abc import Sequence

from muzero_engine.engine.mate_helper import MateFound, MateHelper
from muzero_engine.engine.mate_process import Inquiry
from muzero_engine.games.base import Game

MOST_NODES = 4_096


class DirectHelper(MateHelper):
    """Answers within `ask`, with few nodes; `first` are the moves that were put in front, `running` says which ask has
    not been ended."""

    def __init__(self, game: Game) -> None:
        super().__init__(game)
        assert game.mates is not None
        self._solver = game.mates
        self._waiting: list[MateFound] = []
        self.first: list[str] = []
        self.running = False

    def start(self) -> bool:
        return True

    def wait_ready(self) -> None:
        pass

    def ask(self, problem: str, moves: Sequence[str], nodes: int) -> bool:
        looks = Inquiry(self._solver, problem, moves, min(nodes, MOST_NODES)).looks()
        found = [look for look in looks if look is not None]
        self._waiting = [MateFound(after, result.moves) for after, result in found if after is None or result.moves]
        self.running = True
        return True

    def put_first(self, move: str) -> None:
        self.first.append(move)

    def rest(self) -> None:
        self.running = False

    def wait(self, timeout_s: float | None) -> bool:
        return bool(self._waiting)

    def take(self) -> list[MateFound]:
        answers, self._waiting = self._waiting, []
        return answers
