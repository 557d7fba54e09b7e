"""`ladder --rungs`: games between the rungs of a ladder, from which their ratings come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from muzero_engine.commands.common.compose import own_value
from muzero_engine.commands.common.interrupts import signals_as_ctrl_c
from muzero_engine.commands.common.machine import machine
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.record import GameRecord
from muzero_engine.inference.bundle import default_weights_dir
from muzero_engine.match.ladder.ladder import BadLadder, ladder_openings
from muzero_engine.match.ladder.opponents import Ladder, Opponent, engine_of
from muzero_engine.match.ladder.placing import rung_games, rung_ratings
from muzero_engine.match.ladder.report import manifest_of
from muzero_engine.match.ladder.rung_games import RungGames, Step, counted, own_players, steps
from muzero_engine.match.ladder.rungs import Rungs, read_rungs, rungs_file, shipped_rungs, start_text, write_rungs
from muzero_engine.match.play.runner import NotStarted, Runner
from muzero_engine.match.records.store import GAMES, Store, game_facts, writing_to
from muzero_engine.match.results.tables import aligned, stalled_lines
from muzero_engine.ratings import Results, fit_ratings

PROCESSOR = "processor"  # what a folder of games calls it
RUNGS = "rungs.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RungsRequest:
    """What is to be played."""

    games: int  # between the two of each step
    concurrency: int
    seed: int
    without: tuple[str, ...]
    out: Path
    digest: str  # of the network that came along
    balanced: bool  # openings: whether that network judges them
    write_rungs: bool  # into the package


def play_rungs(ladder: Ladder, request: RungsRequest) -> bool:
    """Play the games that are missing between the rungs that are installed; return False at Ctrl-C."""
    game = ladder.game.game
    own = own_players(ladder, request.digest)
    everybody = [*ladder.opponents, *own]
    engines = {one.name: engine_of(one, game) for one in everybody if one.name not in request.without}
    present = {name: engine for name, engine in engines.items() if engine is not None}
    met = steps([one for one in everybody if one.name in present])
    if not met:
        raise BadLadder("two rungs or more are needed: install some of those above")
    store = _open(ladder, everybody, request)
    click.echo(f"{request.games} games of each step, into {store.folder}")

    def check(name: str) -> None:
        if name in {one.name for one in own}:
            manifest_of(default_weights_dir(game), request.digest)

    runner = Runner(present, ladder.game, concurrency=request.concurrency, check=check)

    def on_game(record: GameRecord) -> bool:
        store.add(record)
        click.echo(_progress(record, store.records, met, request.games))
        return True

    done = True
    try:
        with signals_as_ctrl_c():
            value = own_value(game, EngineOptions()) if request.balanced else None
            openings = ladder_openings(ladder, request.seed, request.games // 2 + 1, value)
            runner.run(RungGames(met, store.records, openings, request.games).plans(), on_game)
    except NotStarted as error:
        raise BadLadder(f"{error} (an opponent can be left out by --without)") from None
    except KeyboardInterrupt:
        done = False
    _report(ladder, store, runner, request)
    return done


def _open(ladder: Ladder, everybody: Sequence[Opponent], request: RungsRequest) -> Store:
    facts = {
        "rungs": ladder.label,
        "board": game_facts(ladder.game),
        "seed": request.seed,
        "plies": ladder.opening_plies,
        "weights": request.digest,
        "players": {one.name: start_text(one) for one in everybody},
    }
    if (request.out / GAMES).exists():
        return Store.resume(request.out, ladder.game.game, facts)
    here = str(machine()["cpu"])
    event = f"rungs of {ladder.label}"
    return Store.create(request.out, ladder.game.game, event, facts | {PROCESSOR: here}, results=(RUNGS,))


def _progress(record: GameRecord, games: Sequence[GameRecord], met: Sequence[Step], wanted: int) -> str:
    names = {record.first, record.second}
    between = sum({game.first, game.second} == names for game in games)
    result = "drew with" if record.winner is None else "beat" if record.winner == 0 else "lost to"
    done = f"{len(games)}/{wanted * len(met)} games"
    return f"{done}: {record.first} {result} {record.second} ({between} of theirs): {record.reason}"


def _report(ladder: Ladder, store: Store, runner: Runner, request: RungsRequest) -> None:
    """Print what was counted, and write it into the folder, and into the package if that is asked for."""
    if not store.records:
        return
    rungs = count_folder(ladder, store, runner.identities)
    with store.writing():
        write_rungs(store.folder / RUNGS, rungs)
    texts = [_steps(rungs), ratings_table(ladder, rungs), *stalled_lines(store.records)]
    texts.append(f"games and counts ({RUNGS}) are in {store.folder}")
    click.echo("".join(f"\n{text}\n" for text in texts).rstrip("\n"))
    if request.write_rungs:
        package = rungs_file(ladder)
        with writing_to(package.parent):
            write_rungs(package, shipped_rungs(ladder.label).merged(rungs))
        click.echo(f"the ladder goes by them from now on: {package}")


def count_folder(ladder: Ladder, store: Store, versions: Mapping[str, str] | None = None) -> Rungs:
    """Return what the games of a folder came to.

    `versions` says what programs called themselves; where it does not, the folder's own counts of an earlier call do.
    """
    path = store.folder / RUNGS
    before = read_rungs(path) if path.exists() else Rungs()
    board = f" --size {ladder.game.shape[0]}" if ladder.game.shape else ""
    told = {name: player.version for name, player in before.players.items()} | dict(versions or {})
    return counted(
        store.records,
        store.facts["players"],
        told,
        seed=store.facts["seed"],
        machine=str(store.facts.get(PROCESSOR)),
        command=f"muzero-engine ladder --game {ladder.game.game}{board} --rungs --seed {store.facts['seed']}",
    )


def _steps(rungs: Rungs) -> str:
    """Write what each two scored, and how far apart that puts them."""
    rows: list[tuple[str, ...]] = [("upper", "lower", "games", "won", "drawn", "lost", "Elo", "+-")]
    for match in rungs.matches:
        result = Results(match.upper, match.lower, match.wins, match.draws, match.losses, moved_first=False)
        step = fit_ratings([result], {match.lower: 0.0}).players[match.upper]
        counts = (match.games, match.wins, match.draws, match.losses, f"{step.elo:.0f}", f"{step.error:.0f}")
        rows.append((match.upper, match.lower, *map(str, counts)))
    return "\n".join(aligned(rows))


def ratings_table(ladder: Ladder, rungs: Rungs | None = None) -> str:
    """Write the rating of each rung, by these results or those that came along, and by the table."""
    fit = rung_ratings(ladder, rungs)
    games = rung_games(ladder, rungs)
    by_table = {opponent.name: opponent.rating for opponent in ladder.opponents}
    rows = [("Elo", "rung", "+-", "games", "table")]
    for name, rating in sorted(fit.players.items(), key=lambda entry: -entry[1].elo):
        told = f"{by_table[name]:.0f}" if name in by_table else ""
        rows.append((f"{rating.elo:.0f}", name, f"{rating.error:.0f}", str(games.get(name, 0)), told))
    return f"Elo: {ladder.scale}\n\n" + "\n".join(aligned(rows))
