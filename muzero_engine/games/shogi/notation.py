"""How people write shogi moves: USI, or as KIF has them (７六歩(77), ５五角打, 同　歩(24))."""

from __future__ import annotations

import cshogi
from cshogi import KIF

from muzero_engine.games.base import Notation, Position
from muzero_engine.games.shogi.actions import USI_MOVE
from muzero_engine.games.shogi.rules import ShogiPosition


def parse_kif_move(position: Position, text: str) -> int | None:
    """Return the action of a move as KIF writes it, None for what is none."""
    assert isinstance(position, ShogiPosition)
    if text.isascii():
        return None
    try:
        move, _time, _ending = KIF.Parser.parse_move_str(f"1 {text.strip().lstrip('▲△☗☖')}", position.board)
    except (ValueError, IndexError):
        return None
    return position.parse_action(cshogi.move_to_usi(move)) if move else None


NOTATION = Notation(
    parse=parse_kif_move,
    pattern=USI_MOVE,
    move_example="7g7f, 8h2b+, or P*5e to drop a pawn",
    position_example="an SFEN",
)
