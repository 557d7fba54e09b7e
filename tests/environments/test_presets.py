"""Presets of environments are settings that exist and fit together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from muzero_engine.environments.base import EnvironmentSpec, ObservationKind
from muzero_engine.environments.presets import preset_changes
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.training.presets import PRESETS
from muzero_engine.training.settings_text import from_json, to_json, with_overrides

SPECS = (
    EnvironmentSpec(id="CartPole-v1", kind=ObservationKind.VECTOR, shape=(4, 1, 1), actions=2),
    EnvironmentSpec(id="mine.py:Walk", kind=ObservationKind.VECTOR, shape=(7, 1, 1), actions=2),
    EnvironmentSpec(id="MinAtar/Breakout-v1", kind=ObservationKind.PLANES, shape=(4, 10, 10), actions=3),
    EnvironmentSpec(id="ALE/Pong-v5", kind=ObservationKind.IMAGE, shape=(1, 96, 96), actions=6),
)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_presets_of_environments_can_be_set_and_are_read_back(spec: EnvironmentSpec, name: str) -> None:
    begun = replace(PRESETS[name], game="", environment=EnvironmentSettings(id=spec.id))
    config = with_overrides(begun, preset_changes(spec, name))
    assert from_json(to_json(config)) == config
    assert (config.name, config.preset) == (spec.id, name)


def test_what_is_known_of_an_environment_counts_more_than_its_kind() -> None:
    atari = preset_changes(SPECS[3], "small")
    assert atari.index("self_play.games=16") > atari.index("self_play.games=256")


def test_cartpole_has_its_preset_under_any_version() -> None:
    assert preset_changes(replace(SPECS[0], id="CartPole"), "tiny") == preset_changes(SPECS[0], "tiny")
    assert preset_changes(SPECS[0], "tiny") != preset_changes(replace(SPECS[0], id="Pole"), "tiny")
