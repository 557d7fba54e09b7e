"""Declaring a win with an entered king, by the rules that tournaments and servers know.

The king stands in the enemy camp (the far three ranks), not in check, with ten or more other pieces of its side there,
and these with those in hand are worth enough points: 5 a rook or bishop, promoted or not, 1 any other.

- The 27-point rule of computer shogi: 28 for black, 27 for white.
- The 24-point rule of professionals: 31 declare a win.
- In a handicap game the pieces that white left out count for white (the rules with an H).
"""

from __future__ import annotations

import enum

from muzero_engine.games.shogi.rules import ShogiPosition
from muzero_engine.games.shogi.sfen import read_board, read_hands

ENTERED = 3  # ranks of a camp
LEAST_PIECES = 10
WHOLE_SET = 54  # points of all pieces but the kings


class Declaration(enum.Enum):
    """The rules, by the names that USI engines use."""

    NONE = "NoEnteringKing"
    POINTS_24 = "CSARule24"
    POINTS_24_HANDICAP = "CSARule24H"
    POINTS_27 = "CSARule27"
    POINTS_27_HANDICAP = "CSARule27H"

    def points(self, player: int) -> int:
        """Return what a player (0 is black) needs in a game without handicap."""
        if self in (Declaration.POINTS_24, Declaration.POINTS_24_HANDICAP):
            return 31
        return 27 if player else 28

    @property
    def handicap(self) -> bool:
        """Return whether pieces that are missing count for white."""
        return self in (Declaration.POINTS_24_HANDICAP, Declaration.POINTS_27_HANDICAP)


def may_declare(position: ShogiPosition, rule: Declaration) -> bool:
    """Return whether the player to move wins by declaring."""
    if rule is Declaration.NONE or position.board.is_check():
        return False
    board, _, hands, _ = position.text().split()
    rows, held = read_board(board), read_hands(hands)
    mover = position.mover
    is_own = str.islower if mover else str.isupper
    entered = [cell for row in (rows[-ENTERED:] if mover else rows[:ENTERED]) for cell in row if is_own(cell)]
    king = "k" if mover else "K"
    if king not in entered or len(entered) <= LEAST_PIECES:
        return False
    own_hand = [piece for piece in held.elements() if is_own(piece)]
    needed = rule.points(mover)
    if rule.handicap and mover:
        needed -= WHOLE_SET - _points([*(cell for row in rows for cell in row if cell), *held.elements()])
    return _points([*entered, *own_hand]) >= needed


def _points(pieces: list[str]) -> int:
    """Return what pieces are worth, kings nothing."""
    kinds = [piece.lstrip("+").upper() for piece in pieces]
    return sum(5 if kind in "RB" else 1 for kind in kinds if kind != "K")
