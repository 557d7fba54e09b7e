"""Sets of squares as integers of 64 bits, and what a disc turns over.

Bit `row * 8 + column` stands for a square (see `actions`). A line of discs is followed by shifting whole sets: one step
to the right is a shift by 1, one step down a shift by 8. Discs that are turned over lie between two others, so a line
that goes sideways never has one of them on the outer columns: without these no shift runs round the edge.
"""

from __future__ import annotations

ALL = (1 << 64) - 1
SIDEWAYS = 0x7E7E7E7E7E7E7E7E  # all squares but those of the outer columns
# (shift, squares on which a disc can lie between two others on a line of that direction); each is used both ways
LINES = ((1, SIDEWAYS), (7, SIDEWAYS), (8, ALL), (9, SIDEWAYS))


def placements(own: int, other: int) -> int:
    """Return the empty squares where a disc of `own` turns over at least one of `other`."""
    reached = 0
    for shift, between in LINES:
        inner = other & between
        run = own << shift & inner
        while run:
            run <<= shift
            reached |= run
            run &= inner
        run = own >> shift & inner
        while run:
            run >>= shift
            reached |= run
            run &= inner
    return reached & ~(own | other) & ALL


def turned_over(square: int, own: int, other: int) -> int:
    """Return the discs of `other` that a disc of `own` on this empty square turns over."""
    disc = 1 << square
    turned = 0
    for shift, between in LINES:
        inner = other & between
        line = 0
        run = disc << shift & inner
        while run:
            line |= run
            run <<= shift
            if run & own:
                turned |= line
            run &= inner
        line = 0
        run = disc >> shift & inner
        while run:
            line |= run
            run >>= shift
            if run & own:
                turned |= line
            run &= inner
    return turned
