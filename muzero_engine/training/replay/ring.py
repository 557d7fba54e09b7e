"""The plies of whole games, one behind the other in a ring on the training device.

Plies are numbered from 0 as they come in; ply `i` is in row `i % capacity`. Only plies of games that are still whole
count, so that the history of each is there.
"""

from __future__ import annotations

import itertools
from collections import deque

import torch
from torch import Tensor

from muzero_engine.games.base import GameSpec, Shape
from muzero_engine.games.encoding import packed_size
from muzero_engine.training.config import HORIZONS
from muzero_engine.training.observations import packed_bits, unpacked_bits
from muzero_engine.training.replay.short_values import short_values
from muzero_engine.training.types import FinishedGames


class Ring:
    """Plies on boards of one shape, P packed bytes and T target actions each. Fields are [capacity, ...]."""

    def __init__(
        self,
        capacity: int,
        spec: GameSpec,
        shape: Shape,
        target_actions: int,
        device: torch.device,
        keep_legal: bool = False,
        keep_surprise: bool = False,
        keep_short_values: bool = False,
    ) -> None:
        self.capacity, self.shape, self.device = capacity, shape, device
        self.packed = torch.zeros((capacity, packed_size(spec, shape)), dtype=torch.uint8, device=device)
        self.action = torch.zeros(capacity, dtype=torch.int16, device=device)
        self.target_actions = torch.zeros((capacity, target_actions), dtype=torch.int16, device=device)
        self.target_probs = torch.zeros((capacity, target_actions), dtype=torch.float16, device=device)
        self.root_value = torch.zeros(capacity, dtype=torch.float16, device=device)
        self.result = torch.zeros(capacity, dtype=torch.int8, device=device)  # for the mover
        self.age = torch.zeros(capacity, dtype=torch.int16, device=device)  # plies before it in its game
        self.left = torch.zeros(
            capacity, dtype=torch.int16, device=device
        )  # moves from it to the end, its own included
        self.by_rules = torch.zeros(capacity, dtype=torch.bool, device=device)  # of its game
        legal_bytes = (spec.num_actions(shape) + 7) // 8 if keep_legal else 0
        self.legal = torch.zeros((capacity, legal_bytes), dtype=torch.uint8, device=device)
        self.surprise = torch.zeros((capacity, 2 if keep_surprise else 0), dtype=torch.float16, device=device)
        horizons = len(HORIZONS) if keep_short_values else 0
        self.short_value = torch.zeros((capacity, horizons), dtype=torch.float16, device=device)
        area = (2 * shape[0] * shape[1] + 7) // 8 if spec.ownership else 0  # bits of player 0, then player 1
        self._ownership = torch.zeros((capacity, area), dtype=torch.uint8, device=device)
        self._starts: deque[int] = deque()  # of the whole games
        self._end = 0

    @property
    def first(self) -> int:
        """Return the number of the oldest ply of a whole game; `end` if there is none."""
        return self._starts[0] if self._starts else self._end

    @property
    def end(self) -> int:
        """Return the number of plies that ever came in."""
        return self._end

    @property
    def plies(self) -> int:
        """Return the number of plies of whole games."""
        return self._end - self.first

    def begin_at(self, ply: int) -> None:
        """Give the next ply this number; only for an empty ring."""
        assert not self._starts
        self._end = ply

    @property
    def bytes_per_ply(self) -> int:
        """Return the size of a ply in `newest`, about."""
        fields = (
            self.packed,
            self.action,
            self.target_actions,
            self.target_probs,
            self.root_value,
            self.result,
            self.legal,
            self.surprise,
        )
        return sum(field[:1].nbytes for field in fields)

    def ownership(self, rows: Tensor) -> Tensor:
        """Return float32[n, H, W] in {-1, 0, 1}, player 0's view, of the final board."""
        points = self.shape[0] * self.shape[1]
        bits = unpacked_bits(self._ownership[rows], 2 * points).to(torch.float32)
        return (bits[:, :points] - bits[:, points:]).view(-1, *self.shape)

    def add(self, games: FinishedGames) -> None:
        """Store games; the oldest make room. A game longer than the ring is left out."""
        lengths: list[int] = games.lengths.tolist()
        count = len(games.action)
        device_lengths = games.lengths.to(self.device)
        ends = device_lengths.cumsum(0)
        age = torch.arange(count, device=self.device) - (ends - device_lengths).repeat_interleave(
            device_lengths, output_size=count
        )
        length = device_lengths.repeat_interleave(device_lengths, output_size=count)
        kept = slice(max(0, count - self.capacity), count)  # the rest would be overwritten at once
        rows = (self._end + torch.arange(count, device=self.device)[kept]) % self.capacity
        for field, values in (
            (self.packed, games.packed),
            (self.action, games.action),
            (self.target_actions, games.target_actions),
            (self.target_probs, games.target_probs),
            (self.root_value, games.root_value),
            (self.result, games.result),
            (self.age, age.to(torch.int16)),
            (self.left, (length - age).to(torch.int16)),
            (self.by_rules, games.by_rules.repeat_interleave(device_lengths, output_size=count)),
        ):
            field[rows] = values[kept]
        if games.legal is not None:
            self.legal[rows] = games.legal[kept]
        if games.surprise is not None:
            self.surprise[rows] = games.surprise[kept]
        if self.short_value.shape[1] and count:
            values = short_values(games.root_value, games.result, games.packed[:, -1], device_lengths)
            self.short_value[rows] = values[kept].to(torch.float16)
        if games.ownership is not None:
            owner = games.ownership.flatten(1)
            bits = packed_bits(torch.cat([owner == 1, owner == -1], dim=1))
            self._ownership[rows] = bits.repeat_interleave(device_lengths, dim=0, output_size=count)[kept]
        for played in lengths:
            self._starts.append(self._end)
            self._end += played
        while self._starts and self._starts[0] < self._end - self.capacity:
            self._starts.popleft()

    def newest(self, plies: int) -> FinishedGames:
        """Return the newest whole games that have at most so many plies together, oldest first."""
        starts = [start for start in self._starts if self._end - start <= plies]
        bounds = [*starts, self._end]
        lengths = [after - start for start, after in itertools.pairwise(bounds)]
        rows = torch.arange(bounds[0], self._end, device=self.device) % self.capacity
        games = torch.tensor(starts, dtype=torch.int64, device=self.device) % self.capacity
        return FinishedGames(
            shape=self.shape,
            lengths=torch.tensor(lengths, dtype=torch.int64, device=self.device),
            packed=self.packed[rows],
            action=self.action[rows],
            target_actions=self.target_actions[rows],
            target_probs=self.target_probs[rows],
            root_value=self.root_value[rows],
            result=self.result[rows],
            by_rules=self.by_rules[games],
            ownership=self.ownership(games).to(torch.int8) if self._ownership.shape[1] else None,
            legal=self.legal[rows] if self.legal.shape[1] else None,
            surprise=self.surprise[rows] if self.surprise.shape[1] else None,
        )
