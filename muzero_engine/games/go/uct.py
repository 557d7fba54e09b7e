"""Plain UCT with random playouts: a Go player that has learnt nothing, for the lowest rungs of a ladder."""

from __future__ import annotations

import math
import random

from muzero_engine.games.bitsets import members, point_set
from muzero_engine.games.go.actions import pass_action
from muzero_engine.games.go.board import Board, geometry
from muzero_engine.games.go.rules import BLACK, WHITE, GoPosition

EXPLORATION = math.sqrt(2.0)  # of UCB1 for rewards in [0, 1] (Kocsis and Szepesvari 2006)


class UctPlayer:
    """UCT (Kocsis and Szepesvari 2006, "Bandit based Monte-Carlo planning") with uniformly random playouts.

    It never fills a point that its own stones surround, so it passes when nothing else is left, or to win at once.
    """

    def __init__(self, playouts: int, rng: random.Random) -> None:
        """Search with `playouts` random games a move, at least 1."""
        self._playouts = playouts
        self._rng = rng

    def choose(self, position: GoPosition) -> int:
        """Return a legal action of a game that goes on."""
        passing = pass_action(position.shape)
        if position.ending_actions().get(passing, -1.0) > 0.0:
            return passing
        root = _UctNode(_sensible(position))
        for _ in range(self._playouts):
            self._visit(root, position.copy())
        return max(root.children, key=lambda action: root.children[action].visits, default=passing)

    def _visit(self, node: _UctNode, position: GoPosition) -> None:
        """Descend once from the root, add one new node and play one game out from it."""
        path = [(node, 1 - position.mover)]
        while not node.untried and node.children and position.outcome() is None:
            action, node = node.best()
            path.append((node, position.mover))
            position.push(action)
        if node.untried and position.outcome() is None:
            action = node.untried.pop(self._rng.randrange(len(node.untried)))
            path.append((_UctNode([]), position.mover))
            position.push(action)
            path[-1][0].untried = _sensible(position)
            node.children[action] = path[-1][0]
        black_points = self._playout(position)
        for visited, mover in path:
            visited.visits += 1
            visited.points += black_points if mover == BLACK else 1.0 - black_points

    def _playout(self, position: GoPosition) -> float:
        """Play random moves to the end and return black's points, 0 to 1. Simple ko alone is heeded."""
        shape = geometry(position.shape)
        board = Board.from_stones(shape, (point_set(position.stones(BLACK)), point_set(position.stones(WHITE))))
        colour, passes, ko = position.mover, 0, 0
        for _ in range(3 * shape.points):
            if passes == 2:
                break
            point = self._random_point(board, colour, ko)
            ko = 0
            passes = passes + 1 if point is None else 0
            if point is not None:
                captured, _ = board.place(point, colour)
                ko = captured if captured.bit_count() == 1 else 0
            colour = 1 - colour
        black, white = board.area()
        lead = black.bit_count() - white.bit_count() - position.komi
        return 0.5 if lead == 0 else float(lead > 0)

    def _random_point(self, board: Board, colour: int, ko: int) -> int | None:
        points = list(members(board.playable(colour)[0] & ~ko))
        while points:
            i = self._rng.randrange(len(points))
            points[i], points[-1] = points[-1], points[i]
            point = points.pop()
            if not _is_eye(board, point, colour):
                return point
        return None


class _UctNode:
    """Of the tree. `points` are those of the player who moved to it, 0 to 1 a visit."""

    __slots__ = ("children", "points", "untried", "visits")

    def __init__(self, untried: list[int]) -> None:
        self.untried = untried
        self.children: dict[int, _UctNode] = {}
        self.visits = 0
        self.points = 0.0

    def best(self) -> tuple[int, _UctNode]:
        """Return the child of highest UCB1."""
        log = math.log(self.visits)

        def bound(child: _UctNode) -> float:
            return child.points / child.visits + EXPLORATION * math.sqrt(log / child.visits)

        return max(self.children.items(), key=lambda item: bound(item[1]))


def _is_eye(board: Board, point: int, colour: int) -> bool:
    stones = board.stones[colour]
    bits = board.geometry.bits
    return all(stones & bits[neighbour] for neighbour in board.geometry.neighbours[point])


def _sensible(position: GoPosition) -> list[int]:
    """Return the legal moves but the pass and the own eyes; the pass where there are no others."""
    shape = geometry(position.shape)
    own = point_set(position.stones(position.mover))
    passing = pass_action(position.shape)
    kept = [
        action
        for action in position.legal_actions().tolist()
        if action != passing and not all(own & shape.bits[neighbour] for neighbour in shape.neighbours[action])
    ]
    return kept or [passing]
