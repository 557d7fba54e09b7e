"""The configuration of a network travels as JSON; what cannot be built is refused by name."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.games.base import Turn
from muzero_engine.games.registry import BUILT_IN, load_game
from muzero_engine.network.config import BadConfig, NetworkConfig

FIELDS: dict[str, Any] = {
    "game": "chess",
    "game_version": 1,
    "shapes": ((8, 8),),
    "planes": 117,
    "action_planes": 73,
    "extra_actions": 0,
    "kinds": 3,
    "turn": Turn.MIRROR,
}
CONFIG = NetworkConfig(**FIELDS)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_configuration_of_a_game_agrees_with_it(name: str) -> None:
    game = load_game(name)
    config = NetworkConfig.for_game(game, channels=24)
    assert config.channels == 24
    assert config.planes == game.spec.layout.planes
    for shape in game.spec.shapes:
        assert config.num_actions(shape) == game.spec.num_actions(shape)
    assert NetworkConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("game", ""),
        ("game_version", 0),
        ("shapes", ()),
        ("shapes", ((8, 0),)),
        ("shapes", ((8, 99),)),
        ("shapes", ((8, 8), (9, 9))),  # several boards, but 73 action planes
        ("planes", 0),
        ("channels", 0),
        ("kinds", -1),
        ("dynamics_blocks", -1),
    ],
)
def test_a_field_that_cannot_be_built_is_named(field: str, value: Any) -> None:
    with pytest.raises(BadConfig, match=field):
        NetworkConfig(**{**FIELDS, field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("channels", 96.0),
        ("channels", True),
        ("ownership", 1),
        ("turn", "sideways"),
        ("turn", None),
        ("shapes", [[8]]),
        ("shapes", [["8", 8]]),
        ("shapes", 8),
        ("game", 3),
    ],
)
def test_json_of_a_wrong_type_is_refused(field: str, value: Any) -> None:
    document = json.loads(CONFIG.to_json())
    with pytest.raises(BadConfig, match=field):
        NetworkConfig.from_json(json.dumps({**document, field: value}))


def test_missing_and_unknown_fields_are_named() -> None:
    document = json.loads(CONFIG.to_json())
    del document["channels"]
    with pytest.raises(BadConfig, match=r"channels, depth"):
        NetworkConfig.from_json(json.dumps({**document, "depth": 3}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 40) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(field=st.sampled_from([field.name for field in dataclasses.fields(NetworkConfig)]), value=JSON)
def test_any_json_gives_a_configuration_or_bad_config(field: str, value: Any) -> None:
    document = json.loads(CONFIG.to_json())
    try:
        config = NetworkConfig.from_json(json.dumps({**document, field: value}))
    except BadConfig:
        return
    assert NetworkConfig.from_json(config.to_json()) == config


@given(st.text(max_size=30))
def test_any_text_that_is_not_a_configuration_is_refused(text: str) -> None:
    with pytest.raises(BadConfig):
        NetworkConfig.from_json(text)


def test_reading_a_configuration_needs_no_torch() -> None:
    code = "import sys, muzero_engine.network.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
