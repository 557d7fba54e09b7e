"""Graphs in 8 bits stay close to those in 32, and are calibrated on positions of the game."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from support.networks import tiny_network

from muzero_engine.arrays import Floats
from muzero_engine.export import quantise
from muzero_engine.export.bundle import export_bundle
from muzero_engine.export.calibration import Edges, Int8Calibration, calibration_edges
from muzero_engine.export.graph import recurrent_graph
from muzero_engine.export.quantise import quantised
from muzero_engine.games.base import Shape
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import Bundle, load_bundle
from muzero_engine.inference.manifest import RECURRENT, RECURRENT_INT8, Training
from muzero_engine.inference.session import LEVELS, Backend, OnnxModel, Precision
from muzero_engine.model import TOP
from muzero_engine.network.blocks import ResidualBlock
from muzero_engine.network.config import NetworkConfig
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.numpy_model import TorchModel
from muzero_engine.search.config import SearchConfig
from muzero_engine.search.search import Search

SMALL = Int8Calibration(positions=24, unroll_steps=2)


@pytest.mark.parametrize(
    ("name", "boards", "shapes"),
    [
        ("tictactoe", (), {(3, 3)}),
        ("go", (), {(9, 9), (19, 19)}),  # where it is not known what the network learnt on
        ("go", ((5, 5), (7, 7)), {(5, 5), (7, 7)}),
    ],
)
def test_calibration_edges_are_legal_unrolls_on_each_board(
    name: str, boards: tuple[Shape, ...], shapes: set[Shape]
) -> None:
    game = load_game(name)
    model = TorchModel(tiny_network(game, representation_blocks=0, dynamics_blocks=0, channels=4))
    batches = calibration_edges(model, game, Int8Calibration(positions=3 * len(shapes), unroll_steps=2), boards)
    assert {batch.latent.shape[2:] for batch in batches} == shapes
    for first, second in zip(batches[::2], batches[1::2], strict=True):
        assert len(first.action) == 3
        assert first.action.max() < game.spec.num_actions(first.latent.shape[2:])
        assert np.array_equal(model.recurrent_inference(first.latent, first.action).latent, second.latent)
        assert np.all(first.action != second.action)  # an occupied point is not played on again


def test_the_same_seed_gives_the_same_edges() -> None:
    game = load_game("tictactoe")
    model = TorchModel(tiny_network(game))
    first, again, other = (calibration_edges(model, game, Int8Calibration(positions=9, seed=s)) for s in (1, 1, 2))
    assert all(np.array_equal(a.latent, b.latent) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.action, b.action) for a, b in zip(first, other, strict=True))


def _full_policy(bundle: Bundle, graph: str, batch: Edges) -> Floats:
    """float32[B, A]: the output that the search does not ask for."""
    session = onnxruntime.InferenceSession(bundle.folder / graph, providers=["CPUExecutionProvider"])
    policy: Floats = session.run(["policy"], {"latent": batch.latent, "action": batch.action})[0]
    return policy


@pytest.mark.parametrize("name", ["tictactoe", "chess"])
def test_eight_bits_stay_close_and_are_the_default_on_a_processor(name: str, tmp_path: Path) -> None:
    game = load_game(name)
    network = tiny_network(game)
    level = logging.getLogger().level
    manifest = export_bundle(network, game, tmp_path / name, training=Training("untrained"), int8=SMALL)
    assert logging.getLogger().level == level
    assert RECURRENT_INT8 in manifest.files
    bundle = load_bundle(tmp_path / name, game.spec)
    eight, full = (OnnxModel(bundle, backend=Backend.CPU, precision=p) for p in (Precision.AUTO, Precision.FP32))
    assert (eight.precision, full.precision) == (Precision.INT8, Precision.FP32)
    differences, spread = [], []
    for batch in calibration_edges(full, game, Int8Calibration(positions=12, unroll_steps=2, seed=5)):
        exact, coarse = (model.recurrent_inference(batch.latent, batch.action) for model in (full, eight))
        assert np.abs(exact.latent - coarse.latent).mean() < 0.02
        assert np.abs(exact.value - coarse.value).max() < 0.05
        assert np.abs(exact.discount - coarse.discount).max() < 0.05
        policies = [_full_policy(bundle, name, batch) for name in (RECURRENT, RECURRENT_INT8)]
        differences.append(np.abs(policies[0] - policies[1]).mean())
        spread.append(policies[0].std())
    assert 0 < np.mean(differences) < 0.1 * np.mean(spread)


class _Unrounded:
    """A model of which nobody is told that it rounds latents."""

    latent_levels = 0

    def __init__(self, model: OnnxModel) -> None:
        self.initial_inference = model.initial_inference
        self.recurrent_inference = model.recurrent_inference


def test_latents_in_bytes_change_nothing_of_a_search_in_eight_bits(tmp_path: Path) -> None:
    game = load_game("chess")
    export_bundle(tiny_network(game), game, tmp_path / "chess", training=Training("untrained"), int8=SMALL)
    bundle = load_bundle(tmp_path / "chess", game.spec)
    full, eight = (OnnxModel(bundle, backend=Backend.CPU, precision=p) for p in (Precision.FP32, Precision.INT8))
    assert (full.latent_levels, eight.latent_levels) == (0, LEVELS)
    position = game.initial((8, 8))
    visits = []
    for model in (eight, _Unrounded(eight)):
        search = Search(model, SearchConfig())
        search.start(observation(position), position.legal_actions(), {})
        while search.simulations < 300:
            search.step(300 - search.simulations)
        visits.append(search.root_moves())
    assert visits[0] == visits[1]


def test_biases_take_back_what_rounded_weights_shift(monkeypatch: pytest.MonkeyPatch) -> None:
    game = load_game("tictactoe")
    network = tiny_network(game, dynamics_blocks=3).folded()
    graph = recurrent_graph(network)
    edges = calibration_edges(TorchModel(network), game, Int8Calibration(positions=60))
    corrected = quantised(graph, edges)
    monkeypatch.setattr(quantise, "_correct_biases", lambda *_: None)
    plain = quantised(graph, edges)

    nodes = {node.name: node for node in graph.graph.node if node.op_type == "Conv"}
    dequantised = {node.output[0] for node in corrected.graph.node if node.op_type == "DequantizeLinear"}
    moved = [node for node in corrected.graph.node if node.op_type == "Conv" and node.input[2] in dequantised]
    exact = quantise._channel_means(graph, [nodes[node.name].output[0] for node in moved], edges)
    names = [node.output[0] for node in moved]
    shifts = [
        np.concatenate([np.abs(measured - mean) for measured, mean in zip(means, exact, strict=True)]).mean()
        for means in (quantise._channel_means(model, names, edges) for model in (corrected, plain))
    ]
    assert len(moved) == 1 + 2 * 3 + 3
    assert 0 < shifts[0] < 0.05 * shifts[1]


def test_bundles_are_calibrated_on_the_boards_of_their_training(tmp_path: Path) -> None:
    game, amount = load_game("go"), Int8Calibration(positions=6, unroll_steps=1)
    network = tiny_network(game)
    graphs = {}
    for board in (5, 7):
        training = Training("x", boards=((board, board),))
        export_bundle(network, game, tmp_path / "go", training=training, int8=amount)
        bundle = load_bundle(tmp_path / "go")
        assert bundle.manifest.training == training
        edges = calibration_edges(TorchModel(network), game, amount, training.boards)
        assert {edge.latent.shape[2:] for edge in edges} == {(board, board)}
        graphs[board] = bundle.graphs[RECURRENT_INT8]
    assert graphs[5] != graphs[7]


def test_eight_bits_take_every_board_of_go(tmp_path: Path) -> None:
    game = load_game("go")
    network = tiny_network(game, representation_blocks=1)
    export_bundle(
        network, game, tmp_path / "go", training=Training("x"), int8=Int8Calibration(positions=6, unroll_steps=1)
    )
    model = OnnxModel(load_bundle(tmp_path / "go"), backend=Backend.CPU, precision=Precision.INT8)
    for side in (5, 13):
        latent = np.random.default_rng(0).random((2, 8, side, side), dtype=np.float32)
        output = model.recurrent_inference(latent, np.array([3, side * side]))
        assert output.top_logits.shape == output.top_actions.shape == (2, min(TOP, side * side + 1))
        assert output.latent.shape == latent.shape


def test_a_fresh_network_becomes_integers_too() -> None:
    """Its biases are all zero, and the exporter stores them once."""
    game = load_game("tictactoe")
    network = MuZeroNetwork(NetworkConfig.for_game(game, channels=8, dynamics_blocks=3)).folded()
    graph = recurrent_graph(network)
    integers = quantised(graph, calibration_edges(TorchModel(network), game, SMALL))
    producers = {output: node.op_type for node in integers.graph.node for output in node.output}
    convolutions = [node for node in integers.graph.node if node.op_type == "Conv"]
    exact = [node for node in convolutions if not all(producers.get(i) == "DequantizeLinear" for i in node.input)]
    assert len(convolutions) == 1 + 2 * 3 + 4
    assert len(exact) == 1
    biases = [node.input[2] for node in convolutions]
    assert len(set(biases)) == len(biases)


def test_what_is_added_to_a_stream_is_as_fine_as_the_sum_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    game = load_game("tictactoe")
    network = tiny_network(game, dynamics_blocks=2).folded()
    with torch.no_grad():
        for block in network.dynamics_tower:
            assert isinstance(block, ResidualBlock)
            block.second.bias.sub_(20)  # far below what the stream holds: the ReLU of the sum makes nothing of it
            block.second.bias[0].add_(22)
    graph, edges = recurrent_graph(network), calibration_edges(TorchModel(network), game, Int8Calibration(positions=60))
    narrow = quantised(graph, edges)
    monkeypatch.setattr(quantise, "_narrow_sums", lambda *_: None)
    wide = quantised(graph, edges)
    names = [node.output[0] for node in graph.graph.node if node.op_type == "Conv" and "second" in node.name]
    assert len(names) == 2
    for name in names:
        assert _constant(narrow, f"{name}_scale") < 0.5 * _constant(wide, f"{name}_scale")
    sums = [node.output[0] for node in graph.graph.node if node.op_type == "Relu" and "Relu_1" in node.output[0]]
    (exact, close, coarse) = (
        np.concatenate([watched[0].ravel() for watched in quantise._watched(model, sums[:1], edges)])
        for model in (graph, narrow, wide)
    )
    assert np.abs(close - exact).mean() < 0.7 * np.abs(coarse - exact).mean()


def _constant(model: onnx.ModelProto, name: str) -> float:
    (initializer,) = (numpy_helper.to_array(one) for one in model.graph.initializer if one.name == name)
    return float(initializer)
