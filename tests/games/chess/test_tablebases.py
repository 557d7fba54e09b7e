"""Endgame tables at the root: which moves are kept. The tables are written down here, so that none need be there."""

from __future__ import annotations

from pathlib import Path

import chess
import chess.syzygy
import pytest

from muzero_engine.games.base import BadPosition
from muzero_engine.games.chess.rules import position_from_fen
from muzero_engine.games.chess.tablebases import Tablebases

QUEEN = "8/8/8/8/4k3/8/8/4K1Q1 w - - 0 1"


class Written(chess.syzygy.Tablebase):
    """Tables of king and queen against king, as far as they matter: the queen wins unless she is lost."""

    def add_directory(self, directory: object, **_: object) -> int:
        return 1

    def probe_wdl(self, board: chess.Board) -> int:
        if len(board.piece_map()) > 3:
            raise chess.syzygy.MissingTableError("not written down")
        if not board.queens:
            return 0
        captured = any(board.is_capture(move) for move in board.legal_moves)
        return 0 if captured else (2 if board.queens & board.occupied_co[board.turn] else -2)

    def probe_dtz(self, board: chess.Board) -> int:
        """The nearer the lone king is to the edge, the sooner."""
        king = board.king(not board.occupied_co[chess.WHITE] & board.queens > 0)
        assert king is not None
        edge = min(chess.square_file(king), 7 - chess.square_file(king), chess.square_rank(king))
        return -(10 + edge + chess.popcount(board.attacks_mask(king)))


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Tablebases:
    monkeypatch.setattr(chess.syzygy, "Tablebase", Written)
    return Tablebases("tables")


def moves(tables: Tablebases, fen: str) -> set[str]:
    position = position_from_fen(fen)
    board = position.board
    before = board.fen()
    known = tables.probe(board)
    assert known is not None
    assert board.fen() == before
    return {position.action_text(action) for action in known.actions}


def test_a_won_endgame_is_got_on_with(tables: Tablebases) -> None:
    board = chess.Board(QUEEN)
    kept = moves(tables, QUEEN)
    assert 0 < len(kept) < board.legal_moves.count()
    for text in kept:
        board.push_uci(text)
        assert not any(board.is_capture(move) for move in board.legal_moves)
        board.pop()


def test_a_drawing_capture_is_found_where_all_else_loses(tables: Tablebases) -> None:
    assert moves(tables, "8/8/8/8/8/5k2/6Q1/K7 b - - 0 1") == {"f3g2"}


def test_mate_comes_first(tables: Tablebases) -> None:
    assert moves(tables, "7k/8/6K1/8/8/8/8/1Q6 w - - 0 1") == {"b1b8"}


@pytest.mark.parametrize(
    "fen",
    [
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",  # too many pieces
        "4k3/8/8/8/8/8/8/4K2R w K - 0 1",  # castling, which no table knows
        "4k3/3pp3/8/8/8/8/3PP3/4K3 w - - 0 1",  # a table that is not there
        "7k/6Q1/6K1/8/8/8/8/8 b - - 0 1",  # no move
    ],
)
def test_what_the_tables_do_not_know(tables: Tablebases, fen: str) -> None:
    assert tables.probe(position_from_fen(fen).board) is None


def test_folders_without_tables(tmp_path: Path) -> None:
    with pytest.raises(BadPosition, match="no endgame tables"):
        Tablebases(str(tmp_path))
    with pytest.raises(BadPosition, match="none"):
        Tablebases(str(tmp_path / "none"))


def test_a_damaged_table_is_refused_in_one_line(tmp_path: Path) -> None:
    for name in ("KQvK.rtbw", "KQvK.rtbz"):
        (tmp_path / name).write_bytes(bytes(range(256)) * 4)
    with pytest.raises(BadPosition, match="an endgame table cannot be read: invalid file size"):
        Tablebases(str(tmp_path)).probe(position_from_fen(QUEEN).board)


def test_a_name_that_no_folder_has_is_refused() -> None:
    with pytest.raises(BadPosition, match="null byte"):
        Tablebases("a\0b")
