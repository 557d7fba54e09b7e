"""The judge: rules, declared wins, adjudication, the cap on plies."""

from __future__ import annotations

import math

import pytest

from muzero_engine.games.base import Position
from muzero_engine.games.record import Ending, Score, ScoreKind
from muzero_engine.games.registry import load_game
from muzero_engine.match.play.judging import Judge, Verdict, centipawns
from muzero_engine.match.settings.match_settings import Adjudication

NEVER = Adjudication()


def cp(value: float) -> Score:
    return Score(ScoreKind.CENTIPAWNS, value)


def judge(
    game: str, position: str | Position | None = None, *, max_plies: int | None = None, rules: Adjudication = NEVER
) -> Judge:
    loaded = load_game(game)
    if position is None:
        position = loaded.initial(loaded.spec.shapes[0])
    elif isinstance(position, str):
        position = loaded.from_text(position)
    return Judge(loaded, position, max_plies=max_plies, adjudication=rules)


def end(it: Judge, moves: str) -> Verdict | None:
    """Plays moves, the last of which may end the game."""
    verdict = None
    for move in moves.split():
        assert verdict is None
        played = it.play(move, None)
        verdict = played if isinstance(played, Verdict) else it.after_move()
    return verdict


@pytest.mark.parametrize(
    ("position", "moves", "winner", "reason"),
    [
        (None, "f2f3 e7e5 g2g4 d8h4", 1, "checkmate"),
        ("7k/5Q2/8/6K1/8/8/8/8 w - - 0 1", "g5g6", None, "stalemate"),
        (None, "g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8", None, "threefold repetition"),
        ("4k3/8/8/8/8/8/8/4K2R w - - 99 80", "h1h2", None, "fifty-move rule"),
        ("4k3/8/8/8/8/8/6p1/4K3 w - - 0 1", "e1f2 g2g1n", None, "insufficient material"),
    ],
)
def test_chess(position: str | None, moves: str, winner: int | None, reason: str) -> None:
    assert end(judge("chess", position), moves) == Verdict(winner, Ending.RULES, reason)


def test_a_mate_comes_before_the_fifty_moves() -> None:
    it = judge("chess", "7k/5ppp/8/8/8/8/8/K3R3 w - - 99 80")
    assert end(it, "e1e8") == Verdict(0, Ending.RULES, "checkmate")


def test_shogi_repetition_is_a_draw() -> None:
    assert end(judge("shogi"), "2h3h 8b7b 3h2h 7b8b " * 3) == Verdict(None, Ending.RULES, "fourfold repetition")


def test_shogi_perpetual_check_loses() -> None:
    it = judge("shogi", "k8/9/9/9/9/9/9/1R7/8K b - 1")
    moves = "8h9h 9a8a 9h8h 8a9a " * 4
    verdict = None
    for move in moves.split():
        assert not isinstance(it.play(move, None), Verdict)
        verdict = it.after_move()
        if verdict is not None:
            break
    assert verdict == Verdict(1, Ending.RULES, "perpetual check")


def test_a_declared_win_has_to_be_one() -> None:
    entered = "4K4/+R+R+B+B5/SSSSGG3/9/9/9/9/9/8k b 2P 1"
    assert judge("shogi", entered).declare_win() == Verdict(0, Ending.DECLARATION, "declared win")
    verdict = judge("shogi").declare_win()
    assert (verdict.winner, verdict.ending) == (1, Ending.ILLEGAL_MOVE)


def test_go_is_counted_after_two_passes() -> None:
    assert end(judge("go"), "E5 pass pass") == Verdict(0, Ending.RULES, "two passes", 81 - 7.5)
    assert end(judge("go"), "pass pass") == Verdict(1, Ending.RULES, "two passes", -7.5)


@pytest.mark.parametrize(
    ("game", "move", "ending"),
    [
        ("chess", "e2e5", Ending.ILLEGAL_MOVE),
        ("chess", "e7e8q", Ending.ILLEGAL_MOVE),
        ("chess", "Nf3", Ending.WRONG_REPLY),
        ("chess", "hello", Ending.WRONG_REPLY),
        ("shogi", "2h2a", Ending.ILLEGAL_MOVE),
        ("shogi", "P*5e", Ending.ILLEGAL_MOVE),
        ("shogi", "7776FU", Ending.WRONG_REPLY),
        ("go", "K10", Ending.ILLEGAL_MOVE),
        ("go", "I5", Ending.WRONG_REPLY),
        ("go", "=", Ending.WRONG_REPLY),
    ],
)
def test_a_move_that_cannot_be_played_loses(game: str, move: str, ending: Ending) -> None:
    it = judge(game)
    before = it.position.text()
    verdict = it.play(move, None)
    assert isinstance(verdict, Verdict)
    assert (verdict.winner, verdict.ending) == (1, ending)
    assert "\n" not in verdict.reason
    assert it.position.text() == before


def test_taking_back_in_a_ko_is_illegal() -> None:
    it = judge("go", "1bw6/bw1w5/1bw6/9/9/9/9/9/9 b 7.5")
    assert end(it, "C8") is None
    verdict = it.play("B8", None)
    assert isinstance(verdict, Verdict)
    assert (verdict.winner, verdict.ending) == (0, Ending.ILLEGAL_MOVE)
    assert "superko" in verdict.reason


def test_moves_are_written_in_one_way() -> None:
    it = judge("chess", "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1")
    assert it.play("E1H1", None) == "e1g1"
    assert judge("go").play("d4", None) == "D4"


def test_the_cap_on_plies() -> None:
    assert end(judge("chess", max_plies=2), "e2e4 e7e5") == Verdict(None, Ending.PLY_CAP, "the cap of 2 plies")
    assert end(judge("go", max_plies=1), "E5") == Verdict(0, Ending.PLY_CAP, "the cap of 1 plies", 73.5)
    assert load_game("go").ply_cap((9, 9)) == 243
    assert load_game("chess").ply_cap((8, 8)) == 1000
    assert load_game("tictactoe").ply_cap((3, 3)) == 9  # a game that declares none has its spec's


@pytest.mark.parametrize(
    ("score", "value"),
    [
        (cp(-35), -35.0),
        (Score(ScoreKind.MATE, 3), math.inf),
        (Score(ScoreKind.MATE, 0), -math.inf),
        (Score(ScoreKind.MATE, -1), -math.inf),
        (Score(ScoreKind.WIN_RATE, 0.5), 0.0),
        (Score(ScoreKind.WIN_RATE, 10 / 11), 400.0),
        (Score(ScoreKind.WIN_RATE, 1.0), math.inf),
        (Score(ScoreKind.WIN_RATE, 0.0), -math.inf),
    ],
)
def test_scores_on_one_scale(score: Score, value: float) -> None:
    assert centipawns(score) == pytest.approx(value)


def adjudicated(scores: list[float | None], rules: Adjudication) -> tuple[int, Verdict] | None:
    """After which ply the game is decided, for scores of the mover's point of view."""
    it = judge("chess", rules=rules)
    line = "e2e3 e7e6 e3e4 e6e5 d2d3 d7d6 d3d4 d6d5 a2a3 a7a6 b2b3 b7b6".split()
    for ply, (move, score) in enumerate(zip(line, scores, strict=False), start=1):
        assert not isinstance(it.play(move, None if score is None else cp(score)), Verdict)
        if (verdict := it.after_move()) is not None:
            return ply, verdict
    return None


WIN = Adjudication(win_score=500, win_moves=2)


def test_both_engines_have_to_see_the_win() -> None:
    won = Verdict(0, Ending.ADJUDICATION, "both see white winning")
    assert adjudicated([600, -600, 500, -500], WIN) == (4, won)
    assert adjudicated([0, 0, 600, -600, 600, -600, 600], WIN) == (6, won)
    assert adjudicated([-600, 600, -600, 600], WIN) == (4, Verdict(1, Ending.ADJUDICATION, "both see black winning"))
    assert adjudicated([600, -600, 600, -499, 600, -600], WIN) is None
    assert adjudicated([600, 600, 600, 600, 600, 600], WIN) is None  # each believes in itself
    assert adjudicated([600, None, 600, -600, 600], WIN) is None
    assert adjudicated([600, -600, 600, -600], NEVER) is None


def test_a_draw_that_both_see() -> None:
    rules = Adjudication(draw_score=10, draw_moves=2, draw_after=4)
    drawn = Verdict(None, Ending.ADJUDICATION, "both see a draw")
    assert adjudicated([0] * 12, rules) == (7, drawn)
    assert adjudicated([0, 0, 0, 0, 0, 11, 10, -10, 10, 0], rules) == (10, drawn)
    assert adjudicated([0, 0, 0, None] * 3, rules) is None
