"""The exported graphs compute what the network in PyTorch computes."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from support.networks import largest_difference, random_observations, tiny_network

from muzero_engine.export.bundle import export_bundle
from muzero_engine.export.graph import initial_graph, recurrent_graph, serialised
from muzero_engine.games.base import Shape
from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.manifest import CHECKPOINT, INITIAL, RECURRENT, Training
from muzero_engine.inference.session import OnnxModel
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.numpy_model import TorchModel

PARITY = 1e-4
BOARDS: list[tuple[str, Shape]] = [(name, load_game(name).spec.shapes[0]) for name in BUILT_IN if name != "go"]
BOARDS += [("go", (5, 5)), ("go", (9, 9)), ("go", (13, 13)), ("go", (19, 19))]


def stored(network: MuZeroNetwork) -> TorchModel:
    """The torch model that the graphs of `network`'s bundle must agree with."""
    return TorchModel(copy.deepcopy(network).half().float())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[MuZeroNetwork, OnnxModel]]:
    """A network of each game and its exported model."""
    outputs = {}
    for name in BUILT_IN:
        game = load_game(name)
        network = tiny_network(game)
        folder = tmp_path_factory.mktemp("weights") / name
        export_bundle(network, game, folder, training=Training("untrained"))
        outputs[name] = network, OnnxModel(load_bundle(folder, game.spec))
    return outputs


@pytest.mark.parametrize("batch", [1, 3, 8])
@pytest.mark.parametrize(("name", "shape"), BOARDS)
def test_onnx_agrees_with_torch(
    models: dict[str, tuple[MuZeroNetwork, OnnxModel]], name: str, shape: Shape, batch: int
) -> None:
    game = load_game(name)
    network, exported = models[name]
    reference = stored(network)
    observations = random_observations(game, shape, batch)
    root = reference.initial_inference(observations)
    assert largest_difference(exported.initial_inference(observations), root) < PARITY
    actions = np.random.default_rng(0).integers(0, game.spec.num_actions(shape), batch)
    actions[-1] = game.spec.num_actions(shape) - 1  # Go: the pass
    after = reference.recurrent_inference(root.latent, actions)
    output = exported.recurrent_inference(root.latent, actions)
    same_ties = dataclasses.replace(output, top_actions=after.top_actions)
    assert largest_difference(same_ties, after) < PARITY
    with torch.inference_mode():
        rounded = copy.deepcopy(network).half().float().eval()
        policy = rounded.recurrent_inference(torch.from_numpy(root.latent), torch.from_numpy(actions)).policy_logits
    named = np.take_along_axis(policy.numpy(), output.top_actions, axis=1)
    assert np.abs(named - output.top_logits).max() < PARITY
    assert all(len(set(row)) == len(row) for row in output.top_actions.tolist())


@pytest.mark.parametrize("name", BUILT_IN)
def test_rounding_to_sixteen_bits_costs_little(models: dict[str, tuple[MuZeroNetwork, OnnxModel]], name: str) -> None:
    game = load_game(name)
    network, exported = models[name]
    observations = random_observations(game, game.spec.shapes[0], 4)
    exact = TorchModel(network).initial_inference(observations)
    assert largest_difference(exported.initial_inference(observations), exact) < 0.02


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_same_batch_gives_the_same_bits(models: dict[str, tuple[MuZeroNetwork, OnnxModel]], name: str) -> None:
    game = load_game(name)
    _, exported = models[name]
    observations = random_observations(game, game.spec.shapes[0], 3)
    root = exported.initial_inference(observations)
    assert largest_difference(exported.initial_inference(observations), root) == 0
    actions = np.array([0, 1, 2])
    after = exported.recurrent_inference(root.latent, actions)
    assert largest_difference(exported.recurrent_inference(root.latent, actions), after) == 0


def test_outputs_belong_to_the_caller(models: dict[str, tuple[MuZeroNetwork, OnnxModel]]) -> None:
    game = load_game("tictactoe")
    _, exported = models["tictactoe"]
    first = exported.initial_inference(random_observations(game, (3, 3), 1, seed=1))
    kept = {field.name: copy.copy(getattr(first, field.name)) for field in dataclasses.fields(first)}
    exported.initial_inference(random_observations(game, (3, 3), 1, seed=2))
    for name, array in kept.items():
        assert np.array_equal(getattr(first, name), array)


def test_the_checkpoint_holds_the_weights_of_both_graphs(tmp_path: Path) -> None:
    """Also for programs that know nothing of us: ONNX says in which file they are, and where."""
    game = load_game("chess")
    network = tiny_network(game)
    export_bundle(network, game, tmp_path / "chess", training=Training("untrained"))
    sizes = {name: (tmp_path / "chess" / name).stat().st_size for name in (INITIAL, RECURRENT, CHECKPOINT)}
    assert sizes[CHECKPOINT] > 2 * sum(parameter.numel() for parameter in network.parameters())
    model = OnnxModel(load_bundle(tmp_path / "chess"))
    observations = random_observations(game, (8, 8), 3)
    latents = model.initial_inference(observations).latent
    actions = np.array([1, 2, 3])
    for name, feed in ((INITIAL, {"observation": observations}), (RECURRENT, {"latent": latents, "action": actions})):
        graph = onnx.load_model(tmp_path / "chess" / name, load_external_data=False).graph
        inside = sum(np.prod(tensor.dims) for tensor in graph.initializer if not tensor.external_data)
        assert inside < 10
        session = onnxruntime.InferenceSession(tmp_path / "chess" / name, providers=["CPUExecutionProvider"])
        policy = session.run(["policy"], feed)[0]
        if name == INITIAL:
            assert np.array_equal(policy, model.initial_inference(observations).policy_logits)
        else:
            after = model.recurrent_inference(latents, actions)
            assert np.array_equal(np.take_along_axis(policy, after.top_actions, axis=1), after.top_logits)


def test_large_weights_in_eight_bits_graphs_are_stored_in_sixteen() -> None:
    graph = recurrent_graph(tiny_network(load_game("chess")).folded())
    full, half = graph.SerializeToString(), serialised(graph)
    large = sum(4 * np.prod(i.dims) for i in graph.graph.initializer if np.prod(i.dims) >= 512)
    assert len(half) < len(full) - 0.4 * large
    kinds = {i.data_type for i in onnx.load_model_from_string(half).graph.initializer if np.prod(i.dims) >= 512}
    assert kinds == {onnx.TensorProto.FLOAT16}


def test_the_graphs_name_their_axes() -> None:
    network = tiny_network(load_game("go"))
    observation = initial_graph(network).graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in observation] == ["batch", 27, "rows", "columns"]
    latent, action = (i.type.tensor_type.shape.dim for i in recurrent_graph(network).graph.input)
    assert [dim.dim_param or dim.dim_value for dim in latent] == ["batch", 8, "rows", "columns"]
    assert [dim.dim_param or dim.dim_value for dim in action] == ["batch"]
