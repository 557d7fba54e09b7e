"""Settings that would do nothing in a run, so that nobody sets them in vain. No torch is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from muzero_engine.environments.base import ObservationKind
from muzero_engine.environments.registry import environment_spec, looked_at
from muzero_engine.games.base import WithKomi
from muzero_engine.games.registry import load_game
from muzero_engine.training.config import Optimiser, TrainConfig
from muzero_engine.training.settings_text import BadSettings


def refuse_idle(config: TrainConfig, names: Iterable[str], *, in_cluster: bool) -> None:
    """Raise BadSettings for a setting (`learner.momentum`) that was named and has no effect in a run with this
    configuration; `in_cluster` where actors on other machines play. Raises BadEnvironment."""
    for name in names:
        if reason := _why_idle(config, name, in_cluster=in_cluster):
            raise BadSettings(f"{name} has no effect {reason}: leave it out")


def _why_idle(config: TrainConfig, name: str, *, in_cluster: bool) -> str:
    if config.learns_environment:
        if name in _OF_BOARDS:
            instead = f" (there {_INSTEAD[name]})" if name in _INSTEAD else ""
            return f"where an environment is learnt{instead}"
        if name in _OF_IMAGES and environment_spec(config.environment).kind is not ObservationKind.IMAGE:
            return "where what is seen is no image"
        if name == _LIVES and config.environment.life_ends and not looked_at(config.environment).tells_lives:
            return "where an episode begins without lives"
    elif name in _OF_ENVIRONMENTS:
        return "where a game is learnt"
    else:
        game = load_game(config.game)
        if name in _OF_KOMI and not isinstance(game.initial(game.spec.shapes[0]), WithKomi):
            return f"in {config.game}, which has no komi"
        if name == _OWNERSHIP and not game.spec.ownership:
            return f"in {config.game}, where no points are owned"
    if name.startswith("cluster.") and not in_cluster:
        return "without --cluster"
    if name in _NEEDS:
        needed, is_so = _NEEDS[name]
        return "" if is_so(config) else f"without {needed}"
    return ""


_SHIFT, _LIVES = "learner.shift", "environment.life_ends"
_OF_IMAGES = frozenset({_SHIFT, "environment.size", "environment.grey"})
_OWNERSHIP = "learner.ownership_weight"
_OF_KOMI = frozenset({"self_play.komi", "self_play.komi_spread"})
_OF_BOARDS = frozenset(
    {
        "self_play.full_search_share",
        "self_play.fast_simulations",
        "self_play.fast_considered",
        "self_play.branch_share",
        "self_play.rare_share",
        "self_play.opening_plies",
        "self_play.decisive_moves",
        "self_play.resign_value",
        "self_play.resign_turns",
        "self_play.no_resign_share",
        "self_play.max_plies",
        "self_play.shapes",
        *_OF_KOMI,
        "learner.root_value_share",
        "learner.short_value_weight",
        "learner.symmetries",
        _OWNERSHIP,
        "evaluation.opening_plies",
        "evaluation.against_scripted",
    }
)
_INSTEAD = {
    "self_play.max_plies": "environment.max_steps bounds an episode",
    "self_play.opening_plies": "environment.no_ops begins differently",
    "learner.root_value_share": "returns.n_step says when the value takes over",
}
_OF_ENVIRONMENTS = frozenset(
    {
        "self_play.random_share",
        "search.min_range",
        "evaluation.max_steps",
        "evaluation.random_share",
        _SHIFT,
    }
)
_FAST = ("self_play.full_search_share below 1", lambda config: config.self_play.full_search_share < 1.0)
_RESIGNS = ("a self_play.resign_value above -1", lambda config: config.self_play.resign_value > -1.0)
_NEEDS: dict[str, tuple[str, Callable[[TrainConfig], bool]]] = {  # what a setting needs, and whether it is so
    "learner.momentum": ("learner.optimiser=sgd", lambda config: config.learner.optimiser is Optimiser.SGD),
    "self_play.temperature": ("self_play.temperature_plies", lambda config: config.self_play.temperature_plies > 0),
    "self_play.fast_simulations": _FAST,
    "self_play.fast_considered": _FAST,
    "self_play.resign_turns": _RESIGNS,
    "self_play.no_resign_share": _RESIGNS,
}
