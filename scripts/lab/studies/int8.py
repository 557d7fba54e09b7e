"""How far the 8-bit graph of a weights bundle is from the one in 32 bits.

    python scripts/lab/studies int8 weights/chess weights/go weights/shogi

On edges like those of the calibration, from games of another seed: the divergence of the policy over the moves that
both give to the search, in nats, how often the best move is the same, the mean and the largest difference of the value,
and the error of the latent as a share of its size. In brackets the same between this processor's integers and exact
arithmetic with the same scales: what sums that saturate cost (without VNNI).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from lab.common.commands import parser_of

from muzero_engine.arrays import Floats, Ints
from muzero_engine.export.calibration import Edges, Int8Calibration, calibration_edges
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.manifest import RECURRENT_INT8
from muzero_engine.inference.session import RECURRENT_OUTPUTS, Backend, OnnxModel, Precision
from muzero_engine.model import RecurrentOutput
from muzero_engine.search.scoring import softmax

SEED = 7  # not that of the calibration


class Difference(NamedTuple):
    """Of a graph from a reference."""

    policy: float  # nats
    same: float  # share of edges with the same best action
    value: float
    largest: float  # difference of a value
    latent: float

    def text(self) -> str:
        return (
            f"policy {self.policy:.4f} nats, best move {self.same:.1%}, "
            f"value {self.value:.4f} (largest {self.largest:.3f}), latent {self.latent:.1%}"
        )


def difference(reference: list[RecurrentOutput], others: list[RecurrentOutput]) -> Difference:
    policy, same, values, latents = [], [], [], []
    for exact, other in zip(reference, others, strict=True):
        values.append(np.abs(exact.value - other.value))
        latents.append(np.sqrt(((exact.latent - other.latent) ** 2).mean() / (exact.latent**2).mean()))
        for i in range(len(exact.value)):
            _, exact_index, other_index = np.intersect1d(
                exact.top_actions[i], other.top_actions[i], return_indices=True
            )
            p, q = softmax(exact.top_logits[i][exact_index]), softmax(other.top_logits[i][other_index])
            policy.append(float(p @ np.log(p / q)))
            same.append(exact.top_actions[i][0] == other.top_actions[i][0])
    value = np.concatenate(values)
    return Difference(
        float(np.mean(policy)), float(np.mean(same)), float(value.mean()), float(value.max()), float(np.mean(latents))
    )


class _Unfused:
    """The 8-bit graph in 32-bit arithmetic: every sum is exact."""

    def __init__(self, graph: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        return RecurrentOutput(*self._session.run(list(RECURRENT_OUTPUTS), {"latent": latent, "action": action}))


def outputs(model: OnnxModel | _Unfused, edges: list[Edges]) -> list[RecurrentOutput]:
    return [model.recurrent_inference(batch.latent, batch.action) for batch in edges]


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE")
    parser.add_argument("--positions", type=int, default=96)
    args = parser.parse_args()
    for folder in args.bundles:
        bundle = load_bundle(folder)
        game = load_game(bundle.manifest.game)
        full, eight = (OnnxModel(bundle, backend=Backend.CPU, precision=p) for p in (Precision.FP32, Precision.INT8))
        edges = calibration_edges(
            full, game, Int8Calibration(positions=args.positions, seed=SEED), bundle.manifest.training.boards
        )
        in_bytes = outputs(eight, edges)
        exact = outputs(_Unfused(bundle.graphs[RECURRENT_INT8]), edges)
        print(f"{folder}: {difference(outputs(full, edges), in_bytes).text()}", flush=True)
        print(f"  ({difference(exact, in_bytes).text()})", flush=True)
