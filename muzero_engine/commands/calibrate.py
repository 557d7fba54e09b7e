"""`calibrate`: measures the levels of weights, which `--level`, UCI_Elo and the like then play at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from muzero_engine.commands.common.compose import own_value
from muzero_engine.commands.common.games import GAMES, GameName
from muzero_engine.commands.common.help import expert_option, help_all_option
from muzero_engine.commands.common.interrupts import INTERRUPTED, signals_as_ctrl_c
from muzero_engine.commands.common.numbers import EvenCount
from muzero_engine.commands.common.rating_flags import concurrency_flag, out_flag, weights_flag, without_flag
from muzero_engine.engine.options import EngineOptions
from muzero_engine.files import text_bytes, write_atomically
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import default_weights_dir, load_bundle, shipped_weights_dir
from muzero_engine.inference.levels import LevelTable
from muzero_engine.inference.manifest import MANIFEST, Manifest
from muzero_engine.match.ladder.calibration import (
    PATH,
    Blocks,
    Calibration,
    calibration_ladder,
    level_table,
    player_name,
    scale_of,
    settings_of,
)
from muzero_engine.match.ladder.ladder import BadLadder, LadderSettings, Openings, ladder_facts, ladder_openings
from muzero_engine.match.ladder.level_checks import CheckGames, LevelCheck, plan_checks
from muzero_engine.match.ladder.opponents import Ladder, installed, missing
from muzero_engine.match.ladder.report import manifest_of, require_writable_manifest
from muzero_engine.match.play.game import GamePlan
from muzero_engine.match.play.runner import NotStarted, Runner
from muzero_engine.match.records.store import GAMES as GAMES_FILE
from muzero_engine.match.records.store import Store
from muzero_engine.match.results.tables import stalled_lines
from muzero_engine.match.settings.match_settings import ClientKind, EngineSettings, client_kind, own_command
from muzero_engine.match.settings.time_control import TimeControl

OPENINGS = 100
ROUNDS = 3  # of checks, each with the table that those before have corrected
REPORT = "levels.md"  # the tables, in the folder of the games
LONGEST_MOVE = "movetime=30,margin=30"  # a level ends its search by itself long before


@click.command()
@click.option("--game", type=GameName(), required=True, help=GAMES)
@click.option(
    "--size",
    type=int,
    metavar="N",
    help="Lines of the board, where the game has several  [9, or the first that the weights know]",
)
@weights_flag
@out_flag("calibrations")
@click.option("--games", type=click.IntRange(min=2), metavar="N", default=100, help="Games of each setting  [100]")
@click.option(
    "--check",
    "check_games",
    type=EvenCount(),
    metavar="N",
    default=0,
    help="Then check four levels by N games each, an even number  [0]",
)
@concurrency_flag
@without_flag
@expert_option("--seed", type=click.IntRange(min=0), default=0, help="Of the openings  [0]")
@click.option(
    "--write/--no-write",
    default=None,
    help="Put the table into the weights' manifest  [write; no-write for the bundle that came along, "
    "and over levels of another board]",
)
@help_all_option
def calibrate(
    game: str,
    size: int | None,
    weights: Path | None,
    out: Path | None,
    games: int,
    check_games: int,
    concurrency: int,
    without: tuple[str, ...],
    seed: int,
    write: bool | None,
) -> None:
    """Measure the levels that weights can be played at.

    The engine plays at settings from nearly random moves to hundreds of simulations, against the opponents of its
    game's ladder and against itself. The table that comes out goes into the manifest of the weights, where --level,
    UCI_Elo and the like look it up; into that of the bundle that came along, and in the place of levels of another
    board, only with --write. The same command goes on with games that were interrupted.

    \b
    Examples:
      muzero-engine calibrate --game chess --concurrency 8 --check 60
      muzero-engine calibrate --game othello --weights my-weights --games 40
    """
    folder = weights or default_weights_dir(game)
    manifest = load_bundle(folder, load_game(game).spec).manifest
    ladder = calibration_ladder(game, _own_size(manifest) if size is None else size)
    opponents = {name: engine for name, engine in installed(ladder).items() if name not in without}
    if unknown := [name for name in without if name not in {one.name for one in ladder.opponents}]:
        raise BadLadder(f"there is no opponent {unknown[0]!r} on the ladder: `ladder --list` shows them all")
    for gone in missing(ladder, [*opponents, *without]):
        click.echo(f"not installed: {', '.join(gone.names)}\n  get them by: {gone.install}")
    if not opponents:
        raise BadLadder("no opponent is left: install one, or leave fewer out with --without")
    settings = LadderSettings(
        game=game, engine="levels", weights=manifest.networks_digest(), control=LONGEST_MOVE, seed=seed
    )
    other = _other_levels(manifest, scale_of(ladder))
    writes = folder.resolve() != shipped_weights_dir(game) and not other if write is None else write
    if writes:
        require_writable_manifest(folder)
    store = _open(out or Path("calibrations") / ladder.label.replace(" ", "-"), ladder, settings)
    click.echo(_destination(folder, writes, other))

    def check(name: str) -> None:
        if settings_of(name) is not None:
            manifest_of(folder, settings.weights)

    runner = Runner(_Engines(game, folder, opponents), ladder.game, concurrency=concurrency, check=check)
    checks: list[LevelCheck] = []
    try:
        with signals_as_ctrl_c():
            value = None if manifest.training.untrained else own_value(game, EngineOptions(weights=str(folder)))
            openings = ladder_openings(ladder, settings.seed, OPENINGS, value)
            calibration = Calibration(ladder, list(opponents), openings, store.records, games)
            _play(runner, calibration.block, store, lambda: calibration.progress)
            if check_games:
                checks = _check(ladder, store, runner, list(opponents), openings, check_games)
    except KeyboardInterrupt:
        click.echo("interrupted: the same command goes on")
        _report(ladder, store, checks)
        raise SystemExit(INTERRUPTED) from None
    table = _report(ladder, store, checks)
    if table is None:
        raise BadLadder("no two levels can be told apart: the weights play at random, or there are too few games")
    if writes:
        _put_levels(folder, table, settings.weights, replaced=write is True)
        click.echo(f"the levels are in the manifest of {folder}")
    else:
        click.echo(
            f"the levels are in {store.folder / REPORT}; the same command with --write puts them into the weights"
        )


def _own_size(manifest: Manifest) -> int | None:
    """Return the lines of the first square board of a network that does not know its game's first one, else None."""
    usual = load_game(manifest.game).spec.shapes[0]
    squares = [rows for rows, columns in manifest.shapes if rows == columns]
    return None if usual in manifest.shapes or not squares else squares[0]


def _other_levels(manifest: Manifest, scale: str) -> str:
    """Say which levels of another scale, or board, a manifest has: "" of none."""
    table = manifest.levels
    if table is None or table.scale == scale:
        return ""
    return f"its levels of {table.scale}, known to +-{table.doubt:.0f} on average"


def _destination(weights: Path, writes: bool, other: str) -> str:
    """Say before the first game where the levels will go; `other` as in `_other_levels`."""
    if writes:
        instead = f" in the place of {other}" if other else ""
        return f"the levels will go into the manifest of {weights}{instead} (--no-write: they will not)"
    kept = f", with {other}" if other else ""
    return f"the manifest of {weights} stays as it is{kept} (--write: the levels will go into it)"


def _report(ladder: Ladder, store: Store, checks: Sequence[LevelCheck]) -> LevelTable | None:
    """Print the table of the games so far and their checks, write both into the folder, and return the table."""
    table = level_table(ladder, store.records)
    texts = [] if table is None else [_table_text(table)]
    texts += [_check_text(checks)] if checks else []
    texts += stalled_lines(store.records)
    if texts:
        report = "\n\n".join(texts)
        click.echo(f"\n{report}\n")
        with store.writing():
            write_atomically(store.folder / REPORT, text_bytes(f"{report}\n"))
    return table


class _Engines(Mapping[str, EngineSettings]):
    """The players of a calibration by name, settings of the engine among them."""

    def __init__(self, game: str, weights: Path, opponents: Mapping[str, EngineSettings]) -> None:
        self._game = game
        self._weights = weights
        self._opponents = opponents

    def __getitem__(self, name: str) -> EngineSettings:
        settings = settings_of(name)
        if settings is None:
            return self._opponents[name]
        kind = client_kind(self._game)
        command = own_command(self._game, str(self._weights))
        control = "none" if kind is ClientKind.GTP else LONGEST_MOVE
        return EngineSettings(
            name=name,
            kind=kind,
            command=(*command, "--level-settings", settings.text()),
            control=TimeControl.parse(control),
        )

    def __iter__(self) -> Iterator[str]:
        return iter([*self._opponents, *map(player_name, PATH)])

    def __len__(self) -> int:
        return len(self._opponents) + len(PATH)


def _open(folder: Path, ladder: Ladder, settings: LadderSettings) -> Store:
    """Return the folder of the games, new or gone on with. Raises BadMatch."""
    facts = ladder_facts(ladder, settings)
    for name in ("concurrency", "threads"):
        del facts[name]  # simulations bound the engine, not time
    del facts["opponents"]  # each game names its own; a ladder may have got more since
    if (folder / GAMES_FILE).exists():
        return Store.resume(folder, settings.game, facts)
    return Store.create(folder, settings.game, f"levels of {ladder.label}", facts, results=(REPORT,))


def _play(
    runner: Runner,
    next_block: Callable[[Sequence[GamePlan]], list[GamePlan]],
    store: Store,
    progress: Callable[[], float],
) -> None:
    """Play the games that are missing, with a line for each. Raises BadLadder where an engine does not start."""
    began, at_first = time.monotonic(), progress()

    def on_game(record: GameRecord) -> bool:
        store.add(record)
        share = progress()
        gained = share - at_first
        left = (1.0 - share) * (time.monotonic() - began) / gained if gained > 0.0 else 0.0
        about = f", about {_duration(left)} left" if gained > 0.0 and share < 1.0 else ""
        click.echo(f"{share:.1%}{about}: {_result(record)}")
        return True

    try:
        runner.run(Blocks(next_block).plans(), on_game)
    except NotStarted as error:
        raise BadLadder(f"{error} (an opponent can be left out by --without)") from None


def _check(
    ladder: Ladder, store: Store, runner: Runner, available: Sequence[str], openings: Openings, wanted: int
) -> list[LevelCheck]:
    """Return the checks of levels after their games. One that fails is made anew with the table that it corrected."""
    on_path = set(map(player_name, PATH))
    known = [record for record in store.records if not _is_of_check(record, on_path)]
    done: dict[int, LevelCheck] = {}
    for number in range(1, ROUNDS + 1):
        planned = dict(enumerate(plan_checks(ladder, available, known)))
        checks = {i: check for i, check in planned.items() if number == 1 or not done[i].holds}
        games = CheckGames(list(checks.values()), openings, store.records, wanted)

        def progress(checks: Mapping[int, LevelCheck] = checks) -> float:
            counts = [min(check.played(store.records).games, wanted) for check in checks.values()]
            return sum(counts) / (wanted * len(checks)) if checks else 1.0

        _play(runner, games.block, store, progress)
        done |= {i: check.played(store.records) for i, check in checks.items()}
        met = [{player_name(check.settings), check.opponent.name} for check in checks.values()]
        known += [record for record in store.records if {record.first, record.second} in met and record not in known]
        if all(check.holds for check in done.values()):
            break
        click.echo(f"\n{_check_text(list(done.values()))}\n\nthese games correct what does not hold\n")
    return list(done.values())


def _is_of_check(record: GameRecord, on_path: set[str]) -> bool:
    """Return whether a game is one of a check: a setting that is not on the path took part."""
    return any(settings_of(name) is not None and name not in on_path for name in (record.first, record.second))


def _result(record: GameRecord) -> str:
    """Say how a game ended: "level 1,3,0.001 beat random: checkmate"."""
    if record.winner is None:
        return f"{record.first} drew with {record.second}: {record.reason}"
    winner, loser = (record.first, record.second) if record.winner == 0 else (record.second, record.first)
    return f"{winner} beat {loser}: {record.reason}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _table_text(table: LevelTable) -> str:
    """Write a table of levels for people, in Markdown."""
    rows = [("Elo", "+-", "games", "simulations", "temperature", "cut")]
    for level in table.levels:
        settings = level.settings
        counts = (f"{level.elo:.0f}", f"{level.error:.0f}", str(level.games), str(settings.simulations))
        rows.append((*counts, f"{settings.temperature:g}", f"{settings.cut:g}"))
    return f"Levels of {table.scale}.\n\n{_markdown(rows)}"


def _check_text(checks: Sequence[LevelCheck]) -> str:
    """Write what checks found out for people, in Markdown."""
    rows: list[tuple[str, ...]] = [("level", "settings", "opponent", "Elo", "games", "score", "expected", "")]
    for check in checks:
        score, opponent = check.score, check.opponent
        interval = f"[{max(score.low, 0.0):.0%}, {min(score.high, 1.0):.0%}]"
        level = (f"{check.elo:.0f}", check.settings.text(), opponent.name, f"{opponent.rating:.0f}", str(check.games))
        verdict = "holds" if check.holds else "does not hold"
        rows.append((*level, f"{score.value:.1%} {interval}", f"{check.expected:.1%}", verdict))
    return f"Levels as they were before the games of their checks, which are in the table:\n\n{_markdown(rows)}"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = ("|" + "|".join(row) + "|" for row in rows)
    return "\n".join([head, "|" + "-|" * len(rows[0]), *rest])


def _put_levels(folder: Path, table: LevelTable, network: str, *, replaced: bool) -> None:
    """Put levels into a bundle's manifest. Raises what `manifest_of` does, and BadLadder where those there are known
    better, or are of another scale and not to be `replaced`."""
    manifest = manifest_of(folder, network)
    old = manifest.levels
    if old is not None and old.scale == table.scale and old.doubt < table.doubt:
        raise BadLadder(
            f"the manifest of {folder} keeps its levels, which are known to +-{old.doubt:.0f} on average, and these to "
            f"+-{table.doubt:.0f}: play more games (--games)"
        )
    if not replaced and (other := _other_levels(manifest, table.scale)):
        raise BadLadder(f"the manifest of {folder} keeps {other}, which it has by now (--write: these replace them)")
    try:
        write_atomically(folder / MANIFEST, replace(manifest, levels=table).to_json().encode())
    except OSError as error:
        raise BadLadder(f"{folder / MANIFEST} cannot be written: {error.strerror}; copy the folder") from None
