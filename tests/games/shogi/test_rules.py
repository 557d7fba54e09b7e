"""Shogi's moves: perft, promotion, drops, and what an action index means."""

from __future__ import annotations

import pytest

from muzero_engine.games.base import IllegalMove, Symmetry
from muzero_engine.games.registry import load_game
from muzero_engine.games.shogi.actions import PLANES, SQUARES, action_permutation
from muzero_engine.games.shogi.rules import ShogiPosition


def position_of(sfen: str) -> ShogiPosition:
    return ShogiPosition.from_text(sfen)


def usi_moves(sfen: str) -> set[str]:
    position = position_of(sfen)
    return {position.action_text(action) for action in position.legal_actions().tolist()}


def perft(position: ShogiPosition, depth: int) -> int:
    actions = position.legal_actions()
    if depth == 1:
        return len(actions)
    count = 0
    for action in actions.tolist():
        position.push(action)
        count += perft(position, depth - 1)
        position.pop()
    return count


@pytest.mark.parametrize(("depth", "nodes"), [(1, 30), (2, 900), (3, 25470), (4, 719731)])
def test_perft_of_the_start(depth: int, nodes: int) -> None:
    """Published counts, as on https://www.chessprogramming.org/Shogi_Perft_Results."""
    assert perft(ShogiPosition.initial((9, 9)), depth) == nodes


@pytest.mark.parametrize(
    ("sfen", "depth", "nodes"),
    [
        ("l6nl/5+P1gk/2np1S3/p1p4Pp/3P2Sp1/1PPb2P1P/P5GS1/R8/LN4bKL w RGgsn5p 1", 2, 28684),
        ("8l/1l+R2P3/p2pBG1pp/kps1p4/Nn1P2G2/P1P1P2PP/1PS6/1KSG3+r1/LN2+p3L w Sbgn3p 124", 2, 18041),
        ("6n1k/5P1g1/5S2p/9/7P1/9/8P/6GS1/4K4 b RBGSNLP2p 1", 2, 30622),
        ("lrsg2sn1/3k+B2rl/pp2pp2p/3p1gpp1/2p6/P5P2/1PNP1P2P/1S2KG1S1/L6NL w GNPb2p 48", 3, 47670),
        ("1n4kn1/lr3g2+B/1Gp1+Ppb2/p2l5/3pp2P1/1p1S4L/N2P1GP1l/sg1Kr1S2/SN7 b 8p 101", 3, 10545),
        ("2s2gs2/Pp1gk4/n1p1nl2l/3p1sp1r/4pp2P/pn1bK4/1bPP1P1P1/r+p3GS1L/7NL b g4p 97", 3, 6229),
        ("ln7/8+S/+B7p/1gsPkp3/4p4/5PP1P/P2KP1GP1/1+l1G2R1L/2r1N1SN1 w BGSNL8P 118", 3, 485216),
    ],
)
def test_perft_of_middle_games(sfen: str, depth: int, nodes: int) -> None:
    """Counts of Fairy-Stockfish 14 (`position sfen ...`, `go perft N`)."""
    assert perft(position_of(sfen), depth) == nodes


def test_a_board_is_that_of_the_position_with_its_last_move() -> None:
    position = position_of("startpos")
    for _ in range(60):
        board, whole = position.board, position.board_with_history
        assert len(whole.history) == position.ply
        assert (board.sfen(), board.peek(), board.is_check()) == (whole.sfen(), whole.peek(), whole.is_check())
        position.push(int(position.legal_actions()[position.ply * 7 % len(position.legal_actions())]))


def test_promotion_is_free_in_the_camp_and_forced_at_its_end() -> None:
    moves = usi_moves("9/9/9/PPP1L1B1R/9/9/9/9/k3K4 b - 1")
    assert {"9d9c", "9d9c+", "5d5b", "5d5b+", "5d5a+", "3d6a", "3d6a+", "1d1a", "1d1a+"} <= moves
    assert "5d5a" not in moves
    assert {"5c5b", "5c5b+"} <= usi_moves("4k4/9/4P4/9/9/9/9/9/4K4 b - 1")
    assert {move for move in usi_moves("k8/4P4/4N4/9/4N4/9/9/9/4K4 b - 1") if move[:2] in ("5b", "5c", "5e")} == {
        "5b5a+",
        "5c4a+",
        "5c6a+",
        "5e4c",
        "5e4c+",
        "5e6c",
        "5e6c+",
    }
    assert {"1c1d+", "1c1d"} <= usi_moves("4k4/9/8R/9/9/9/9/9/4K4 b - 1")  # also when leaving the camp
    assert "5g5h+" in usi_moves("4k4/9/9/9/9/9/4p4/9/8K w - 1")


def test_golds_kings_and_promoted_pieces_do_not_promote() -> None:
    assert not [move for move in usi_moves("4k4/9/9/G1+P1K1+B1+R/9/9/9/9/9 b - 1") if move.endswith("+")]


def test_no_second_pawn_on_a_file() -> None:
    drops = {m for m in usi_moves("4k4/9/4+P4/9/9/9/PPPP2PPP/9/4K4 b P 1") if m.startswith("P*")}
    assert {move[2] for move in drops} == {"4", "5"}  # the promoted pawn on file 5 does not count
    with pytest.raises(IllegalMove):
        position_of("4k4/9/9/9/9/9/PPPPPPPPP/9/4K4 b P 1").parse_action("P*5e")


def test_no_drop_that_could_never_move() -> None:
    moves = usi_moves("4k4/9/9/9/9/9/9/9/4K4 b PLN 1")
    assert not {"P*1a", "L*1a", "N*1a", "N*1b"} & moves
    assert {"P*1b", "L*1b", "N*1c"} <= moves
    moves = usi_moves("4k4/9/9/9/9/9/9/9/4K4 w pln 1")
    assert not {"P*1i", "L*1i", "N*1i", "N*1h"} & moves
    assert {"P*1h", "L*1h", "N*1g"} <= moves


def test_a_pawn_is_not_dropped_for_mate() -> None:
    assert "P*1b" not in usi_moves("8k/9/6NG1/9/9/9/9/9/4K4 b P 1")
    assert "P*1b" in usi_moves("8k/3r5/6NG1/9/9/9/9/9/4K4 b P 1")  # the rook can take it
    position = position_of("8k/9/6NGP/9/9/9/9/9/4K4 b - 1")  # a pawn that moves may mate
    assert position.ending_actions()[position.parse_action("1c1b")] == 1.0
    assert "P*9h" not in usi_moves("4k4/9/9/9/9/9/1gn6/9/K8 w p 1")


def test_a_king_in_check_must_be_saved() -> None:
    moves = usi_moves("4k4/9/9/9/4r4/9/9/9/3GKG3 b P 1")
    assert moves == {"P*5f", "P*5g", "P*5h", "6i5h", "4i5h", "5i4h", "5i6h"}


@pytest.mark.parametrize(
    ("sfen", "usi", "plane", "square"),
    [
        ("startpos", "7g7f", 0, 47),
        ("startpos", "2h6h", 3, 66),
        ("startpos", "6i7h", 1, 65),
        ("lnsgkgsnl/1r5b1/pppppp1pp/6p2/9/2P6/PP1PPPPPP/1B5R1/LNSGKGSNL b - 3", "8h2b+", 12, 16),
        ("4k4/9/9/9/9/9/9/9/4K4 b P 1", "P*5e", 20, 40),
        ("4k4/9/9/9/9/9/9/9/4K4 b G 1", "G*9a", 26, 0),
        ("4k4/9/9/9/4N4/9/9/9/4K4 b - 1", "5e6c", 8, 21),
        ("4k4/9/9/9/4N4/9/9/9/4K4 b - 1", "5e4c+", 19, 23),
        ("lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL w - 1", "3c3d", 0, 47),
        ("4k4/9/9/9/4n4/9/9/9/8K w - 1", "5e6g+", 19, 23),
        ("4k4/9/9/9/9/9/9/9/4K4 w r 1", "R*1i", 25, 0),
    ],
)
def test_actions_are_in_the_movers_frame(sfen: str, usi: str, plane: int, square: int) -> None:
    position = position_of(sfen)
    action = position.parse_action(usi)
    assert divmod(action, SQUARES) == (plane, square)
    assert action in position.legal_actions()
    assert position.action_text(action) == usi


def test_the_action_table_points_at_the_nearest_origin() -> None:
    table = load_game("shogi").action_table((9, 9))
    assert table.kinds == PLANES
    for plane, square, origin in [(0, 47, 56), (0, 80, -1), (12, 16, 24), (8, 21, 40), (9, 18, -1), (20, 40, -1)]:
        action = plane * SQUARES + square
        assert (table.kind[action], table.to_square[action], table.from_square[action]) == (plane, square, origin)


def test_a_mirror_exchanges_left_and_right() -> None:
    mirror = action_permutation(Symmetry.FLIP_COLUMNS, (9, 9))
    assert mirror[0 * SQUARES + 47] == 0 * SQUARES + 51  # 7g7f, 3g3f
    assert mirror[12 * SQUARES + 16] == 11 * SQUARES + 10  # 8h2b+, 2h8b+
    assert mirror[18 * SQUARES + 0] == 19 * SQUARES + 8
    assert mirror[20 * SQUARES + 0] == 20 * SQUARES + 8
    with pytest.raises(ValueError, match="FLIP_ROWS"):
        action_permutation(Symmetry.FLIP_ROWS, (9, 9))
