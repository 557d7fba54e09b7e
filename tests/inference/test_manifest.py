"""A manifest is read back as it was written; anything else is refused in one line."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.networks import ENVIRONMENTS

from muzero_engine.environments.base import EnvironmentSpec
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.games.registry import load_game
from muzero_engine.inference.levels import Level, LevelSettings, LevelTable
from muzero_engine.inference.manifest import (
    CHECKPOINT,
    DECODER,
    HISTORY,
    INITIAL,
    KNOWN_FILES,
    RECURRENT,
    RECURRENT_INT8,
    BadWeights,
    EnvironmentDescription,
    FileInfo,
    Manifest,
    NetworkSize,
    Rating,
    Training,
)
from muzero_engine.returns import DiscountedReturns

SPEC = load_game("tictactoe").spec
LEVELS = LevelTable(
    "tictactoe: random moves = 0",
    (Level(300.0, 60.0, 100, LevelSettings(1, 3.0, 0.001)), Level(1000.0, 40.0, 120, LevelSettings(64, 0.2, 0.1))),
)
GOOD = Manifest(
    game="tictactoe",
    game_version=SPEC.version,
    shapes=SPEC.shapes,
    planes=SPEC.layout.planes,
    action_planes=SPEC.action_planes,
    extra_actions=SPEC.extra_actions,
    ownership=SPEC.ownership,
    network=NetworkSize(channels=8, representation_blocks=1, dynamics_blocks=1),
    training=Training("self-play", games=10, plies=700, steps=20, device_hours=0.5, boards=SPEC.shapes),
    ratings=(Rating(elo=-3.5, error=20.0, opponent="random", games=200, conditions="1 s a move"),),
    licence="GPL-3.0-or-later",
    files={INITIAL: FileInfo("0" * 64, 10), RECURRENT: FileInfo("f" * 64, 20), CHECKPOINT: FileInfo("1" * 64, 30)},
    levels=LEVELS,
)

ACTING = dataclasses.replace(
    GOOD,
    game="planes",
    planes=4,
    action_planes=0,
    extra_actions=3,
    environment=EnvironmentDescription(
        spec=ENVIRONMENTS[0],
        settings=EnvironmentSettings(id="planes"),
        returns=DiscountedReturns(),
        c_scale=0.2,
        min_range=0.01,
        clip_rewards=True,
    ),
)

counts = st.integers(0, 1 << 40)
finite = st.floats(-1e6, 1e6)
lines = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable() and bool(text.strip()))
boards = st.tuples(st.integers(1, 19), st.integers(1, 19))
manifests = st.builds(
    Manifest,
    game=lines,
    game_version=st.integers(1, 99),
    shapes=st.lists(boards, min_size=1, max_size=3).map(tuple),
    planes=st.integers(1, 300),
    action_planes=st.integers(1, 80),
    extra_actions=st.integers(0, 2),
    ownership=st.booleans(),
    network=st.builds(NetworkSize, st.integers(1, 512), st.integers(0, 40), st.integers(0, 40)),
    training=st.builds(Training, lines, counts, counts, counts, finite, st.lists(boards, max_size=3).map(tuple)),
    ratings=st.lists(st.builds(Rating, finite, finite, lines, counts, lines), max_size=2).map(tuple),
    licence=lines,
    files=st.sets(st.sampled_from(KNOWN_FILES)).map(
        lambda names: {name: FileInfo("ab" * 32, 5) for name in {INITIAL, RECURRENT, CHECKPOINT} | names}
    ),
    levels=st.sampled_from([None, LEVELS]),
) | st.just(ACTING)


@given(manifests)
def test_reading_is_the_inverse_of_writing(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json().encode(), "here") == manifest


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PATHS = [
    *((field.name,) for field in dataclasses.fields(Manifest)),
    *(("network", field.name) for field in dataclasses.fields(NetworkSize)),
    *(("training", field.name) for field in dataclasses.fields(Training)),
    *(("ratings", 0, field.name) for field in dataclasses.fields(Rating)),
    ("levels", "scale"),
    *(("levels", "levels", 1, field.name) for field in dataclasses.fields(Level)),
    *(("levels", "levels", 1, "settings", field.name) for field in dataclasses.fields(LevelSettings)),
    ("files", INITIAL),
    ("files", INITIAL, "sha256"),
    ("files", INITIAL, "size"),
    ("files", "../../etc/passwd"),
    ("unknown",),
]


OPTIONAL = ("unknown", "../../etc/passwd", "plies", "boards", "levels", "environment")
ENVIRONMENT_PATHS = [
    *(("environment", field.name) for field in dataclasses.fields(EnvironmentDescription)),
    *(("environment", "spec", field.name) for field in dataclasses.fields(EnvironmentSpec)),
    *(("environment", "settings", field.name) for field in dataclasses.fields(EnvironmentSettings)),
    *(("environment", "returns", field.name) for field in dataclasses.fields(DiscountedReturns)),
]


@given(path=st.sampled_from([*PATHS, *ENVIRONMENT_PATHS]), value=JSON)
def test_any_value_anywhere_is_read_or_refused_in_one_line(path: tuple[Any, ...], value: Any) -> None:
    document: Any = json.loads((ACTING if path in ENVIRONMENT_PATHS else GOOD).to_json())
    target = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    manifest = read_or_complaint(json.dumps(document).encode())
    if isinstance(manifest, Manifest):
        assert read_or_complaint(manifest.to_json().encode()) == manifest
    else:
        assert "manifest.json in here" in manifest
        assert "\n" not in manifest


def read_or_complaint(data: bytes) -> Manifest | str:
    try:
        return Manifest.from_json(data, "here")
    except BadWeights as error:
        return str(error)


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BadWeights, match=r"manifest\.json in here"):
        Manifest.from_json(data, "here")


@given(st.integers(0, len(GOOD.to_json()) - 3))
def test_every_truncation_is_refused(length: int) -> None:
    with pytest.raises(BadWeights, match="not valid JSON"):
        Manifest.from_json(GOOD.to_json().encode()[:length], "here")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": NaN}', '{"format": ' + "9" * 5000 + "}", "\udcff"])
def test_hostile_json_is_refused(text: str) -> None:
    with pytest.raises(BadWeights):
        Manifest.from_json(text.encode("utf-8", "surrogateescape"), "here")


@pytest.mark.parametrize("path", [path for path in PATHS if path[-1] not in OPTIONAL])
def test_a_missing_field_is_named(path: tuple[Any, ...]) -> None:
    document: Any = json.loads(GOOD.to_json())
    target = document
    for key in path[:-1]:
        target = target[key]
    del target[path[-1]]
    with pytest.raises(BadWeights, match=str(path[-1])):
        Manifest.from_json(json.dumps(document).encode(), "here")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (
            '"elo": 1000.0',
            '"elo": 250.0',
            "levels.levels must be a list of 2 to 100 levels, their ratings",
        ),
        ('"elo": 1000.0', '"elo": 1e9', "levels.levels[1].elo"),
        ('"error": 40.0', '"error": -1.0', "levels.levels[1].error"),
        ('"games": 120', '"games": 0', "levels.levels[1].games"),
        ('"simulations": 64', '"simulations": 1000000000', "levels.levels[1].settings.simulations"),
        ('"temperature": 0.2', '"temperature": -0.2', "levels.levels[1].settings.temperature"),
        ('"cut": 0.1', '"cut": 7', "levels.levels[1].settings.cut"),
    ],
)
def test_levels_that_cannot_be_are_refused(old: str, new: str, place: str) -> None:
    text = GOOD.to_json()
    assert old in text
    complaint = read_or_complaint(text.replace(old, new).encode())
    assert isinstance(complaint, str)
    assert f"manifest.json in here is damaged, {place}" in complaint


@pytest.mark.parametrize(
    ("setting", "value", "place"),
    [
        ("sticky", 1.5, "environment.settings.sticky must be a number up to 1"),
        ("max_steps", -1, "environment.settings.max_steps must be a whole number from 0"),
        ("stack", 0, "environment.settings.stack must be a whole number from 1"),
        ("stack", 2, "environment.spec must be that of its network"),
    ],
)
def test_an_environment_that_cannot_be_made_so_is_refused(setting: str, value: float, place: str) -> None:
    document = json.loads(ACTING.to_json())
    document["environment"]["settings"][setting] = value
    complaint = read_or_complaint(json.dumps(document).encode())
    assert isinstance(complaint, str)
    assert f"is damaged, {place}" in complaint


def test_what_does_not_play_is_no_part_of_the_networks() -> None:
    def digest(**changed: FileInfo) -> str:
        return dataclasses.replace(GOOD, files=GOOD.files | changed).networks_digest()

    eight_bits = {RECURRENT_INT8: FileInfo("5" * 64, 9)}
    assert digest(**{DECODER: FileInfo("2" * 64, 5)}) == digest()
    assert digest(**{RECURRENT: FileInfo("4" * 64, 20)}) != digest()
    assert digest(**{CHECKPOINT: FileInfo("3" * 64, 30)}) != digest()  # where graphs have their numbers
    assert digest(**eight_bits, **{CHECKPOINT: FileInfo("3" * 64, 30)}) == digest(**eight_bits) != digest()


def test_a_bundle_from_before_levels_has_none() -> None:
    document = json.loads(GOOD.to_json())
    del document["levels"]
    assert read_or_complaint(json.dumps(document).encode()) == dataclasses.replace(GOOD, levels=None)


def test_a_later_format_asks_for_a_program_that_fits() -> None:
    text = dataclasses.replace(GOOD, format=7).to_json()
    with pytest.raises(BadWeights, match="has format 7 and this program reads format 3"):
        Manifest.from_json(text.encode(), "here")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"game": "go"}, "are for go, not tictactoe"),
        ({"game_version": 99}, "version 99 of tictactoe's planes and actions, and this program has version 1"),
        ({"planes": 5}, r"have \(5, 1, 0\) planes"),
        ({"extra_actions": 1}, r"have \(4, 1, 1\) planes"),
        ({"shapes": ((4, 4),)}, "board of 4x4"),
    ],
)
def test_weights_of_another_game_or_version_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadWeights, match=message):
        dataclasses.replace(GOOD, **changes).check_game(SPEC, "here")


def test_a_good_manifest_fits_its_game() -> None:
    GOOD.check_game(SPEC, "here")
    assert GOOD.num_actions((3, 3)) == 9
    assert GOOD.summary() == "tictactoe network, 8 channels, 1+1 blocks, self-play"
    assert HISTORY not in GOOD.files
