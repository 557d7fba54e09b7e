"""`ladder`: how strong the weights are, by games against opponents of known strength."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from muzero_engine.commands.common.compose import own_value
from muzero_engine.commands.common.flags import command_flags, is_written
from muzero_engine.commands.common.help import expert_option, help_all_option
from muzero_engine.commands.common.interrupts import INTERRUPTED, signals_as_ctrl_c
from muzero_engine.commands.common.machine import machine
from muzero_engine.commands.common.numbers import FiniteNumber
from muzero_engine.commands.common.rating_flags import concurrency_flag, out_flag, weights_flag, without_flag
from muzero_engine.commands.ladder.rungs import RungsRequest, play_rungs
from muzero_engine.engine.options import EngineOptions
from muzero_engine.figures import PicturesUnavailable
from muzero_engine.files import text_bytes, write_atomically
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import default_weights_dir, load_bundle
from muzero_engine.inference.manifest import Manifest
from muzero_engine.installing import install_command
from muzero_engine.match.ladder.ladder import BadLadder, Climb, LadderSettings, ladder_facts, ladder_openings
from muzero_engine.match.ladder.opponents import LADDERS, Ladder, installed, ladder_of, missing
from muzero_engine.match.ladder.placing import rung_games, rung_ratings
from muzero_engine.match.ladder.refit import refit as refit_manifest
from muzero_engine.match.ladder.report import (
    ladder_standings,
    manifest_of,
    manifest_ratings,
    markdown_report,
    progress_line,
    put_ratings,
    require_writable_manifest,
    text_report,
)
from muzero_engine.match.ladder.rung_games import own_players
from muzero_engine.match.play.runner import NotStarted, Runner
from muzero_engine.match.records.store import GAMES, Store
from muzero_engine.match.results.page import PICTURES, Played, write_page, write_pictures
from muzero_engine.match.results.tables import aligned
from muzero_engine.match.settings.match_settings import (
    ClientKind,
    EngineSettings,
    check_engine,
    client_kind,
    own_command,
)
from muzero_engine.match.settings.time_control import TimeControl

ENGINE = "muzero"
LONG_MOVE = "3600"  # seconds: its number of simulations ends a search before
PROCESSOR = "processor"  # what a ladder's folder calls it
TABLE, PAGE = "ladder.md", "ladder.html"  # in it
BESIDE = {  # flags that say what is done -> those that have an effect then
    "only_list": (),
    "refit": ("weights", "write_manifest"),
    "rungs": ("out", "games", "concurrency", "seed", "without", "write_rungs", "weights"),  # the last is refused there
}


@click.command()
@click.option("--game", type=click.Choice(list(LADDERS)), help="Whose ladder; --list without it shows all")
@click.option("--size", type=int, metavar="N", help="Lines of the board: 9, 13 or 19  [9]")
@weights_flag
@out_flag("ladders")
@click.option("--games", type=click.IntRange(min=2), metavar="N", default=200, help="Games in all  [200]")
@click.option("--control", default="movetime=0.5", help="Time control of the engine  [movetime=0.5]")
@expert_option("--threads", type=click.IntRange(min=1), default=1, help="Of the engine  [1]")
@concurrency_flag
@expert_option("--seed", type=int, default=0, help="Of the openings  [0]")
@expert_option("--start", type=FiniteNumber(), help="A rating to begin at")
@without_flag
@click.option("--rungs", is_flag=True, help="Let the opponents play each other, --games a step")
@expert_option("--write-rungs", is_flag=True, help="Put the counts of --rungs into the package")
@expert_option("--refit", is_flag=True, help="Play nothing: rate by the results in the manifest")
@click.option("--list", "only_list", is_flag=True, help="Only show the opponents")
@click.option("--write-manifest", is_flag=True, help="Put the rating into the weights' manifest")
@help_all_option
def ladder(
    game: str | None,
    size: int | None,
    weights: Path | None,
    out: Path | None,
    games: int,
    control: str,
    threads: int,
    concurrency: int,
    seed: int,
    start: float | None,
    without: tuple[str, ...],
    rungs: bool,
    write_rungs: bool,
    refit: bool,
    only_list: bool,
    write_manifest: bool,
) -> None:
    """Rate weights by games against opponents of known strength.

    Opponents near the rating are chosen while games are played. The same command goes on with a ladder that was
    interrupted, or plays more games where --games says so.

    \b
    Examples:
      muzero-engine ladder --game chess --list
      muzero-engine ladder --game go --size 9 --weights my-weights --games 100
    """
    _refuse_flags_without_effect()
    if game is None:
        if not only_list or size is not None:
            raise BadLadder(f"a ladder needs --game: one of {', '.join(LADDERS)}")
        _list_all()
        return
    ladder = ladder_of(game, size)
    opponents = installed(ladder)
    if only_list:
        _list(ladder, opponents)
        return
    _tell_missing(ladder, opponents)
    if rungs and weights is not None:
        raise BadLadder("among the rungs the network that came along plays: leave --weights out, or --rungs")
    folder = weights or default_weights_dir(game)
    manifest = load_bundle(folder, load_game(game).spec).manifest  # with all its files, before anything is played
    if refit:
        _refit(ladder, folder, manifest, write_manifest)
        return
    where = Path("ladders") / ladder.label.replace(" ", "-")
    own = own_players(ladder, manifest.networks_digest()) if rungs else []
    if unknown := [name for name in without if name not in {one.name for one in (*ladder.opponents, *own)}]:
        raise BadLadder(f"there is no opponent {unknown[0]!r} on the ladder: --list shows them all")
    if rungs:
        request = RungsRequest(
            games=games,
            concurrency=concurrency,
            seed=seed,
            without=without,
            out=out or where.with_name(f"{where.name}-rungs"),
            digest=manifest.networks_digest(),
            balanced=not manifest.training.untrained,
            write_rungs=write_rungs,
        )
        if not play_rungs(ladder, request):
            raise _interrupted()
        return
    settings = LadderSettings(
        game=game,
        engine=ENGINE,
        weights=manifest.networks_digest(),
        control=str(TimeControl.parse(control)),
        threads=threads,
        concurrency=concurrency,
        seed=seed,
        games=games,
    )
    engines = {ENGINE: _engine(settings, folder), **opponents}

    def check(name: str) -> None:
        if name == ENGINE:
            manifest_of(folder, settings.weights)

    runner = Runner(engines, ladder.game, concurrency=concurrency, check=check)
    if write_manifest:
        require_writable_manifest(folder)
    store = _open(out or where, ladder, settings)
    click.echo(store.to_play(max(0, games - len(store.records))))
    try:
        with signals_as_ctrl_c():
            value = None if manifest.training.untrained else own_value(game, EngineOptions(weights=str(folder)))
            openings = ladder_openings(ladder, seed, games // 2 + 10, value)
            available = [name for name in opponents if name not in without]
            climb = Climb(ladder, settings, available, openings, store.records, start)
            _play(ladder, settings, climb, runner, store)
            done = True
    except KeyboardInterrupt:
        done = False
    if store.records:
        with store.writing():
            _report(ladder, settings, store, Played(engines=list(engines.values()), identities=runner.identities))
    if not done:
        raise _interrupted()
    if write_manifest:
        put_ratings(
            folder, ladder, manifest_ratings(ladder, settings, store.records, _processor(store)), settings.weights
        )
        click.echo(f"the rating is in the manifest of {folder}")


def _refuse_flags_without_effect() -> None:
    """Refuse flags that would be dropped in silence beside one that says what is done."""
    context, flags = click.get_current_context(), command_flags()
    written = [name for name in flags if is_written(name)]
    for done in (name for name in BESIDE if context.params[name]):
        for name in written:
            if name not in (done, "game", "size", *BESIDE[done]):
                raise click.UsageError(f"{flags[name]} has no effect beside {flags[done]}: leave it out")
    if "write_rungs" in written and not context.params["rungs"]:
        raise click.UsageError("--write-rungs has an effect only with --rungs")


def _refit(ladder: Ladder, folder: Path, manifest: Manifest, write_manifest: bool) -> None:
    anew = refit_manifest(ladder, manifest)
    whole = anew.ratings[0]
    error = f"+-{whole.error:.0f} on the scale ({ladder.scale}), +-{anew.placing.own_error:.0f} within its opponents"
    click.echo(f"{ladder.label}: {whole.elo:.0f} {error}; {whole.games} games\n\n{anew.table}")
    if write_manifest:
        put_ratings(folder, ladder, anew.ratings, manifest.networks_digest(), replaced=True)
        click.echo(f"\nthe rating is in the manifest of {folder}")


def _interrupted() -> SystemExit:
    click.echo("interrupted: the same command goes on")
    return SystemExit(INTERRUPTED)


def _play(ladder: Ladder, settings: LadderSettings, climb: Climb, runner: Runner, store: Store) -> None:
    """Play the games that are missing. Raises BadLadder where an engine does not start."""

    def on_game(record: GameRecord) -> bool:
        store.add(record)
        click.echo(f"{progress_line(ladder, settings, store.records)}; {_result(record)}")
        return True

    try:
        while not climb.done:
            runner.run(climb.plans(), on_game)
    except NotStarted as error:
        hint = "" if error.engine == ENGINE else " (an opponent can be left out by --without)"
        raise BadLadder(f"{error}{hint}") from None


def _engine(settings: LadderSettings, weights: Path) -> EngineSettings:
    """Return how the weights play. Raises BadMatch where the protocol cannot say this control."""
    command = own_command(settings.game, str(weights), settings.threads)
    control = TimeControl.parse(settings.control)
    if client_kind(settings.game) is ClientKind.GTP and control.nodes is not None:  # which the command line says
        command = (*command, "--visits", str(control.nodes), "--move-time", LONG_MOVE)
        control = replace(control, nodes=None)
    engine = EngineSettings(name=settings.engine, kind=client_kind(settings.game), command=command, control=control)
    check_engine(engine, settings.game)
    return engine


def _open(folder: Path, ladder: Ladder, settings: LadderSettings) -> Store:
    facts, here = ladder_facts(ladder, settings), str(machine()["cpu"])
    if not (folder / GAMES).exists():
        event, results = f"ladder of {ladder.label}", (TABLE, PAGE, *PICTURES)
        return Store.create(folder, settings.game, event, facts | {PROCESSOR: here}, results=results)
    store = Store.resume(folder, settings.game, facts)
    if len(store.records) < settings.games and (other := _processor(store)) != here:
        raise BadLadder(
            f"the games in {folder} were played on another processor ({other}; this is {here}), where the same time is "
            "worth something else: go on there, or choose another folder by --out"
        )
    return store


def _processor(store: Store) -> str:
    """Return the processor that the games were begun on; this one where the folder does not say."""
    return str(store.facts.get(PROCESSOR) or machine()["cpu"])


def _result(record: GameRecord) -> str:
    """Say how a game ended for the engine: "beat gnugo level 1: resignation"."""
    own = 0 if record.first == ENGINE else 1
    opponent = record.second if own == 0 else record.first
    result = "drew with" if record.winner is None else "beat" if record.winner == own else "lost to"
    return f"{result} {opponent}: {record.reason}"


def _report(ladder: Ladder, settings: LadderSettings, store: Store, played: Played) -> None:
    """Print the tables, and write them, a page and pictures into the folder. `played` has the engines."""
    games = store.records
    click.echo()
    click.echo(text_report(ladder, settings, games))
    markdown = markdown_report(ladder, settings, games)
    click.echo(f"\nFor a README:\n\n{markdown}")
    write_atomically(store.folder / TABLE, text_bytes(markdown))
    standings = ladder_standings(ladder, settings, games)
    title = f"Ladder of {ladder.label}"
    facts = [
        ("Scale", ladder.scale),
        ("Engine", f"{settings.text()}; weights {settings.weights}"),
        ("Openings", f"{ladder.opening_plies} random plies, seed {settings.seed}"),
        ("Machine", _processor(store)),
    ]
    met = {record.first for record in games} | {record.second for record in games}
    engines = [engine for engine in played.engines if engine.name in met]
    played = replace(played, event=store.event, records=games, engines=engines)
    write_page(standings, title, facts, store.folder / PAGE, played=played)
    try:
        write_pictures(standings, title, store.folder)
    except PicturesUnavailable as error:
        click.echo(f"{error}: {install_command('pictures')}")
    click.echo(f"games, tables and pictures are in {store.folder}")


def _list_all() -> None:
    for number, name in enumerate(LADDERS):
        click.echo(f"{chr(10) if number else ''}{name}\n")
        _list(ladder_of(name), installed(ladder_of(name)))


def _list(ladder: Ladder, opponents: dict[str, EngineSettings]) -> None:
    ratings = rung_ratings(ladder)
    games = rung_games(ladder)
    rows: list[tuple[str, ...]] = [("Elo", "opponent", "+-", "games", "limit", "")]
    for one in sorted(ladder.opponents, key=lambda one: ratings.elo(one.name)):
        rating = ratings.players[one.name]
        note = "fixed" if one.fixed else "missing" if one.name not in opponents else ""
        counted = str(games.get(one.name, "supposed"))
        rows.append((f"{rating.elo:.0f}", one.name, f"{rating.error:.0f}", counted, one.control, note))
    click.echo(f"Elo: {ladder.scale}")
    click.echo("+-: 95%, on that scale; games: those with other rungs, from which it comes (--rungs)\n")
    click.echo("\n".join(aligned(rows)))
    named = {one.name for one in ladder.opponents}
    if others := [(name, rating) for name, rating in ratings.players.items() if name not in named]:
        click.echo("\nNot met; they join the rungs:")
        for name, rating in sorted(others, key=lambda entry: entry[1].elo):
            click.echo(f"  {name}: {rating.elo:.0f} +-{rating.error:.0f} ({games[name]} games)")
    _tell_missing(ladder, opponents)


def _tell_missing(ladder: Ladder, opponents: dict[str, EngineSettings]) -> None:
    for gone in missing(ladder, opponents):
        click.echo(f"not installed: {', '.join(gone.names)}\n  get them by: {gone.install}")
