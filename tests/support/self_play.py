"""A search without a network, and small configurations, for the tests of self-play and replay."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import torch
from torch import Tensor

from muzero_engine.games.base import Position, Shape
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game
from muzero_engine.training.config import LearnerSettings, ReplaySettings, SearchSettings, SelfPlaySettings, TrainConfig
from muzero_engine.training.self_play.play import SelfPlay
from muzero_engine.training.types import FinishedGames, SearchOutput

CPU = torch.device("cpu")
BOARDS: tuple[tuple[str, Shape], ...] = (
    ("tictactoe", (3, 3)),
    ("go", (5, 5)),
    ("chess", (8, 8)),
    ("shogi", (9, 9)),
)


class RandomSearch:
    """Random targets and values that depend on the generator and, a little, on the observation."""

    def __init__(self, targets: int = 8, value: float | None = None) -> None:
        self.targets = targets
        self.value = value  # of every root; None: random

    def run(
        self, observation: Tensor, legal: Tensor, *, noise: Tensor | None = None, generator: torch.Generator | None
    ) -> SearchOutput:
        scores = torch.rand(legal.shape, generator=generator) + observation.mean(dim=(1, 2, 3)).unsqueeze(1)
        scores, actions = torch.where(legal, scores, -1.0).topk(min(self.targets, legal.shape[1]), dim=1)
        probs = scores.clamp(min=0)
        values = 2 * torch.rand(len(legal), generator=generator) - 1
        return SearchOutput(
            action=actions[:, 0],
            value=values if self.value is None else torch.full_like(values, self.value),
            target_actions=torch.where(scores >= 0, actions, -1),
            target_probs=probs / probs.sum(dim=1, keepdim=True),
            divergence=torch.ones(len(legal)),
            raw_value=torch.zeros(len(legal)),
            unlikely=actions.gather(1, (scores >= 0).sum(dim=1, keepdim=True).sub(1).clamp_min(0))[:, 0],
        )


def small_config(game: str, *shapes: Shape, **settings: object) -> TrainConfig:
    """Return ten games at once on each board, random openings, games of at most 24 plies (tic-tac-toe: 9)."""
    self_play = SelfPlaySettings(
        games=10 * len(shapes),
        shapes=tuple((shape, 1.0) for shape in shapes),
        opening_plies=4,
        max_plies=9 if game == "tictactoe" else 24,
        resign_value=-1.0,
        komi=5.0,
        komi_spread=3.0,
        temperature_plies=4,
    )
    return TrainConfig(
        game=game,
        preset="test",
        steps=1,
        search=SearchSettings(target_actions=8),
        self_play=replace(self_play, **settings),  # type: ignore[arg-type]  # the tests name the fields
        replay=ReplaySettings(capacity_plies=2000, min_plies=100),
        learner=LearnerSettings(consistency_weight=1.0),
    )


def self_play(config: TrainConfig, search: RandomSearch | None = None, workers: int = 0, rank: int = 0) -> SelfPlay:
    searches = {shape: search or RandomSearch() for shape, _ in config.self_play.shapes}
    return SelfPlay(config, searches, CPU, rank=rank, workers=workers)


def assert_goes_on_exactly(config: TrainConfig) -> None:
    """Assert that games of a random search are the same after a resume, and with workers."""
    with self_play(config) as unbroken, self_play(config) as resumed, self_play(config, workers=2) as shared:
        first = [player.play(230) for player in (unbroken, shared)]
        for one, other in zip(*first, strict=True):
            assert_same_games(one, other)
        resumed.load_state({name: tensor.clone() for name, tensor in unbroken.state().items()})
        for one, other in zip(unbroken.play(300), resumed.play(300), strict=True):
            assert_same_games(one, other)


def played(game: str, shape: Shape, plies: int = 400, **settings: object) -> FinishedGames:
    """Return some games of a random search."""
    with self_play(small_config(game, shape, **settings)) as player:
        (games,) = player.play(plies)
    return games


def positions(games: FinishedGames, game: str) -> list[list[Position]]:
    """Return the positions before each move of each game, by the rules, and the one after the last move.

    Go's komi is read from the packed plies, which the rules do not tell.
    """
    lines = []
    actions = games.action.tolist()
    scalar = (load_game(game).spec.layout.frame_planes * games.shape[0] * games.shape[1] + 7) // 8
    start = 0
    for length in games.lengths.tolist():
        position = load_game(game).initial(games.shape)
        if isinstance(position, GoPosition):
            komi = games.packed[start, scalar : scalar + 2].numpy().view(np.int16)
            position.set_komi(-int(komi[0]) / 2)
        line = [position.copy()]
        for action in actions[start : start + length]:
            position.push(action)
            line.append(position.copy())
        lines.append(line)
        start += length
    return lines


def assert_same_games(one: FinishedGames, other: FinishedGames) -> None:
    for field in fields(FinishedGames):
        left, right = getattr(one, field.name), getattr(other, field.name)
        assert torch.equal(left, right) if isinstance(left, Tensor) else left == right, field.name
