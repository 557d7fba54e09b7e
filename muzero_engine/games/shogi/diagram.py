"""A shogi board while it is being set up from a file, and the SFEN that it makes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from muzero_engine.games.base import BadPosition
from muzero_engine.games.shogi.sfen import START, TOTALS, read_board

HAND_ORDER = "RBGSNLP"  # as SFEN has it


@dataclass(slots=True)
class Diagram:
    """Squares are (file, rank), both from 1; pieces are SFEN's, capitals are black's, `+` before a promoted one."""

    pieces: dict[tuple[int, int], str] = field(default_factory=dict)
    hands: Counter[str] = field(default_factory=Counter)
    mover: int = 0

    @classmethod
    def initial(cls) -> Diagram:
        """Return the start position."""
        rows = read_board(START.split()[0])
        return cls({(9 - j, i + 1): piece for i, row in enumerate(rows) for j, piece in enumerate(row) if piece})

    def hold_the_rest(self, player: int) -> None:
        """Give a player all pieces of the box that are nowhere yet, kings apart."""
        on_board = Counter(piece.lstrip("+").upper() for piece in self.pieces.values())
        for piece in HAND_ORDER:
            rest = TOTALS[piece] - on_board[piece] - self.hands[piece] - self.hands[piece.lower()]
            self.hands[piece if player == 0 else piece.lower()] += max(0, rest)

    def sfen(self) -> str:
        """Return the SFEN. Raises BadPosition for a piece beside the board."""
        if beside := [square for square in self.pieces if not all(1 <= part <= 9 for part in square)]:
            raise BadPosition(f"there is no square {beside[0][0]}{beside[0][1]} on the board")
        rows = []
        for rank in range(1, 10):
            row, empty = "", 0
            for file in range(9, 0, -1):
                if (piece := self.pieces.get((file, rank))) is None:
                    empty += 1
                    continue
                row += (str(empty) if empty else "") + piece
                empty = 0
            rows.append(row + (str(empty) if empty else ""))
        held = [piece for piece in (*HAND_ORDER, *HAND_ORDER.lower()) if self.hands[piece] > 0]
        hands = "".join((str(self.hands[piece]) if self.hands[piece] > 1 else "") + piece for piece in held)
        return f"{'/'.join(rows)} {'bw'[self.mover]} {hands or '-'} 1"
