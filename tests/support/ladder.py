"""A ladder whose games are decided by chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from muzero_engine.games.record import Ending, GameRecord
from muzero_engine.match.ladder.ladder import Climb, LadderSettings
from muzero_engine.match.ladder.opponents import LADDERS
from muzero_engine.match.ladder.placing import rung_ratings
from muzero_engine.match.play.game import GamePlan
from muzero_engine.match.play.openings import Opening
from muzero_engine.ratings import expected_score

CHESS = LADDERS["chess"]
ALL = [opponent.name for opponent in CHESS.opponents]
OPENINGS = {0: [Opening(f"opening {i}") for i in range(100)]}
SETTINGS = LadderSettings(game="chess", engine="muzero", weights="abc")


def record(plan: GamePlan, points: float, ending: Ending = Ending.RULES) -> GameRecord:
    return GameRecord(
        game_name="chess",
        first=plan.first,
        second=plan.second,
        opening=plan.opening.name,
        pair=plan.pair,
        game=plan.game,
        start="",
        opening_moves=(),
        moves=(),
        points=points,
        ending=ending,
        reason="",
    )


class Table:
    """Plays games by chance, as the ratings say, `side_by_side` at a time; `stop_after` games it gives up."""

    def __init__(
        self,
        strength: float,
        *,
        stop_after: int = 10**6,
        crashes: str = "",
        seed: int = 0,
        side_by_side: int = 2,
    ) -> None:
        self._strengths = {name: rating.elo for name, rating in rung_ratings(CHESS).players.items()} | {
            "muzero": strength
        }
        self._rng = np.random.default_rng(seed)
        self._left = stop_after
        self._crashes = crashes
        self._side_by_side = side_by_side
        self.begun: list[GamePlan] = []

    def climb(self, games: Sequence[GameRecord] = (), settings: LadderSettings = SETTINGS) -> list[GameRecord]:
        """Play on the ladder and return all games, those of before included."""
        played = list(games)
        climb = Climb(CHESS, settings, ALL, OPENINGS, played)
        while not climb.done and self._left:
            plans = climb.plans()
            running: list[GamePlan] = []
            while self._left:
                while len(running) < self._side_by_side and (plan := next(plans, None)):
                    running.append(plan)
                    self.begun.append(plan)
                if not running:
                    break
                played.append(self._result(running.pop(int(self._rng.integers(len(running))))))
                self._left -= 1
        return played

    def _result(self, plan: GamePlan) -> GameRecord:
        if self._crashes in (plan.first, plan.second):
            return record(plan, float(plan.second == self._crashes), Ending.CRASH)
        score = expected_score(self._strengths[plan.first] - self._strengths[plan.second])
        return record(plan, float(self._rng.random() < score))
