"""Writes what a search found as USI lines: `info ...` and `bestmove ...`.

Scores are the side to move's: `cp` with Ponanza's constant, `cp = 600 ln(p / (1 - p))` for a winning rate p, which is
how shogi programs and their GUIs turn one into the other (ScoreType `centipawn`; `win_percentage` is 0..10000 and `Q`
is Q x 10000); `mate N` counts plies and is claimed only for what the rules show at the root, or a solver proves. Bounds
and `mate +` are never written: cshogi's listener cannot read them.
"""

from __future__ import annotations

import math

from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import RootMove, SearchInfo, SearchResult
from muzero_engine.games.base import Position
from muzero_engine.protocols.common.search_text import effort_text, move_stats, pv_text, variation_lines

CP_SCALE = 600.0  # Ponanza's constant
CP_LIMIT = 30_000


def value_to_cp(value: float) -> int:
    """Return the centipawns of a value in [-1, 1], which is a winning rate of (1 + value) / 2."""
    if abs(value) >= 1.0:
        return CP_LIMIT if value > 0.0 else -CP_LIMIT
    return round(max(-CP_LIMIT, min(CP_LIMIT, CP_SCALE * math.log((1.0 + value) / (1.0 - value)))))


def usi_score(move: RootMove, score_type: str) -> str:
    """Return `cp X`, `mate N` for a proven mate and `mate -N` for a proven one of the opponent; N is 1 for a move that
    wins at once. `score_type` as in EngineOptions."""
    if move.mate_plies is not None:
        return f"mate {move.mate_plies if move.ends == 1.0 else -move.mate_plies}"
    if move.ends is not None and move.ends > 0:
        return "mate 1"
    value = move.value if move.ends is None else move.ends
    match score_type:
        case "win_percentage":
            return f"cp {round(5000.0 + 5000.0 * value)}"
        case "Q":
            return f"cp {round(10_000.0 * value)}"
        case _:
            return f"cp {value_to_cp(value)}"


def info_lines(info: SearchInfo, position: Position, options: EngineOptions) -> list[str]:
    """Return the lines of one report: `info` for the best `multipv` moves, after their statistics if asked for."""
    if not info.moves:
        return ["info depth 0 score mate 0"]
    lines = move_stats(info, position) if options.verbose_move_stats else []
    return lines + variation_lines(
        info,
        position,
        multipv=options.multipv,
        score=lambda move: usi_score(move, options.score_type),
        effort=effort_text(info),
    )


def bestmove_line(result: SearchResult, position: Position, declares: bool) -> str:
    """Return `bestmove M [ponder P]`, `bestmove win` or `bestmove resign`; a player without a legal move resigns.

    `declares` is whether a win may be declared in the position.
    """
    if declares:
        return "bestmove win"
    if result.resign or result.action is None:
        return "bestmove resign"
    line = f"bestmove {position.action_text(result.action)}"
    if result.ponder is None:
        return line
    return f"{line} ponder {pv_text(position, (result.action, result.ponder)).split()[1]}"
