"""What is counted while games are played, and the statistics that it makes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from muzero_engine.training.distributed import World
from muzero_engine.training.report.run_metrics import PlayRecord
from muzero_engine.training.self_play.rules import LONGEST, RESIGNATION
from muzero_engine.training.self_play.source import PlayedCycle


@dataclass(frozen=True, slots=True)
class SelfPlayStatistics:
    """One call of `SelfPlay.play`, this rank only. Games are those that ended; their plies include random openings."""

    games: int
    moves: int  # searched and played, by all games
    full_moves: int  # of them: with a full search, which trains the policy
    seconds: float
    first_wins: int
    draws: int
    reasons: tuple[tuple[str, int], ...]  # how games ended, most frequent first
    mean_length: float  # plies; 0 without games
    divergence: float  # mean KL(improved policy || prior) over the full searches, nats
    root_value: float  # mean absolute root value over the full searches
    resigned: int
    capped: int  # games that reached the ply cap
    resign_checked: int  # games where nobody may resign and somebody would have
    resign_wrong: int  # of them: games that player did not lose

    @property
    def moves_per_second(self) -> float:
        return self.moves / self.seconds if self.seconds > 0 else 0.0

    def together(self, world: World) -> PlayedCycle:
        """Return what a cycle's record says of the games of all ranks, which call it together."""
        counts = [
            self.games,
            self.moves,
            self.first_wins,
            self.draws,
            self.resigned,
            dict(self.reasons).get(LONGEST, 0),
        ]
        counts += [self.resign_checked, self.resign_wrong]
        sums = [self.mean_length * self.games, self.divergence * self.full_moves, self.full_moves]
        shared = torch.tensor([*counts, *sums], dtype=torch.float64)
        world.sum_(shared)
        games, moves, first, draws, resigned, capped, checked, wrong, plies, divergence, full = shared.tolist()

        def share(count: float) -> float | None:
            return count / games if games else None

        return PlayedCycle(
            PlayRecord(
                games=int(games),
                plies=int(moves),
                seconds=self.seconds,
                length=share(plies),
                first_wins=share(first),
                draws=share(draws),
                resigned=share(resigned),
                capped=share(capped),
                resign_wrong=wrong / checked if checked else None,
                divergence=divergence / max(full, 1),
                full_plies=int(full),
            )
        )


class GameCounts:
    """Counts the games that end."""

    def __init__(self) -> None:
        self._results: Counter[int] = Counter()
        self._reasons: Counter[str] = Counter()
        self._plies = self._checked = self._wrong = 0

    def add(
        self,
        lengths: npt.NDArray[np.integer],
        results: npt.NDArray[np.int8],
        reasons: npt.NDArray[np.bytes_],
        would_resign: npt.NDArray[np.int8],
    ) -> None:
        """Add n games: plies, results for player 0, reasons, and who would have resigned (-1: nobody)."""
        self._plies += int(lengths.sum())
        self._results.update(results.tolist())
        self._reasons.update(reason.decode() for reason in reasons.tolist())
        checked = would_resign >= 0
        lost = results * (1 - 2 * would_resign) < 0
        self._checked += int(checked.sum())
        self._wrong += int((checked & ~lost).sum())

    def statistics(
        self, moves: int, full_moves: int, seconds: float, divergence: float, root_value: float
    ) -> SelfPlayStatistics:
        """Return the statistics of the games added so far."""
        games = self._results.total()
        return SelfPlayStatistics(
            games=games,
            moves=moves,
            full_moves=full_moves,
            seconds=seconds,
            first_wins=self._results[1],
            draws=self._results[0],
            reasons=tuple(self._reasons.most_common()),
            mean_length=self._plies / games if games else 0.0,
            divergence=divergence,
            root_value=root_value,
            resigned=self._reasons[RESIGNATION],
            capped=self._reasons[LONGEST],
            resign_checked=self._checked,
            resign_wrong=self._wrong,
        )
