"""Exact search for a forced mate by checks (tsume), by cshogi's df-pn solver (Nagai 2002). No model is asked.

The solver starts anew at each call and holds the interpreter while it runs (about a million nodes a second), so callers
who must stay awake give it few nodes at first and more at each further call.
"""

from __future__ import annotations

from dataclasses import dataclass

import cshogi


@dataclass(frozen=True, slots=True)
class MateResult:
    """What is known about a mate for the player to move."""

    moves: tuple[str, ...]  # USI moves of both players up to the mate; empty where none was found
    decided: bool  # a mate was found, or the solver ran out of checks to try


def find_mate(sfen: str, nodes: int) -> MateResult:
    """Looks for a mate in a legal position by at most about `nodes` positions (at least 1)."""
    board = cshogi.Board(sfen)
    solver = cshogi.DfPn(nodes=nodes)
    if not solver.search(board):
        return MateResult((), solver.searched_node < nodes)
    moves = tuple(str(cshogi.move_to_usi(move)) for move in solver.get_pv(board))
    return MateResult(moves, bool(moves))
