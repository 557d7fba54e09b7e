"""What a run asks of its replay: of `Replay`, which keeps board games, and of whatever keeps something else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from muzero_engine.games.base import Shape
from muzero_engine.training.replay.replay import StalePositions
from muzero_engine.training.types import Batch, SearchOutput


class ReplaySource(Protocol):
    """The replay of one rank; `Replay` says more of each member."""

    @property
    def ready(self) -> bool:
        """Return whether there is enough so that learning may begin."""
        ...

    @property
    def window_plies(self) -> int:
        """Return the plies that batches are drawn from now."""
        ...

    def add(self, played: Any) -> None:
        """Take in what the run's `PlaySource.play` returned."""
        ...

    def draw(self, batch_size: int, generator: torch.Generator) -> Batch:
        """Return a random batch."""
        ...

    def draw_held_out(self, batch_size: int, generator: torch.Generator) -> Batch | None:
        """Return one that nothing is ever learnt from; None as long as there is none."""
        ...

    def most_drawn_share(self) -> float | None:
        """Return the share of the draws that go to the tenth of the positions drawn most; None where draws are even."""
        ...

    def stale(self, shape: Shape, count: int, generator: torch.Generator) -> StalePositions | None:
        """Return random positions to search again; None where there are too few."""
        ...

    def refresh(self, positions: StalePositions, output: SearchOutput) -> None:
        """Take the targets of a new search of these positions."""
        ...

    def renew_values(self, count: int, values: Callable[[Tensor], Tensor], generator: torch.Generator) -> None:
        """Make so many values that targets bootstrap from anew, by what `values` returns for observations."""
        ...

    def state(self, max_bytes: int | None = None) -> dict[str, Tensor]:
        """Return what fits in about so many bytes, the newest first, on the CPU."""
        ...

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned. Raises BadState."""
        ...
