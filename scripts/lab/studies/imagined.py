"""Which moves a network imagines wrongly: the value behind them by g, against that of h once they have been played.

    python scripts/lab/studies imagined --game chess matches/chess matches/more --weights weights/chess

At random positions of recorded games every legal move is imagined (the reward of g, then less the value that f gives
the latent) and played (less the value of h at the position after it). Moves are told apart by the piece that moves, how
far it goes, and the action's plane (promotion, drop). The table has the kinds that are imagined worst: how often they
were legal and played, their mean prior, and by how much they are imagined better than seen. Moves that end the game are
left out. A kind that is seldom or never played in self-play stands out here: nothing was learnt of it.
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from lab.common.commands import parser_of

from muzero_engine.games.base import ActionTable, Position
from muzero_engine.games.encoding import observation, turned
from muzero_engine.games.record import GameRecord
from muzero_engine.games.registry import load_game
from muzero_engine.inference.bundle import load_bundle
from muzero_engine.inference.session import Backend, OnnxModel, Precision
from muzero_engine.match.records.store import recorded_games

Kind = tuple[int, int, int, int]  # plane of the piece, rows and columns that it goes, plane of the action; -1: none


@dataclass(slots=True)
class Imagined:
    """What was seen of a kind of moves."""

    off: list[float] = field(default_factory=list)  # imagined less seen, in [-2, 2]
    priors: list[float] = field(default_factory=list)
    played: int = 0
    example: str = ""


def kind_of(action: int, position: Position, table: ActionTable) -> Kind:
    """Return the kind of a legal action, in the mover's frame."""
    layout, columns = position.spec.layout, position.shape[1]
    origin, target, plane = (int(each[action]) for each in (table.from_square, table.to_square, table.kind))
    if origin < 0:
        return -1, 0, 0, plane if target >= 0 else -2
    frame = position.frames(1)[0][: 2 * layout.per_player]
    if position.mover:
        frame = turned(np.roll(frame, layout.per_player, axis=0), position.spec.turn)
    pieces = np.flatnonzero(frame[: layout.per_player].reshape(layout.per_player, -1)[:, origin])
    piece = int(pieces[0]) if len(pieces) else -1
    return piece, target // columns - origin // columns, target % columns - origin % columns, plane


def look(position: Position, played: int, model: OnnxModel, table: ActionTable, kinds: dict[Kind, Imagined]) -> None:
    """Imagine and play every legal move of a position."""
    legal = [int(action) for action in position.legal_actions() if int(action) not in position.ending_actions()]
    if not legal:
        return
    after = []
    for action in legal:
        position.push(action)
        after.append(observation(position))
        position.pop()
    root = model.initial_inference(observation(position)[None])
    logits = root.policy_logits[0][position.legal_actions()].astype(np.float64)
    priors = dict(zip(position.legal_actions().tolist(), np.exp(logits - np.logaddexp.reduce(logits)), strict=True))
    latents = np.repeat(root.latent, len(legal), axis=0)
    step = model.recurrent_inference(latents, np.array(legal, dtype=np.int64))
    imagined = step.reward + step.discount * step.value
    seen = -model.initial_inference(np.stack(after)).value
    for i, action in enumerate(legal):
        one = kinds[kind_of(action, position, table)]
        one.off.append(float(imagined[i] - seen[i]))
        one.priors.append(float(priors[action]))
        one.played += action == played
        one.example = one.example or f"{position.action_text(action)} in {position.text()}"


def positions(game: GameRecord, name: str, wanted: int, rng: random.Random) -> list[tuple[Position, int]]:
    """Return positions of a game drawn at random, each with the move that was played."""
    position = load_game(name).from_text(game.start)
    texts = [*game.opening_moves, *(ply.move for ply in game.moves)]
    drawn, found = set(rng.sample(range(len(texts)), min(wanted, len(texts)))), list[tuple[Position, int]]()
    for ply, text in enumerate(texts):
        action = position.parse_action(text)
        if ply in drawn:
            found.append((position.copy(), action))
        position.push(action)
    return found


def table_of(kinds: dict[Kind, Imagined], least: int, rows: int) -> str:
    """Return the worst kinds and the mean of all moves."""
    lines = ["| legal | played | prior, mean | imagined - seen | example |", "| -: | -: | -: | -: | - |"]
    often = [one for one in kinds.values() if len(one.off) >= least]
    for one in sorted(often, key=lambda one: -abs(float(np.mean(one.off))))[:rows]:
        error = 1.96 * float(np.std(one.off)) / len(one.off) ** 0.5
        lines.append(
            f"| {len(one.off)} | {one.played} | {np.mean(one.priors):.2e} "
            f"| {np.mean(one.off):+.3f} +- {error:.3f} | {one.example} |"
        )
    every = np.concatenate([one.off for one in kinds.values()])
    lines.append(
        f"| {len(every)} | | | {every.mean():+.3f}, {np.abs(every).mean():.3f} from 0 in the mean | all moves |"
    )
    return "\n".join(lines)


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("matches", type=Path, nargs="+", help="folders of matches")
    parser.add_argument("--game", required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--per-game", type=int, default=8, help="positions of a game")
    parser.add_argument("--least", type=int, default=20, help="moves of a kind that the table tells of")
    parser.add_argument("--rows", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng, kinds = random.Random(args.seed), defaultdict[Kind, Imagined](Imagined)
    model = OnnxModel(load_bundle(args.weights), backend=Backend.CPU, precision=Precision.FP32, threads=1)
    tables: dict[tuple[int, int], ActionTable] = {}
    count = 0
    for folder in args.matches:
        for game in recorded_games(folder):
            for position, played in positions(game, args.game, args.per_game, rng):
                table = tables.setdefault(position.shape, load_game(args.game).action_table(position.shape))
                look(position, played, model, table, kinds)
                count += 1
            if sys.stderr.isatty():
                print(f"\r{count} positions", end="", file=sys.stderr)
    if not kinds:
        parser.error("no positions of the game are in these folders")
    print(f"{count} positions, 32 bits; the worst kinds of moves that were legal {args.least} times or more:\n")
    print(table_of(kinds, args.least, args.rows))


if __name__ == "__main__":
    main()
