"""What the network sees of a Go position.

Frame of one ply, in order: stones of black, stones of white, points closed by superko.

The last plane marks empty points that the mover of that ply could play but for repetition. History shows simple kos as
well, but a longer cycle leaves no other trace in eight plies. Suicide needs no plane: the stones show it.

Scalars of the current ply, in order:
- komi in the mover's view: half points given to the mover, negative when it gives them; 1.0 = 15 points.
- whether the move before was a pass, so that a pass now ends the game.
- one, always: with zero padding it shows a network of any board size where the edges are.

The area rules give handicap no compensation, so it has no plane.
"""

from __future__ import annotations

import numpy as np

from muzero_engine.games.base import FrameLayout, Scalars

LAYOUT = FrameLayout(per_player=1, neutral=1, history=8, scalar_scales=(30.0, 1.0, 1.0))
KOMI_LIMIT = 2 * 19 * 19  # half points; beyond it one side has won before the first move


def scalars(komi2: int, mover: int, passed: bool) -> Scalars:
    """Return int16[3] in the mover's view; `komi2` is the komi in half points, white's gain."""
    komi = max(-KOMI_LIMIT, min(KOMI_LIMIT, komi2))
    return np.array([komi if mover == 1 else -komi, passed, 1], dtype=np.int16)
