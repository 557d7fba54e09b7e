"""Matches inside a run: players that choose for many positions at once, and paired games between two of them.

Every opening is played twice with colours swapped, so that neither an unfair opening nor the right to begin counts.
Rules are those of `Position`, in this process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from muzero_engine.games.base import Gains, Position


class Player(Protocol):
    """Chooses moves."""

    def choose(self, positions: Sequence[Position]) -> list[int]:
        """Return a legal action for each position, none of which has ended."""
        ...


@dataclass(frozen=True, slots=True)
class MatchScore:
    """Results of games in the view of the first player of a match."""

    wins: int = 0
    draws: int = 0
    losses: int = 0

    @property
    def score(self) -> float:
        """Return the points a game, in [0, 1]; a half where there was none."""
        games = self.wins + self.draws + self.losses
        return (self.wins + 0.5 * self.draws) / games if games else 0.5


class RandomPlayer:
    """Every legal move is as good as any other."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def choose(self, positions: Sequence[Position]) -> list[int]:
        """Return a legal action for each position, see `Player`."""
        return [int(self._rng.choice(position.legal_actions())) for position in positions]


class GreedyPlayer:
    """Wins on the spot if it can, else plays a move that gains most by the game's rule of thumb (`Game.greedy`)."""

    def __init__(self, gains: Callable[[Position], Gains], rng: np.random.Generator) -> None:
        self._gains = gains
        self._rng = rng

    def choose(self, positions: Sequence[Position]) -> list[int]:
        """Return a legal action for each position, see `Player`."""
        return [self._choose(position) for position in positions]

    def _choose(self, position: Position) -> int:
        legal = position.legal_actions()
        decisive = position.decisive_actions()
        gain = self._gains(position)
        for i, action in enumerate(legal.tolist()):
            gain[i] = {1.0: np.inf, -1.0: -np.inf}.get(decisive.get(action, 0.0), gain[i])
        best = np.flatnonzero(gain == gain.max())
        return int(legal[self._rng.choice(best)])


def openings(
    start: Callable[[np.random.Generator], Position], count: int, plies: int, rng: np.random.Generator
) -> list[Position]:
    """Return `count` positions after `plies` uniformly random moves (fewer where the game would be over)."""
    starts = []
    for _ in range(count):
        position = start(rng)
        for _ in range(plies):
            position.push(int(rng.choice(position.legal_actions())))
            if position.outcome() is not None:
                position.pop()
                break
        starts.append(position)
    return starts


def play_pairs(
    first: Player, second: Player, starts: Sequence[Position], end: Callable[[Position], float | None]
) -> MatchScore:
    """Play every start twice, once with each player to move first.

    `end` gives None while a game goes on, then its result for player 0 of the game in {1, 0, -1}.
    """
    games = [(start.copy(), start.mover ^ swapped) for start in starts for swapped in (0, 1)]  # and who `first` is
    points: list[float] = []
    while games:
        turns: tuple[list[Position], list[Position]] = ([], [])
        for position, player in games:
            turns[position.mover != player].append(position)
        for chooser, positions in zip((first, second), turns, strict=True):
            if positions:
                for position, action in zip(positions, chooser.choose(positions), strict=True):
                    position.push(action)
        running = []
        for position, player in games:
            result = end(position)
            if result is None:
                running.append((position, player))
            else:
                points.append(result if player == 0 else -result)
        games = running
    return MatchScore(points.count(1.0), points.count(0.0), points.count(-1.0))
