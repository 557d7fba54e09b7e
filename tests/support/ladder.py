"""A ladder whose games are decided by chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from muzero_engine.match.game import GamePlan
from muzero_engine.match.ladder import LadderSettings
from muzero_engine.match.openings import Opening
from muzero_engine.match.record import Ending, GameRecord
from muzero_engine.match.yardsticks import LADDERS
from muzero_engine.ratings import expected_score

CHESS = LADDERS["chess"]
ALL = [yardstick.name for yardstick in CHESS.yardsticks]
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
    """Plays games by chance, as the ratings say; `stop_after` games it comes back early."""

    def __init__(self, strength: float, *, stop_after: int = 10**6, crashes: str = "", seed: int = 0) -> None:
        self._strengths = {yardstick.name: yardstick.rating for yardstick in CHESS.yardsticks} | {"muzero": strength}
        self._rng = np.random.default_rng(seed)
        self._left = stop_after
        self._crashes = crashes
        self.batches: list[list[GamePlan]] = []

    def play(self, plans: Sequence[GamePlan]) -> list[GameRecord]:
        self.batches.append(list(plans))
        records = []
        for plan in plans[: self._left]:
            if self._crashes in (plan.first, plan.second):
                records.append(record(plan, float(plan.second == self._crashes), Ending.CRASH))
                continue
            score = expected_score(self._strengths[plan.first] - self._strengths[plan.second])
            records.append(record(plan, float(self._rng.random() < score)))
        self._left -= len(records)
        return records
