"""Random batches of a game's or an environment's shapes, for measurements and tests where nothing has been played."""

from __future__ import annotations

import torch
from torch import Tensor

from muzero_engine.environments.base import EnvironmentSpec, ObservationKind
from muzero_engine.games.base import Game, Shape
from muzero_engine.training.config import HORIZONS
from muzero_engine.training.types import Batch


def random_batch(
    game: Game,
    positions: int,
    *,
    unroll_steps: int = 5,
    targets: int = 4,
    seed: int = 0,
    shape: Shape | None = None,
    later_observation: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Batch:
    """Return positions of games of which about every fifth ends within the unrolled steps; on the CPU.

    `dtype` is that of observations.
    """
    spec = game.spec
    shape = spec.shapes[0] if shape is None else shape
    actions = spec.num_actions(shape)
    generator = torch.Generator().manual_seed(seed)

    def draw(*size: int) -> Tensor:
        return torch.rand(*size, generator=generator)

    planes = (spec.layout.planes, *shape)
    end = torch.randint(1, 5 * unroll_steps + 2, (positions, 1), generator=generator)  # the move that ends the game
    moves = torch.arange(1, unroll_steps + 1)
    alive = torch.arange(unroll_steps + 1) < end
    target_actions = draw(positions, unroll_steps + 1, actions).topk(min(targets, actions)).indices
    last = torch.randint(1, 4, (positions, unroll_steps), generator=generator)
    return Batch(
        shape=shape,
        observation=(draw(positions, *planes) < 0.2).to(dtype),
        later_step=torch.randint(1, unroll_steps + 1, (positions,), generator=generator) if later_observation else None,
        later_observation=(draw(positions, *planes) < 0.2).to(dtype) if later_observation else None,
        action=torch.randint(0, actions, (positions, unroll_steps), generator=generator),
        target_actions=target_actions,
        target_probs=(3 * draw(*target_actions.shape)).softmax(dim=2),
        has_policy=alive & (draw(positions, unroll_steps + 1) < 0.9),
        value=(3 * draw(positions, unroll_steps + 1, 3)).softmax(dim=2),
        has_value=alive,
        outcome=torch.where(moves == end, last, 0),
        has_outcome=alive[:, :-1],
        alive=alive,
        ownership=torch.randint(-1, 2, (positions, *shape), generator=generator).float() if spec.ownership else None,
        has_ownership=draw(positions) < 0.7 if spec.ownership else None,
        result=torch.randint(-1, 2, (positions,), generator=generator, dtype=torch.int8),
        short_value=2 * draw(positions, unroll_steps + 1, len(HORIZONS)) - 1,
    )


def random_episode_batch(
    spec: EnvironmentSpec,
    positions: int,
    *,
    unroll_steps: int = 5,
    targets: int | None = None,
    seed: int = 0,
    later_observation: bool = False,
    weighted: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Batch:
    """Return positions of episodes of which about every fifth terminates within the unrolled steps; on the CPU.

    There are targets for so many actions, None: for all; `dtype` is that of planes.
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(*size: int) -> Tensor:
        return torch.rand(*size, generator=generator)

    def observation() -> Tensor:
        match spec.kind:
            case ObservationKind.PLANES:
                return (draw(positions, *spec.shape) < 0.2).to(dtype)
            case ObservationKind.IMAGE:
                return (256 * draw(positions, *spec.shape)).to(torch.uint8)
            case ObservationKind.VECTOR:
                return 4 * draw(positions, *spec.shape) - 2

    end = torch.randint(1, 5 * unroll_steps + 2, (positions, 1), generator=generator)  # the step that terminates
    steps = torch.arange(1, unroll_steps + 1)
    alive = torch.arange(unroll_steps + 1) < end
    reward = 3 * draw(positions, unroll_steps) - 1
    of = torch.arange(spec.actions if targets is None else targets)  # the actions; past the last one is padding
    probs = (3 * draw(positions, unroll_steps + 1, len(of))).masked_fill(of >= spec.actions, -torch.inf).softmax(dim=2)
    return Batch(
        shape=spec.board,
        observation=observation(),
        later_step=torch.randint(1, unroll_steps + 1, (positions,), generator=generator) if later_observation else None,
        later_observation=observation() if later_observation else None,
        action=torch.randint(0, spec.actions, (positions, unroll_steps), generator=generator),
        target_actions=torch.where(of < spec.actions, of, -1).repeat(positions, unroll_steps + 1, 1),
        target_probs=probs,
        has_policy=alive & (draw(positions, unroll_steps + 1) < 0.9),
        value=40 * draw(positions, unroll_steps + 1, 1) - 10,
        has_value=alive,
        outcome=torch.stack([reward, (steps == end).float()], dim=2),
        has_outcome=alive[:, :-1],
        alive=alive,
        ownership=None,
        result=40 * draw(positions) - 10,
        weight=0.5 + draw(positions) if weighted else None,
    )
