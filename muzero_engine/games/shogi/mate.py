"""Forced mates by checks (tsume), by cshogi's df-pn solver (Nagai 2002), every one played out. No model is asked.

Df-pn knows positions, not how the game came to them, and may take a line that goes round in circles for a mate (the
graph-history interaction problem, Kishimoto and Mueller 2004). So a mate of the solver is a claim only. `_Proof` plays
it out: an answer to each legal reply, down to mates on the board, no position twice in a line, and none in which the
game ends by repetition, as the history has it (an attacker who repeats checks for ever loses). Drops of a pawn that
mate are no moves in cshogi, and nobody can declare a win in check.

The solver starts anew at each call and holds the interpreter while it runs, about half a million to a million positions
a second; callers who must stay awake give it few nodes at first, more at each further call, or a process of its own. It
takes about 120 bytes a node.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence

import cshogi

from muzero_engine.games.base import BadPosition, IllegalMove, MateResult, Position
from muzero_engine.games.shogi.rules import OCCURRENCES, ShogiPosition
from muzero_engine.games.shogi.sfen import normal_sfen

PROOF_NODES = 20_000  # that playing a mate out may always look at; else as many as finding it


class ShogiMates:
    """The `MateSolver` of shogi. A problem is `SFEN [moves M1 M2 ...]`, as in USI's `position sfen`."""

    quick_nodes = 65_536  # 60 MB

    def problem(self, position: Position) -> str:
        assert isinstance(position, ShogiPosition)
        board = position.board_with_history
        moves = [cshogi.move_to_usi(move) for move in board.history]
        for _ in moves:
            board.pop()
        return " ".join([board.sfen(), "moves", *moves])

    def solve(
        self, problem: str, moves: Sequence[str], nodes: int, stopped: Callable[[], bool] = lambda: False
    ) -> MateResult:
        board, occurrences = (part.copy() for part in _position_of(problem))
        _play(board, occurrences, moves)
        solver = cshogi.DfPn(nodes=nodes)
        if not solver.search(board):
            return MateResult((), solver.searched_node < nodes)
        left = max(nodes, PROOF_NODES)
        try:
            return MateResult(tuple(_Proof(board, occurrences, solver, left).line()), True)
        except _Unproven:
            return MateResult((), False)


@functools.lru_cache(maxsize=1)  # a problem is asked about again and again, after each of its moves
def _position_of(problem: str) -> tuple[cshogi.Board, Counter[int]]:
    """Return the board of a problem, and how often each position of it has occurred, by hash. Copy before a change."""
    sfen, _, moves = problem.partition(" moves ")
    board = cshogi.Board(sfen)
    occurrences = Counter([board.zobrist_hash()])
    _play(board, occurrences, moves.split())
    return board, occurrences


def _play(board: cshogi.Board, occurrences: Counter[int], moves: Sequence[str]) -> None:
    """Play moves on a board and count the positions. Raises IllegalMove."""
    for usi in moves:
        move = board.move_from_usi(usi)
        if not board.is_legal(move):
            raise IllegalMove(f"{usi} is not legal in {board.sfen()}")
        board.push(move)
        occurrences[board.zobrist_hash()] += 1


class _Unproven(Exception):
    """A mate of the solver does not hold when it is played out, or it takes too long to see."""


class _Proof:
    """Plays a mate out: for each position of the attacker's, the move and the plies up to the mate at most."""

    def __init__(self, board: cshogi.Board, occurrences: Counter[int], solver: cshogi.DfPn, nodes: int) -> None:
        """Prove that the player to move mates. Raises _Unproven. `board` is left as it was.

        `occurrences` counts the positions of the game up to `board`, by hash. `solver` has found the mate; it may look
        at about `nodes` more.
        """
        self._board = board
        self._occurrences = occurrences
        self._solver = solver
        self._nodes = nodes
        self._under_way: set[int] = set()
        self._proven: dict[int, tuple[int, int]] = {}  # by hash: plies, move
        self._attack()

    def _attack(self) -> int:
        """Return the plies up to the mate, for the attacker to move."""
        board = self._board
        key = board.zobrist_hash()
        if key in self._proven:
            return self._proven[key][0]
        if key in self._under_way:
            raise _Unproven
        self._under_way.add(key)
        move = self._mating_move()
        board.push(move)
        try:
            plies = 1 + self._longest_defence()
        finally:
            board.pop()
        self._under_way.remove(key)
        self._proven[key] = plies, move
        return plies

    def _mating_move(self) -> int:
        if self._nodes <= 0 or not self._solver.search(self._board):
            raise _Unproven
        self._nodes -= 1 + self._solver.searched_node
        move = int(self._solver.get_move(self._board))
        if not self._board.is_legal(move):
            raise _Unproven
        return move

    def _longest_defence(self) -> int:
        """Return the plies up to the mate, for the defender to move: 0 where it is mated."""
        board = self._board
        if not board.is_check() or self._ends_by_repetition():
            raise _Unproven
        longest = 0
        for reply in list(board.legal_moves):
            board.push(reply)
            try:
                if self._ends_by_repetition():
                    raise _Unproven
                longest = max(longest, 1 + self._attack())
            finally:
                board.pop()
        return longest

    def _ends_by_repetition(self) -> bool:
        """Return whether the board is one that the game has had so often that it would end here.

        A line of the proof never has a position twice, so it adds one occurrence at most.
        """
        return self._occurrences[self._board.zobrist_hash()] >= OCCURRENCES - 1

    def line(self) -> list[str]:
        """Return the mate with the longest defence, as USI moves."""
        board, line = self._board, []
        while True:
            _, move = self._proven[board.zobrist_hash()]
            board.push(move)
            line.append(move)
            replies = [(self._plies_after(reply), -number, reply) for number, reply in enumerate(board.legal_moves)]
            if not replies:
                break
            reply = max(replies)[-1]
            board.push(reply)
            line.append(reply)
        for _ in line:
            board.pop()
        return [str(cshogi.move_to_usi(move)) for move in line]

    def _plies_after(self, reply: int) -> int:
        self._board.push(reply)
        plies, _ = self._proven[self._board.zobrist_hash()]
        self._board.pop()
        return plies


def mate_problem(text: str, moves: Sequence[str] = ()) -> str:
    """Return the SFEN of a mate problem after some moves; whoever is to give mate need not have a king.

    Raises BadPosition where the text is none (`normal_sfen`), where a king can be taken, or where a move is not legal.
    """
    sfen = normal_sfen(text, mate_problem=True)
    board, turn, hands, number = sfen.split()
    if cshogi.Board(f"{board} {'w' if turn == 'b' else 'b'} {hands} {number}").is_check():
        raise BadPosition(f"in SFEN {sfen!r} the player to move could take the king")
    position = cshogi.Board(sfen)
    for move in moves:
        legal = {cshogi.move_to_usi(action): action for action in position.legal_moves}
        if move not in legal:
            raise BadPosition(f"{move} is not legal in {position.sfen()}")
        position.push(legal[move])
    return str(position.sfen())
