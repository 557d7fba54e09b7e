"""Syzygy endgame tables at the root, through python-chess: which moves keep the result that the tables know.

Tables: https://syzygy-tables.info. A value is that of the fifty-move rule (a win that it spoils is a draw here).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import chess
import chess.syzygy

from muzero_engine.games.base import BadPosition
from muzero_engine.games.chess.actions import action_of

RESULTS = {2: "a win", 1: "a win but for the fifty-move rule", 0: "a draw", -1: "a loss but for it", -2: "a loss"}


@dataclass(frozen=True, slots=True)
class TableMoves:
    """What the tables say of a position."""

    actions: tuple[int, ...]  # that keep the result; where it is a win, those that get on with it
    wdl: int  # python-chess's, from -2 to 2, the mover's view
    hits: int  # probes that were answered


class Tablebases:
    """The tables in some folders. For one thread."""

    def __init__(self, path: str) -> None:
        """Open the tables in the folders of `path`, which the system's separator (: or ;) parts.

        Raises BadPosition where a folder cannot be read or no folder holds a table.
        """
        self._tables = chess.syzygy.Tablebase()
        count = 0
        for folder in dict.fromkeys(path.split(os.pathsep)):
            try:
                count += self._tables.add_directory(folder)
            except (OSError, ValueError) as error:  # ValueError: a NUL in the name
                reason = getattr(error, "strerror", None) or error
                raise BadPosition(f"no endgame tables in {folder!r:.80}: {reason}") from None
        if not count:
            raise BadPosition(f"no endgame tables (.rtbw, .rtbz) in {path!r:.80}")

    def probe(self, board: chess.Board) -> TableMoves | None:
        """Return what is known of a position, None where a table is missing or castling is possible.

        `board` runs in Chess960 mode or not; it is the same afterwards. Raises BadPosition where a table is damaged.
        """
        if board.castling_rights or board.occupied.bit_count() > chess.syzygy.TBPIECES:
            return None
        results: dict[int, tuple[int, int]] = {}  # action -> result and distance to the next zeroing move, mover's view
        for move in list(board.legal_moves):
            action, zeroing = action_of(move, board.turn), board.is_zeroing(move)
            board.push(move)
            try:
                results[action] = self._judge(board, zeroing)
            except (KeyError, chess.syzygy.MissingTableError):
                return None
            except Exception as error:  # python-chess trusts what is in a table
                raise BadPosition(f"an endgame table cannot be read: {error}") from None
            finally:
                board.pop()
        if not results:
            return None
        best = max(wdl for wdl, _ in results.values())
        keeping = {action: distance for action, (wdl, distance) in results.items() if wdl == best}
        if best > 0:  # the shortest way to a capture, a pawn's move or mate: no turning in circles
            shortest = min(keeping.values())
            keeping = {action: distance for action, distance in keeping.items() if distance == shortest}
        return TableMoves(tuple(sorted(keeping)), best, len(results))

    def _judge(self, board: chess.Board, zeroing: bool) -> tuple[int, int]:
        """Return the result and the distance of a move that led to `board`, in the view of who made it."""
        if board.is_checkmate():
            return 2, 0
        if board.is_stalemate() or board.is_insufficient_material():
            return 0, 0
        wdl = -self._tables.probe_wdl(board)
        return wdl, 1 if zeroing else abs(self._tables.probe_dtz(board)) + 1
