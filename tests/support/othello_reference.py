"""Othello once more, square by square and as slowly as the rules read, to check the quick one against."""

from __future__ import annotations

from dataclasses import dataclass

DIRECTIONS = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if (row, column) != (0, 0)]
OTHER = {"x": "o", "o": "x"}


@dataclass(frozen=True)
class Board:
    """Eight rows of eight marks ("x", "o", "."), the top one first, and the mark of the player to move."""

    rows: tuple[str, ...]
    mover: str

    @classmethod
    def read(cls, text: str) -> Board:
        """Read a position's text, believing it."""
        board, mover = text.split()
        for empty in range(1, 9):
            board = board.replace(str(empty), "." * empty)
        return cls(tuple(board.split("/")), mover)

    def _mark(self, row: int, column: int) -> str:
        return self.rows[row][column] if 0 <= row < 8 and 0 <= column < 8 else "outside"

    def turned(self, name: str, side: str) -> list[tuple[int, int]]:
        """Return the (row, column) of what a disc of `side` on the square `name` turns over."""
        row, column = int(name[1]) - 1, "abcdefgh".index(name[0])
        turned: list[tuple[int, int]] = []
        if self._mark(row, column) != ".":
            return turned
        for down, right in DIRECTIONS:
            line = []
            r, c = row + down, column + right
            while self._mark(r, c) == OTHER[side]:
                line.append((r, c))
                r, c = r + down, c + right
            if self._mark(r, c) == side:
                turned += line
        return turned

    def placements(self, side: str) -> list[str]:
        """Return the names of the squares where `side` can place a disc, row by row."""
        return [name for row in "12345678" for column in "abcdefgh" if self.turned(name := column + row, side)]

    def moves(self) -> list[str]:
        """Return the legal moves of the player to move, row by row; none where the game is over."""
        if squares := self.placements(self.mover):
            return squares
        return ["pass"] if self.placements(OTHER[self.mover]) else []

    def after(self, move: str) -> Board:
        """Return the board after a legal move."""
        if move == "pass":
            return Board(self.rows, OTHER[self.mover])
        marks = [list(row) for row in self.rows]
        for row, column in [(int(move[1]) - 1, "abcdefgh".index(move[0])), *self.turned(move, self.mover)]:
            marks[row][column] = self.mover
        return Board(tuple("".join(row) for row in marks), OTHER[self.mover])

    def lead(self, side: str) -> int:
        """Return how many discs `side` has more than the other."""
        together = "".join(self.rows)
        return together.count(side) - together.count(OTHER[side])
