"""Mates that a solver proves beside the search: announced, played, and not walked into."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import numpy as np
import pytest
from support.engine_client import PATIENCE, Client, at
from support.fakes import ConfidentModel, HashModel
from support.mates import DirectHelper

import muzero_engine.engine.mate_helper
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Clock, Limits
from muzero_engine.engine.mate_helper import MateFound
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import RootMove, SearchResult
from muzero_engine.engine.strength import sample_move
from muzero_engine.games.registry import load_game
from muzero_engine.protocols.common.search_text import score_text
from muzero_engine.protocols.usi.format import info_lines, usi_score

SHOGI = load_game("shogi")
START = "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1"
IN_FIVE = "8k/5+RBp1/5p3/4+PG2p/9/9/9/9/K8 b P 1"
LOST_UNLESS = "4k4/9/9/9/9/9/4p4/9/4K4 b Pg 1"  # white threatens a gold on 5h; only moves of the king help
TIMED = Limits(clock=Clock(byoyomi_ms=60_000.0))  # far more than is needed where the choice is clear


def client(favourite: str, text: str, **options: object) -> Client:
    """An engine whose network is sure of one move."""
    action = at("shogi", text).parse_action(favourite)
    model = ConfidentModel(SHOGI.spec.num_actions((9, 9)), (9, 9), value=0.5, favourite=action)
    made = Client("shogi", model, **options)
    made.engine._mate_helper = DirectHelper(SHOGI)
    return made


class Told(DirectHelper):
    """Says what it was told to say."""

    def __init__(self, *found: MateFound) -> None:
        super().__init__(SHOGI)
        self._found = list(found)

    def ask(self, problem: str, moves: Sequence[str], nodes: int) -> bool:
        self.running = True
        return True

    def take(self) -> list[MateFound]:
        found, self._found = self._found, []
        return found


@pytest.mark.parametrize("root_search", ["gumbel", "puct"])
def test_a_proven_mate_is_announced_and_played(root_search: str) -> None:
    position = at("shogi", IN_FIVE)
    engine = client("9i8i", IN_FIVE, root_search=root_search)
    result = engine.go(TIMED, position)  # it ends by itself
    best = result.info.moves[0]
    assert position.action_text(best.action) == "4b3a"
    assert result.action == best.action
    assert (best.ends, best.value, best.mate_plies, len(best.pv)) == (1.0, 1.0, 5, 5)
    assert result.info.value == 1.0
    assert result.ponder == best.pv[1]
    (line,) = info_lines(result.info, position, EngineOptions())
    assert " score mate 5 " in line
    assert line.split(" pv ")[1].split()[0] == "4b3a"
    helper = engine.engine._mate_helper
    assert isinstance(helper, DirectHelper)
    assert not helper.running


CHESS_IN_THREE = "3r1b1k/1p3R2/7p/2p4N/p4P2/2K3R1/PP6/3r4 w - - 0 1"


@pytest.mark.parametrize("limits", [TIMED, Limits(mate=3)])
def test_mates_of_chess_are_proven_too(limits: Limits) -> None:
    position = at("chess", CHESS_IN_THREE)
    chess = load_game("chess")
    favourite = position.parse_action("a2a3")
    model = ConfidentModel(chess.spec.num_actions((8, 8)), (8, 8), value=0.5, favourite=favourite)
    engine = Client("chess", model)
    engine.engine._mate_helper = DirectHelper(chess)
    result = engine.go(limits, position)  # it ends by itself
    best = result.info.moves[0]
    assert position.action_text(best.action) == "f7h7"
    assert (best.value, best.mate_plies, len(best.pv)) == (1.0, 5, 5)
    assert score_text(best, "centipawn") == "mate 3"


class Slow(DirectHelper):
    """Has something to tell only when it is waited for the third time; then ends."""

    def __init__(self, *found: MateFound) -> None:
        super().__init__(load_game("chess"))
        self._found, self.waits = list(found), 0

    def ask(self, problem: str, moves: Sequence[str], nodes: int) -> bool:
        return True

    def wait(self, timeout_s: float | None) -> bool:
        self.waits += 1
        return self.waits >= 3 and bool(self._found)

    def take(self) -> list[MateFound]:
        found, self._found = (self._found, []) if self.waits >= 3 else ([], self._found)
        return found

    @property
    def ended(self) -> bool:
        return self.waits >= 3


@pytest.mark.parametrize("found", [True, False])
def test_a_search_for_a_mate_waits_for_the_solver(found: bool) -> None:
    """The main line is long enough before it has answered."""
    position = at("chess", CHESS_IN_THREE)
    model = ConfidentModel(4672, (8, 8), value=0.5, favourite=position.parse_action("a2a3"))
    engine = Client("chess", model)
    helper = Slow(*[MateFound(None, tuple("f7h7 h8h7 h5f6 h7h8 g3g8".split()))] * found)
    engine.engine._mate_helper = helper
    best = engine.go(Limits(mate=1), position).info.moves[0]  # it ends by itself
    assert helper.waits >= 3
    assert best.mate_plies == (5 if found else None)


@pytest.mark.parametrize("root_search", ["gumbel", "puct"])
def test_a_move_into_a_proven_mate_is_lost(root_search: str) -> None:
    position = at("shogi", LOST_UNLESS)
    result = client("P*9e", LOST_UNLESS, root_search=root_search).go(Limits(clock=Clock(byoyomi_ms=400.0)), position)
    assert result.action is not None
    assert position.action_text(result.action)[:2] == "5i"
    lost = {position.action_text(move.action): move for move in result.info.moves if move.ends == -1.0}
    assert "P*9e" in lost
    assert lost["P*9e"].value == -1.0
    assert [position.mover, lost["P*9e"].mate_plies, len(lost["P*9e"].pv)] == [0, 2, 2]
    assert usi_score(lost["P*9e"], "centipawn") == "mate -2"
    assert result.info.moves[-1].ends == -1.0


def test_where_all_is_lost_the_longest_defence_is_played() -> None:
    position = at("shogi", "7G1/6k2/4n4/6P1S/4+R4/9/9/9/K8 b RP 1")
    position.push(position.parse_action("R*2b"))
    result = client("3b4c", position.text()).go(TIMED, position)  # it ends by itself
    plies = [move.mate_plies for move in result.info.moves]
    assert None not in plies
    assert plies == sorted(plies, key=lambda many: -(many or 0))
    assert plies[0] == 6
    assert len(set(plies)) > 1
    assert result.action == result.info.moves[0].action
    assert result.info.value == -1.0


def test_only_legal_lines_that_end_in_mate_are_believed() -> None:
    position = at("shogi", IN_FIVE)
    engine = client("9i8i", IN_FIVE)
    engine.engine._mate_helper = Told(
        MateFound(None, ("4b3a", "1a1b")),  # no mate yet
        MateFound(None, ("4b4a", "5a5b")),  # not legal
        MateFound("9i9h", ("1a2b",)),
        MateFound(None, ()),
    )
    result = engine.go(Limits(clock=Clock(byoyomi_ms=200.0)), position)
    assert all(move.ends is None and move.mate_plies is None for move in result.info.moves)


@pytest.mark.parametrize(
    ("limits", "options"),
    [
        (Limits(nodes=20), {}),
        (Limits(depth=1), {}),
        (Limits(clock=Clock(byoyomi_ms=100.0)), {"mate_search": False}),
        (Limits(clock=Clock(byoyomi_ms=100.0)), {"level_settings": "4,1,0"}),
    ],
)
def test_nobody_is_asked_where_the_result_must_not_depend_on_it(limits: Limits, options: dict[str, object]) -> None:
    result = client("9i8i", IN_FIVE, **options).go(limits, at("shogi", IN_FIVE))
    assert all(move.mate_plies is None for move in result.info.moves)


def test_an_endless_search_tells_the_mate_and_waits_for_stop() -> None:
    engine = client("9i8i", IN_FIVE)
    engine.start(Limits(), at("shogi", IN_FIVE), interval_ms=10.0)
    while not any(info.moves[0].mate_plies for info in engine.infos):
        assert engine.informed.wait(PATIENCE)
    assert not engine.results
    engine.engine.stop()
    assert engine.engine.wait(PATIENCE)
    assert engine.results[-1].info.moves[0].mate_plies == 5


def test_searchmoves_without_the_mate_leave_it_out() -> None:
    position = at("shogi", IN_FIVE)
    allowed = tuple(position.parse_action(move) for move in ("9i8i", "9i9h"))
    limits = Limits(clock=Clock(byoyomi_ms=200.0), root_actions=allowed)
    result = client("9i8i", IN_FIVE).go(limits, position)
    assert result.action in allowed


def test_the_best_move_is_looked_at_first() -> None:
    engine = client("2g2f", START)
    helper = engine.engine._mate_helper
    assert isinstance(helper, DirectHelper)
    engine.start(Limits(), at("shogi", START), interval_ms=1000.0)
    while not helper.first:
        assert engine.informed.wait(PATIENCE)
    engine.engine.stop()
    assert engine.engine.wait(PATIENCE)
    assert helper.first[0] == "2g2f"


def test_a_lost_move_is_never_drawn() -> None:
    lost = RootMove(1, 100, -1.0, 0.0, 0.9, -1.0, (1,), -1.0)
    other = RootMove(2, 1, -0.5, 0.0, 0.1, -0.9, (2,))
    rng = np.random.default_rng(1)
    assert {sample_move((other, lost), 10.0, rng) for _ in range(50)} == {0}
    assert {sample_move((lost, lost), 10.0, rng) for _ in range(50)} == {0, 1}


def test_scores_of_proven_mates_in_moves_and_in_plies() -> None:
    mate = RootMove(1, 5, 1.0, 0.0, 0.1, 1.0, (1, 2, 3), 1.0, (5, 5, 5), 3)
    lost = RootMove(1, 5, -1.0, 0.0, 0.1, -1.0, (1, 2, 3, 4), -1.0, (5,) * 4, 4)
    assert [usi_score(move, "Q") for move in (mate, lost)] == ["mate 3", "mate -4"]
    assert [score_text(move) for move in (mate, lost)] == ["mate 2", "mate -2"]


def test_an_engine_without_its_process_says_so_and_plays_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(game: str) -> subprocess.Popen[str]:
        raise OSError(f"no processes for {game}")

    monkeypatch.setattr(muzero_engine.engine.mate_helper, "spawn_process", refuse)
    fake = HashModel(SHOGI.spec, (9, 9))
    engine = Engine(lambda _: fake, EngineOptions(mate_search=True), game="shogi")
    engine.prepare((9, 9))
    assert engine.notice is not None
    assert engine.notice.startswith("no forced mates are looked for: ")
    assert "no processes for shogi" in engine.notice
    results: list[SearchResult] = []
    limits = Limits(clock=Clock(byoyomi_ms=60.0))
    engine.go(at("shogi", START), limits, on_info=lambda _: None, on_done=results.append)
    assert engine.wait(PATIENCE)
    assert results[0].action is not None
    engine.close()


def test_answers_to_another_question_are_not_taken() -> None:
    """They may be legal here, and prove nothing."""

    class Behind(Told):
        def ask(self, problem: str, moves: Sequence[str], nodes: int) -> bool:
            return False

    position = at("shogi", IN_FIVE)
    mate = DirectHelper(SHOGI)
    mate.ask(mate.problem(position), (), 4096)
    engine = client("9i8i", IN_FIVE)
    engine.engine._mate_helper = Behind(*mate.take())
    result = engine.go(Limits(clock=Clock(byoyomi_ms=100.0)), position)
    assert all(move.ends is None for move in result.info.moves)


@pytest.mark.parametrize("game", ["othello", "go", None])
def test_games_without_a_solver_have_no_helper(game: str | None) -> None:
    fake = HashModel(SHOGI.spec, (9, 9))
    assert Engine(lambda _: fake, game=game).mate_helper() is None
