"""Play two search configurations against each other in one program: the same simulations, the same model.

    python scripts/lab/compare searches --game chess --nodes 200 --pairs 100 "" "root_policy=puct"
    python scripts/lab/compare searches --game go --weights weights/go --nodes 800 "" "c1=2.0"
    python scripts/lab/compare searches --game chess --weights weights/chess "exact=policy+value+ends" ""
    python scripts/lab/compare searches --game chess --weights weights/chess "precision=fp32" ""

Each opening (random legal plies) is played twice, sides changed; the Elo difference comes with its 95% interval from
the pairs. Without `--weights` the model is one with perfect dynamics and a material value (chess and shogi), so that
search parameters can be compared before there are weights. Long games are judged by the model's value.

`exact=` lets a network's tree cheat, to find out what its learnt dynamics cost: `policy` and `value` are then those of
h at the true positions instead of g's, and `ends` are told by the rules, as is which moves are legal. `precision=` is
that of the network, `int8` or `fp32`.
"""

from __future__ import annotations

import functools
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, fields, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from lab.common.commands import parser_of
from lab.compare.exact_model import PARTS, ExactModel
from lab.compare.rules_model import PIECE_VALUES, MaterialModel

from muzero_engine.arrays import Floats, Ints
from muzero_engine.games.base import Position
from muzero_engine.games.encoding import observation
from muzero_engine.games.registry import game_names, load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.session import Backend, OnnxModel, Precision
from muzero_engine.match.results.statistics import HeadToHead, estimate
from muzero_engine.match.results.tables import interval_text
from muzero_engine.model import InitialOutput, RecurrentOutput
from muzero_engine.search.config import SearchConfig
from muzero_engine.search.search import Search

MAX_PLIES = 160


class Watched:
    """A network; it needs to be told nothing."""

    def __init__(self, model: OnnxModel) -> None:
        self._model = model

    @property
    def latent_levels(self) -> int:
        return self._model.latent_levels

    def watch(self, position: Position) -> None:
        """Follow the root of a search, where the model plays by the rules."""

    def initial_inference(self, observation: Floats) -> InitialOutput:
        return self._model.initial_inference(observation)

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        return self._model.recurrent_inference(latent, action)


Guide = MaterialModel | Watched | ExactModel


@functools.cache
def network(weights: Path, game: str, precision: Precision) -> OnnxModel:
    """Return that of this process."""
    return OnnxModel(load_bundle(weights, load_game(game).spec), backend=Backend.CPU, precision=precision)


@dataclass(frozen=True, slots=True)
class Player:
    """How one side searches."""

    config: SearchConfig
    exact: frozenset[str] = frozenset()  # of PARTS
    precision: Precision = Precision.AUTO


def parse_player(text: str) -> Player:
    """Return what is written as `name=value,name=value`."""
    player = Player(SearchConfig())
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name == "exact":
            exact = frozenset(value.split("+"))
            if not exact <= set(PARTS):
                raise SystemExit(f"exact may be {'+'.join(PARTS)} or some of them, not {value!r}")
            player = replace(player, exact=exact)
            continue
        if name == "precision":
            if value not in (known := [precision.value for precision in Precision]):
                raise SystemExit(f"precision may be {', '.join(known)}, not {value!r}")
            player = replace(player, precision=Precision(value))
            continue
        if name not in {f.name for f in fields(SearchConfig)}:
            raise SystemExit(f"no search parameter {name!r}")
        kind = type(getattr(player.config, name))
        change: dict[str, Any] = {name: value == "true" if kind is bool else kind(value)}
        player = replace(player, config=replace(player.config, **change))
    return player


def choose(position: Position, model: Guide, config: SearchConfig, nodes: int) -> int:
    """Return the action that a search of that many simulations plays."""
    model.watch(position)
    search = Search(model, config)
    search.start(observation(position), position.legal_actions(), position.ending_actions())
    while search.simulations < nodes:
        search.step(nodes - search.simulations)
    return search.root_moves()[0].action


def play(opening: Position, sides: list[tuple[Guide, SearchConfig]], judge: Guide, nodes: int) -> float:
    """Play a game and return the score (0, 0.5, 1) of sides[0], which moves for player 0."""
    position = opening.copy()
    while (outcome := position.outcome()) is None:
        if position.ply >= MAX_PLIES:
            judge.watch(position)
            value = float(judge.initial_inference(observation(position)[None]).value[0])
            value = value if position.mover == 0 else -value
            return 0.5 if abs(value) < 0.3 else float(value > 0)
        model, config = sides[position.mover]
        position.push(choose(position, model, config, nodes))
    return (outcome.value(0) + 1.0) / 2.0


@dataclass(frozen=True, slots=True)
class Pairing:
    """What every pair of games has in common."""

    game: str
    weights: Path | None
    first: Player
    second: Player
    nodes: int
    plies: int
    seed: int


@functools.cache
def model_of(
    game: str, weights: Path | None, exact: frozenset[str] = frozenset(), precision: Precision = Precision.AUTO
) -> Guide:
    """Return that of this process."""
    if weights is None:
        return MaterialModel(game)
    model = network(weights, game, precision)
    return ExactModel(model, exact) if exact else Watched(model)


def play_pair(pairing: Pairing, number: int) -> int:
    """Play a pair and return the half points (0 to 4) of the first configuration in two games of one opening."""
    rng = np.random.default_rng([pairing.seed, number])
    first, second = (
        (model_of(pairing.game, pairing.weights, player.exact, player.precision), player.config)
        for player in (pairing.first, pairing.second)
    )
    judge = model_of(pairing.game, pairing.weights)
    game = load_game(pairing.game)
    opening = game.initial(game.spec.shapes[0])
    for _ in range(pairing.plies):
        legal = opening.legal_actions()
        if opening.outcome() is None and len(legal):
            opening.push(int(rng.choice(legal)))
    one = play(opening, [first, second], judge, pairing.nodes)
    other = 1.0 - play(opening, [second, first], judge, pairing.nodes)
    return round(2 * (one + other))


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("first", help="name=value,... of the first configuration ('' for the defaults)")
    parser.add_argument("second", help="the same of the second")
    parser.add_argument("--game", choices=game_names(), default="chess")
    parser.add_argument("--weights", type=Path, help="a weights bundle to play with")
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--plies", type=int, default=8, help="random plies of an opening")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="pairs side by side, a process each")
    args = parser.parse_args()
    if args.weights is None and args.game not in PIECE_VALUES:
        parser.error(f"{args.game} needs --weights")
    players = parse_player(args.first), parse_player(args.second)
    if args.weights is None and any(player != Player(player.config) for player in players):
        parser.error("exact= and precision= need --weights: without them there is no network")
    pairing = Pairing(args.game, args.weights, *players, args.nodes, args.plies, args.seed)
    counts = [0, 0, 0, 0, 0]  # pairs with 0, 1/2, 1, 3/2, 2 points for the first
    begun = time.monotonic()
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        for played in as_completed([pool.submit(play_pair, pairing, number) for number in range(args.pairs)]):
            counts[played.result()] += 1
            result = estimate(HeadToHead(pairs=(counts[0], counts[1], counts[2], counts[3], counts[4])))
            assert result is not None
            print(
                f"\r{sum(counts)}/{args.pairs} pairs  first {result.score.value:.1%}  Elo {interval_text(result.elo)}"
                f"  {time.monotonic() - begun:.0f} s ",
                end="",
                flush=True,
            )
    print()
