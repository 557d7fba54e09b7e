"""What holds for shogi where the user says nothing else."""

from __future__ import annotations

from muzero_engine.games.base import GameDefaults, Ranks

LONGEST_GAME = 512  # plies of a match's game
# Pieces in the order of the planes; the king, which cannot be captured, is worth nothing.
PIECE_VALUES = (1.0, 3.0, 4.0, 5.0, 8.0, 10.0, 6.0, 0.0, 5.0, 6.0, 6.0, 6.0, 10.0, 12.0)

# The ladder has random moves at 0 and gpsshogi, six plies deep, at 4300. They are taken for less than 15 kyu and for
# 4 dan here, with ranks of one width between: more than the 80 to 140 Elo that a rank of people is in Europe (FESA).
RANKS = Ranks(
    first_dan=3700.0,
    step=200.0,
    weakest_kyu=15,
    highest_dan=6,
    scale="gpsshogi",
    anchor="gpsshogi six plies deep is taken for 4 dan and a rank for 200 Elo: an estimate, perhaps 4 ranks off",
)

DEFAULTS = GameDefaults(
    ranks=RANKS,
    time_control="10+0.1",
    opening_plies=6,
    ply_cap=lambda _shape: LONGEST_GAME,
    bench_positions=(
        "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1",
        "ln1g1g1nl/1ks2r3/1pppp1bpp/p3spp2/9/P1P1SP1PP/1P1PP1P2/2KGG1R2/LN3BSNL w - 28",
    ),
)
