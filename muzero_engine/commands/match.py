"""`match`: engines against each other, with the openings, the records and the tables that go with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from muzero_engine import __version__
from muzero_engine.commands.common.compose import own_value
from muzero_engine.commands.common.games import GAMES, GameName
from muzero_engine.commands.common.help import expert_option, help_all_option
from muzero_engine.commands.common.interrupts import sigterm_as_ctrl_c
from muzero_engine.commands.common.machine import machine_line
from muzero_engine.commands.common.numbers import FiniteNumber
from muzero_engine.commands.common.positions import BadSetup, say_warnings, start_position
from muzero_engine.commands.common.training import install_command
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.base import BadPosition
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.match.play.game import GamePlan, initial_position
from muzero_engine.match.play.openings import Opening, random_openings, read_openings
from muzero_engine.match.play.runner import Runner
from muzero_engine.match.play.schedule import schedule
from muzero_engine.match.records.moves import move_count
from muzero_engine.match.records.store import Store, engine_facts, game_facts, refuse_games, writing_to
from muzero_engine.match.records.verify import verify
from muzero_engine.match.results.page import SCORES, Played, write_page, write_pictures
from muzero_engine.match.results.pictures import PicturesUnavailable
from muzero_engine.match.results.standings import Standings, make_standings
from muzero_engine.match.results.statistics import EloModel, HeadToHead, Sprt, SprtDecision
from muzero_engine.match.results.summary import write_summary
from muzero_engine.match.results.tables import cross_table, match_line, rating_table
from muzero_engine.match.settings.engine_text import parse_engine, read_engines, with_numbers
from muzero_engine.match.settings.match_settings import (
    Adjudication,
    BadMatch,
    EngineSettings,
    GameSettings,
    MatchFormat,
    MatchSettings,
    Patience,
    Scoring,
)

IDENTITIES, MACHINE = "identities", "machine"  # what a match's folder calls them


def _verify(context: click.Context, _option: click.Parameter, folder: Path | None) -> None:
    """Check a folder, in the place of the command; exit with 1 if something is wrong."""
    if folder is None:
        return
    verification = verify(folder)
    click.echo(f"{folder}: {verification.summary()}")
    for line, text in verification.problems:
        click.echo(f"  line {line}: {text}" if line else f"  {text}")
    context.exit(1 if verification.problems else 0)


@click.command()
@click.option("--game", type=GameName(), required=True, help=GAMES)
@click.option("--engine", "-e", "engine_texts", multiple=True, metavar="TEXT", help="An engine; two or more")
@click.option("--engines", "engines_file", type=click.Path(path_type=Path), metavar="FILE", help="TOML file of engines")
@click.option("--tc", metavar="TEXT", help="60+0.6, 40/60, movetime=0.5, nodes=800 ...")
@click.option(
    "--format",
    "form",
    type=click.Choice([it.value for it in MatchFormat]),
    metavar="FORMAT",
    default=MatchFormat.ROUND_ROBIN.value,
    help="round-robin, or gauntlet: the first against all others",
)
@click.option(
    "--pairs", type=click.IntRange(min=1), metavar="N", default=10, help="Openings of any two, each twice  [10]"
)
@click.option("--concurrency", type=click.IntRange(1, 1024), metavar="N", default=1, help="Games at the same time  [1]")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="Folder  [matches/GAME-DATE-TIME]"
)
@click.option("--resume", is_flag=True, help="Go on with the match of --out")
@click.option(
    "--openings",
    "openings_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File of games or positions",
)
@expert_option("--opening-plies", type=click.IntRange(min=1), help="Moves of an opening at most")
@expert_option("--random-plies", type=click.IntRange(min=0), help="Without a file: random moves  [the game's own]")
@expert_option("--balance", type=FiniteNumber(0.0, 1.0), help="Random openings that our value calls so even only")
@expert_option("--seed", type=click.IntRange(min=0), default=0, help="Of openings and their order  [0]")
@click.option("--size", type=click.IntRange(2, 19), metavar="N", help="Lines of the board  [9]")
@click.option("--komi", type=FiniteNumber(), metavar="N", help="Komi, where the game has it  [7.5]")
@expert_option(
    "--scoring",
    type=click.Choice([it.value for it in Scoring]),
    default=Scoring.TROMP_TAYLOR.value,
    help="How a board is counted, where it is",
)
@expert_option("--win-score", type=FiniteNumber(min=0.0), default=1000.0, help="Adjudicate wins: centipawns  [1000]")
@expert_option("--win-moves", type=click.IntRange(min=0), default=0, help="... for so many moves of both  [0: never]")
@expert_option("--draw-score", type=FiniteNumber(min=0.0), default=8.0, help="Adjudicate draws: centipawns  [8]")
@expert_option("--draw-moves", type=click.IntRange(min=0), default=0, help="... for so many moves of both  [0: never]")
@expert_option("--draw-after", type=click.IntRange(min=0), default=40, help="... not before this move  [40]")
@expert_option("--max-plies", type=click.IntRange(min=1), help="Cap on a game  [the game's own]")
@expert_option("--patience", type=FiniteNumber(min=0.1), default=60.0, help="Seconds to get ready in  [60]")
@click.option(
    "--sprt", "sprt_bounds", nargs=2, type=FiniteNumber(), metavar="ELO0 ELO1", help="Stop when this test is decided"
)
@expert_option(
    "--sprt-error",
    type=FiniteNumber(0.0, 0.5, min_open=True, max_open=True),
    default=0.05,
    help="Its alpha and beta  [0.05]",
)
@expert_option(
    "--sprt-model",
    type=click.Choice([it.value for it in EloModel]),
    default=EloModel.NORMALISED.value,
    help="Unit of its bounds  [normalised]",
)
@expert_option("--anchor", "anchors", multiple=True, metavar="NAME=ELO", help="Hold a rating  [the first engine at 0]")
@expert_option("--every", type=click.IntRange(min=0), default=10, help="Games between two tables; 0: none  [10]")
@click.option("--quiet", "-q", is_flag=True, help="Tables only, no line for each game")
@click.option(
    "--verify",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_verify,
    metavar="FOLDER",
    help="Only check the games of a folder",
)
@help_all_option
def match(**arguments: Any) -> None:
    """Let engines play each other, and rate them.

    An engine is a command line, a name from the file of --engines, `muzero` or `random`. Settings come before it, as in
    "name=A tc=60+0.6 option.Threads=1 weights=FOLDER muzero". Every opening is played twice, with sides exchanged. The
    folder holds all games, what they say about strength (report.html), and what --resume needs.

    \b
    Examples:
      muzero-engine match --game chess -e muzero -e stockfish --tc 10+0.1
      muzero-engine match --game go -e "weights=new muzero" -e muzero --pairs 50
    """
    flags = Flags(**arguments)
    settings = flags.match_settings()
    sprt = flags.sprt(settings)
    anchors = flags.held_ratings(settings)
    plans = list(schedule(settings, flags.openings(settings)))
    engines = {engine.name: engine for engine in settings.engines}
    with closing(Runner(engines, settings.game, concurrency=settings.concurrency)) as runner:
        store = flags.resumed(settings, plans) if flags.resume else flags.created(settings, runner)
        MatchRun(settings, runner, store, plans, sprt, anchors, every=flags.every, quiet=flags.quiet).play()


@dataclass(frozen=True, kw_only=True)
class Flags:
    """The command's options as they were given."""

    game: str
    engine_texts: tuple[str, ...]
    engines_file: Path | None
    tc: str | None
    form: str
    pairs: int
    concurrency: int
    out: Path | None
    resume: bool
    openings_file: Path | None
    opening_plies: int | None
    random_plies: int | None
    balance: float | None
    seed: int
    size: int | None
    komi: float | None
    scoring: str
    win_score: float
    win_moves: int
    draw_score: float
    draw_moves: int
    draw_after: int
    max_plies: int | None
    patience: float
    sprt_bounds: tuple[float, float] | None
    sprt_error: float
    sprt_model: str
    anchors: tuple[str, ...]
    every: int
    quiet: bool

    def match_settings(self) -> MatchSettings:
        """Return the settings that the options make. Raises BadMatch."""
        try:
            start_position(self.game, self.size, self.komi)
        except (BadSetup, BadPosition) as error:
            raise BadMatch(str(error)) from None
        return MatchSettings(
            engines=self._engines(),
            game=GameSettings(
                game=self.game,
                shape=None if self.size is None else (self.size, self.size),
                komi=self.komi,
                scoring=Scoring(self.scoring),
                adjudication=Adjudication(
                    win_score=self.win_score,
                    win_moves=self.win_moves,
                    draw_score=self.draw_score,
                    draw_moves=self.draw_moves,
                    draw_after=self.draw_after,
                ),
                max_plies=self.max_plies,
                patience=Patience(start_s=self.patience),
            ),
            format=MatchFormat(self.form),
            pairs=self.pairs,
            concurrency=self.concurrency,
            seed=self.seed,
        )

    def _engines(self) -> tuple[EngineSettings, ...]:
        named = {} if self.engines_file is None else read_engines(self.engines_file)
        entries = [parse_engine(text, named) for text in self.engine_texts] or list(named.values())
        if not entries:
            raise BadMatch("there are no engines: name two or more with --engine, or a file with --engines")
        limit = self.tc or load_game(self.game).defaults.time_control
        return with_numbers([entry.settings(self.game, limit) for entry in entries])

    def openings(self, settings: MatchSettings) -> list[Opening]:
        """Return the openings, from the file or at random. Raises BadOpenings."""
        game = load_game(self.game)
        initial = initial_position(game, settings.game)
        if self.openings_file is not None:
            if self.random_plies is not None or self.balance is not None:
                raise BadMatch("--random-plies and --balance are for openings without a file")
            return read_openings(
                self.openings_file,
                game,
                initial,
                count=self.pairs,
                plies=self.opening_plies,
                seed=self.seed,
                warn=lambda warning: say_warnings([warning]),
            )
        plies = game.defaults.opening_plies if self.random_plies is None else self.random_plies
        if plies == 0:
            return [Opening("start")]
        value = None if self.balance is None else own_value(self.game, EngineOptions())
        return random_openings(
            initial, self.pairs, plies=plies, seed=self.seed, value=value, balance=self.balance or 0.0
        )

    def sprt(self, settings: MatchSettings) -> Sprt | None:
        """Return the test that stops the match, if there is one. Raises BadMatch or BadTest."""
        if self.sprt_bounds is None:
            return None
        if len(settings.engines) != 2:
            raise BadMatch("--sprt is for two engines")
        elo0, elo1 = self.sprt_bounds
        return Sprt(elo0=elo0, elo1=elo1, alpha=self.sprt_error, beta=self.sprt_error, model=EloModel(self.sprt_model))

    def held_ratings(self, settings: MatchSettings) -> dict[str, float]:
        """Return the ratings that are held. Raises BadMatch."""
        names = [engine.name for engine in settings.engines]
        held = {}
        for text in self.anchors:
            name, _, elo = text.rpartition("=")
            try:
                held[name] = float(elo)
                if not math.isfinite(held[name]):
                    raise ValueError
            except ValueError:
                raise BadMatch(f"--anchor {text!a:.60}: write NAME=ELO") from None
            if name not in names:
                raise BadMatch(f"--anchor {text!a:.60}: the engines are {', '.join(names)}")
        return held

    def created(self, settings: MatchSettings, runner: Runner) -> Store:
        """Return a new folder, once all engines have been started: a mistyped one leaves none. Raises BadMatch."""
        folder = self.out or Path("matches") / f"{self.game}-{datetime.now():%Y%m%d-%H%M%S}"
        refuse_games(folder)
        names = [engine.name for engine in settings.engines]
        runner.start(names)
        event = f"muzero-engine match: {' - '.join(names[:4])}"
        seen = {IDENTITIES: dict(runner.identities), MACHINE: machine_line()}
        return Store.create(folder, self.game, event, match_facts(settings) | seen)

    def resumed(self, settings: MatchSettings, plans: Sequence[GamePlan]) -> Store:
        """Return the folder that is gone on with. Raises BadMatch."""
        if self.out is None:
            raise BadMatch("--resume needs the folder of the match: --out FOLDER")
        store = Store.resume(self.out, self.game, match_facts(settings))
        planned = {(plan.pair, plan.game): plan for plan in plans}
        for record in store.records:
            plan = planned.get((record.pair, record.game))
            if plan is None:
                raise BadMatch(
                    f"{self.out} holds a game of pair {record.pair}, which is beyond --pairs {self.pairs}: ask for more"
                )
            if (plan.first, plan.second, tuple(plan.opening.moves)) != (
                record.first,
                record.second,
                record.opening_moves,
            ):
                raise BadMatch(
                    f"the games in {self.out} have other openings or pairings than these settings give: go on with "
                    "the old ones, or choose another folder"
                )
        return store


def match_facts(settings: MatchSettings) -> dict[str, Any]:
    """Return what tells one match from another."""
    return {
        "engines": [engine_facts(engine) for engine in settings.engines],
        "rules": game_facts(settings.game),
        "format": settings.format.value,
        "seed": settings.seed,
    }


class MatchRun:
    """Plays the games that are missing and shows how it stands."""

    def __init__(
        self,
        settings: MatchSettings,
        runner: Runner,
        store: Store,
        plans: Sequence[GamePlan],
        sprt: Sprt | None,
        anchors: dict[str, float],
        *,
        every: int,
        quiet: bool,
    ) -> None:
        self._settings = settings
        self._runner = runner
        self._store = store
        self._plans = plans
        self._sprt = sprt
        self._anchors = anchors
        self._every = every
        self._quiet = quiet
        self._names = [engine.name for engine in settings.engines]

    def play(self) -> None:
        """Play until the end, or until Ctrl-C or SIGTERM, and write the reports."""
        store = self._store
        played = store.played()
        missing = [plan for plan in self._plans if (plan.pair, plan.game) not in played]
        done = f"{len(store.records)} of {len(self._plans)} games are played. " if store.records else ""
        click.echo(f"{done}{len(missing)} games to play, into {store.folder}")
        finished = False
        with sigterm_as_ctrl_c():
            try:
                if not self._decided():
                    self._runner.run(missing, self._take)
                finished = True
            except KeyboardInterrupt:
                click.echo("stopped; the same command with --resume goes on")
        with writing_to(store.folder):
            self._report(finished=finished)
        if not finished:
            raise SystemExit(130)

    def _take(self, record: GameRecord) -> bool:
        """Keep a game and show it; return whether to go on."""
        self._store.add(record)
        count = len(self._store.records)
        if not self._quiet:
            click.echo(
                f"{count}/{len(self._plans)}: {record.first} - {record.second} {SCORES[record.points]} "
                f"({record.reason}; {move_count(record)} moves, {record.duration_s:.1f} s)"
            )
        if self._every and count % self._every == 0:
            click.echo(self._standing())
        return not self._decided()

    def _decided(self) -> bool:
        return self._sprt is not None and self._sprt.state(self._results()).decision is not SprtDecision.OPEN

    def _results(self) -> HeadToHead:
        return HeadToHead.of(self._store.records, self._names[0], self._names[1])

    def _standings(self) -> Standings:
        return make_standings(self._store.records, self._names, self._anchors)

    def _standing(self) -> str:
        """Write the table that is shown on the way."""
        if len(self._names) == 2:
            return match_line(self._names[0], self._names[1], self._results(), self._sprt)
        return rating_table(self._standings())

    def _report(self, *, finished: bool) -> None:
        records, folder = self._store.records, self._store.folder
        if not records:
            return
        standings = self._standings()
        title = f"{self._settings.game.game}: {', '.join(self._names)}"
        click.echo(f"\n{rating_table(standings)}\n\n{cross_table(standings)}")
        if len(self._names) == 2:
            click.echo(f"\n{self._standing()}")
        write_summary(
            folder,
            records,
            standings,
            facts=match_facts(self._settings),
            finished=finished,
            sprt=self._sprt,
        )
        played = Played(
            event=self._store.event,
            records=records,
            engines=self._settings.engines,
            identities=self._store.facts.get(IDENTITIES, {}),
        )
        write_page(standings, title, self._facts(finished), folder / "report.html", played=played, sprt=self._sprt)
        click.echo(f"\ngames and reports: {folder}")
        try:
            write_pictures(standings, title, folder)
        except PicturesUnavailable as error:
            click.echo(f"{error}: {install_command('pictures')}")

    def _facts(self, finished: bool) -> list[tuple[str, str]]:
        records = self._store.records
        limits = {str(engine.control) for engine in self._settings.engines}
        each = [f"{engine.name} {engine.control}" for engine in self._settings.engines]
        return [
            ("games", f"{len(records)} of {len(self._plans)}" + ("" if finished else ", interrupted")),
            ("time control", ", ".join(each) if len(limits) > 1 else limits.pop()),
            ("format", self._settings.format.value),
            ("seed", str(self._settings.seed)),
            ("last game", records[-1].started),
            ("machine", str(self._store.facts.get(MACHINE) or "not known")),
            ("runner", f"muzero-engine {__version__}"),
        ]
