"""Chess actions: the table, index <-> move <-> text, symmetry."""

from __future__ import annotations

import chess
import numpy as np
import pytest
from hypothesis import assume, given
from support.chess_walks import positions, unhurried

from muzero_engine.games.base import Symmetry
from muzero_engine.games.chess import GAME, ChessPosition, position_from_fen
from muzero_engine.games.chess.actions import action_of, move_of
from muzero_engine.games.encoding import apply_symmetry, observation

TABLE = GAME.action_table((8, 8))


def action(fen: str, text: str) -> int:
    return position_from_fen(fen).parse_action(text)


def test_the_table_has_the_1880_moves_of_chess() -> None:
    assert GAME.spec.num_actions((8, 8)) == len(TABLE.from_square) == 4672
    valid = TABLE.from_square >= 0
    # 1456 queen moves and 336 knight moves on an empty board; 22 ways for a pawn into row 7, each to 3 pieces.
    assert int(valid.sum()) == 1456 + 336 + 3 * 22
    assert ((TABLE.to_square >= 0) == valid).all()
    assert (TABLE.from_square[valid] == np.flatnonzero(valid) % 64).all()
    assert np.bincount(TABLE.kind + 1).tolist() == [4672 - 66, 22, 22, 22]
    meanings = np.stack([TABLE.from_square, TABLE.to_square, TABLE.kind])[:, valid]
    assert len(np.unique(meanings, axis=1).T) == valid.sum()


def test_actions_by_hand() -> None:
    plane = {"N": 0, "NE": 7, "E": 14, "SE": 21, "S": 28, "SW": 35, "W": 42, "NW": 49}
    assert action(chess.STARTING_FEN, "e2e4") == (plane["N"] + 1) * 64 + 12
    assert action(chess.STARTING_FEN, "g1f3") == (56 + 7) * 64 + 6  # the last knight move, NNW
    black = "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"
    assert action(black, "e7e5") == action(chess.STARTING_FEN, "e2e4")
    assert action(black, "g8f6") == action(chess.STARTING_FEN, "g1f3")
    castling = "r3k2r/8/8/8/8/8/8/R3K2R {} KQkq - 0 1"
    for mover, rank in (("w", 1), ("b", 8)):
        fen = castling.format(mover)
        assert action(fen, f"e{rank}g{rank}") == (plane["E"] + 2) * 64 + 4
        assert action(fen, f"e{rank}c{rank}") == (plane["W"] + 3) * 64 + 4
    promoting = "3n1n1k/4P3/8/8/8/8/8/K7 w - - 0 1"
    assert action(promoting, "e7e8q") == plane["N"] * 64 + 52
    assert action(promoting, "e7d8q") == plane["NW"] * 64 + 52
    assert action(promoting, "e7d8n") == 64 * 64 + 52
    assert action(promoting, "e7e8b") == 68 * 64 + 52
    assert action(promoting, "e7f8R") == 72 * 64 + 52
    assert TABLE.kind[[64 * 64 + 52, 68 * 64 + 52, 72 * 64 + 52]].tolist() == [0, 1, 2]


@unhurried
@given(positions)
def test_action_move_and_text_are_each_other(position: ChessPosition) -> None:
    board = position.board
    board.chess960 = True  # castling as king takes rook
    actions = position.legal_actions().tolist()
    assert actions == sorted(set(actions))
    expected = set()
    for index in actions:
        move = move_of(index, board)
        assert move is not None
        assert action_of(move, board.turn) == index
        text = position.action_text(index)
        assert position.parse_action(text) == index
        assert position.parse_action(text.upper()) == index
        assert position.parse_action(move.uci()) == index
        assert position.board.parse_uci(text) in position.board.legal_moves
        flip = 0 if board.turn else 56
        assert (TABLE.from_square[index] ^ flip, TABLE.to_square[index] ^ flip) == (move.from_square, move.to_square)
        kind = -1 if move.promotion in (None, chess.QUEEN) else move.promotion - chess.KNIGHT
        assert TABLE.kind[index] == kind
        expected.add(move)
    assert expected == set(board.legal_moves)


@pytest.mark.parametrize("index", [-1, 4672, 10**9])
def test_numbers_beyond_the_table_mean_nothing(index: int) -> None:
    assert move_of(index, chess.Board()) is None


def test_actions_that_leave_the_board_mean_nothing() -> None:
    board = chess.Board()
    for index in np.flatnonzero(TABLE.from_square < 0).tolist():
        assert move_of(index, board) is None


@unhurried
@given(positions)
def test_reversing_columns_keeps_the_moves_where_nobody_may_castle(position: ChessPosition) -> None:
    assume(not position.board.castling_rights)
    flipped = ChessPosition(position.board.transform(chess.flip_horizontal))
    permutation = GAME.action_permutation(Symmetry.FLIP_COLUMNS, (8, 8))
    assert sorted(permutation[position.legal_actions()].tolist()) == flipped.legal_actions().tolist()
    alone = ChessPosition(position.board)  # without history, as the flipped one
    assert np.array_equal(apply_symmetry(observation(alone), Symmetry.FLIP_COLUMNS), observation(flipped))


def test_permutations() -> None:
    identity = GAME.action_permutation(Symmetry.IDENTITY, (8, 8))
    assert np.array_equal(identity, np.arange(4672))
    flip = GAME.action_permutation(Symmetry.FLIP_COLUMNS, (8, 8))
    assert flip.dtype == np.int64
    assert np.array_equal(flip[flip], identity)
    assert np.array_equal(TABLE.kind[flip], TABLE.kind)
    for symmetry in set(Symmetry) - {Symmetry.IDENTITY, Symmetry.FLIP_COLUMNS}:
        with pytest.raises(ValueError, match=symmetry.name):
            GAME.action_permutation(symmetry, (8, 8))
