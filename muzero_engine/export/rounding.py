"""Rounding the weights of a layer so that what it computes changes least, rather than each weight by itself.

What a layer is given is far from independent: neighbouring points look alike, and after a ReLU nothing is below 0. So
the errors of rounded weights can make up for each other. They are rounded one input after the other, and what an error
changes in the outputs is taken back, as far as it can be, by the weights that are not rounded yet: optimal brain
surgery (Hassibi & Stork 1993) in the order and with the Cholesky factor of Frantar et al. 2023, "GPTQ: accurate
post-training quantization for generative pre-trained transformers", section 3.3.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from muzero_engine.arrays import Floats

DAMPING = 0.01  # of the mean second moment; 0.001 to 0.01 make no difference


def second_moments(x: Floats, size: int) -> Tensor:
    """Return float32[I * size^2, I * size^2]: sums of the products of what each output of a convolution is given.

    `x` is the convolution's input, float32[B, I, H, W]; it is padded with zeros so that its outputs are as many.
    """
    patches = F.unfold(torch.from_numpy(x), size, padding=size // 2).movedim(1, 2).flatten(0, 1)
    return patches.T @ patches


def rounded(weights: Floats, scales: Floats, moments: Tensor, largest: int = 127) -> npt.NDArray[np.int8]:
    """Return int8 of the shape of `weights`: what, times float32[O] `scales`, stands for float32[O, ...] `weights`.

    `moments` are the second moments of the inputs, see `second_moments`.
    """
    outputs = len(weights)
    left = torch.tensor(weights.reshape(outputs, -1), dtype=torch.float64)
    steps = torch.tensor(scales, dtype=torch.float64)
    hessian = moments.double()
    mean = hessian.diagonal().mean().clamp_min(1e-12)
    hessian = hessian + DAMPING * mean * torch.eye(len(hessian), dtype=torch.float64)
    order = hessian.diagonal().argsort(descending=True)  # what matters most first, while most can still make up for it
    left, hessian = left[:, order], hessian[order][:, order]
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(hessian))
    factor = torch.linalg.cholesky(inverse, upper=True)
    result = torch.zeros_like(left)
    for i in range(len(order)):
        result[:, i] = (left[:, i] / steps).round().clamp(-largest, largest)
        error = (left[:, i] - result[:, i] * steps) / factor[i, i]
        left[:, i + 1 :] -= torch.outer(error, factor[i, i + 1 :])
    integers: npt.NDArray[np.int8] = result[:, order.argsort()].to(torch.int8).numpy()
    return integers.reshape(weights.shape)
