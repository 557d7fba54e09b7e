"""`Gradients`: the loss of a batch and its gradient, as fast as the device allows.

On a GPU the whole of it (forward, backward, gradients into one buffer) is compiled and then captured as one CUDA graph
for each board: some thousand launches a step otherwise keep the host busier than the device. The batch is copied into
the graph's own memory, its observations in the order that convolutions like.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from muzero_engine.games.base import Shape
from muzero_engine.training.learner.losses import BatchLoss, mixed_precision
from muzero_engine.training.types import Batch, tensors_of

WARM_UPS = 3  # runs before a capture: they compile, and choose convolutions, what the graph then replays


@dataclass(frozen=True, slots=True)
class _Captured:
    """One graph with the memory that it reads and writes."""

    graph: torch.cuda.CUDAGraph
    batch: Batch
    loss: BatchLoss


class Gradients:
    """Calls `loss` and writes the gradient of its total to `buffer`: that of all parameters, then the loss itself.

    With `graphed` (CUDA only) calls for batches of the same board are replays of one graph.
    """

    def __init__(
        self,
        loss: Callable[[Batch], BatchLoss],
        parameters: Sequence[Tensor],
        buffer: Tensor,
        *,
        graphed: bool,
        channels_last: bool,
    ) -> None:
        self._loss = loss
        self._parameters = list(parameters)
        self._buffer = buffer
        self._views = gradient_views(buffer, self._parameters)
        self._graphed = graphed
        self._channels_last = channels_last
        self._captured: dict[tuple[Shape, int], _Captured] = {}
        self._pool: Any = None  # of memory; all graphs share it, since none runs beside another

    @property
    def views(self) -> list[Tensor]:
        """Return the gradient of each parameter, parts of the buffer laid out like the parameters."""
        return self._views

    def __call__(self, batch: Batch) -> BatchLoss:
        """Return the loss of the batch, which owns its tensors; none of them has a gradient any more."""
        if not self._graphed:
            return self._compute(batch)
        key = (batch.shape, len(batch.action))
        captured = self._captured.get(key)
        if captured is None:
            captured = self._captured[key] = self._capture(batch)
        _copy(batch, captured.batch)
        captured.graph.replay()
        return BatchLoss(*(tensor.clone() for tensor in captured.loss))

    def _compute(self, batch: Batch) -> BatchLoss:
        with mixed_precision(self._buffer.device):
            loss = self._loss(batch)
        gradients = torch.autograd.grad(loss.total, self._parameters, materialize_grads=True)
        torch._foreach_copy_(self._views, gradients)
        total = loss.total.detach()
        self._buffer[-1] = total
        return BatchLoss(total, loss.sums, loss.counts)

    def _capture(self, batch: Batch) -> _Captured:
        static = self._static(batch)
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's own
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UPS):
                self._compute(static)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # thread_local: what other threads (NCCL's watchdog, copies for rules workers) do meanwhile is no error
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            loss = self._compute(static)
        self._pool = graph.pool()
        return _Captured(graph, static, loss)

    def _static(self, batch: Batch) -> Batch:
        """Return a copy of the batch that stays where it is."""
        copies = {name: tensor.clone() for name, tensor in tensors_of(batch).items()}
        if self._channels_last:
            for name in copies.keys() & {"observation", "later_observation"}:
                copies[name] = copies[name].contiguous(memory_format=torch.channels_last)
        return dataclasses.replace(batch, **copies)


def gradient_views(buffer: Tensor, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Return parts of the buffer laid out like the parameters, one after the other."""
    views, start = [], 0
    for parameter in parameters:
        views.append(buffer[start : start + parameter.numel()].as_strided(parameter.shape, parameter.stride(), start))
        start += parameter.numel()
    return views


def _copy(source: Batch, target: Batch) -> None:
    for name, place in tensors_of(target).items():
        place.copy_(getattr(source, name), non_blocking=True)
