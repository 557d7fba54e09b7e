"""What things are called in what a run says: a board game has games and plies, an environment episodes and steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from muzero_engine.training.config import TrainConfig

if TYPE_CHECKING:  # it imports torch, which takes seconds, and a run speaks before that
    from muzero_engine.training.report.run_metrics import CycleRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWords:
    """The words of one kind of run."""

    games: str
    plies: str
    moves: str
    outcome: str  # what g's head of rewards learns
    result: str  # what a value is an estimate of


GAME_WORDS = RunWords(games="games", plies="plies", moves="moves", outcome="outcome", result="result")
ENVIRONMENT_WORDS = RunWords(
    games="episodes", plies="environment steps", moves="environment steps", outcome="reward", result="return"
)


def words_for(config: TrainConfig) -> RunWords:
    """Return the words for a run of these settings."""
    return ENVIRONMENT_WORDS if config.learns_environment else GAME_WORDS


def words_of(records: Iterable[CycleRecord]) -> RunWords:
    """Return the words for a run of which these are the records."""
    of_environment = any(record.episodes or record.evaluation for record in records)
    return ENVIRONMENT_WORDS if of_environment else GAME_WORDS
