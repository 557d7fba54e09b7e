"""What the rules say at the root about moves that end the game, or let the opponent end it."""

from __future__ import annotations

import numpy as np

from muzero_engine.games.base import Ints, Position


def playable(position: Position) -> Ints:
    """Return the moves worth a search in a game that goes on, int64[n] with n >= 1, by what the rules say of its ends.

    They are one that wins at once where there is one; else all legal ones but those that lose at once, unless all do.
    """
    legal, decisive = position.legal_actions(), position.decisive_actions()
    if not decisive:
        return legal
    winning = [action for action, value in decisive.items() if value > 0]
    if winning:
        return np.array(winning[:1], dtype=np.int64)
    kept = legal[~np.isin(legal, list(decisive))]
    return kept if len(kept) else legal


def can_escape_loss(position: Position) -> bool:
    """Return whether the mover can end the game at once without losing it: by a move, or by declaring a win.

    Nobody resigns such a position, whatever the network thinks of it.
    """
    return position.can_declare_win() or max(position.ending_actions().values(), default=-1.0) >= 0.0


def gives_up(position: Position, action: int, value: float) -> bool:
    """Return whether a pass (Go) throws away what the search thinks is won: `value`, mover's view, in [-1, 1].

    So it does if the opponent can pass too and not lose: the board is counted as it stands then. What is dead for the
    network is alive for the rules, and who never learnt to take it off passes in front of it.
    """
    rows, columns = position.shape
    if value <= 0.0 or action < position.spec.action_planes * rows * columns:
        return False
    position.push(action)
    given_up = position.outcome() is None and max(position.ending_actions().values(), default=-1.0) >= 0.0
    position.pop()
    return given_up
