"""Legal moves at random: the floor of every ladder. It is no process; it plays by this program's own rules."""

from __future__ import annotations

import random
import time

from muzero_engine.games.base import Game, Position
from muzero_engine.match.engines.base import GameResult, GameSetup, Question, Reply, ReplyKind
from muzero_engine.match.settings.match_settings import EngineSettings


class RandomClient:
    """Every legal move with the same probability. In Go it passes only where no stone can be played."""

    def __init__(self, settings: EngineSettings, game: Game) -> None:
        self.settings = settings
        self.identity, self.asked = "legal moves at random", ""
        self._game = game
        self._chance = random.Random(settings.seed)
        self._position: Position | None = None
        self._told = 0

    def start(self) -> None:
        pass

    def new_game(self, setup: GameSetup) -> None:
        self._position = self._game.from_text(setup.start)
        self._told = 0

    def think(self, question: Question) -> Reply:
        began = time.monotonic()
        position = self._position
        assert position is not None
        for move in question.moves[self._told :]:
            position.push(position.parse_action(move))
        self._told = len(question.moves)
        actions = position.legal_actions().tolist()
        on_board = self._game.spec.action_planes * position.shape[0] * position.shape[1]
        stones = [action for action in actions if action < on_board]
        move = position.action_text(self._chance.choice(stones or actions))
        return Reply(kind=ReplyKind.MOVE, move=move, elapsed_s=time.monotonic() - began)

    def end_game(self, result: GameResult) -> None:
        pass

    def final_score(self, moves: tuple[str, ...]) -> float | None:
        return None

    def close(self) -> None:
        pass

    def kill(self) -> None:
        pass
