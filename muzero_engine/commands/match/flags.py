"""What the flags of `match` mean: settings, engines, openings, the folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from muzero_engine.commands.common.compose import own_value
from muzero_engine.commands.common.machine import machine_line
from muzero_engine.commands.common.positions import BadSetup, say_warnings, start_position
from muzero_engine.engine.options import EngineOptions
from muzero_engine.files import expanded, folder_name, new_folder
from muzero_engine.games.base import BadPosition
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import WEIGHTS_VARIABLE, default_weights_dir, read_manifest
from muzero_engine.inference.manifest import MANIFEST, BadWeights
from muzero_engine.match.play.game import GamePlan, initial_position
from muzero_engine.match.play.openings import Opening, random_openings, read_openings
from muzero_engine.match.play.runner import Runner
from muzero_engine.match.records.store import Store, engine_facts, game_facts, refuse_games, writing_to
from muzero_engine.match.results.page import PICTURES
from muzero_engine.match.results.statistics import EloModel, Sprt
from muzero_engine.match.results.summary import SUMMARY
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
    own_command,
)

MOST_ELO = 10_000  # of an anchor, from 0
IDENTITIES, MACHINE, NETWORKS = "identities", "machine", "networks"  # what a match's folder calls them
LEVEL_WORDS = ("level", "elo", "skill")  # in the flags and options that need measured levels
PAGE = "report.html"  # in it


@dataclass(frozen=True, kw_only=True)
class Flags:
    """The command's options as they were given."""

    game: str
    engine_texts: tuple[str, ...]
    engines_file: Path | None
    tc: str | None
    match_format: str
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
            format=MatchFormat(self.match_format),
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
        return with_numbers([entry.settings(self.game, limit, idle=self.resume) for entry in entries])

    def openings(self, settings: MatchSettings) -> list[Opening]:
        """Return the openings, from the file or at random. Raises BadOpenings, BadMatch."""
        found, cap = self._openings(settings), self.max_plies
        for opening in [] if self.resume else found:  # it went on in matches of before
            if cap is not None and len(opening.moves) >= cap:
                raise BadMatch(
                    f"--max-plies {cap} leaves nothing to play behind {opening.name}, an opening of "
                    f"{len(opening.moves)} plies: allow more, or shorten it by --opening-plies or --random-plies"
                )
        return found

    def _openings(self, settings: MatchSettings) -> list[Opening]:
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
                rating = float(elo)
                if not abs(rating) <= MOST_ELO:
                    raise ValueError
            except ValueError:
                raise BadMatch(f"--anchor {text!a:.60}: write NAME=ELO, at most {MOST_ELO:,}") from None
            if name not in names:
                raise BadMatch(f"--anchor {text!a:.60}: the engines are {', '.join(names)}")
            if name in held:
                raise BadMatch(f"--anchor {text!a:.60}: {name} has another one already")
            held[name] = rating
        return held

    def created(self, settings: MatchSettings, runner: Runner, networks: Mapping[str, str]) -> Store:
        """Return a new folder, once all engines have been started: a mistyped one leaves none. Raises BadMatch."""
        if self.out is not None:
            refuse_games(self.out)
            if (self.out / MANIFEST).exists():
                raise BadMatch(f"{self.out} holds a bundle of weights: choose another folder")
        names = [engine.name for engine in settings.engines]
        runner.start(names)
        place = Path("matches")
        with writing_to(place):
            folder = self.out or new_folder(place, self.game)
        event = f"muzero-engine match: {' - '.join(names[:4])}"
        seen = {IDENTITIES: dict(runner.identities), MACHINE: machine_line(), NETWORKS: dict(networks)}
        return Store.create(folder, self.game, event, match_facts(settings) | seen, results=(SUMMARY, PAGE, *PICTURES))

    def resumed(
        self, settings: MatchSettings, plans: Sequence[GamePlan], runner: Runner, networks: Mapping[str, str]
    ) -> Store:
        """Return the folder that is gone on with; the engines are started where games are left. Raises BadMatch."""
        if self.out is None:
            raise BadMatch("--resume needs the folder of the match: --out FOLDER")
        store = Store.resume(self.out, self.game, match_facts(settings))
        before = store.facts.get(NETWORKS, {})  # which older matches do not tell
        for name, network in networks.items():
            if before.get(name, network) != network:
                raise BadMatch(
                    f"{name} has another network, or other levels, by now than in the games in {self.out}: choose "
                    "another folder"
                )
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
        if len(store.records) < len(plans):
            runner.start([engine.name for engine in settings.engines])
            named = store.facts.get(IDENTITIES, {})
            for name, identity in runner.identities.items():
                if named.get(name, identity) != identity:
                    raise BadMatch(
                        f"{name} calls itself {identity!a:.60}, and {named[name]!a:.60} in the games in {self.out}: "
                        "choose another folder"
                    )
        return store


def networks_of(settings: MatchSettings) -> dict[str, str]:
    """Return what `_network_of` does by engine, of those whose networks can be read."""
    found = {}
    for engine in settings.engines:
        with suppress(BadWeights):
            if (network := _network_of(engine, settings.game.game)) is not None:
                found[engine.name] = network
    return found


def refuse_other_network(settings: MatchSettings, networks: Mapping[str, str], name: str) -> None:
    """Raise BadMatch where an engine that is started has not its network of the beginning (`networks_of`)."""
    engine = next(engine for engine in settings.engines if engine.name == name)
    try:
        if name not in networks or _network_of(engine, settings.game.game) == networks[name]:
            return
        found = f"{name} has another network, or other levels, by now"
    except BadWeights as error:
        found = f"{name} has lost its network: {error}"
    raise BadMatch(f"{found}; games that are over are kept: with the network of the beginning --resume goes on")


def _network_of(engine: EngineSettings, game: str) -> str | None:
    """Return the digest of the network that an engine is told to play with; of one that plays at a level with that of
    the measured levels. None of an engine that names none, and is not ours. Raises BadWeights."""
    if (folder := _weights_of(engine, game)) is None:
        return None
    manifest = read_manifest(folder)
    flags = [word.partition("=")[0] for word in engine.command if word.startswith("--")]
    names = " ".join([*flags, *(name for name, _ in engine.options)]).lower()
    if not any(word in names for word in LEVEL_WORDS):
        return manifest.networks_digest()
    return f"{manifest.networks_digest()} {hashlib.sha256(repr(manifest.levels).encode()).hexdigest()[:16]}"


def _weights_of(engine: EngineSettings, game: str) -> Path | None:
    """Return the folder of weights that an engine plays with, by its options, its flags and its environment; None of
    one that names none, and is not ours."""
    own = own_command(game)
    given = []
    for flag, following in pairwise((*engine.command, "")):
        name, equals, value = flag.partition("=")
        if name == "--weights" and (folder := value if equals else following):
            given.append(folder)
    given += [value for name, value in engine.options if name.lower() in ("weightsfile", "weights")]
    if given:
        return Path(engine.directory or ".") / expanded(given[-1])
    places = dict(engine.environment).get(WEIGHTS_VARIABLE)
    if places is not None:
        return Path(engine.directory or ".") / places / folder_name(game)
    return default_weights_dir(game) if engine.command[: len(own)] == own else None


def match_facts(settings: MatchSettings) -> dict[str, Any]:
    """Return what tells one match from another."""
    return {
        "engines": [engine_facts(engine) for engine in settings.engines],
        "rules": game_facts(settings.game),
        "format": settings.format.value,
        "seed": settings.seed,
    }
