"""Stockfish as the judge of positions of chess."""

from __future__ import annotations

import shutil

import chess
import chess.engine

MATE = 10_000  # centipawns
STOCKFISH = shutil.which("stockfish") or "/usr/games/stockfish"


def score(
    judge: chess.engine.SimpleEngine, limit: chess.engine.Limit, board: chess.Board
) -> tuple[int, chess.Move | None]:
    """Return Stockfish's score in centipawns of the player to move, and its move; None at the end of a game."""
    info = judge.analyse(board, limit)
    line = info.get("pv", [])
    return info["score"].pov(board.turn).score(mate_score=MATE), line[0] if line else None
