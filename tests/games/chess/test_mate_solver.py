"""The mate search against known mates and a plain search over all moves."""

from __future__ import annotations

import json
import random

import chess
import pytest

from muzero_engine.games.base import BadPosition, IllegalMove, MateResult
from muzero_engine.games.chess import mate_solver
from muzero_engine.games.chess.mate_solver import ChessMates, _DfPn
from muzero_engine.games.chess.planes import key_of
from muzero_engine.games.chess.rules import ChessPosition, position_from_fen

KNOWN = {
    "4kb1r/p2n1ppp/4q3/4p1B1/4P3/1Q6/PPP2PPP/2KR4 w k - 1 0": "b3b8 d7b8 d1d8",
    "r5rk/5p1p/5R2/4B3/8/8/7P/7K w - - 0 1": "f6a6 f7f6 e5f6 g8g7 a6a8",
    "1r2k1r1/pbppnp1p/1b3P2/8/Q7/B1PB1q2/P4PPP/3R2K1 w - - 1 1": "a4d7 e8d7 d3f5 d7e8 f5d7 e8f8 a3e7",
    "7k/8/5K2/8/8/8/8/6R1 w - - 0 1": "f6f7 h8h7 g1h1",  # the first move is quiet
    "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1": "",
    chess.STARTING_FEN: "",
}


def find_mate(fen: str, *moves: str, nodes: int = 20_000) -> MateResult:
    solver = ChessMates()
    return solver.solve(solver.problem(position_from_fen(fen)), moves, nodes)


def mates(board: chess.Board, plies: int, *, quiet: bool) -> bool:
    """Whether the mover mates within `plies` (odd), by checks but for a first move that may be `quiet`."""
    for move in list(board.legal_moves):
        board.push(move)
        found = (quiet or board.is_check()) and all_replies_lose(board, plies - 1)
        board.pop()
        if found:
            return True
    return False


def all_replies_lose(board: chess.Board, plies: int) -> bool:
    replies = list(board.legal_moves)
    if not replies or plies == 0:
        return not replies and board.is_check()
    for move in replies:
        board.push(move)
        lost = mates(board, plies - 1, quiet=False)
        board.pop()
        if not lost:
            return False
    return True


@pytest.mark.parametrize(("fen", "line"), KNOWN.items())
def test_known_positions(fen: str, line: str) -> None:
    result = find_mate(fen)
    assert result.decided
    assert len(result.moves) == len(line.split())
    board = chess.Board(fen)
    for move in result.moves:
        board.push_uci(move)
    assert board.is_checkmate() == bool(line)
    assert line.split()[:1] == list(result.moves[:1])


def test_random_positions_with_few_pieces() -> None:
    """Kings on the edge and some pieces around them: what is proven is so, and what is refuted has no mate in three."""
    rng = random.Random(3)
    proven = refuted = 0
    for number in range(400):
        board = chess.Board.empty()
        squares = [rng.choice([*range(8), *range(56, 64)]), *rng.sample(range(8, 56), 6)]
        pieces = rng.sample("RQBNPRN", 3) + rng.sample("pprn", 2)
        for square, piece in zip(squares, ["k", "K", *pieces], strict=True):
            board.set_piece_at(square, chess.Piece.from_symbol(piece))
        board.turn = rng.random() < 0.8
        board.halfmove_clock = rng.choice([0, 0, 97, 98])
        if not board.is_valid():
            continue
        after = [] if number % 4 == 0 else [move.uci() for move in rng.sample(list(board.legal_moves), 1)]
        result = find_mate(board.fen(), *after, nodes=1_000)
        for move in after:
            board.push_uci(move)
        if board.is_game_over():
            continue
        if result.moves:
            assert result.decided
            assert board.halfmove_clock + len(result.moves) <= 100
            if len(result.moves) <= 3:
                assert mates(board, len(result.moves), quiet=not after)
            for move in result.moves:
                board.push_uci(move)
            assert board.is_checkmate()
            proven += 1
        elif result.decided and board.halfmove_clock == 0:
            assert not mates(board, 3, quiet=not after)
            refuted += 1
    assert proven > 10
    assert refuted > 10


def test_every_defence_against_a_proven_mate_loses() -> None:
    fen = "1r2k1r1/pbppnp1p/1b3P2/8/Q7/B1PB1q2/P4PPP/3R2K1 w - - 1 1"
    move = find_mate(fen).moves[0]
    board = chess.Board(fen)
    board.push_uci(move)
    replies = [reply.uci() for reply in board.legal_moves]
    assert len(replies) > 1
    assert all(find_mate(fen, move, reply).moves for reply in replies)


@pytest.mark.parametrize("fen", ["7k/8/8/8/8/8/8/KQ6 w - - 0 1", "1n6/6K1/8/B3r1B1/8/8/2k5/7Q w - - 0 1"])
def test_a_look_is_over_after_the_nodes_that_it_may_take(fen: str) -> None:
    """Where a queen gives check for ever."""
    solver = ChessMates()
    search = _DfPn(position_from_fen(fen).board, frozenset(), solver.quick_nodes, quiet=True, stopped=lambda: False)
    assert len(search._nodes) < solver.quick_nodes + 200
    assert solver.solve(f"{fen} []", (), solver.quick_nodes) == MateResult((), False)


def test_a_search_that_is_stopped_decides_nothing() -> None:
    asked = iter([False] * 3 + [True] * 1_000)
    fen = "1r2k1r1/pbppnp1p/1b3P2/8/Q7/B1PB1q2/P4PPP/3R2K1 w - - 1 1"
    assert ChessMates().solve(f"{fen} []", (), 20_000, lambda: next(asked)) == MateResult((), False)


def test_lines_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    fen = "1r2k1r1/pbppnp1p/1b3P2/8/Q7/B1PB1q2/P4PPP/3R2K1 w - - 1 1"  # in seven plies
    monkeypatch.setattr(mate_solver, "MOST_PLIES", 5)
    assert not find_mate(fen).moves
    monkeypatch.setattr(mate_solver, "MOST_PLIES", 7)
    assert len(find_mate(fen).moves) == 7


def test_too_few_nodes_decide_nothing() -> None:
    fen = next(iter(KNOWN))
    assert find_mate(fen, nodes=1) == MateResult((), False)


@pytest.mark.parametrize("fen", [fen for fen, line in KNOWN.items() if line])
def test_a_line_that_the_history_ends_proves_nothing(fen: str) -> None:
    """Each position of a mate but the last is drawn where the game has had it twice."""
    line, solver, board = find_mate(fen).moves, ChessMates(), chess.Board(fen, chess960=True)
    for move in line[:-1]:
        board.push_uci(move)
        twice = solver.solve(f"{fen} {json.dumps([key_of(board)])}", (), 20_000).moves
        assert twice[: board.ply()] != tuple(each.uci() for each in board.move_stack)


def test_a_problem_has_the_positions_that_came_twice() -> None:
    position = position_from_fen("4k3/8/8/8/8/8/8/4K2R w K - 0 1")
    problem = ChessMates().problem(position)
    for move in ("h1h2", "e8e7", "h2h1", "e7e8", "h1h2", "e8e7"):
        position.push(position.parse_action(move))
    assert problem == f"4k3/8/8/8/8/8/8/4K2R w K - 0 1 {json.dumps([])}"
    assert ChessMates().problem(position) == f"{position.text()} {json.dumps(position.occurred_twice())}"
    assert len(position.occurred_twice()) == 2


@pytest.mark.parametrize(("clock", "plies"), [(97, 3), (98, 0)])
def test_a_mate_after_the_hundredth_ply_is_too_late(clock: int, plies: int) -> None:
    fen = f"7k/8/5K2/8/8/8/8/6R1 w - - {clock} 80"
    result = find_mate(fen)
    assert len(result.moves) == plies
    assert result.decided == bool(plies)


def test_castling_mates_in_chess960() -> None:
    assert find_mate("5k2/8/8/8/8/8/4R1R1/5K1R w H - 0 1").moves == ("f1h1",)


def test_moves_that_are_not_legal_and_lists_that_are_none_are_refused() -> None:
    with pytest.raises(IllegalMove, match="e2e5"):
        find_mate(chess.STARTING_FEN, "e2e5")
    for keys in ("[1]", "[[1, 2]]", "[", "[{}]"):
        with pytest.raises(BadPosition):
            ChessMates().solve(f"{chess.STARTING_FEN} {keys}", (), 10)


def test_the_position_is_left_as_it_was() -> None:
    position = position_from_fen(next(iter(KNOWN)))
    before = position.text()
    ChessMates().solve(ChessMates().problem(position), (), 1_000)
    assert isinstance(position, ChessPosition)
    assert (position.text(), position.ply) == (before, 0)
