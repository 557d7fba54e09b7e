"""A second, slow implementation of the Go rules in plain sets, to hold the fast one against."""

from __future__ import annotations

Point = tuple[int, int]  # row, column
Stones = dict[Point, int]  # point -> colour


class SlowGo:
    """Area scoring, positional superko, no suicide; colours 0 (black) and 1 (white), black first."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self.stones: Stones = {}
        self.mover = 0
        self.seen = [dict(self.stones)]
        self.lost = [0, 0]

    def around(self, point: Point) -> list[Point]:
        row, column = point
        beside = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
        return [(r, c) for r, c in beside if 0 <= r < self.rows and 0 <= c < self.columns]

    def region(self, start: Point, stones: Stones) -> tuple[set[Point], set[int | None]]:
        """Return the connected points of the same content as `start`, and the contents they touch."""
        content = stones.get(start)
        region, border, todo = {start}, set(), [start]
        while todo:
            for point in self.around(todo.pop()):
                if stones.get(point) != content:
                    border.add(stones.get(point))
                elif point not in region:
                    region.add(point)
                    todo.append(point)
        return region, border

    def after(self, point: Point) -> Stones | None:
        """Return the board after a stone of the mover, or None where the rules forbid it (superko aside)."""
        if point in self.stones:
            return None
        stones = {**self.stones, point: self.mover}
        for other in self.around(point):
            if stones.get(other) == 1 - self.mover:
                chain, border = self.region(other, stones)
                if None not in border:
                    stones = {where: colour for where, colour in stones.items() if where not in chain}
        return stones if None in self.region(point, stones)[1] else None

    def legal(self) -> list[Point]:
        points = [(row, column) for row in range(self.rows) for column in range(self.columns)]
        return [point for point in points if (stones := self.after(point)) is not None and stones not in self.seen]

    def play(self, point: Point | None) -> None:
        if point is not None:
            stones = self.after(point)
            assert stones is not None
            before = sum(colour != self.mover for colour in self.stones.values())
            self.lost[1 - self.mover] += before - sum(colour != self.mover for colour in stones.values())
            self.stones = stones
            self.seen.append(stones)
        self.mover = 1 - self.mover

    def area(self) -> dict[Point, int]:
        """Return +1 black, -1 white, 0 nobody, of every point."""
        owner: dict[Point, int] = {}
        for row in range(self.rows):
            for column in range(self.columns):
                region, border = self.region((row, column), self.stones)
                colour = self.stones.get((row, column))
                colours = border if colour is None else {colour}
                owner.update(dict.fromkeys(region, 1 if colours == {0} else -1 if colours == {1} else 0))
        return owner
