"""Perft through our own Position: the number of leaves of the legal move tree, against published counts."""

from __future__ import annotations

import pytest

from muzero_engine.games.chess import ChessPosition, position_from_fen

# chessprogramming.org/Perft_Results, positions 1 to 6.
STANDARD = [
    ("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", (20, 400, 8902, 197281)),
    ("r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", (48, 2039, 97862)),
    ("8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", (14, 191, 2812, 43238)),
    ("r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", (6, 264, 9467, 422333)),
    ("rnbq1k1r/pp1Pbppp/2p5/8/2B5/8/PPP1NnPP/RNBQK2R w KQ - 1 8", (44, 1486, 62379)),
    ("r4rk1/1pp1qppp/p1np1n2/2b1p1B1/2B1P1b1/P1NP1N2/1PP1QPPP/R4RK1 w - - 0 10", (46, 2079, 89890)),
]

# chessprogramming.org/Chess960_Perft_Results, positions 1 to 5; then castling at close quarters (counts by Stockfish).
CHESS960 = [
    ("bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9", (21, 528, 12189)),
    ("2nnrbkr/p1qppppp/8/1ppb4/6PP/3PP3/PPP2P2/BQNNRBKR w HEhe - 1 9", (21, 807, 18002)),
    ("b1q1rrkb/pppppppp/3nn3/8/P7/1PPP4/4PPPP/BQNNRKRB w GE - 1 9", (20, 479, 10471)),
    ("qbbnnrkr/2pp2pp/p7/1p2pp2/8/P3PP2/1PPP1KPP/QBBNNR1R w hf - 0 9", (22, 593, 13440)),
    ("1nbbnrkr/p1p1ppp1/3p4/1p3P1p/3Pq2P/8/PPP1P1P1/QNBBNRKR w HFhf - 0 9", (28, 1120, 31058)),
    ("8/8/8/8/8/k7/8/qRK4R w HB - 0 1", (16, 157, 2653, 48950)),
    ("1rkr4/8/8/8/8/8/8/1RKR4 w DBdb - 0 1", (20, 328, 6906)),
    ("4rkr1/8/8/8/8/8/8/RK5R b HAge - 0 1", (24, 505, 11784)),
    ("r3k2r/8/8/8/8/8/8/1R2KR2 w FBha - 0 1", (25, 534, 13222)),
]


def perft(position: ChessPosition, depth: int) -> int:
    actions = position.legal_actions()
    if depth == 1:
        return len(actions)
    leaves = 0
    for action in actions.tolist():
        position.push(action)
        leaves += perft(position, depth - 1)
        position.pop()
    return leaves


@pytest.mark.parametrize(("fen", "counts"), STANDARD)
def test_standard_chess(fen: str, counts: tuple[int, ...]) -> None:
    position = position_from_fen(fen)
    assert tuple(perft(position, depth) for depth in range(1, len(counts) + 1)) == counts
    assert position.text() == fen


@pytest.mark.parametrize(("fen", "counts"), CHESS960)
def test_chess960(fen: str, counts: tuple[int, ...]) -> None:
    position = position_from_fen(fen, chess960=True)
    assert tuple(perft(position, depth) for depth in range(1, len(counts) + 1)) == counts
    assert position.text() == fen
