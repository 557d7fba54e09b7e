"""The optimiser, its learning rate by step, and which parameters decay."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from muzero_engine.training.config import LearnerSettings, Optimiser


def learning_rate(settings: LearnerSettings, step: int, total_steps: int) -> float:
    """Return that of the step after `step` others: linear warm-up, then a cosine that ends at `total_steps`."""
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    falling = max(total_steps - settings.warmup_steps, 1)
    done = min((step - settings.warmup_steps) / falling, 1.0)
    span = settings.learning_rate - settings.final_learning_rate
    return settings.final_learning_rate + span * 0.5 * (1.0 + math.cos(math.pi * done))


def ema_decay(settings: LearnerSettings, step: int) -> float:
    """Return that of the step after `step` others: lower at first, so that the mean forgets the initial weights."""
    return min(settings.ema_decay, (1.0 + step) / (10.0 + step))


def make_optimiser(module: nn.Module, settings: LearnerSettings) -> torch.optim.Optimizer:
    """Return the optimiser, fused, so that `found_inf` can skip a step on the device.

    Weights of layers decay; biases and gains do not.
    """
    decayed: list[Tensor] = []
    kept: list[Tensor] = []
    for name, parameter in module.named_parameters():
        layer_weight = name.rpartition(".")[2] == "weight" and parameter.dim() >= 2
        (decayed if layer_weight else kept).append(parameter)
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": kept, "weight_decay": 0.0}]
    match settings.optimiser:
        case Optimiser.ADAMW:
            return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
        case Optimiser.SGD:
            return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum, fused=True)
