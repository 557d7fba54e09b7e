"""What holds for chess where the user says nothing else."""

from __future__ import annotations

from muzero_engine.games.base import GameDefaults

LONGEST_GAME = 1000  # plies of a match's game
PIECE_VALUES = (1.0, 3.0, 3.0, 5.0, 9.0, 0.0)  # in the order of the planes; the king cannot be captured
PROMOTIONS = (2.0, 2.0, 4.0)  # kinds of the action table: knight, bishop, rook, less the pawn

DEFAULTS = GameDefaults(
    time_control="10+0.1",
    opening_plies=6,
    ply_cap=lambda _shape: LONGEST_GAME,
    bench_positions=(
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
        "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
        "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1",
    ),
)
