"""The mate search against replayed mates and a plain search over all moves."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import cshogi
import pytest

from muzero_engine.games.base import IllegalMove, MateResult
from muzero_engine.games.shogi.mate import PROOF_NODES, ShogiMates, _Proof, _Unproven
from muzero_engine.games.shogi.rules import ShogiPosition

KNOWN = {
    "4k4/9/4P4/9/9/9/9/9/4K4 b G 1": 1,
    "4k4/9/9/9/9/4p4/9/4K4/9 w g 1": 0,
    "4p1l1k/6P2/6R2/4+Pg3/9/9/9/9/K8 b PG 1": 3,
    "8k/5+RBp1/5p3/4+PG2p/9/9/9/9/K8 b P 1": 5,
    "7G1/6k2/4n4/6P1S/4+R4/9/9/9/K8 b RP 1": 7,
    cshogi.Board().sfen(): 0,
}


def find_mate(problem: str, nodes: int, *moves: str) -> MateResult:
    return ShogiMates().solve(problem, moves, nodes)


def mates(board: Any, plies: int) -> bool:
    """Whether the mover mates by checks within `plies` (odd), by trying every legal move."""
    for move in list(board.legal_moves):
        board.push(move)
        is_mate = board.is_check() and all_replies_lose(board, plies - 1)
        board.pop()
        if is_mate:
            return True
    return False


def all_replies_lose(board: Any, plies: int) -> bool:
    replies = list(board.legal_moves)
    if not replies or plies == 0:
        return not replies
    for move in replies:
        board.push(move)
        line = mates(board, plies - 1)
        board.pop()
        if not line:
            return False
    return True


def check_mate(sfen: str, moves: tuple[str, ...]) -> None:
    """Every move is legal, every second one a check, and the last one mates."""
    board = cshogi.Board(sfen)
    for number, usi in enumerate(moves):
        move = board.move_from_usi(usi)
        assert board.is_legal(move)
        board.push(move)
        assert number % 2 or board.is_check()
    assert board.is_game_over()


@pytest.mark.parametrize(("sfen", "plies"), KNOWN.items())
def test_known_positions(sfen: str, plies: int) -> None:
    result = find_mate(sfen, 100_000)
    assert result.decided
    assert len(result.moves) == plies
    if plies:
        check_mate(sfen, result.moves)


def test_random_positions() -> None:
    rng = random.Random(7)
    proven = refuted = 0
    for _ in range(500):
        board = cshogi.Board()
        for _ in range(rng.randint(60, 160)):
            moves = list(board.legal_moves)
            if not moves:
                break
            board.push(rng.choice(moves))
        if board.is_game_over():
            continue
        sfen = board.sfen()
        result = find_mate(sfen, 20_000)
        if result.moves:
            assert result.decided
            check_mate(sfen, result.moves)
            proven += 1
        elif result.decided:
            assert not mates(cshogi.Board(sfen), 3)
            refuted += 1
    assert proven > 10
    assert refuted > 100


def test_too_few_nodes_decide_nothing() -> None:
    sfen = "l2r1k1ng/n4gs2/Pp1s1pp2/2ppG1Ppl/L6bp/2G1pb1PR/3P1SN1L/p8/+s1+n1K4 w 5p 122"
    result = find_mate(sfen, 1_000)
    assert not result.decided
    assert result.moves == ()


def test_a_problem_is_a_position_with_its_moves() -> None:
    position = ShogiPosition.initial((9, 9))
    moves = "7g7f 3c3d 8h2b+ 3a2b B*5e".split()
    for move in moves:
        position.push(position.parse_action(move))
    problem = ShogiMates().problem(position)
    assert problem.split(" moves ") == [cshogi.Board().sfen(), " ".join(moves)]
    assert position.ply == len(moves)
    assert find_mate(problem, 100, "2b3c").decided
    with pytest.raises(IllegalMove, match="2b2a is not legal"):
        find_mate(problem, 100, "2b2a")


def test_the_opponents_mate_after_a_move() -> None:
    sfen = "4k4/9/9/9/9/4p4/9/9/4K4 b 2Gg 1"
    assert find_mate(sfen, 1_000, "G*4c").moves == ()
    assert find_mate("4k4/9/9/9/9/9/4p4/9/4K4 b Pg 1", 1_000, "P*9e").moves == ("G*5h",)


@pytest.mark.parametrize("plies", [3, 5, 7])
def test_a_line_that_the_history_ends_proves_nothing(plies: int) -> None:
    """Df-pn finds the mate all the same: it knows no history."""
    sfen = next(sfen for sfen, known in KNOWN.items() if known == plies)
    line = find_mate(sfen, 100_000).moves
    solver, board = cshogi.DfPn(nodes=100_000), cshogi.Board(sfen)
    assert solver.search(board)
    assert _Proof(board, Counter(), solver, PROOF_NODES).line() == list(line)
    after = cshogi.Board(sfen)
    for usi in line[:-1]:
        after.push_usi(usi)
        _Proof(board, Counter({after.zobrist_hash(): 2}), solver, PROOF_NODES)
        with pytest.raises(_Unproven):
            _Proof(board, Counter({after.zobrist_hash(): 3}), solver, PROOF_NODES)
    assert board.sfen() == cshogi.Board(sfen).sfen()


def test_a_proof_that_takes_too_long_is_none() -> None:
    sfen = next(sfen for sfen, known in KNOWN.items() if known == 7)
    solver, board = cshogi.DfPn(nodes=100_000), cshogi.Board(sfen)
    with pytest.raises(_Unproven):
        _Proof(board, Counter(), solver, 1)


def test_a_mate_by_a_dropped_pawn_is_none() -> None:
    """A pawn on 5b would mate, but may not be dropped there to do so."""
    assert find_mate("3sks3/9/4G4/9/9/9/9/9/4K4 b P 1", 1_000) == MateResult((), True)
