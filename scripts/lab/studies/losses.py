"""How players of chess lose what they lose, judged by Stockfish: one big blunder or many small ones.

    python scripts/lab/studies losses calibrations/chess --moves 400

Every player of the recorded games is judged by its moves, those of openings left out, in positions that are not decided
(within 500 centipawns of even). A move's loss is how much better Stockfish's best move is, at the same depth, at most
1,000. For each player: the mean loss; the share of moves that lose 50, 100, 200 and 800 or more; the share of the whole
loss that the worst twentieth of its moves makes; how often a mate in one was given, of those that were there, in any
position; and how often a piece was retaken on the square where the opponent had just captured one, where that was
Stockfish's move too.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import chess
import chess.engine
from lab.common.commands import parser_of
from lab.common.stockfish import STOCKFISH, score

from muzero_engine.games.record import GameRecord
from muzero_engine.match.records.store import recorded_games

EVEN = 500  # centipawns
MOST = 1000  # centipawns that one move can lose
THRESHOLDS = (50, 100, 200, 800)
WORST = 0.05  # of the moves


@dataclass
class Losses:
    """What was seen of a player."""

    losses: list[int] = field(default_factory=list)  # centipawns, 0 to MOST
    mates: list[bool] = field(default_factory=list)  # whether a mate in one was given
    recaptures: list[bool] = field(default_factory=list)  # whether a piece was retaken

    def row(self, name: str) -> str:
        """Return the player's row of the table."""
        count = len(self.losses)
        worst = sorted(self.losses, reverse=True)[: max(1, round(WORST * count))]
        cells = [name, str(count), f"{sum(self.losses) / count:.0f}"]
        cells += [f"{100 * sum(loss >= least for loss in self.losses) / count:.1f}%" for least in THRESHOLDS]
        cells.append(f"{100 * sum(worst) / max(sum(self.losses), 1):.0f}%")
        cells += [f"{sum(seen)}/{len(seen)}" for seen in (self.mates, self.recaptures)]
        return "|" + "|".join(cells) + "|"


HEAD = ("player", "moves", "loss", *(f">={least}" for least in THRESHOLDS), "worst 5%", "mates", "retaken")


def turns(games: Sequence[GameRecord], player: str) -> Iterator[tuple[chess.Board, chess.Move]]:
    """Return the positions in which a player was to move, with the moves before them, and its moves."""
    for game in games:
        board = chess.Board(game.start)
        texts = (*game.opening_moves, *(ply.move for ply in game.moves))
        for ply, text in enumerate(texts):
            mover = game.first if board.turn == chess.WHITE else game.second
            move = chess.Move.from_uci(text)
            if mover == player and ply >= len(game.opening_moves):
                yield board.copy(), move
            board.push(move)


def mating_moves(board: chess.Board) -> list[chess.Move]:
    """Return the moves that give mate."""
    found = []
    for move in board.legal_moves:
        board.push(move)
        if board.is_checkmate():
            found.append(move)
        board.pop()
    return found


def retaking(board: chess.Board, best: chess.Move | None) -> bool:
    """Return whether the best move takes on the square where the opponent has just captured."""
    if best is None or not board.move_stack:
        return False
    last = board.peek()
    before = board.copy()
    before.pop()
    return before.is_capture(last) and best.to_square == last.to_square


def judged(
    turns: Sequence[tuple[chess.Board, chess.Move]], judge: chess.engine.SimpleEngine, limit: chess.engine.Limit
) -> Losses:
    """Return what a player lost in these turns."""
    seen = Losses()
    for board, move in turns:
        if mates := mating_moves(board):
            seen.mates.append(move in mates)
            continue
        before, best = score(judge, limit, board)
        if abs(before) > EVEN:
            continue
        if retaking(board, best):
            assert best is not None
            seen.recaptures.append(move.to_square == best.to_square)
        if move == best:
            seen.losses.append(0)
            continue
        board.push(move)
        after = 0 if board.is_game_over(claim_draw=True) else -score(judge, limit, board)[0]
        seen.losses.append(max(0, min(MOST, before - after)))
    return seen


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("folder", type=Path, help="of a match, a ladder or a calibration of chess")
    parser.add_argument("--moves", type=int, default=400, help="of each player, drawn at random")
    parser.add_argument("--depth", type=int, default=10, help="of Stockfish's search")
    parser.add_argument("--players", nargs="*", help="these alone")
    args = parser.parse_args()
    games = recorded_games(args.folder)
    players = args.players or sorted({name for game in games for name in (game.first, game.second)})
    limit = chess.engine.Limit(depth=args.depth)
    print("|" + "|".join(HEAD) + "|\n|-" + "|-:" * (len(HEAD) - 1) + "|")
    with chess.engine.SimpleEngine.popen_uci(STOCKFISH) as judge:
        for player in players:
            found = list(turns(games, player))
            random.Random(0).shuffle(found)
            seen = judged(found[: args.moves], judge, limit)
            if seen.losses:
                print(seen.row(player), flush=True)
            else:
                print(f"{player}: no move in an undecided position", file=sys.stderr)
