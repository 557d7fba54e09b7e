"""Muon for the filters of standardised convolutions: momentum made orthogonal, taken as a turn.

K. Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks": the momentum of a matrix (here a row
for each filter) is replaced by the nearest matrix whose rows are orthonormal, found by a few Newton-Schulz iterations,
so that directions in which gradients are small are learnt as fast as the others. Standardised filters have a direction
and no length (`network.blocks`), so each one is brought back to mean 0 and length 1 after every step, which changes
nothing that the network computes; without that they grow, and the same learning rate turns them less and less.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95  # Jordan et al. 2024, of Nesterov's kind
ITERATIONS = 5
COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # ibid.: of x, x^3 and x^5; singular values end between 0.7 and 1.2


class Muon(torch.optim.Optimizer):
    """Turns each filter of float[outputs, inputs, size, size] by about `scale * sqrt(inputs * size^2) * lr` radians.

    At `scale` 0.2 that is as far as AdamW moves a filter of length 1 (Liu et al. 2025, "Muon is scalable for LLM
    training", section 2.2). A step is skipped where `found_inf` (float32[], set by the learner) is not 0.
    """

    found_inf: Tensor | None = None

    def __init__(self, filters: Iterable[Tensor], *, lr: float, scale: float) -> None:
        super().__init__(filters, {"lr": lr, "scale": scale})
        for group in self.param_groups:
            unit_filters_(group["params"])

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # no closure is ever given
        """One step along the gradients that lie in the filters' `grad`."""
        for group in self.param_groups:
            kinds: dict[tuple[int, int], list[Tensor]] = {}
            for filters in group["params"]:
                kinds.setdefault((filters.shape[0], filters[0].numel()), []).append(filters)
            for (rows, fan_in), same in kinds.items():
                distance = group["lr"] * group["scale"] * math.sqrt(max(rows, fan_in))
                self._turn(same, distance)

    def _turn(self, filters: list[Tensor], distance: float) -> None:
        """Filters of the same shape, all at once."""
        gradients = [parameter.grad for parameter in filters if parameter.grad is not None]
        momenta = [self._momentum(parameter) for parameter in filters]
        torch._foreach_lerp_(momenta, gradients, 1.0 - MOMENTUM)
        ahead = torch._foreach_lerp(gradients, momenta, MOMENTUM)
        turns = orthogonal(torch.stack([matrix.flatten(1) for matrix in ahead])) * distance
        before = torch.stack([parameter.flatten(1) for parameter in filters])
        moved = unit_rows(before - turns)
        if self.found_inf is not None:
            moved = torch.where(self.found_inf > 0, before, moved)
        torch._foreach_copy_(filters, [matrix.view_as(filters[0]) for matrix in moved.unbind()])

    def _momentum(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        momentum: Tensor = state["momentum_buffer"]
        return momentum


def orthogonal(matrices: Tensor) -> Tensor:
    """float[n, rows, columns]: of each matrix U S V^T nearly U V^T (singular values between 0.7 and 1.2)."""
    x = matrices.to(torch.bfloat16) if matrices.is_cuda else matrices
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    length: Tensor = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True)
    x = x / (length + 1e-12)
    first, third, fifth = COEFFICIENTS
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = first * x + (third * square + fifth * square @ square) @ x
    return (x.mT if tall else x).to(matrices.dtype)


def unit_rows(matrices: Tensor) -> Tensor:
    """float[n, rows, columns] with each row brought to mean 0 and length 1."""
    centred = matrices - matrices.mean(dim=2, keepdim=True)
    length: Tensor = torch.linalg.vector_norm(centred, dim=2, keepdim=True)
    return centred / (length + 1e-12)


@torch.no_grad()
def unit_filters_(filters: Iterable[Tensor]) -> None:
    """Brings float[outputs, inputs, size, size] to mean 0 and length 1 in each filter, in place."""
    for parameter in filters:
        parameter.copy_(unit_rows(parameter.flatten(1)[None])[0].view_as(parameter))
