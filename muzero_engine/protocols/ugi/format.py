"""Writes what a search found as UGI lines, `info ...` and `bestmove ...`, and answers to `query`."""

from __future__ import annotations

from collections.abc import Callable

from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.games.base import Position
from muzero_engine.protocols.common.search_text import (
    effort_text,
    move_stats,
    score_text,
    score_without_moves,
    variation_lines,
)

NO_MOVE = "0000"
RESULTS = {0: "p1win", 1: "p2win", None: "draw"}  # by `Outcome.winner`


def info_lines(info: SearchInfo, position: Position, options: EngineOptions) -> list[str]:
    """Return the lines of one report: `info` for the best `multipv` moves, after their statistics if asked for."""
    effort = effort_text(info)
    if not info.moves:
        return [f"info depth 0 score {score_without_moves(position)} {effort}"]
    lines = move_stats(info, position) if options.verbose_move_stats else []
    return lines + variation_lines(
        info,
        position,
        multipv=options.multipv,
        score=lambda move: score_text(move, options.score_type),
        effort=effort,
    )


def bestmove_line(result: SearchResult, position: Position) -> str:
    """Return `bestmove M`, or `bestmove 0000` where there is no move to play."""
    return f"bestmove {NO_MOVE if result.action is None else position.action_text(result.action)}"


def result_text(position: Position) -> str:
    """Return how the game ended: `p1win`, `p2win`, `draw`, or `none` while it goes on."""
    outcome = position.outcome()
    return "none" if outcome is None else RESULTS[outcome.winner]


def _truth(statement: bool) -> str:
    return "true" if statement else "false"


QUERIES: dict[str, Callable[[Position], str]] = {
    "p1turn": lambda position: _truth(position.mover == 0),
    "gameover": lambda position: _truth(position.outcome() is not None),
    "result": result_text,
}
