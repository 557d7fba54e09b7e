"""Exact search for a forced mate by checks (tsume), by cshogi's df-pn solver (Nagai 2002). No model is asked.

The solver starts anew at each call and holds the interpreter while it runs (about a million nodes a second), so callers
who must stay awake give it few nodes at first and more at each further call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cshogi

from muzero_engine.games.base import BadPosition
from muzero_engine.games.shogi.sfen import normal_sfen


@dataclass(frozen=True, slots=True)
class MateResult:
    """What is known about a mate for the player to move."""

    moves: tuple[str, ...]  # USI moves of both players up to the mate; empty where none was found
    decided: bool  # a mate was found, or the solver ran out of checks to try


def mate_problem(text: str, moves: Sequence[str] = ()) -> str:
    """Return the SFEN of a mate problem after some moves; whoever is to give mate need not have a king.

    Raises BadPosition where the text is none (`normal_sfen`), where a king can be taken, or where a move is not legal.
    """
    sfen = normal_sfen(text, mate_problem=True)
    board, turn, hands, number = sfen.split()
    if cshogi.Board(f"{board} {'w' if turn == 'b' else 'b'} {hands} {number}").is_check():
        raise BadPosition(f"in SFEN {sfen!r} the player to move could take the king")
    position = cshogi.Board(sfen)
    for move in moves:
        legal = {cshogi.move_to_usi(action): action for action in position.legal_moves}
        if move not in legal:
            raise BadPosition(f"{move} is not legal in {position.sfen()}")
        position.push(legal[move])
    return str(position.sfen())


def find_mate(sfen: str, nodes: int) -> MateResult:
    """Look for a mate in a legal position or a `mate_problem` by at most about `nodes` positions (at least 1)."""
    board = cshogi.Board(sfen)
    solver = cshogi.DfPn(nodes=nodes)
    if not solver.search(board):
        return MateResult((), solver.searched_node < nodes)
    moves = tuple(str(cshogi.move_to_usi(move)) for move in solver.get_pv(board))
    return MateResult(moves, bool(moves))
