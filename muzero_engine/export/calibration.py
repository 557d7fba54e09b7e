"""Data that the 8-bit network is calibrated on: edges of the kind that a search will ask for.

The network plays games against itself, or acts in its environment, without a search, each move drawn from its policy
over the legal moves; from positions of these games the moves that were played are unrolled in the model. So the latents
come from h and, more and more imagined, from g, as in a tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from muzero_engine.arrays import Floats, Ints
from muzero_engine.environments.base import Environment, Observation
from muzero_engine.environments.registry import load_environment
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.environments.stacking import FrameStack
from muzero_engine.games.base import Game, Shape
from muzero_engine.games.encoding import observation
from muzero_engine.model import Model

BATCH = 32
PLIES_A_POSITION = 3  # games are played until there are this many plies for each position that is used
EPISODE_STEPS = 300  # of an episode at most, so that there are several


@dataclass(frozen=True, slots=True, kw_only=True)
class Int8Calibration:
    """How much calibration data, and from which seed."""

    positions: int = 192
    unroll_steps: int = 4  # steps of g after each position
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Edges:
    """A batch of edges on one board."""

    latent: Floats  # float32[B, C, H, W]
    action: Ints  # int64[B], legal where the model's moves were


@dataclass(frozen=True, slots=True)
class SampledGame:
    """A game of the network against itself, or an episode: what h saw before each ply, and what was played."""

    observations: list[Observation]
    actions: list[int]


def calibration_edges(model: Model, game: Game, amount: Int8Calibration, boards: Sequence[Shape] = ()) -> list[Edges]:
    """Return batches of edges from games on these boards. The same seed gives the same.

    They should be the boards that the network learnt on: on others its activations go beyond what they are there, and
    scales wide enough for them are too coarse for all the rest. Without `boards` the default and the largest.
    """
    random = np.random.default_rng(amount.seed)
    largest = max(game.spec.shapes, key=lambda shape: shape[0] * shape[1])
    shapes = dict.fromkeys(boards or (game.spec.shapes[0], largest))
    batches: list[Edges] = []
    for shape in shapes:
        positions = max(1, amount.positions // len(shapes))
        records: list[SampledGame] = []
        while sum(len(record.actions) for record in records) < positions * PLIES_A_POSITION:
            records.append(sampled_game(model, game, shape, random))
        batches += _edges(model, records, positions, amount.unroll_steps, random)
    return batches


def environment_edges(model: Model, settings: EnvironmentSettings, amount: Int8Calibration) -> list[Edges]:
    """Return batches of edges from episodes. The same seed gives the same. Raises BadEnvironment, EnvironmentFailed."""
    random = np.random.default_rng(amount.seed)
    records: list[SampledGame] = []
    environment = load_environment(settings)
    try:
        while sum(len(record.actions) for record in records) < amount.positions * PLIES_A_POSITION:
            records.append(_sampled_episode(model, environment, amount.seed + len(records), random))
    finally:
        environment.close()
    return _edges(model, records, amount.positions, amount.unroll_steps, random)


def _edges(
    model: Model, records: list[SampledGame], positions: int, unroll_steps: int, random: np.random.Generator
) -> list[Edges]:
    unroll_steps = min(unroll_steps, min(len(record.actions) for record in records))
    starts = [(record, i) for record in records for i in range(len(record.actions) - unroll_steps + 1)]
    chosen = [starts[i] for i in random.permutation(len(starts))[:positions]]
    batches: list[Edges] = []
    for first in range(0, len(chosen), BATCH):
        batches += _unrolled(model, chosen[first : first + BATCH], unroll_steps)
    return batches


def sampled_game(model: Model, game: Game, shape: Shape, random: np.random.Generator) -> SampledGame:
    """Return a game whose moves are drawn from the policy over the legal moves."""
    position = game.initial(shape)
    record = SampledGame([], [])
    while position.outcome() is None and position.ply < game.spec.max_plies:
        seen = observation(position)
        legal = position.legal_actions()
        action = int(legal[_drawn(model.initial_inference(seen[None]).policy_logits[0, legal], random)])
        record.observations.append(seen)
        record.actions.append(action)
        position.push(action)
    return record


def _sampled_episode(model: Model, environment: Environment, seed: int, random: np.random.Generator) -> SampledGame:
    record, stack = SampledGame([], []), FrameStack(environment.spec)
    seen = stack.begin(environment.reset(seed))
    for _ in range(EPISODE_STEPS):
        action = _drawn(model.initial_inference(seen[None]).policy_logits[0], random)
        record.observations.append(seen)
        record.actions.append(action)
        step = environment.step(action)
        if step.terminated or step.truncated:
            break
        seen = stack.add(step.observation)
    return record


def _drawn(logits: Floats, random: np.random.Generator) -> int:
    """Return a place in float32[n], drawn with the probabilities that these logits are."""
    exact = logits.astype(np.float64)
    chances = np.exp(exact - exact.max())
    return int(random.choice(len(chances), p=chances / chances.sum()))


def _unrolled(model: Model, starts: list[tuple[SampledGame, int]], unroll_steps: int) -> list[Edges]:
    latent = model.initial_inference(np.stack([record.observations[i] for record, i in starts])).latent
    batches = []
    for step in range(unroll_steps):
        action = np.array([record.actions[i + step] for record, i in starts], dtype=np.int64)
        batches.append(Edges(latent, action))
        latent = model.recurrent_inference(latent, action).latent
    return batches
