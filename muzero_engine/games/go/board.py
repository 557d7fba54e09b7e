"""Stones, chains and liberties on a board of any size, and Tromp-Taylor area.

Sets of points are Python integers used as bit sets (bit = square = row * W + column): a flood fill over 361 points is
some shifts and masks of one 361-bit integer, which beats numpy at this size and needs no compiled code.

A chain (solidly connected stones) is named by one of its points. Its points and liberties are kept up to date
move by move, so that legality asks only for the liberties of each chain.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from muzero_engine.games.base import Shape
from muzero_engine.games.bitsets import members

EMPTY = -1


class Geometry(NamedTuple):
    """What depends on the board's shape only."""

    shape: Shape
    points: int
    full: int  # every point
    not_first: int  # every point but those of column 0
    not_last: int  # every point but those of column W - 1
    bits: tuple[int, ...]  # 1 << point
    neighbours: tuple[tuple[int, ...], ...]


@functools.cache
def geometry(shape: Shape) -> Geometry:
    """Return the geometry of a board of `shape` (rows, columns)."""
    rows, columns = shape
    points = rows * columns
    full = (1 << points) - 1
    first = sum(1 << (row * columns) for row in range(rows))
    neighbours = []
    for point in range(points):
        row, column = divmod(point, columns)
        around = ((row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column))
        neighbours.append(tuple(r * columns + c for r, c in around if 0 <= r < rows and 0 <= c < columns))
    return Geometry(
        shape,
        points,
        full,
        full & ~first,
        full & ~(first << (columns - 1)),
        tuple(1 << point for point in range(points)),
        tuple(neighbours),
    )


class Board:
    """Stones and chains. It knows neither whose turn it is nor what happened before. Colours are 0 and 1."""

    __slots__ = ("chain_of", "chains", "geometry", "liberties", "stones")

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        self.stones = [0, 0]  # bit set of each colour's stones
        self.chain_of = [EMPTY] * geometry.points  # point -> name of its chain
        self.chains: dict[int, tuple[int, ...]] = {}  # name -> points
        self.liberties: tuple[dict[int, int], dict[int, int]] = ({}, {})  # of each colour: name -> bit set

    @classmethod
    def from_stones(cls, geometry: Geometry, stones: tuple[int, int]) -> Board:
        """Return the board with these two bit sets. Chains without liberties are kept: see `breathless`."""
        board = cls(geometry)
        board.stones = list(stones)
        empty = board.empty
        for colour in (0, 1):
            rest = stones[colour]
            while rest:
                name = (rest & -rest).bit_length() - 1
                chain = board._flood(rest & -rest, rest)
                rest &= ~chain
                board.chains[name] = tuple(members(chain))
                for point in board.chains[name]:
                    board.chain_of[point] = name
                board.liberties[colour][name] = board._spread(chain) & empty
        return board

    def copy(self) -> Board:
        """Return an independent copy."""
        twin = Board.__new__(Board)
        twin.geometry = self.geometry
        twin.stones = self.stones.copy()
        twin.chain_of = self.chain_of.copy()
        twin.chains = self.chains.copy()
        twin.liberties = (self.liberties[0].copy(), self.liberties[1].copy())
        return twin

    @property
    def empty(self) -> int:
        """Return the bit set of the empty points."""
        return self.geometry.full & ~(self.stones[0] | self.stones[1])

    @property
    def breathless(self) -> bool:
        """Return whether some chain has no liberty: such a board cannot arise in a game."""
        return any(not liberties for side in self.liberties for liberties in side.values())

    def place(self, point: int, colour: int) -> tuple[int, int]:
        """Put a stone on an empty point. Returns (stones of the other colour removed, own stones removed).

        The own chain is removed if it has no liberty left once captures are made (a suicide); whether that is allowed
        is for the caller to say.
        """
        bits = self.geometry.bits
        bit = bits[point]
        own, other = self.liberties[colour], self.liberties[1 - colour]
        chain_of = self.chain_of
        liberties = captured = 0
        joined: list[int] = []
        for neighbour in self.geometry.neighbours[point]:
            name = chain_of[neighbour]
            if name == EMPTY:  # perhaps since a moment ago: the capture of a chain that touches twice
                liberties |= bits[neighbour]
            elif name in own:
                if name not in joined:
                    joined.append(name)
            elif left := other[name] & ~bit:
                other[name] = left
            else:
                captured |= self._remove(name, 1 - colour)
                liberties |= bits[neighbour]
        self.stones[colour] |= bit
        chains = self.chains
        main = max(joined, key=lambda name: len(chains[name])) if joined else point
        chain_of[point] = main
        points = (*chains.get(main, ()), point)
        for name in joined:
            liberties |= own[name]
            if name != main:
                del own[name]
                absorbed = chains.pop(name)
                points += absorbed
                for stone in absorbed:
                    chain_of[stone] = main
        chains[main] = points
        own[main] = liberties & ~bit
        return captured, 0 if own[main] else self._remove(main, colour)

    def playable(self, colour: int) -> tuple[int, dict[int, list[int]]]:
        """Return the points where `colour` may play but for repetition, and the captures among them.

        Returns (bit set of the empty points that are no suicide, {bit of a point: names of the chains taken there}).
        """
        empty = self.empty
        allowed = self._spread(empty)
        for liberties in self.liberties[colour].values():
            if liberties & (liberties - 1):
                allowed |= liberties
        captures: dict[int, list[int]] = {}
        for name, liberties in self.liberties[1 - colour].items():
            if not liberties & (liberties - 1):
                allowed |= liberties
                captures.setdefault(liberties, []).append(name)
        return empty & allowed, captures

    def area(self) -> tuple[int, int]:
        """Return the bit sets of the points that count for each colour (Tromp-Taylor).

        A colour has its stones and the empty points that reach only its stones. Every stone on the board is alive.
        """
        empty = self.empty
        reach = [self._flood(self._spread(stones) & empty, empty) for stones in self.stones]
        return self.stones[0] | (reach[0] & ~reach[1]), self.stones[1] | (reach[1] & ~reach[0])

    def _remove(self, name: int, colour: int) -> int:
        points = self.chains.pop(name)
        del self.liberties[colour][name]
        other = self.liberties[1 - colour]
        chain_of = self.chain_of
        for point in points:
            chain_of[point] = EMPTY
        removed = 0
        for point in points:
            bit = self.geometry.bits[point]
            removed |= bit
            for neighbour in self.geometry.neighbours[point]:
                if (neighbour_name := chain_of[neighbour]) != EMPTY:
                    other[neighbour_name] |= bit
        self.stones[colour] &= ~removed
        return removed

    def _spread(self, mask: int) -> int:
        """Return the points beside those of a set."""
        columns = self.geometry.shape[1]
        sideways = ((mask & self.geometry.not_last) << 1) | ((mask & self.geometry.not_first) >> 1)
        return (sideways | (mask << columns) | (mask >> columns)) & self.geometry.full

    def _flood(self, seeds: int, within: int) -> int:
        """Return the points of `within` connected to `seeds`, a part of it."""
        reached = seeds
        while (grown := (reached | self._spread(reached)) & within) != reached:
            reached = grown
        return reached
