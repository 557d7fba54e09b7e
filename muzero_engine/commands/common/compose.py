"""Putting the parts together: weights -> network -> engine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from muzero_engine import __version__
from muzero_engine.commands.common.collector import give_back_memory, no_full_collections
from muzero_engine.engine.control import Finish
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.engine.strength import Levels, ranks_of
from muzero_engine.files import expanded
from muzero_engine.games.base import Position, Shape
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import WEIGHTS_VARIABLE, Bundle, default_weights_dir, load_bundle, read_manifest
from muzero_engine.inference.manifest import BadWeights
from muzero_engine.inference.session import Backend, OnnxModel, Precision
from muzero_engine.inference.tuning import tune
from muzero_engine.model import Model

NAME = "MuZero Engine"
AUTHOR = "the muzero-engine authors"
INFO_INTERVAL_MS = 250.0


def weights_folder(game: str, options: EngineOptions) -> Path:
    """Return the bundle that the options ask for."""
    return expanded(options.weights) if options.weights else default_weights_dir(game)


def load_model(game: str, options: EngineOptions) -> OnnxModel:
    """Return the network of a game. Raises BadWeights or BackendUnavailable."""
    return _model(_bundle(game, options), options)


def _bundle(game: str, options: EngineOptions) -> Bundle:
    folder = weights_folder(game, options)
    if not (options.weights or os.path.lexists(folder)):
        why = (
            f"where {WEIGHTS_VARIABLE} says" if os.environ.get(WEIGHTS_VARIABLE) else f"and none for {game} come along"
        )
        raise BadWeights(
            f"there are no weights in {folder}, {why}: name a bundle's folder (--weights; WeightsFile in a GUI), or "
            f"put one there; muzero-engine train --game {game} makes one"
        )
    return load_bundle(folder, load_game(game).spec)


def _model(bundle: Bundle, options: EngineOptions) -> OnnxModel:
    return OnnxModel(
        bundle,
        backend=Backend(options.backend),
        precision=Precision(options.precision),
        threads=options.threads,
    )


class GameWeights:
    """Where an engine has its networks and their levels from.

    The bundle of the last network is kept: whatever becomes of its folder, it can be loaded again in another way, and
    its levels are those that are played.
    """

    def __init__(self, game: str) -> None:
        self._game = game
        self._last: Bundle | None = None

    def load(self, options: EngineOptions) -> Model:
        """Return `load_model`, as the engine takes it: whatever was loaded before is gone by now."""
        give_back_memory()
        try:
            bundle = _bundle(self._game, options)
        except BadWeights:
            if (kept := self._kept(options)) is None:
                raise
            bundle = kept
        model = _model(bundle, options)
        self._last = bundle
        return model

    def levels(self, options: EngineOptions) -> Levels:
        """Return the levels of the weights that the options ask for."""
        if (kept := self._kept(options)) is None:
            return levels(self._game, options)
        table = kept.manifest.levels
        return Levels(table, ranks_of(load_game(self._game).defaults.ranks, table))

    def _kept(self, options: EngineOptions) -> Bundle | None:
        last = self._last
        return last if last is not None and last.folder == weights_folder(self._game, options) else None


def level_line(game: str, options: EngineOptions, limits: Limits, board: Shape) -> str | None:
    """Return a sentence on the level that the options ask for, as far as these limits let it be played on this board;
    None for full strength."""
    known = levels(game, options)
    if (settings := known.settings(options)) is None:
        return None
    if options.level_settings or known.table is None:
        return f"The engine plays with simulations, temperature and cut of {options.level_settings}."
    elo = f"{known.text(known.rating(options))} ({known.table.scale})"
    count = settings.simulations
    if (elsewhere := known.measured_elsewhere(board)) is not None:
        return f"The engine plays as for {elo}, but {elsewhere}."
    if limits.nodes is not None and limits.nodes < count:
        return (
            f"The engine plays weaker than {elo}: that is {count} simulations a move, and --nodes has {limits.nodes}."
        )
    if limits.move_time_ms is not None and count > 1:
        return f"The engine plays at {elo}, or weaker where {count} simulations take longer than --time."
    return f"The engine plays at {elo}."


def own_value(game: str, options: EngineOptions) -> Callable[[Position], float]:
    """Return the value of a position for its mover in [-1, 1], as the network sees it without a search.

    Raises BadWeights or BackendUnavailable.
    """
    model = load_model(game, options)
    return lambda position: float(model.initial_inference(observation(position)[None]).value[0])


def tune_batch(model: Model, shape: Shape, seconds: float, due: Callable[[], bool]) -> int:
    """Return how many leaves the model evaluates at once on this machine; takes so many seconds, or until `due`."""
    assert isinstance(model, OnnxModel)
    return tune(model, shape, seconds=seconds, due=due).batch


def make_engine(game: str, options: EngineOptions) -> Engine:
    """Return an engine for a game, whose network is loaded when it is first needed. From now on this process makes no
    full garbage collections (see `collector`). Raises BadOption for a level that the weights do not have."""
    no_full_collections()
    weights = GameWeights(game)
    engine = Engine(weights.load, options, tune_batch, game, weights.levels)
    engine.check(options)  # refused at once, not in a game
    return engine


def levels(game: str, options: EngineOptions) -> Levels:
    """Return the levels that were measured of the weights that the options ask for; reads the manifest only."""
    folder, loaded = weights_folder(game, options), load_game(game)
    ranks = loaded.defaults.ranks
    try:
        manifest = read_manifest(folder)
        manifest.check_game(loaded.spec, str(folder))
        return Levels(manifest.levels, ranks_of(ranks, manifest.levels))
    except BadWeights as error:
        return Levels(None, ranks, str(error))


def engine_version(game: str, options: EngineOptions) -> str:
    """Return the version for greetings, with the state of the weights where that matters: "0.1.0 (untrained)"."""
    try:
        untrained = read_manifest(weights_folder(game, options)).training.untrained
    except BadWeights:
        return f"{__version__} (no weights)"
    return f"{__version__} (untrained)" if untrained else __version__


def weights_line(game: str, options: EngineOptions) -> str:
    """Return one line on the weights that the options ask for, or on why there are none; reads the manifest only."""
    try:
        return read_manifest(weights_folder(game, options)).summary()
    except BadWeights as error:
        return str(error)


def think(
    engine: Engine,
    position: Position,
    limits: Limits,
    *,
    on_info: Callable[[SearchInfo], None] | None = None,
    wait: Callable[[Finish], object] = Finish.wait,
) -> SearchResult:
    """Search, and `wait` for the end; Ctrl-C ends the search early. Raises BadWeights without a model.

    `on_info` gets the reports on the way, several a second, in the search's thread.
    """
    return _searched(engine, position, limits, on_info, wait)[0]


def think_whole(engine: Engine, position: Position, limits: Limits) -> SearchResult:
    """Search to the end of the limits. Raises BadWeights without a model, and KeyboardInterrupt at Ctrl-C."""
    result, interrupted = _searched(engine, position, limits, None, Finish.wait)
    if interrupted:
        raise KeyboardInterrupt
    return result


def _searched(
    engine: Engine,
    position: Position,
    limits: Limits,
    on_info: Callable[[SearchInfo], None] | None,
    wait: Callable[[Finish], object],
) -> tuple[SearchResult, bool]:
    """Return what a search found, and whether Ctrl-C ended it."""
    results: list[SearchResult] = []
    done = Finish()
    interrupted = False

    def on_done(result: SearchResult) -> None:
        results.append(result)
        done.set()

    interval = None if on_info is None else INFO_INTERVAL_MS
    engine.go(position, limits, on_info=on_info or _ignore, on_done=on_done, info_interval_ms=interval)
    try:
        wait(done)
    except KeyboardInterrupt:
        interrupted = True
        engine.stop()
    done.wait()
    if engine.error is not None:
        raise BadWeights(engine.error)
    return results[0], interrupted


def _ignore(_info: SearchInfo) -> None:
    """Drop a report on the way: nobody reads it."""
