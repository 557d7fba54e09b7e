"""The tensors that the parts of the trainer hand to each other. All on the training device unless said otherwise.

B games played at once, A actions, T stored target actions, U unroll steps, M positions of a batch, n plies.
Values are always the view of the player to move at that ply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, Self

import torch
from torch import Tensor

from muzero_engine.games.base import Shape

PER_GAME = frozenset({"lengths", "by_rules", "ownership"})  # fields of `FinishedGames` with one row a game, not a ply


class Stopped(Exception):
    """The run is asked to stop, and what goes on is given up for that; what was done before stays."""


class BadState(ValueError):
    """Saved games that do not fit this configuration; the message says why."""


@dataclass(frozen=True, slots=True)
class SearchOutput:
    """What one batched search says of B roots."""

    action: Tensor  # int64[B], the survivor of sequential halving, Gumbel noise included
    value: Tensor  # float32[B], root value after search: sum of improved policy * completed Q; in games in [-1, 1]
    target_actions: Tensor  # int64[B, T], highest probability first; padded with -1
    target_probs: Tensor  # float32[B, T], the improved policy over them, sum 1; 0 where padded
    divergence: Tensor  # float32[B], KL(improved policy || prior) over the legal actions
    raw_value: Tensor  # float32[B], the network's own value of the root
    unlikely: Tensor  # int64[B], a legal action drawn in proportion to 1 / the network's own prior


class RootSearch(Protocol):
    """A search of many roots at once: what self-play and reanalysis ask of `training.search.batched.BatchedSearch`."""

    def run(
        self, observation: Tensor, legal: Tensor, *, noise: Tensor | None = None, generator: torch.Generator | None
    ) -> SearchOutput:
        """Search float[B, planes, H, W] with legal actions bool[B, A]; the caller owns the output."""
        ...


@dataclass(frozen=True, slots=True)
class FinishedGames:
    """Games that ended, one behind the other, all on boards of one shape."""

    shape: Shape
    lengths: Tensor  # int64[games], plies (moves played) of each; they add up to n
    packed: Tensor  # uint8[n, packed_size]: the position before each move (see games.encoding)
    action: Tensor  # int16[n], the move played, mover's frame
    target_actions: Tensor  # int16[n, T], -1 padded; all -1: a ply without a policy target (random opening)
    target_probs: Tensor  # float16[n, T]
    root_value: Tensor  # float16[n]; the result instead where there was no search
    result: Tensor  # int8[n] in {-1, 0, 1}: the game's result for the mover
    by_rules: Tensor  # bool[games]: the last move ended the game by the rules (not a resignation, not a ply cap)
    ownership: Tensor | None  # int8[games, H, W] in {-1, 0, 1}, player 0's view, final board (Go); else None
    legal: Tensor | None = None  # uint8[n, ceil(A / 8)], legal actions as numpy.packbits; 0 in random openings; None
    # where positions are not searched again (ReplaySettings.reanalyse_share)
    surprise: Tensor | None = None  # float16[n, 2]: what the search found that the network had not known, that is
    # KL(policy target || prior) in nats, 0 without a policy target, and |root value - network's value|, 0 without a
    # search; None where batches are drawn evenly (ReplaySettings.policy_surprise_share, value_surprise_share)

    @classmethod
    def cat(cls, parts: Sequence[Self]) -> Self:
        """Return the games of all parts; there is at least one, and all are of one board and have the same fields."""
        tensors = [tensors_of(part) for part in parts]
        whole: dict[str, Any] = {name: torch.cat([each[name] for each in tensors]) for name in tensors[0]}
        return replace(parts[0], **whole)

    def select(self, games: Tensor) -> Self:
        """Return the games where `games`, bool[games] on the games' device, is true."""
        plies = games.repeat_interleave(self.lengths)
        chosen = {name: rows[games if name in PER_GAME else plies] for name, rows in tensors_of(self).items()}
        return replace(self, **chosen)


@dataclass(frozen=True, slots=True)
class Batch:
    """M positions with U steps after each. Step 0 is the drawn position; past the end of a game are no targets.

    Of an environment's episodes observations may be uint8 or bool, and targets are numbers: the n-step return, and what
    each step brought. A step into a truncation has one like any other; past the last position that was seen are none.
    """

    shape: Shape  # of the observation's board
    observation: Tensor  # float[M, planes, H, W] of step 0
    later_step: Tensor | None  # int64[M] in 1..U, drawn at random, where a loss needs it
    later_observation: Tensor | None  # float[M, planes, H, W] of that step
    action: Tensor  # int64[M, U]; random legal-range actions past the end
    target_actions: Tensor  # int64[M, U + 1, T], -1 padded
    target_probs: Tensor  # float32[M, U + 1, T]
    has_policy: Tensor  # bool[M, U + 1]: whether there is a policy target
    value: Tensor  # float32[M, U + 1, 3]: win, draw, loss target, the mixture of result and root value included; of
    # episodes float32[M, U + 1, 1], the discounted return
    has_value: Tensor  # bool[M, U + 1]: false past the end of the game
    outcome: Tensor  # int64[M, U]: class of move u (0 goes on, 1 its mover wins, 2 draw, 3 loses); past the end: 0; of
    # episodes float32[M, U, 2]: the reward, and 1 where the step terminated the episode
    has_outcome: Tensor  # bool[M, U]: false past the end, and at the last move of a resigned or capped game
    alive: Tensor  # bool[M, U + 1]: the position exists (the game had not ended before it)
    result: Tensor  # int8[M] in {-1, 0, 1}: what its game brought the mover of step 0; nothing learns from it alone; of
    # episodes float32[M], the whole discounted return from step 0 on, NaN where it is not known
    ownership: Tensor | None  # float32[M, H, W] of step 0, its mover's view (Go)
    short_value: Tensor | None = None  # float32[M, U + 1, horizons] in [-1, 1] (LearnerSettings.short_value_weight)
    has_ownership: Tensor | None = None  # bool[M]: false in resigned and capped games, whose boards are unfinished (Go)
    weight: Tensor | None = None  # float32[M]: what each position's losses count; None: 1


def tensors_of(data: FinishedGames | Batch) -> dict[str, Any]:
    """Return the fields that hold a tensor, by name; typed Any, so that `dataclasses.replace` takes them."""
    values = {field.name: getattr(data, field.name) for field in fields(data)}
    return {name: value for name, value in values.items() if isinstance(value, Tensor)}


def surprise(output: SearchOutput) -> Tensor:
    """Return float16[B, 2]: how much a search found that the network had not known (`FinishedGames.surprise`)."""
    return torch.stack([output.divergence, (output.value - output.raw_value).abs()], dim=1).to(torch.float16)
