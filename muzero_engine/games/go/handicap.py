"""Where handicap stones go (GTP version 2, section 4.1), and how many a game has."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from muzero_engine.games.base import BadPosition, Shape
from muzero_engine.games.go.actions import pass_action


def _edge_distance(size: int) -> int:
    """Return the rows between the edge and the star points: third line up to size 12, fourth line from 13 on."""
    return 2 if size < 13 else 3


def most_fixed_stones(shape: Shape) -> int:
    """Return how many stones `fixed_handicap` knows on this board: 9, 4 or 0."""
    if min(shape) < 7:
        return 0
    return 9 if min(shape) >= 9 and shape[0] % 2 == 1 and shape[1] % 2 == 1 else 4


def fixed_handicap(stones: int, shape: Shape) -> list[int]:
    """Return the squares of 2 to 9 stones on the star points (GTP 4.1.1). Raises BadPosition where there are none."""
    most = most_fixed_stones(shape)
    if not 2 <= stones <= most:
        range_text = f"2 to {most} stones" if most else "no fixed handicap"
        raise BadPosition(f"a {shape[0]}x{shape[1]} board allows {range_text}, not {stones}")
    rows, columns = shape
    top, left = _edge_distance(rows), _edge_distance(columns)
    bottom, right = rows - 1 - top, columns - 1 - left
    middle, centre = rows // 2, columns // 2
    corners = [(bottom, left), (top, right), (top, left), (bottom, right)]
    sides = [(middle, left), (middle, right), (bottom, centre), (top, centre)]
    if stones <= 4:
        points = corners[:stones]
    else:
        points = corners + sides[: (stones - 4) // 2 * 2]
        if stones % 2 == 1:
            points.append((middle, centre))
    return [row * columns + column for row, column in points]


def free_handicap(stones: int, shape: Shape) -> list[int]:
    """Return squares of an engine's own choice (GTP 4.1.2): the star points as far as they go, then the widest gaps.

    `stones` is 2 to H * W - 1. Raises BadPosition for another number.
    """
    rows, columns = shape
    if not 2 <= stones < rows * columns:
        raise BadPosition(f"a {rows}x{columns} board takes 2 to {rows * columns - 1} handicap stones, not {stones}")
    most = most_fixed_stones(shape)
    chosen = fixed_handicap(min(stones, most), shape) if most else []
    gap = {(row, column): rows + columns for row in range(rows) for column in range(columns)}
    for square in chosen:
        _take(gap, divmod(square, columns))

    def edge(point: tuple[int, int]) -> int:
        return min(point[0], rows - 1 - point[0], point[1], columns - 1 - point[1])

    while len(chosen) < stones:
        best = max(gap, key=lambda point: (min(edge(point), 2), gap[point], -point[0], -point[1]))
        _take(gap, best)
        chosen.append(best[0] * columns + best[1])
    return chosen


def _take(gap: dict[tuple[int, int], int], taken: tuple[int, int]) -> None:
    """Remove a point and update each other point's distance to the nearest stone."""
    del gap[taken]
    for point in gap:
        gap[point] = min(gap[point], abs(point[0] - taken[0]) + abs(point[1] - taken[1]))


def handicap_stones(
    black: Collection[int], white: Collection[int], moves: Iterable[tuple[int, int]], shape: Shape
) -> int:
    """Return how many handicap stones a game has, 0 for none: black's stones and moves before white's first move, if
    there are two or more (as KataGo counts, with `assumeMultipleStartingBlackMovesAreHandicap`).

    `black` and `white` are the squares that were set up, `moves` (colour, action) in turn; passes do not count. With a
    white stone set up there is no handicap.
    """
    if white:
        return 0
    stones, passing = len(black), pass_action(shape)
    for colour, action in moves:
        if action == passing:
            continue
        if colour:  # white's
            break
        stones += 1
    return stones if stones > 1 else 0
