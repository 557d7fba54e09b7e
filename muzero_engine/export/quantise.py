"""The 8-bit recurrent network: static quantisation (QDQ), weights per channel, ranges from calibration data.

Only convolutions and what lies between them become integers. The last layers of the heads and the scaling of the latent
stay in 32 bits: they cost nothing and their errors would go straight into policy and value. h runs once a move and
stays as it is.

Weights use 7 bits (`reduce_range`): processors with AVX2 but without VNNI add two products in 16 bits, which saturate
with 8.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from muzero_engine.export.calibration import Edges
from muzero_engine.model import Floats, Ints

QUANTISED_OPERATORS = ["Conv", "Relu", "Add"]
EXACT_WEIGHTS = {"network.policy.planes.weight"}  # of convolutions that stay in 32 bits


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # untyped package
    def __init__(self, batches: list[Edges]) -> None:
        self._batches: Iterator[Edges] = iter(batches)

    def get_next(self) -> dict[str, Floats | Ints] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"latent": batch.latent, "action": batch.action}


def quantised(recurrent: onnx.ModelProto, batches: list[Edges]) -> onnx.ModelProto:
    """An 8-bit version of `recurrent_graph(...)` with the same inputs and outputs. `batches` is not empty."""
    exact = [node.name for node in recurrent.graph.node if EXACT_WEIGHTS & set(node.input)]
    assert len(exact) == len(EXACT_WEIGHTS), "the exporter names weights differently"
    source = onnx.ModelProto()
    source.CopyFrom(recurrent)  # the quantiser moves the weights of what it is given to temporary files
    _unshare(source.graph)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # the quantiser advises a preprocessing that this graph does not need
    try:
        with tempfile.TemporaryDirectory(prefix="muzero-int8-") as folder:
            path = Path(folder, "model.onnx")
            quantize_static(
                source,
                path,
                _Reader(batches),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=QUANTISED_OPERATORS,
                nodes_to_exclude=exact,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
            )
            return onnx.load_model(path)
    finally:
        root.setLevel(level)


def _unshare(graph: onnx.GraphProto) -> None:
    """Gives every convolution weights and a bias of its own.

    The exporter stores equal parameters once (the zeros of a fresh network) and refers to them through identities. But
    each convolution has scales of its own, and one whose bias is not a constant would stay in 32 bits.
    """
    initializers = {initializer.name: initializer for initializer in graph.initializer}
    for node in list(graph.node):
        if node.op_type == "Identity" and node.input[0] in initializers:
            own = graph.initializer.add()
            own.CopyFrom(initializers[node.input[0]])
            own.name = node.output[0]
            graph.node.remove(node)
