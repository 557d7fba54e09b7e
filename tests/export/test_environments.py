"""Bundles for environments: exported, described, loaded, and refused where a game is played."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.networks import ENVIRONMENTS, largest_difference, tiny_environment_network

from muzero_engine.environments.base import EnvironmentSpec
from muzero_engine.environments.registry import environment_spec
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.export.bundle import export_bundle
from muzero_engine.export.calibration import Int8Calibration, environment_edges
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle, read_manifest
from muzero_engine.inference.manifest import MANIFEST, BadWeights, EnvironmentDescription, Training
from muzero_engine.inference.session import OnnxModel, Precision
from muzero_engine.network.config import BadConfig
from muzero_engine.network.numpy_model import TorchModel
from muzero_engine.returns import DiscountedReturns
from muzero_engine.training.random_batches import random_episode_batch

PARITY = 1e-4
UNTRAINED = Training("untrained")
SMALL = Int8Calibration(positions=24, unroll_steps=2)


def description(spec: EnvironmentSpec) -> EnvironmentDescription:
    settings = EnvironmentSettings(id=spec.id, stack=spec.stack)
    return EnvironmentDescription(spec=spec, settings=settings, returns=DiscountedReturns(discount=0.9, support=10))


@pytest.mark.parametrize("spec", ENVIRONMENTS, ids=lambda spec: spec.kind.value)
def test_onnx_agrees_with_torch(spec: EnvironmentSpec, tmp_path: Path) -> None:
    network = tiny_environment_network(spec)
    with torch.no_grad():
        network.value.logits.bias[-1] += 4.0  # towards values beyond the range of games
    at_home = dataclasses.replace(description(spec).settings, folder="/home/somebody")
    made_for = dataclasses.replace(description(spec), settings=at_home)
    made = export_bundle(network, made_for, tmp_path / "b", training=UNTRAINED)
    assert read_manifest(tmp_path / "b") == made
    assert made.environment == description(spec)  # without the folder
    model = OnnxModel(load_bundle(tmp_path / "b"))
    assert (model.precision, model.latent_levels) == (Precision.FP32, 0)
    reference = TorchModel(copy.deepcopy(network).half().float())
    observation = random_episode_batch(spec, 5).observation.numpy()
    root = reference.initial_inference(observation)
    assert largest_difference(model.initial_inference(observation), root) < PARITY * max(1.0, np.abs(root.value).max())
    actions = np.arange(5) % spec.actions
    after = reference.recurrent_inference(root.latent, actions)
    assert np.abs(after.value).max() > 1.0
    assert (
        largest_difference(model.recurrent_inference(root.latent, actions), after) < PARITY * np.abs(after.value).max()
    )


def test_eight_bits_stay_close_and_are_what_a_processor_runs(tmp_path: Path) -> None:
    settings = EnvironmentSettings(id="support.environments:Camera", size=32, stack=2)
    spec = environment_spec(settings)
    returns = DiscountedReturns(discount=0.9, support=10)
    network = tiny_environment_network(spec, channels=16)
    made_for = EnvironmentDescription(spec=spec, settings=settings, returns=returns)
    export_bundle(network, made_for, tmp_path / "b", training=UNTRAINED, int8=SMALL)
    bundle = load_bundle(tmp_path / "b")
    small, exact = OnnxModel(bundle), OnnxModel(bundle, precision=Precision.FP32)
    assert small.precision is Precision.INT8
    (edges, *_) = environment_edges(TorchModel(network), settings, SMALL)
    ours, theirs = (model.recurrent_inference(edges.latent, edges.action) for model in (small, exact))
    np.testing.assert_allclose(ours.latent, theirs.latent, atol=0.1)
    np.testing.assert_allclose(ours.value, theirs.value, atol=0.2)
    np.testing.assert_allclose(ours.discount, theirs.discount, atol=0.1)


def test_a_game_is_not_played_with_them(tmp_path: Path) -> None:
    export_bundle(tiny_environment_network(ENVIRONMENTS[0]), description(ENVIRONMENTS[0]), tmp_path, training=UNTRAINED)
    with pytest.raises(BadWeights, match=r"for the environment planes, not chess: .*muzero-engine watch"):
        load_bundle(tmp_path, load_game("chess").spec)


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (("returns", "discount"), 7.0, "discount of returns"),
        (("spec", "actions"), 4, r"environment\.spec"),
        (("spec", "id"), "other", r"environment\.spec"),
        (("spec", "shape"), [4, 5], "environment"),
        (("spec", "shape"), [4, 1 << 40, 1 << 40], r"environment\.spec"),
        (("spec", "stack"), 0, r"environment\.spec"),
        (("settings", "stack"), "four", "environment"),
    ],
)
def test_a_damaged_description_is_refused_in_one_line(
    place: tuple[str, str], value: Any, problem: str, tmp_path: Path
) -> None:
    export_bundle(tiny_environment_network(ENVIRONMENTS[0]), description(ENVIRONMENTS[0]), tmp_path, training=UNTRAINED)
    document = json.loads((tmp_path / MANIFEST).read_text())
    document["environment"][place[0]][place[1]] = value
    (tmp_path / MANIFEST).write_text(json.dumps(document))
    with pytest.raises(BadWeights, match=problem) as caught:
        read_manifest(tmp_path)
    assert "\n" not in str(caught.value)


def test_what_does_not_fit_is_not_exported(tmp_path: Path) -> None:
    spec = ENVIRONMENTS[0]
    network = tiny_environment_network(spec)
    other = description(dataclasses.replace(spec, actions=9))
    with pytest.raises(BadConfig, match="extra_actions is 3 where the environment planes has 9"):
        export_bundle(network, other, tmp_path / "b", training=UNTRAINED)
    vector = ENVIRONMENTS[2]
    with pytest.raises(BadConfig, match="slower in 8 bits"):
        export_bundle(
            tiny_environment_network(vector), description(vector), tmp_path / "b", training=UNTRAINED, int8=SMALL
        )
    assert not (tmp_path / "b").exists()
