"""`TrainConfig` as text: JSON beside a run, `learner.batch_size=512` on the command line. No torch is imported.

The types of the dataclass fields say how a text is read, so that a new setting needs nothing here but, where not every
number makes sense, a line in `check`.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast, get_type_hints

from muzero_engine.dataclass_json import BadData, from_data, parse_json, to_data
from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.games.base import Shape
from muzero_engine.games.registry import load_game
from muzero_engine.network.config import IMAGE_STEP, MAX_BOARD, MOST_BLOCKS, MOST_CHANNELS
from muzero_engine.returns import MOST_SUPPORT
from muzero_engine.training.config import TrainConfig

FIXED = ("game", "preset", "environment.id", "environment.folder")  # what a run is; not settings
MOST_N_STEP = 1000  # rewards of a target: each is added for itself, and a stop waits for the gradient step
SMALLEST, LARGEST = 1e-12, 1e12  # of a setting that is no whole number
_USABLE = f"0, or between {SMALLEST:g} and {LARGEST:g}"
Shares = tuple[tuple[Shape, float], ...]  # boards with their shares of the games


class BadSettings(ValueError):
    """A setting that does not exist or cannot have this value; the message names it and says what it may be."""


def with_overrides(config: TrainConfig, overrides: Iterable[str]) -> TrainConfig:
    """Return the configuration with every `path=value` applied, like `learner.batch_size=512`. Raises BadSettings."""
    config = _applied(config, overrides)
    check(config)
    return config


def environment_with(config: TrainConfig, overrides: Iterable[str]) -> EnvironmentSettings:
    """Return how a run's environment is made with those of the overrides that say how. Raises BadSettings."""
    own = [override for override in overrides if override.strip().startswith("environment.")]
    settings = _applied(config, own).environment
    _check_making(settings)
    return settings


def _applied(config: TrainConfig, overrides: Iterable[str]) -> TrainConfig:
    for override in overrides:
        path, equals, text = override.partition("=")
        if not equals:
            raise BadSettings(f"{override!r} is not a setting: write it like learner.batch_size=512")
        if path.strip() in FIXED:
            raise BadSettings(f"{path.strip()} is no setting of a run: another one needs another run")
        config = cast(TrainConfig, _with(config, path.strip().split("."), text.strip(), path.strip()))
    return config


def check(config: TrainConfig) -> None:
    """Raise BadSettings where a setting is out of its range, alone or with the others; UnknownGame."""
    if config.learns_environment:
        _check_environment(config)
    else:
        _check_boards(config)
    for name, value in _numbers(config):
        _require(_usable(value), name, _USABLE, value)
    for name in _POSITIVE:
        value = _value(config, name)
        _require(value > 0, name, "greater than 0", value)
    for name in _NOT_NEGATIVE:
        value = _value(config, name)
        _require(value >= 0, name, "0 or more", value)
    for name, most in _AT_MOST.items():
        value = _value(config, name)
        _require(abs(value) <= most, name, f"at most {most:,}", value)
    for name in _SHARES:
        value = _value(config, name)
        _require(0 <= value <= 1, name, "between 0 and 1", value)
    _require(config.search.simulations >= 2, "search.simulations", "2 or more", config.search.simulations)
    fast = config.self_play.fast_simulations
    _require(fast >= 2, "self_play.fast_simulations", "2 or more", fast)
    surprise = config.replay.policy_surprise_share + config.replay.value_surprise_share
    _require(surprise <= 1, "replay.value_surprise_share", "at most 1 - replay.policy_surprise_share", surprise)
    _require(config.self_play.games % 2 == 0, "self_play.games", "even (two groups take turns)", config.self_play.games)
    _require(config.cluster.games % 2 == 0, "cluster.games", "even (two groups take turns)", config.cluster.games)
    window = config.replay.capacity_plies
    _require(config.replay.min_plies <= window, "replay.min_plies", f"at most replay.capacity_plies {window}", "more")


def _check_boards(config: TrainConfig) -> None:
    if not config.game:
        raise BadSettings("the run's configuration names neither a game nor an environment")
    spec = load_game(config.game).spec
    usual = TrainConfig(game=config.game, preset=config.preset, steps=1)
    for group in ("environment", "returns"):
        for field in dataclasses.fields(getattr(usual, group)):
            if _value(config, f"{group}.{field.name}") != _value(usual, f"{group}.{field.name}"):
                raise BadSettings(
                    f"{group}.{field.name} is a setting of environments, and {spec.name} is a game: leave it out"
                )
    komi = config.self_play.komi
    _require(2.0 * komi % 1.0 == 0.0, "self_play.komi", "a whole or a half number", komi)
    for shape, share in config.self_play.shapes:
        known = f"one of the boards of {spec.name}, such as {_board(spec.shapes[0])}"
        _require(shape in spec.shapes, "self_play.shapes", known, _board(shape))
        _require(share > 0 and _usable(share), "self_play.shapes", f"boards with shares greater than {_USABLE}", share)


def _check_environment(config: TrainConfig) -> None:
    if config.game:
        raise BadSettings(f"the run's configuration names a game, {config.game}, and an environment: choose one")
    returns = config.returns
    _check_making(config.environment)
    _require(0 < returns.discount <= 1, "returns.discount", "greater than 0 and at most 1", returns.discount)
    _require(1 <= returns.support <= MOST_SUPPORT, "returns.support", f"1 to {MOST_SUPPORT}", returns.support)
    kept = max(1, min(MOST_N_STEP, config.replay.capacity_plies // max(1, config.self_play.games)))
    known = f"1 to {kept} (replay.capacity_plies / self_play.games steps are kept of each, {MOST_N_STEP} count at most)"
    _require(1 <= returns.n_step <= kept, "returns.n_step", known, returns.n_step)
    learner = config.learner
    if learner.consistency_weight > 0:  # its batch normalisation sees one number of each sample
        _require(
            learner.batch_size >= 2, "learner.batch_size", "2 or more for the consistency loss", learner.batch_size
        )


def _check_making(settings: EnvironmentSettings) -> None:
    for name, hint in get_type_hints(EnvironmentSettings, include_extras=True).items():
        for rule in getattr(hint, "__metadata__", ()):
            value = getattr(settings, name)
            _require(bool(rule.holds(value)), f"environment.{name}", rule.expected, value)
    sizes = range(IMAGE_STEP, IMAGE_STEP * MAX_BOARD + 1, IMAGE_STEP)
    multiple = f"a multiple of {IMAGE_STEP} from {sizes[0]} to {sizes[-1]}, like 96"
    _require(settings.size in sizes, "environment.size", multiple, settings.size)


def to_json(config: TrainConfig) -> str:
    """Return indented JSON that `from_json` reads back to an equal configuration."""
    return json.dumps(to_data(config), indent=2) + "\n"


def from_json(text: str) -> TrainConfig:
    """Return the configuration of a text. Raises BadSettings for anything that `to_json` would not have written."""
    try:
        config = from_data(TrainConfig, parse_json(text), "the run's configuration")
    except BadData as error:
        raise BadSettings(str(error)) from error
    except ValueError as error:
        raise BadSettings(f"the run's configuration is not JSON: {error}") from error
    check(config)
    return config


def _with(settings: Any, path: list[str], text: str, whole: str) -> Any:
    """Return a copy of the dataclass `settings` in which the field at `path` is what `text` says."""
    name, *rest = path
    hints = get_type_hints(type(settings))
    if name not in hints:
        raise BadSettings(f"there is no setting {whole!r}: {name!r} is none of {', '.join(hints)}")
    value = getattr(settings, name)
    if dataclasses.is_dataclass(value):
        if not rest:
            fields = ", ".join(f"{name}.{field.name}" for field in dataclasses.fields(value))
            raise BadSettings(f"{whole} is a group of settings: name one of {fields}")
        return dataclasses.replace(settings, **{name: _with(value, rest, text, whole)})
    if rest:
        raise BadSettings(f"there is no setting {whole!r}: {name} has no parts")
    return dataclasses.replace(settings, **{name: _parsed(hints[name], text, whole)})


def _parsed(kind: Any, text: str, name: str) -> object:
    if kind is bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in words:
            raise BadSettings(f"{name} must be true or false, not {text!r}")
        return words[text.lower()]
    if kind is int:
        if not re.fullmatch(r"[+-]?\d[\d_]*", text):
            raise BadSettings(f"{name} must be a whole number, not {text!r}")
        if len(text) > 18:
            raise BadSettings(f"{name} must be a whole number of at most 18 digits, not {text!r:.40}")
        return int(text)
    if kind is float:
        try:
            value = float(text)
        except ValueError:
            raise BadSettings(f"{name} must be a number, not {text!r}") from None
        if value - value != 0.0:
            raise BadSettings(f"{name} must be a finite number, not {text!r}")
        return value
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        try:
            return kind(text.lower())
        except ValueError:
            choices = ", ".join(str(choice.value) for choice in kind)
            raise BadSettings(f"{name} must be one of {choices}, not {text!r}") from None
    if kind == Shares:
        return tuple(_share(part, name) for part in text.split(",") if part)
    assert kind is str, kind
    return text


def _share(text: str, name: str) -> tuple[Shape, float]:
    match = re.fullmatch(r"(\d{1,3})x(\d{1,3})(?::(\d*\.?\d+))?", text.strip())
    if match is None:
        raise BadSettings(f"{name} must be boards with their shares like 9x9:0.8,7x7:0.2, not {text!r}")
    return (int(match[1]), int(match[2])), float(match[3] or 1.0)


def _value(config: TrainConfig, name: str) -> Any:
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _numbers(settings: object, group: str = "") -> Iterator[tuple[str, float]]:
    """Return all settings that are no whole numbers, with their names."""
    for field in dataclasses.fields(settings):  # type: ignore[arg-type] # a dataclass
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            yield from _numbers(value, f"{group}{field.name}.")
        elif isinstance(value, float):
            yield f"{group}{field.name}", value


def _usable(value: float) -> bool:
    """Return whether float32, in which networks and searches count, leaves room for its products."""
    return value == 0.0 or SMALLEST <= abs(value) <= LARGEST


def _board(shape: Shape) -> str:
    return f"{shape[0]}x{shape[1]}"


def _require(holds: bool, name: str, condition: str, value: object) -> None:
    if not holds:
        raise BadSettings(f"{name} must be {condition}, not {value}")


_POSITIVE = (
    "steps",
    "network.channels",
    "search.considered",
    "search.children",
    "search.c_visit",
    "search.c_scale",
    "search.root_policy_temperature",
    "search.target_actions",
    "self_play.games",
    "self_play.full_search_share",
    "self_play.fast_considered",
    "self_play.plies_per_cycle",
    "self_play.temperature",
    "self_play.resign_turns",
    "replay.capacity_plies",
    "replay.window_exponent",
    "learner.batch_size",
    "learner.steps_per_cycle",
    "learner.unroll",
    "learner.learning_rate",
    "learner.clip_norm",
    "evaluation.games",
    "evaluation.simulations",
    "cluster.cores",
    "cluster.games",
    "cluster.delivery_seconds",
    "cluster.silence",
)
_NOT_NEGATIVE = (
    "seed",
    "duration",
    "checkpoint_seconds",
    "checkpoint_replay_mb",
    "network.representation_blocks",
    "network.dynamics_blocks",
    "search.depth",
    "self_play.workers",
    "self_play.temperature_plies",
    "self_play.opening_plies",
    "self_play.max_plies",
    "self_play.komi_spread",
    "replay.min_plies",
    "learner.final_learning_rate",
    "learner.shift",
    "returns.renewed_values",
    "replay.reanalyse_share",
    "learner.warmup_steps",
    "learner.weight_decay",
    "learner.policy_weight",
    "learner.value_weight",
    "learner.outcome_weight",
    "learner.consistency_weight",
    "learner.decoder_weight",
    "learner.ownership_weight",
    "learner.soft_policy_weight",
    "learner.short_value_weight",
    "evaluation.every_cycles",
    "evaluation.opening_plies",
    "evaluation.max_steps",
    "cluster.actors",
    "cluster.staleness",
)
_AT_MOST = {  # beyond which a mistake is likelier, and the run would end later or never begin
    "network.channels": MOST_CHANNELS,
    "network.representation_blocks": MOST_BLOCKS,
    "network.dynamics_blocks": MOST_BLOCKS,
    "search.target_actions": 20_000,
    "self_play.komi": 10_000,
    "self_play.komi_spread": 10_000,
    "self_play.opening_plies": 1000,
    "self_play.workers": 1000,
    "evaluation.opening_plies": 1000,
    "returns.renewed_values": 10_000,
    "replay.reanalyse_share": 10_000,
}
_SHARES = (
    "self_play.full_search_share",
    "self_play.no_resign_share",
    "self_play.branch_share",
    "self_play.random_share",
    "self_play.rare_share",
    "search.even_prior_share",
    "evaluation.random_share",
    "replay.policy_surprise_share",
    "replay.value_surprise_share",
    "learner.momentum",
    "learner.ema_decay",
    "learner.root_value_share",
)
