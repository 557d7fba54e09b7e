"""Dead stones at the end of a game between people, who do not capture them: those on points that are the other side's;
and points ahead where they can be counted, by the rules.

As KataGo does it: a chain is dead if the ownership of its points, for its own colour, is below `ALIVE_MEAN` on average
or below `ALIVE_WORST` anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from muzero_engine.arrays import Floats
from muzero_engine.engine.points import ScoreModel, move_lead, movers_points
from muzero_engine.engine.report import SearchInfo
from muzero_engine.games.go.actions import pass_action
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition

Ownerships = Callable[[Sequence[GoPosition]], list[Floats | None]]  # of positions, each in its mover's view

ALIVE_MEAN = 0.2
ALIVE_WORST = -0.6


def ownership_before_passing(position: GoPosition, ownerships: Ownerships) -> Floats | None:
    """Return whose each point would be if nobody had passed, float32[H, W] in the mover's view; None if that is not
    known.

    By the rules that the network learnt, every stone is alive once both have passed, so it is asked about the board
    before that, and whoever is to move there: the mean of both.
    """
    before = position.copy()
    while before.last_move is not None and before.last_move[1] == pass_action(before.shape):
        before.pop()
    turns = before, before.copy()
    for colour, turn in zip((BLACK, WHITE), turns, strict=True):
        turn.set_mover(colour)
    black, white = ownerships(turns)
    if black is None or white is None:
        return None
    mean: Floats = (black - white) / np.float32(2.0)
    return mean if position.mover == BLACK else -mean


def dead_stones(position: GoPosition, ownership: Floats) -> list[int]:
    """Return the squares of dead stones, ascending; `ownership` is float32[H, W] in [-1, 1], +1 is the mover's."""
    black = ownership.reshape(-1).astype(np.float64) * (1.0 if position.mover == BLACK else -1.0)
    dead: list[int] = []
    for colour, view in ((BLACK, 1.0), (WHITE, -1.0)):
        for chain in position.chains(colour):
            owned = view * black[list(chain)]
            if owned.mean() < ALIVE_MEAN or owned.min() < ALIVE_WORST:
                dead += chain
    return sorted(dead)


def without(position: GoPosition, dead: list[int]) -> GoPosition:
    """Return the board with these stones taken away, without history."""
    gone = set(dead)
    black, white = ([s for s in position.stones(colour) if s not in gone] for colour in (BLACK, WHITE))
    return GoPosition(position.shape, black=black, white=white, mover=position.mover, komi=position.komi)


def root_lead(
    position: GoPosition, info: SearchInfo, score: ScoreModel, ownerships: Ownerships | None, *, friendly: bool
) -> float:
    """Return the points that the mover is ahead by a search: where the game is over those that are counted, if they do
    not contradict it on who wins; where its value is that of a move that ends the game those after this move.

    `friendly`: whether dead stones are taken away before they are counted.
    """
    lead = score.lead(info.value)
    if position.outcome() is None:
        ending = next((move for move in info.moves if move.ends is not None and move.value == info.value), None)
        return lead if ending is None else move_lead(position, ending, score)
    dead: list[int] = []
    if friendly:
        owned = None if ownerships is None else ownership_before_passing(position, ownerships)
        if owned is None:
            return lead
        dead = dead_stones(position, owned)
    counted = movers_points(position, without(position, dead).score())
    return counted if counted * info.value >= 0 else lead
