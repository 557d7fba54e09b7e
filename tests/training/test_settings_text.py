"""Settings of a run as text: presets, overrides on the command line, JSON."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.games.registry import BUILT_IN, UnknownGame
from muzero_engine.network.config import NetworkConfig
from muzero_engine.training import settings_text
from muzero_engine.training.config import LearnerSettings, Optimiser, TrainConfig
from muzero_engine.training.idle_settings import refuse_idle
from muzero_engine.training.presets import PRESET_NAMES, environment_preset, preset
from muzero_engine.training.settings_text import BadSettings, from_json, to_json, with_overrides

TINY = preset("tictactoe", "tiny")


@pytest.mark.parametrize("name", PRESET_NAMES)
@pytest.mark.parametrize("game", BUILT_IN)
def test_presets_are_valid_and_travel_as_json(game: str, name: str) -> None:
    config = preset(game, name)
    settings_text.check(config)
    assert (config.game, config.preset) == (game, name)
    assert from_json(to_json(config)) == config
    from muzero_engine.games.registry import load_game

    spec = load_game(game).spec
    boards = [shape for shape, _ in config.self_play.shapes] or [spec.shapes[0]]
    assert all(config.search.considered <= spec.num_actions(shape) for shape in boards)
    assert NetworkConfig.for_game(load_game(game), **dataclasses.asdict(config.network)).channels > 0


def test_unknown_presets_and_games() -> None:
    with pytest.raises(BadSettings, match="there is no preset 'huge': choose one of tiny, small, release"):
        preset("go", "huge")
    with pytest.raises(UnknownGame, match="choose one of"):
        preset("checkers", "tiny")


def test_overrides_take_the_type_of_their_field() -> None:
    config = with_overrides(
        TINY,
        [
            "learner.batch_size=512",
            "learner.learning_rate = 2e-3",
            "learner.optimiser=SGD",
            "learner.symmetries=no",
            "steps=10_000",
            "self_play.shapes=3x3",
        ],
    )
    assert config.learner.batch_size == 512
    assert config.learner.learning_rate == 2e-3
    assert config.learner.optimiser is Optimiser.SGD
    assert config.learner.symmetries is False
    assert config.steps == 10_000
    assert config.self_play.shapes == (((3, 3), 1.0),)
    go = with_overrides(preset("go", "tiny"), ["self_play.shapes=5x5:0.75,7x7:0.25"])
    assert go.self_play.shapes == (((5, 5), 0.75), ((7, 7), 0.25))
    assert dataclasses.replace(config, steps=TINY.steps) != TINY


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("learner.batch_size", "'learner.batch_size' is not a setting: write it like learner.batch_size=512"),
        ("game=chess", "game is no setting of a run: another one needs another run"),
        ("batch=1", "there is no setting 'batch': 'batch' is none of game, preset, steps"),
        ("learner.batch=1", "there is no setting 'learner.batch': 'batch' is none of batch_size"),
        ("learner=1", "learner is a group of settings: name one of learner.batch_size"),
        ("steps.x=1", "there is no setting 'steps.x': steps has no parts"),
        ("learner.batch_size=many", "learner.batch_size must be a whole number, not 'many'"),
        ("learner.batch_size=1.5", "must be a whole number"),
        (f"learner.batch_size={'9' * 5000}", "must be a whole number of at most 18 digits, not '9999"),
        ("search.target_actions=100000", "search.target_actions must be at most 20,000, not 100000"),
        (f"self_play.shapes={'9' * 5000}x9", "must be boards with their shares"),
        ("learner.batch_size=0", "learner.batch_size must be greater than 0, not 0"),
        ("learner.learning_rate=nan", "must be a finite number"),
        ("learner.learning_rate=fast", "must be a number"),
        ("learner.optimiser=lion", "learner.optimiser must be one of adamw, sgd, not 'lion'"),
        ("learner.symmetries=perhaps", "must be true or false"),
        ("learner.ema_decay=2", "must be between 0 and 1, not 2.0"),
        ("self_play.games=33", "must be even"),
        ("self_play.workers=100000", "self_play.workers must be at most 1,000, not 100000"),
        ("checkpoint_replay_mb=1e308", "checkpoint_replay_mb must be 0, or between 1e-12 and 1e+12, not 1e+308"),
        ("search.c_scale=1e38", "search.c_scale must be 0, or between"),
        ("search.root_policy_temperature=1e-40", "search.root_policy_temperature must be 0, or between"),
        (f"self_play.shapes=3x3:{'9' * 400}", "self_play.shapes must be boards with shares greater than 0"),
        ("network.representation_blocks=100000", "network.representation_blocks must be at most 1,000"),
        ("network.channels=999999999", "network.channels must be at most 100,000"),
        ("self_play.komi=-1e9", "self_play.komi must be at most 10,000"),
        ("self_play.komi=6.1", "self_play.komi must be a whole or a half number, not 6.1"),
        ("=1", "there is no setting '': "),
        ("self_play.shapes=large", "must be boards with their shares like 9x9:0.8"),
        ("self_play.shapes=9x9", "must be one of the boards of tictactoe, such as 3x3, not 9x9"),
        ("replay.min_plies=1000000", "at most replay.capacity_plies"),
        ("search.simulations=1", "2 or more"),
        (
            "environment.frame_skip=4",
            "environment.frame_skip is a setting of environments, and tictactoe is a game: leave it out",
        ),
        ("returns.n_step=7", "returns.n_step is a setting of environments, and tictactoe is a game: leave it out"),
    ],
)
def test_bad_overrides_say_what_is_wrong(override: str, message: str) -> None:
    with pytest.raises(BadSettings) as caught:
        with_overrides(TINY, [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("returns.n_step=1000000", "returns.n_step must be 1 to 117 (replay.capacity_plies / self_play.games"),
        ("returns.renewed_values=1e11", "returns.renewed_values must be at most 10,000, not 1"),
        ("returns.n_step=0", "returns.n_step must be 1 to 117"),
        ("returns.support=100000000", "returns.support must be 1 to 1000, not 100000000"),
        ("environment.size=50", "environment.size must be a multiple of 16 from 16 to 512, like 96, not 50"),
        ("environment.size=100000", "environment.size must be a multiple of 16 from 16 to 512, like 96, not 100000"),
        ("environment.frame_skip=100000000", "environment.frame_skip must be a whole number from 1 to 1000, not 1000"),
        ("environment.no_ops=-1", "environment.no_ops must be a whole number from 0 to 1000, not -1"),
        ("environment.step_seconds=1e300", "environment.step_seconds must be a number above 0 and at most 86400"),
        ("environment.size=0", "environment.size must be a multiple of 16"),
    ],
)
def test_settings_of_environments_that_no_network_or_replay_fits_are_refused(override: str, message: str) -> None:
    config = dataclasses.replace(TINY, game="", environment=EnvironmentSettings(id="Any-v0"))
    with pytest.raises(BadSettings) as caught:
        with_overrides(config, [override])
    assert message in str(caught.value)


def test_no_target_looks_further_ahead_than_the_replay_keeps_of_an_environment() -> None:
    config = dataclasses.replace(TINY, game="", environment=EnvironmentSettings(id="Any-v0"))
    few = ("replay.capacity_plies=400", "replay.min_plies=60", "self_play.games=8")
    assert with_overrides(config, (*few, "returns.n_step=50")).returns.n_step == 50
    with pytest.raises(BadSettings, match=r"returns\.n_step must be 1 to 50 .*, not 51"):
        with_overrides(config, (*few, "returns.n_step=51"))


def test_the_consistency_of_an_environment_needs_more_than_one_sample() -> None:
    config = dataclasses.replace(TINY, game="", environment=EnvironmentSettings(id="Any-v0"))
    one = ("learner.batch_size=1", "learner.consistency_weight=0")
    assert with_overrides(config, one).learner.batch_size == 1
    with pytest.raises(BadSettings, match=r"learner\.batch_size must be 2 or more for the consistency loss, not 1"):
        with_overrides(config, (*one, "learner.consistency_weight=2"))


@given(st.sampled_from(BUILT_IN), st.integers(1, 10**6), st.floats(1e-6, 1.0), st.booleans())
def test_any_override_survives_json(game: str, steps: int, rate: float, symmetries: bool) -> None:
    overrides = [f"steps={steps}", f"learner.learning_rate={rate!r}", f"learner.symmetries={symmetries}"]
    config = with_overrides(preset(game, "small"), overrides)
    assert (config.steps, config.learner.learning_rate, config.learner.symmetries) == (steps, rate, symmetries)
    assert from_json(to_json(config)) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": "many"}, "steps is not of type int"),
        ({"steps": True}, "steps is not of type int"),
        ({"learner": 3}, "learner is not a JSON object"),
        ({"more": 3}, "has fields that this version does not know: more"),
        ({"steps": 0}, "steps must be greater than 0"),
    ],
)
def test_foreign_json_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(BadSettings) as caught:
        from_json(json.dumps(json.loads(to_json(TINY)) | change))
    assert message in str(caught.value)
    with pytest.raises(BadSettings, match="is not JSON"):
        from_json(to_json(TINY)[:-10])


def test_settings_that_an_older_version_lacked_take_their_default() -> None:
    data = json.loads(to_json(TINY))
    del data["learner"]["clip_norm"]
    assert from_json(json.dumps(data)).learner.clip_norm == LearnerSettings().clip_norm
    del data["preset"]
    with pytest.raises(BadSettings, match="the run's configuration lacks preset"):
        from_json(json.dumps(data))


def test_every_checked_setting_exists() -> None:
    for name in (*settings_text._POSITIVE, *settings_text._NOT_NEGATIVE, *settings_text._SHARES):
        value: object = TrainConfig(game="chess", preset="x", steps=1)
        for part in name.split("."):
            value = getattr(value, part)
        assert isinstance(value, int | float)


@pytest.mark.parametrize(
    ("game", "change", "why"),
    [
        ("tictactoe", "learner.momentum=0.1", "without learner.optimiser=sgd"),
        ("tictactoe", "self_play.random_share=0.5", "where a game is learnt"),
        ("tictactoe", "learner.ownership_weight=3", "in tictactoe, where no points are owned"),
        ("tictactoe", "self_play.komi=3", "in tictactoe, which has no komi"),
        ("tictactoe", "self_play.fast_simulations=2", "without self_play.full_search_share below 1"),
        ("tictactoe", "cluster.actors=4", "without --cluster"),
        ("", "self_play.max_plies=3", "where an environment is learnt (there environment.max_steps bounds an episode)"),
        ("", "self_play.branch_share=0.5", "where an environment is learnt"),
        ("", "learner.shift=4", "where what is seen is no image"),
        ("", "environment.size=48", "where what is seen is no image"),
        ("", "environment.life_ends=true", "where an episode begins without lives"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused(game: str, change: str, why: str) -> None:
    config = preset(game, "tiny") if game else environment_preset("support.environments:Chain", "tiny")
    name = change.partition("=")[0]
    changed = with_overrides(config, [change])
    with pytest.raises(BadSettings, match=f"^{re.escape(f'{name} has no effect {why}: leave it out')}$"):
        refuse_idle(changed, [name], in_cluster=False)


def test_settings_that_do_something_are_taken() -> None:
    go = with_overrides(preset("go", "tiny"), ["learner.optimiser=sgd", "self_play.full_search_share=0.5"])
    refuse_idle(go, ["learner.momentum", "learner.ownership_weight", "self_play.komi"], in_cluster=False)
    refuse_idle(go, ["self_play.fast_simulations", "seed", "cluster.actors"], in_cluster=True)
    chain = environment_preset("support.environments:Chain", "tiny")
    refuse_idle(chain, ["self_play.random_share", "search.min_range", "returns.n_step"], in_cluster=False)
    lives = environment_preset("support.environments:Lives", "tiny", ["environment.life_ends=true"])
    refuse_idle(lives, ["environment.life_ends"], in_cluster=False)
