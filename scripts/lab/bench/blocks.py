"""Measure what a block of g costs on one core: a residual block of today beside blocks with attention.

    python scripts/lab/bench blocks --channels 96 --batches 1 8 --repetitions 300

A tower of `--blocks` blocks of each kind, exported to ONNX and run by onnxruntime on one thread, in 32 bits and in 8
(QDQ, weights per channel; convolutions and matrix products with constant weights become integers, what attention
multiplies with itself stays in 32 bits). The kinds take turns, so that other work on the machine falls on all. The
table has the median of the milliseconds that one block takes, for a whole batch, and its ratio to the residual block.

- residual: two 3x3 convolutions, as g has them;
- attention: softmax(q k / sqrt(d) + bias) v over the squares, a learnt bias for every pair of squares and head, then
  two layers with a ReLU between (`--ratio` times the channels), no normalisation (weights are standardised elsewhere);
- mixing: the same with the bias alone in place of q k: a learnt mixing of squares that does not look at them.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from lab.common.commands import parser_of
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from torch import Tensor, nn
from torch.nn import functional as F

from muzero_engine.network.blocks import ResidualBlock


class MixingBlock(nn.Module):
    """Squares look at one another, by what is on them (`attends`) and by where they are, or by where they are alone."""

    def __init__(self, channels: int, heads: int, squares: int, ratio: float, *, attends: bool) -> None:
        super().__init__()
        self.heads, self.attends = heads, attends
        self.project = nn.Conv2d(channels, (3 if attends else 1) * channels, 1)
        self.bias = nn.Parameter(0.1 * torch.randn(1, heads, squares, squares))
        self.merge = nn.Conv2d(channels, channels, 1)
        self.wide = nn.Conv2d(channels, round(ratio * channels), 1)
        self.narrow = nn.Conv2d(round(ratio * channels), channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        parts = self.project(x).reshape(batch, -1, self.heads, channels // self.heads, height * width)
        scores = self.bias
        if self.attends:
            scores = scores + parts[:, 0].transpose(2, 3) @ parts[:, 1] * (channels // self.heads) ** -0.5
        mixed = parts[:, -1] @ scores.softmax(dim=3).transpose(2, 3)
        x = F.relu(x + self.merge(mixed.reshape(batch, channels, height, width)))
        return F.relu(x + self.narrow(F.relu(self.wide(x))))


class Samples(CalibrationDataReader):  # type: ignore[misc]  # untyped package
    """Latents to calibrate on."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        rng = np.random.default_rng(1)
        self._batches: Iterator[np.ndarray] = iter([rng.random(shape, dtype=np.float32) for _ in range(8)])

    def get_next(self) -> dict[str, np.ndarray] | None:
        """See the package."""
        batch = next(self._batches, None)
        return None if batch is None else {"x": batch}


def session(tower: nn.Module, shape: tuple[int, ...], folder: Path, *, int8: bool) -> onnxruntime.InferenceSession:
    """Return the tower as onnxruntime runs it on one thread."""
    exact, rounded = folder / "fp32.onnx", folder / "int8.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        axes = {"x": {0: "batch"}, "y": {0: "batch"}}
        torch.onnx.export(
            tower,
            (torch.rand(shape),),
            str(exact),
            input_names=["x"],
            output_names=["y"],
            dynamic_axes=axes,
            dynamo=False,
        )
    if int8:
        quantize_static(
            str(exact),
            str(rounded),
            Samples((8, *shape[1:])),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Conv", "Relu"],
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(rounded if int8 else exact), options, providers=["CPUExecutionProvider"])


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--channels", type=int, default=96)
    parser.add_argument("--heads", type=int, nargs="+", default=[4, 8])
    parser.add_argument("--ratio", type=float, default=1.0)
    parser.add_argument("--side", type=int, default=8, help="lines of the board")
    parser.add_argument("--blocks", type=int, default=4)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--repetitions", type=int, default=200)
    args = parser.parse_args()
    torch.manual_seed(1)
    squares, shape = args.side**2, (2, args.channels, args.side, args.side)
    kinds: dict[str, list[nn.Module]] = {
        "residual": [ResidualBlock(args.channels, pooled=False, size_agnostic=False) for _ in range(args.blocks)]
    }
    for block in kinds["residual"]:
        assert isinstance(block, ResidualBlock)
        nn.init.constant_(block.second.gain, 1.0)  # blocks begin as the identity; weights of 0 are no measure of 8 bits
        block.first, block.second = block.first.folded(), block.second.folded()  # type: ignore[assignment]  # as at play
    for heads in args.heads:
        for name, attends in (("attention", True), ("mixing", False)):
            kinds[f"{name}, {heads} heads"] = [
                MixingBlock(args.channels, heads, squares, args.ratio, attends=attends) for _ in range(args.blocks)
            ]
    for block in (block for blocks in kinds.values() for block in blocks):
        for name, parameter in block.named_parameters():
            if name.endswith("bias") and parameter.dim() == 1:
                nn.init.normal_(parameter, std=0.1)  # the exporter shares equal ones, and what is shared is not rounded
    ratios = " | ".join(f"{bits}, batch {batch} | ratio" for bits in ("fp32", "int8") for batch in args.batches)
    print(f"| block | {ratios} |\n| - |" + " -: |" * (4 * len(args.batches)))
    with tempfile.TemporaryDirectory() as folder:
        sessions = {}
        for name, blocks in kinds.items():
            for int8 in (False, True):
                place = Path(folder) / f"{name}-{int8}"
                place.mkdir()
                sessions[name, int8] = session(nn.Sequential(*blocks).eval(), shape, place, int8=int8)
        taken: dict[tuple[str, bool, int], list[float]] = {}
        for turn in range(args.repetitions + 5):
            for (name, int8), run in sessions.items():
                for batch in args.batches:
                    x = np.random.default_rng(turn).random((batch, *shape[1:]), dtype=np.float32)
                    begun = time.process_time()
                    run.run(None, {"x": x})
                    if turn >= 5:
                        taken.setdefault((name, int8, batch), []).append(time.process_time() - begun)
    for name in kinds:
        cells = []
        for int8 in (False, True):
            for batch in args.batches:
                variant, base = (statistics.median(taken[kind, int8, batch]) for kind in (name, "residual"))
                cells += [f"{variant / args.blocks * 1e3:.3f}", f"{variant / base:.2f}"]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
