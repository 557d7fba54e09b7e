"""The 8-bit recurrent network: static quantisation (QDQ), weights per channel, ranges from calibration data.

Only convolutions and what lies between them become integers. A residual stream is rounded once a block, after its sum
and its ReLU, and so is what is added to it; what the last block gives, the scaling of the latent and the last layers of
the heads stay in 32 bits: they cost nothing and their errors would go straight into policy and value. h runs once a
move and stays as it is.

Weights are rounded so that what a convolution gives on the calibration data changes least (see `rounding`). What is
left of a shift of its mean its bias takes back (Nagel et al. 2019, "Data-free quantization through weight equalization
and bias correction", section 4.2).

Weights use all 8 bits. Processors with AVX2 but without VNNI add two products in 16 bits, which can saturate; with
activations whose range comes from their maximum that costs less than a bit of the weights (BENCHMARKS.md has figures).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from muzero_engine.arrays import Floats, Ints
from muzero_engine.export.calibration import Edges
from muzero_engine.export.rounding import rounded, second_moments
from muzero_engine.inference.session import LEVELS

QUANTISED_OPERATORS = ["Conv", "Relu"]
EXACT_WEIGHTS = {"network.policy.planes.weight"}  # of convolutions that stay in 32 bits, where a network has them


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # untyped package
    def __init__(self, batches: list[Edges]) -> None:
        self._batches: Iterator[Edges] = iter(batches)

    def get_next(self) -> dict[str, Floats | Ints] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"latent": batch.latent, "action": batch.action}


def quantised(recurrent: onnx.ModelProto, batches: list[Edges]) -> onnx.ModelProto:
    """Return an 8-bit version of `recurrent_graph(...)` with the same inputs and outputs. `batches` is not empty."""
    exact = [node.name for node in recurrent.graph.node if EXACT_WEIGHTS & set(node.input)]
    there = EXACT_WEIGHTS & {initializer.name for initializer in recurrent.graph.initializer}
    assert len(exact) == len(there), "the exporter names weights differently"
    plain, source = onnx.ModelProto(), onnx.ModelProto()
    plain.CopyFrom(recurrent)
    _unshare(plain.graph)
    source.CopyFrom(plain)  # the quantiser moves the weights of what it is given to temporary files
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
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
            )
            result = onnx.load_model(path)
    finally:
        root.setLevel(level)
    _narrow_sums(result)
    _round_weights(result, plain, batches)
    _correct_biases(result, plain, batches)
    return result


def _narrow_sums(quantised: onnx.ModelProto) -> None:
    """Give what a residual block adds to its input a range that the ReLU of the sum needs, and so a finer scale.

    An input is at most x, so that of what is added everything below -x gives 0 as -x does.
    """
    makers = {node.output[0]: node for node in quantised.graph.node if node.op_type == "DequantizeLinear"}
    constants = {initializer.name: initializer for initializer in quantised.graph.initializer}
    for node in quantised.graph.node:
        if node.op_type != "Add" or not all(name in makers for name in node.input):
            continue
        terms = [[constants[name] for name in makers[term].input[1:]] for term in node.input]
        terms.sort(key=lambda term: int(numpy_helper.to_array(term[1])))  # a stream is never below 0
        (stream_scale, _), (scale, zero) = terms
        step, shift = float(numpy_helper.to_array(scale)), int(numpy_helper.to_array(zero))
        low, high = min(step * shift, LEVELS * float(numpy_helper.to_array(stream_scale))), step * (LEVELS - shift)
        shift = round(low / (low + high) * LEVELS)
        step = max(low / max(shift, 1), high / max(LEVELS - shift, 1))
        scale.CopyFrom(numpy_helper.from_array(np.array(step, dtype=np.float32), scale.name))
        zero.CopyFrom(numpy_helper.from_array(np.array(shift, dtype=np.uint8), zero.name))


def _round_weights(quantised: onnx.ModelProto, exact: onnx.ModelProto, batches: list[Edges]) -> None:
    """Round the weights of the 8-bit convolutions anew, to the scales that they have."""
    convolutions = {node.name: node for node in exact.graph.node if node.op_type == "Conv"}
    makers = {node.output[0]: node for node in quantised.graph.node if node.op_type == "DequantizeLinear"}
    constants = {initializer.name: initializer for initializer in quantised.graph.initializer}
    weights = {initializer.name: initializer for initializer in exact.graph.initializer}
    rounds = [node for node in quantised.graph.node if node.op_type == "Conv" and node.input[1] in makers]
    inputs, filters = zip(*(convolutions[node.name].input[:2] for node in rounds), strict=True)
    exacts = [numpy_helper.to_array(weights[name]) for name in filters]
    moments = [torch.zeros(weight[0].size, weight[0].size) for weight in exacts]
    for values in _watched(exact, list(inputs), batches):
        for total, weight, x in zip(moments, exacts, values, strict=True):
            total += second_moments(x, weight.shape[-1])
    for node, weight, total in zip(rounds, exacts, moments, strict=True):
        integers, scales = (constants[name] for name in makers[node.input[1]].input[:2])
        integers.CopyFrom(numpy_helper.from_array(rounded(weight, numpy_helper.to_array(scales), total), integers.name))


def _correct_biases(quantised: onnx.ModelProto, exact: onnx.ModelProto, batches: list[Edges]) -> None:
    """Move the biases of the 8-bit convolutions so that their outputs have the means of the exact ones.

    One after the other, as each changes what the next ones are given.
    """
    outputs = {node.name: node.output[0] for node in exact.graph.node if node.op_type == "Conv"}
    makers = {node.output[0]: node for node in quantised.graph.node if node.op_type == "DequantizeLinear"}
    constants = {initializer.name: initializer for initializer in quantised.graph.initializer}
    convolutions = [node for node in quantised.graph.node if node.op_type == "Conv" and node.input[2] in makers]
    exact_means = _channel_means(exact, [outputs[node.name] for node in convolutions], batches)
    for node, mean in zip(convolutions, exact_means, strict=True):
        (own_mean,) = _channel_means(quantised, [node.output[0]], batches)
        bias, scale = (constants[name] for name in makers[node.input[2]].input[:2])
        change = np.rint((mean - own_mean) / numpy_helper.to_array(scale))
        whole = (numpy_helper.to_array(bias) + change).astype(np.int32)
        bias.CopyFrom(numpy_helper.from_array(whole, bias.name))


def _channel_means(model: onnx.ModelProto, names: list[str], batches: list[Edges]) -> list[Floats]:
    """Return float32[C] of each of these tensors float[B, C, H, W], over all batches."""
    means = [[value.mean(axis=(0, 2, 3)) for value in values] for values in _watched(model, names, batches)]
    sizes = [len(batch.action) for batch in batches]
    return [np.average(places, axis=0, weights=sizes).astype(np.float32) for places in zip(*means, strict=True)]


def _watched(model: onnx.ModelProto, names: list[str], batches: list[Edges]) -> Iterator[list[Floats]]:
    """Yield the values of these tensors, batch after batch."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    watched.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
    for batch in batches:
        yield session.run(names, {"latent": batch.latent, "action": batch.action})


def _unshare(graph: onnx.GraphProto) -> None:
    """Give every convolution weights and a bias of its own.

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
