"""Forced mates by checks, by df-pn (depth-first proof-number search, Nagai 2002). No model is asked.

A node of the search is a position, in which either the attacker is to move, whose every move gives check, or the
defender. (The first move of a problem itself may be a quiet one; after moves it may not, for there are many such
questions.) Its proof number is how many leaves have to be proven for a mate at least, its disproof
number how many disproven so that there is none. What is proven is a tree down to mates on the board in which the plies
to go fall with each move, so that no line has a position twice. A position that the game has had twice is drawn when
it comes again, and a mate that comes after the hundredth ply without a capture or pawn move is too late.

A line that goes round in circles is taken for a failure of the attack; what is disproven on such a line may be proven
on another (the graph-history interaction problem, Kishimoto and Mueller 2004). So where one was met nothing is taken
for decided, and a mate may be missed.

It is Python: ten to thirty thousand positions a second on one core, a kilobyte each, and it holds the interpreter.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import chess

from muzero_engine.dataclass_json import parse_json
from muzero_engine.games.base import BadPosition, MateResult, Position
from muzero_engine.games.chess.actions import action_of
from muzero_engine.games.chess.mates import checking_moves
from muzero_engine.games.chess.planes import Key, key_of
from muzero_engine.games.chess.rules import ChessPosition, position_from_fen

NEVER = 1 << 40  # a proof number of what cannot be proven
MOST_PLIES = 99  # of a line that is looked at: a longer one has no mate
LATE = 100  # plies without a capture or pawn move that end the game


class ChessMates:
    """The `MateSolver` of chess. A problem is a FEN (Shredder-FEN in Chess960), and a JSON list of the positions that
    the game has had twice."""

    quick_nodes = 4_096

    def problem(self, position: Position) -> str:
        assert isinstance(position, ChessPosition)
        return f"{position.text()} {json.dumps(position.occurred_twice())}"

    def solve(
        self, problem: str, moves: Sequence[str], nodes: int, stopped: Callable[[], bool] = lambda: False
    ) -> MateResult:
        known, drawn = _position_of(problem)
        position = known.copy()
        for move in moves:
            position.push(position.parse_action(move))
        search = _DfPn(position.board, drawn, nodes, quiet=not moves, stopped=stopped)
        line = []
        for mating in search.line():
            action = action_of(mating, position.mover == 0)
            line.append(position.action_text(action))
            position.push(action)
        return MateResult(tuple(line), bool(line) or search.refuted)


@functools.lru_cache(maxsize=1)  # a problem is asked about again and again, after each of its moves
def _position_of(problem: str) -> tuple[ChessPosition, frozenset[Key]]:
    """Return the position of a problem, which is to be copied before a change, and those that it has had twice.
    Raises BadPosition."""
    fen, bracket, keys = problem.partition(" [")
    in_files = not set([*fen.split(), "", ""][2].lower()) <= set("kq-")
    try:
        twice = [Key(*each) for each in parse_json("[" + keys)] if bracket else []
    except (TypeError, ValueError) as error:
        raise BadPosition(f"no list of positions: {str(error)[:100]}") from None
    return position_from_fen(fen, chess960=in_files), frozenset(twice)


@dataclass(slots=True, eq=False)
class _MateNode:
    """A position of the search."""

    proof: int = 1
    disproof: int = 1
    plies: int = 0  # up to the mate at most, where it is proven
    moves: list[chess.Move] | None = None  # checks of the attacker, replies of the defender; None: not known yet
    children: list[_MateNode] | None = None  # after `moves`; None: not looked at yet
    under_way: bool = False  # on the line that is looked at


class _DfPn:
    """One search, which is over when it has been made."""

    def __init__(
        self, board: chess.Board, drawn: frozenset[Key], nodes: int, *, quiet: bool, stopped: Callable[[], bool]
    ) -> None:
        """Look for a mate of the player to move on `board`, at about `nodes` positions at most, or until `stopped`;
        `drawn` are those in which the game ends when they come again. `quiet`: its first move need not give check."""
        self._board = board.copy(stack=False)
        self._board.chess960 = True
        self._drawn = drawn
        self._left = nodes
        self._quiet, self._stopped = quiet, stopped
        self._nodes: dict[Key, _MateNode] = {}
        self._circled = False
        self._root = _MateNode()
        self._nodes[key_of(self._board)] = self._root
        self._look(self._root, NEVER, NEVER, 0)

    @property
    def refuted(self) -> bool:
        """Return whether there is no such mate."""
        return self._root.proof == NEVER and not self._circled

    def line(self) -> list[chess.Move]:
        """Return the mate with the longest defence, castling as king takes rook; no moves where none is proven in
        time."""
        node, line = self._root, list[chess.Move]()
        if node.proof or self._board.halfmove_clock + node.plies > LATE:
            return line
        while node.plies:
            assert node.moves is not None
            assert node.children is not None
            plies, number = min((child.plies, i) for i, child in enumerate(node.children) if not child.proof)
            if len(line) % 2:
                plies, number = max((child.plies, -i) for i, child in enumerate(node.children))
            line.append(node.moves[abs(number)])
            node = node.children[abs(number)]
            assert plies == node.plies
        return line

    def _look(self, node: _MateNode, proof: int, disproof: int, plies: int) -> None:
        """Look below a position, `plies` from the root, until one of its numbers comes to its bound."""
        if plies > MOST_PLIES:
            node.proof, node.disproof, self._circled = NEVER, 0, True
            return
        attacking = plies % 2 == 0
        if node.children is None:
            self._expand(node, attacking, quiet=self._quiet and plies == 0)
        assert node.moves is not None
        assert node.children is not None
        node.under_way = True
        while self._left > 0 and not self._stopped():
            number, second = self._count(node, attacking)
            if node.proof >= proof or node.disproof >= disproof:
                break
            child = node.children[number]
            second += 1 + second // 4  # looked at a little longer than it is the best, or two take turns for ever
            if attacking:
                bounds = min(proof, second), disproof - node.disproof + child.disproof
            else:
                bounds = proof - node.proof + child.proof, min(disproof, second)
            self._board.push(node.moves[number])
            self._look(child, *bounds, plies + 1)
            self._board.pop()
        node.under_way = False

    def _count(self, node: _MateNode, attacking: bool) -> tuple[int, int]:
        """Bring the numbers of a position up to date; return the child to look at, and its next rival's number."""
        children = node.children
        assert children is not None
        number, best, second, total = 0, NEVER, NEVER, 0
        for i, child in enumerate(children):
            if child.under_way:
                self._circled = True
                each, other = (NEVER, 0) if attacking else (0, NEVER)
            elif attacking:
                each, other = child.proof, child.disproof
            else:
                each, other = child.disproof, child.proof
            total += other
            if each < best:
                number, best, second = i, each, best
            elif each < second:
                second = each
        total = min(total, NEVER)
        node.proof, node.disproof = (best, total) if attacking else (total, best)
        if not node.proof:
            plies = [child.plies for child in children if not child.proof]
            node.plies = 1 + (min(plies) if attacking else max(plies))
        return number, second

    def _expand(self, node: _MateNode, attacking: bool, *, quiet: bool) -> None:
        """Give a position its children; not only by checks where `quiet` moves are looked at, too."""
        board, known = self._board, self._nodes
        if node.moves is None:
            node.moves = list(board.generate_legal_moves()) if quiet else checking_moves(board)
        moves, node.children = node.moves, []
        node.moves = []
        for move in moves:
            board.push(move)
            if quiet or not attacking or board.is_check():
                key = key_of(board)
                child = known.get(key)
                if child is None:
                    child = known[key] = self._new(key, attacked=attacking)
                node.moves.append(move)
                node.children.append(child)
            board.pop()

    def _new(self, key: Key, attacked: bool) -> _MateNode:
        """Return a node for the position on the board."""
        self._left -= 1
        if attacked:
            replies = list(self._board.generate_legal_moves())
            if not replies and self._board.is_check():
                return _MateNode(0, NEVER, 0, replies, [])
            if replies and key not in self._drawn:
                return _MateNode(len(replies), 1, 0, replies)
        elif key not in self._drawn:
            return _MateNode()
        return _MateNode(NEVER, 0, 0, [], [])
