"""From a network to the two ONNX graphs, with dynamic batch (and board, where the network takes any).

    initial.onnx     observation (images: uint8) -> latent, policy, value, draw[, ownership]
    recurrent.onnx   latent, action (int64)     -> next latent, reward, discount, reward_draw, policy, value, draw,
                                                   top_actions, top_logits

The last two are the best `TOP` entries of the policy, descending: the search needs no more, and chosen in the graph
they cost half of what numpy takes. ONNX wants every name once, so the latent that recurrent.onnx gives is called
`next_latent`.

The weights are those of the bundle's checkpoint, in 16 bits: the graphs refer to its tensors as external data (ONNX's
own way to keep weights in another file), cast them to 32 bits and standardise its filters, all of which onnxruntime
does once, when a session is made. The graph in 8 bits has weights of its own.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from muzero_engine.inference.bundle import tensor_places
from muzero_engine.inference.manifest import CHECKPOINT, weight_name
from muzero_engine.model import TOP
from muzero_engine.network.blocks import StandardisedConv
from muzero_engine.network.config import Stem
from muzero_engine.network.model import MuZeroNetwork

OPSET = 17
HALF_FROM = 512  # elements of a weight from which `serialised` stores it in 16 bits


class _Initial(nn.Module):
    def __init__(self, network: MuZeroNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, observation: Tensor) -> tuple[Tensor, ...]:
        output = self.network.initial_inference(observation)
        outputs = (output.latent, output.policy_logits, output.value, output.draw)
        return outputs if output.ownership is None else (*outputs, output.ownership)


class _Recurrent(nn.Module):
    def __init__(self, network: MuZeroNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, latent: Tensor, action: Tensor) -> tuple[Tensor, ...]:
        output = self.network.recurrent_inference(latent, action)
        scalars = (output.reward, output.discount, output.reward_draw)
        return (output.latent, *scalars, output.policy_logits, output.value, output.draw)


def initial_graph(network: MuZeroNetwork) -> onnx.ModelProto:
    """Return h and f, weights in 32 bits. Filters of a network that is not `folded` are standardised in the graph."""
    config = network.config
    outputs = ["latent", "policy", "value", "draw"] + ["ownership"] * config.ownership
    example = (torch.rand(2, *config.observation_shape),)
    if config.stem is Stem.IMAGE:  # bytes until here
        example = ((example[0] * 255).to(torch.uint8),)
    return _traced(_Initial(network), example, ["observation"], outputs, network)


def recurrent_graph(network: MuZeroNetwork) -> onnx.ModelProto:
    """Return g and f, see `initial_graph`."""
    rows, columns = network.config.shapes[0]
    outputs = ["next_latent", "reward", "discount", "reward_draw", "policy", "value", "draw"]
    example = (torch.rand(2, network.config.channels, rows, columns), torch.zeros(2, dtype=torch.int64))
    graph = _traced(_Recurrent(network), example, ["latent", "action"], outputs, network)
    _add_top_policy(graph.graph)
    return graph


def decoder_graph(decoder: nn.Module, network: MuZeroNetwork) -> onnx.ModelProto:
    """Return the decoder of a network's latents, from `latent` to `frame`, probabilities, see `inference.decoder`."""
    rows, columns = network.config.shapes[0]
    example = (torch.rand(2, network.config.channels, rows, columns),)
    return _traced(nn.Sequential(decoder, nn.Sigmoid()), example, ["latent"], ["frame"], network)


def _add_top_policy(graph: onnx.GraphProto) -> None:
    """Add `top_actions` int64[B, K] and `top_logits` float32[B, K], K = min(TOP, A) whatever the board."""
    graph.initializer.append(numpy_helper.from_array(np.array([TOP], dtype=np.int64), "top.most"))
    graph.initializer.append(numpy_helper.from_array(np.array([1], dtype=np.int64), "top.axis"))
    graph.node.extend(
        [
            helper.make_node("Shape", ["policy"], ["top.shape"], "top.shape"),
            helper.make_node("Gather", ["top.shape", "top.axis"], ["top.actions"], "top.gather"),
            helper.make_node("Min", ["top.most", "top.actions"], ["top.count"], "top.min"),
            helper.make_node("TopK", ["policy", "top.count"], ["top_logits", "top_actions"], "top", axis=1),
        ]
    )
    for name, kind in (("top_actions", TensorProto.INT64), ("top_logits", TensorProto.FLOAT)):
        graph.output.append(helper.make_tensor_value_info(name, kind, ["batch", "top"]))


def referring(graph: onnx.ModelProto, checkpoint: bytes) -> bytes:
    """Return the file's bytes, with the weights of a network that is not folded left to its `checkpoint` in 16 bits."""
    stored, casts = _copied(graph), []
    start, places = tensor_places(checkpoint)
    tensors = {weight_name(name): tensor for name, tensor in places.items()}
    for initializer in stored.graph.initializer:
        name = initializer.name
        place = weight_name(name.removeprefix("network."))
        tensor = tensors.get(place)
        if tensor is None:
            continue
        begin, end = tensor["data_offsets"]
        half = TensorProto(
            name=place,
            data_type=TensorProto.FLOAT16,
            dims=tensor["shape"],
            data_location=TensorProto.EXTERNAL,
        )
        for key, value in (("location", CHECKPOINT), ("offset", start + begin), ("length", end - begin)):
            half.external_data.add(key=key, value=str(value))
        initializer.CopyFrom(half)
        casts.append(_cast(place, name))
    return _bytes(stored, casts)


def serialised(graph: onnx.ModelProto) -> bytes:
    """Return the file's bytes, with the graph's own weights, large ones in 16 bits."""
    stored, casts = _copied(graph), []
    for initializer in stored.graph.initializer:
        if initializer.data_type == TensorProto.FLOAT and np.prod(initializer.dims) >= HALF_FROM:
            name = initializer.name
            half = numpy_helper.to_array(initializer).astype(np.float16)
            initializer.CopyFrom(numpy_helper.from_array(half, f"{name}.16"))
            casts.append(_cast(f"{name}.16", name))
    data = _bytes(stored, casts)
    onnx.checker.check_model(data)
    return data


def _copied(graph: onnx.ModelProto) -> onnx.ModelProto:
    result = onnx.ModelProto()
    result.CopyFrom(graph)
    return result


def _cast(half: str, name: str) -> onnx.NodeProto:
    return helper.make_node("Cast", [half], [name], f"{name}.cast", to=TensorProto.FLOAT)


def _bytes(graph: onnx.ModelProto, casts: list[onnx.NodeProto]) -> bytes:
    nodes = [*casts, *graph.graph.node]
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    data: bytes = graph.SerializeToString(deterministic=True)
    return data


def _traced(
    module: nn.Module, example: tuple[Tensor, ...], inputs: list[str], outputs: list[str], network: MuZeroNetwork
) -> onnx.ModelProto:
    board = {2: "rows", 3: "columns"} if network.config.size_agnostic else {}
    axes = {name: {0: "batch"} for name in (*inputs, *outputs)}
    for name in ("observation", "latent", "next_latent", "frame"):
        if name in axes:
            axes[name] |= board
    if network.config.size_agnostic:
        if "policy" in axes:
            axes["policy"][1] = "actions"
        if "ownership" in axes:
            axes["ownership"] |= {1: "rows", 2: "columns"}
    standardises = any(isinstance(child, StandardisedConv) for child in module.modules())
    model = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # torch says that the tracing exporter will go some day. Its successor needs one more package (onnxscript).
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            module.eval(),
            example,
            model,  # type: ignore[arg-type] # the tracing exporter takes it
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            do_constant_folding=not standardises,  # it would put filters into the graph
            dynamo=False,
        )
    return onnx.load_model_from_string(model.getvalue())
