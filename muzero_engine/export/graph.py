"""From a network to the two ONNX graphs, with dynamic batch (and board, where the network takes any).

    initial.onnx     observation                -> latent, policy, value, draw[, ownership]
    recurrent.onnx   latent, action (int64)     -> next latent, reward, discount, reward_draw, policy, value, draw

ONNX wants every name once, so the latent that recurrent.onnx gives is called `next_latent`.

Large weights are stored in 16 bits and cast to 32 when a session is made (onnxruntime folds the cast away), which
halves the files and changes nothing at run time. So that the graphs still compute exactly what torch computes, the
network is rounded to 16 bits *before* it is exported (`rounded`): it is then the reference, and parity is a matter of
1e-4.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from muzero_engine.network.model import MuZeroNetwork

OPSET = 17
HALF_FROM = 512  # elements of a weight from which it is stored in 16 bits


class _Initial(nn.Module):
    def __init__(self, network: MuZeroNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, observation: Tensor) -> tuple[Tensor, ...]:
        found = self.network.initial_inference(observation)
        outputs = (found.latent, found.policy_logits, found.value, found.draw)
        return outputs if found.ownership is None else (*outputs, found.ownership)


class _Recurrent(nn.Module):
    def __init__(self, network: MuZeroNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, latent: Tensor, action: Tensor) -> tuple[Tensor, ...]:
        found = self.network.recurrent_inference(latent, action)
        scalars = (found.reward, found.discount, found.reward_draw)
        return (found.latent, *scalars, found.policy_logits, found.value, found.draw)


def rounded(network: MuZeroNetwork) -> MuZeroNetwork:
    """A folded copy on the CPU whose large weights are numbers of 16 bits: what the exported graphs compute."""
    result = network.folded().float().cpu()
    for parameter in result.parameters():
        if parameter.numel() >= HALF_FROM:
            parameter.copy_(parameter.half().float())
    return result


def initial_graph(network: MuZeroNetwork) -> onnx.ModelProto:
    """h and f of a `rounded` network, weights in 32 bits."""
    rows, columns = network.config.shapes[0]
    outputs = ["latent", "policy", "value", "draw"] + ["ownership"] * network.config.ownership
    example = (torch.rand(2, network.config.planes, rows, columns),)
    return _traced(_Initial(network), example, ["observation"], outputs, network)


def recurrent_graph(network: MuZeroNetwork) -> onnx.ModelProto:
    """g and f of a `rounded` network, weights in 32 bits."""
    rows, columns = network.config.shapes[0]
    outputs = ["next_latent", "reward", "discount", "reward_draw", "policy", "value", "draw"]
    example = (torch.rand(2, network.config.channels, rows, columns), torch.zeros(2, dtype=torch.int64))
    return _traced(_Recurrent(network), example, ["latent", "action"], outputs, network)


def serialised(graph: onnx.ModelProto) -> bytes:
    """The file's bytes, with large weights in 16 bits (see the module's text); `graph` is not changed."""
    stored = onnx.ModelProto()
    stored.CopyFrom(graph)
    casts = []
    for initializer in stored.graph.initializer:
        if initializer.data_type != TensorProto.FLOAT or np.prod(initializer.dims) < HALF_FROM:
            continue
        name = initializer.name
        half = numpy_helper.to_array(initializer).astype(np.float16)
        initializer.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *stored.graph.node]
    del stored.graph.node[:]
    stored.graph.node.extend(nodes)
    onnx.checker.check_model(stored)
    data: bytes = stored.SerializeToString(deterministic=True)
    return data


def _traced(
    module: nn.Module, example: tuple[Tensor, ...], inputs: list[str], outputs: list[str], network: MuZeroNetwork
) -> onnx.ModelProto:
    board = {2: "rows", 3: "columns"} if network.config.size_agnostic else {}
    axes = {name: {0: "batch"} for name in (*inputs, *outputs)}
    for name in ("observation", "latent", "next_latent"):
        if name in axes:
            axes[name] |= board
    if network.config.size_agnostic:
        axes["policy"][1] = "actions"
        if "ownership" in axes:
            axes["ownership"] |= {1: "rows", 2: "columns"}
    with warnings.catch_warnings(), torch.no_grad(), tempfile.TemporaryDirectory(prefix="muzero-export-") as folder:
        path = Path(folder, "model.onnx")
        # torch says that the tracing exporter will go some day. Its successor needs one more package (onnxscript).
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            module.eval(),
            example,
            path,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
        return onnx.load_model(path)
