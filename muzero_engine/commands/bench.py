"""`bench`: how fast this machine plays. The same positions, nodes and seed every time, so that runs compare.

For each game the network is measured at several batch sizes; then every position is searched for a fixed number of
simulations at the best of them, and an endless search is stopped a few times. Of an environment the first steps of an
episode are searched.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import asdict, dataclass, replace

import click

from muzero_engine.commands.common.collector import no_full_collections
from muzero_engine.commands.common.compose import load_model, think_whole, weights_line
from muzero_engine.commands.common.environment_bench import EnvironmentReport, measure_environment
from muzero_engine.commands.common.environments import environment_weights
from muzero_engine.commands.common.flags import (
    OF_CHOICES,
    OF_CLOCKS,
    OF_GAMES,
    OF_RESIGNATIONS,
    OF_SESSIONS,
    engine_flags,
)
from muzero_engine.commands.common.games import GameName
from muzero_engine.commands.common.machine import machine, peak_memory_mb, versions
from muzero_engine.commands.common.texts import FilledText
from muzero_engine.commands.common.timed_model import TimedModel
from muzero_engine.engine.batches import TUNING_S
from muzero_engine.engine.control import Finish
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchResult
from muzero_engine.files import expanded
from muzero_engine.games.base import Game, Position
from muzero_engine.games.registry import BUILT_IN, UnknownGame, game_names, load_game
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import BadWeights
from muzero_engine.inference.tuning import Measurement, tune

DEFAULT_NODES = 2000
SEED = 1
STOPS = 5
BEFORE_STOP = 0.2  # seconds of search before each stop


@dataclass(frozen=True, slots=True)
class PositionReport:
    """One searched position. `outside_network` is the share of the time that was not the network's."""

    position: str
    move: str
    nodes: int
    seconds: float
    nodes_per_second: float
    outside_network: float


@dataclass(frozen=True, slots=True)
class GameReport:
    """One game's figures. Shares are of the search time; latencies are of `stop`, in milliseconds."""

    game: str
    weights: str
    threads: int  # of the network
    batch: int
    batches: tuple[Measurement, ...]
    positions: tuple[PositionReport, ...]
    nodes_per_second: float
    outside_network: float
    stop_ms_median: float
    stop_ms_max: float


@click.command()
@click.option("--game", "games", type=GameName(), multiple=True, help="Only this game (again for more)")
@click.option(
    "--env",
    "environment_ids",
    type=FilledText(),
    metavar="ID",
    multiple=True,
    help="This environment, with what comes along",
)
@click.option(
    "--nodes", type=click.IntRange(min=1), metavar="N", default=DEFAULT_NODES, help=f"Simulations  [{DEFAULT_NODES}]"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text")
@engine_flags(leave_out=OF_GAMES | OF_RESIGNATIONS | OF_SESSIONS | OF_CLOCKS | OF_CHOICES | {"multipv"}, seed=SEED)
def bench(
    games: tuple[str, ...], environment_ids: tuple[str, ...], nodes: int, as_json: bool, options: EngineOptions
) -> None:
    """Measure the speed of network and search on fixed positions.

    \b
    Examples:
      muzero-engine bench --game chess --threads 2
      muzero-engine bench --env MinAtar/Breakout-v1 --nodes 50
    """
    environments = _environments(games, environment_ids, nodes, options)
    for environment in environments:
        if not as_json:
            click.echo("\n".join(environment.lines()) + "\n")
    reports = []
    for game in games or ([] if environments else game_names()):
        try:
            report = measure(game, nodes, options)
        except (BadWeights, UnknownGame) as error:
            if games or game in BUILT_IN:
                raise
            click.echo(f"{game} is left out: {error}", err=True)  # of another package
            continue
        reports.append(report)
        if not as_json:
            click.echo("\n".join(_lines(report)) + "\n")
    memory = peak_memory_mb()
    if as_json:
        document = {
            "versions": versions(),
            "machine": machine(),
            "options": asdict(options),
            "nodes": nodes,
            "games": [asdict(report) for report in reports],
            "environments": [asdict(report) for report in environments],
            "peak_memory_mb": memory,
        }
        click.echo(json.dumps(document, indent=2))
    elif memory is not None:
        click.echo(f"peak memory {memory:.0f} MB")


def _environments(
    games: tuple[str, ...], environment_ids: tuple[str, ...], nodes: int, options: EngineOptions
) -> list[EnvironmentReport]:
    """Return the bench of these environments, or of that which the weights of the options are for.

    Raises UsageError where both are named, BadWeights, BadEnvironment or BackendUnavailable.
    """
    if environment_ids and options.weights:
        raise click.UsageError("--weights says which environment: leave --env out")
    folders = [environment_weights(environment_id) for environment_id in environment_ids]
    if options.weights and not games and read_manifest(expanded(options.weights)).environment is not None:
        folders = [expanded(options.weights)]
    return [measure_environment(folder, nodes, options) for folder in folders]


def bench_positions(game: Game) -> list[Position]:
    """Return what is searched: what the game declares, else its start."""
    texts = game.defaults.bench_positions
    return [game.from_text(text) for text in texts] or [game.initial(game.spec.shapes[0])]


def measure(game: str, nodes: int, options: EngineOptions) -> GameReport:
    """Run the bench of one game. Raises BadWeights or BackendUnavailable."""
    no_full_collections()  # as in every command that plays
    model = load_model(game, options)
    positions = bench_positions(load_game(game))
    tuning = tune(model, positions[0].shape, seconds=TUNING_S)
    timed = TimedModel(model)
    batch = options.minibatch_size or tuning.batch
    engine = Engine(lambda _options: timed, replace(options, minibatch_size=batch))
    try:
        for position in positions:  # the first search on a board allocates
            think_whole(engine, position, Limits(nodes=batch))
        reports = tuple(_search(engine, timed, position, nodes) for position in positions)
        stops = [_stop_ms(engine, positions[0]) for _ in range(STOPS)]
    finally:
        engine.close()
    seconds = sum(report.seconds for report in reports)
    return GameReport(
        game=game,
        weights=weights_line(game, options),
        threads=model.threads,
        batch=batch,
        batches=tuning.table,
        positions=reports,
        nodes_per_second=sum(report.nodes for report in reports) / seconds,
        outside_network=sum(report.outside_network * report.seconds for report in reports) / seconds,
        stop_ms_median=statistics.median(stops),
        stop_ms_max=max(stops),
    )


def _search(engine: Engine, model: TimedModel, position: Position, nodes: int) -> PositionReport:
    before = model.seconds
    start = time.perf_counter()
    result = think_whole(engine, position, Limits(nodes=nodes))
    seconds = time.perf_counter() - start
    assert result.action is not None
    return PositionReport(
        position=position.text(),
        move=position.action_text(result.action),
        nodes=result.info.nodes,
        seconds=seconds,
        nodes_per_second=result.info.nodes / seconds,
        outside_network=1.0 - (model.seconds - before) / seconds,
    )


def _stop_ms(engine: Engine, position: Position) -> float:
    """Return the milliseconds from `stop` to the result, in the middle of an endless search."""
    done = Finish()

    def on_done(_result: SearchResult) -> None:
        done.set()

    engine.go(position, Limits(infinite=True), on_info=lambda _info: None, on_done=on_done)
    time.sleep(BEFORE_STOP)
    start = time.perf_counter()
    engine.stop()
    done.wait()
    return 1000.0 * (time.perf_counter() - start)


def _lines(report: GameReport) -> list[str]:
    lines = [report.weights, "  batch   ms/batch   evaluations/s"]
    lines += [
        f"  {row.batch:5}   {1000.0 * row.latency:8.2f}   {row.evaluations_per_second:13.0f}" for row in report.batches
    ]
    lines.append(f"  nodes/s   outside network   move      position (batch {report.batch}, threads {report.threads})")
    lines += [
        f"  {row.nodes_per_second:7.0f}   {100.0 * row.outside_network:14.1f}%   {row.move:7}   {row.position}"
        for row in report.positions
    ]
    lines.append(f"  {report.nodes_per_second:7.0f}   {100.0 * report.outside_network:14.1f}%   all")
    lines.append(f"  stop: {report.stop_ms_median:.1f} ms (median of {STOPS}), {report.stop_ms_max:.1f} ms at most")
    return lines
