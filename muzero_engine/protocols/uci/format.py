"""Writes what a search found as UCI lines: `info ...` and `bestmove ...`.

Scores are the side to move's. `cp` behaves like centipawns (ScoreType `centipawn`): `90 tan(1.5637541897 Q)`, the
conversion that Leela Chess Zero documents for its option of the same name, so that Q = 0.5 is 89; as there,
`win_percentage` is 0..10000 and `Q` is Q x 10000. `mate` is claimed only for a mate that the rules show at the root.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from muzero_engine.engine.report import RootMove, SearchInfo, SearchResult
from muzero_engine.games.base import Position
from muzero_engine.protocols.common.search_text import move_stats, pv_text

MAX_CENTIPAWNS = 10_000
NO_MOVE = "(none)"


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoStyle:
    """What a client asked to see, fixed for one search."""

    multipv: int = 1
    score_type: str = "centipawn"  # as EngineOptions.score_type
    wdl: bool = False
    move_stats: bool = False


def score_text(move: RootMove, score_type: str = "centipawn") -> str:
    """`cp X` or `mate N`."""
    if move.ends is not None and move.ends > 0:
        return "mate 1"
    value = move.value if move.ends is None else move.ends
    match score_type:
        case "win_percentage":
            score = 5000.0 + 5000.0 * value
        case "Q":
            score = 10_000.0 * value
        case _:
            score = 90.0 * math.tan(1.5637541897 * max(-1.0, min(1.0, value)))
    return f"cp {max(-MAX_CENTIPAWNS, min(MAX_CENTIPAWNS, round(score)))}"


def wdl_text(move: RootMove) -> str:
    """`wdl W D L`, per mille, summing to 1000."""
    win, draw, _ = move.wdl if move.ends is None else (float(move.ends > 0), float(move.ends == 0), 0.0)
    wins = max(0, min(1000, round(1000 * win)))
    draws = max(0, min(1000 - wins, round(1000 * draw)))
    return f"wdl {wins} {draws} {1000 - wins - draws}"


def info_lines(info: SearchInfo, position: Position, style: InfoStyle) -> list[str]:
    """The lines of one report: `info` for the best `style.multipv` moves, after their statistics if asked for."""
    if not info.moves:
        outcome = position.outcome()
        mated = outcome is not None and outcome.winner is not None
        return [f"info depth 0 score {'mate' if mated else 'cp'} 0"]
    lines = move_stats(info, position) if style.move_stats else []
    effort = (
        f"nodes {info.nodes} nps {info.nps} hashfull {max(0, min(1000, info.hashfull))} tbhits 0 "
        f"time {max(0, round(info.elapsed_ms))}"
    )
    for rank, move in enumerate(info.moves[: style.multipv], start=1):
        wdl = f"{wdl_text(move)} " if style.wdl else ""
        lines.append(
            f"info depth {info.depth} seldepth {max(info.depth, info.seldepth)} multipv {rank} "
            f"score {score_text(move, style.score_type)} {wdl}{effort} pv {pv_text(position, move.pv)}"
        )
    return lines


def bestmove_line(result: SearchResult, position: Position) -> str:
    """`bestmove M [ponder P]`, or `bestmove (none)` where there is no move to play."""
    if result.action is None:
        return f"bestmove {NO_MOVE}"
    line = f"bestmove {position.action_text(result.action)}"
    if result.ponder is None:
        return line
    return f"{line} ponder {pv_text(position, (result.action, result.ponder)).split()[1]}"
