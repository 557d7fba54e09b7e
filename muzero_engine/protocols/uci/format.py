"""Writes what a search found as UCI lines: `info ...` and `bestmove ...`. Scores are those of `common.search_text`."""

from __future__ import annotations

from dataclasses import dataclass

from muzero_engine.engine.report import RootMove, SearchInfo, SearchResult
from muzero_engine.games.base import Position
from muzero_engine.protocols.common.search_text import (
    effort_text,
    move_stats,
    pv_text,
    score_text,
    score_without_moves,
    variation_lines,
)

NO_MOVE = "(none)"


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoStyle:
    """What a client asked to see, fixed for one search."""

    multipv: int = 1
    score_type: str = "centipawn"  # as EngineOptions.score_type
    wdl: bool = False
    move_stats: bool = False
    table_hits: int = 0  # endgame tables that answered at the root


def wdl_text(move: RootMove) -> str:
    """Return `wdl W D L`, per mille, summing to 1000."""
    win, draw, _ = move.wdl if move.ends is None else (float(move.ends > 0), float(move.ends == 0), 0.0)
    wins = max(0, min(1000, round(1000 * win)))
    draws = max(0, min(1000 - wins, round(1000 * draw)))
    return f"wdl {wins} {draws} {1000 - wins - draws}"


def info_lines(info: SearchInfo, position: Position, style: InfoStyle) -> list[str]:
    """Return the lines of one report: `info` for the best `style.multipv` moves, after statistics if asked for."""
    if not info.moves:
        return [f"info depth 0 score {score_without_moves(position)}"]
    lines = move_stats(info, position) if style.move_stats else []

    def score(move: RootMove) -> str:
        text = score_text(move, style.score_type)
        return f"{text} {wdl_text(move)}" if style.wdl else text

    effort = effort_text(info, table_hits=style.table_hits)
    return lines + variation_lines(info, position, multipv=style.multipv, score=score, effort=effort)


def bestmove_line(result: SearchResult, position: Position) -> str:
    """Return `bestmove M [ponder P]`, or `bestmove (none)` where there is no move to play."""
    if result.action is None:
        return f"bestmove {NO_MOVE}"
    line = f"bestmove {position.action_text(result.action)}"
    if result.ponder is None:
        return line
    return f"{line} ponder {pv_text(position, (result.action, result.ponder)).split()[1]}"
