"""The engine resigns games that are lost, and only those."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.engine_client import DECLARABLE, PATIENCE, Client, at
from support.fakes import ConfidentModel

from muzero_engine.engine import thinking
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.report import SearchInfo
from muzero_engine.engine.resigning import LostTurns
from muzero_engine.games.base import Position
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game


def _lost(**options: Any) -> Client:
    spec = load_game("tictactoe").spec
    model = ConfidentModel(spec.num_actions((3, 3)), (3, 3), value=-0.95, favourite=4)
    return Client(model=model, **options)


def test_resigning_counts_turns_below_the_threshold() -> None:
    position = load_game("tictactoe").initial((3, 3))
    client, never = _lost(resign_value=-0.9, resign_turns=3), _lost()
    resigned = []
    for action in (0, 1, 2, 4, 3, 6):  # no line of three until then
        if position.mover == 0:
            resigned.append(client.go(Limits(nodes=20), position).resign)
            assert not never.go(Limits(nodes=20), position).resign
        position.push(action)
    assert resigned == [False, False, True]
    assert client.go(Limits(nodes=20), position).resign
    client.engine.new_game()
    assert not client.go(Limits(nodes=20), position).resign


def test_a_turn_that_is_searched_again_counts_once_for_resigning() -> None:
    position = load_game("tictactoe").initial((3, 3))
    client = _lost(resign_value=-0.9, resign_turns=2)
    assert not any(client.go(Limits(nodes=20), position).resign for _ in range(3))
    for action in (0, 1):
        position.push(action)
    assert client.go(Limits(nodes=20), position).resign
    position.pop()
    position.pop()
    assert not client.go(Limits(nodes=20), position).resign  # what was taken back was no turn


def test_a_turn_is_not_lost_while_the_move_that_is_played_is_worth_more() -> None:
    """One move holds, and all others lose: its score is what is shown."""
    position = load_game("tictactoe").initial((3, 3))
    client = _lost(resign_value=-0.9, resign_turns=1)
    lost = client.go(Limits(nodes=20), position)
    first, *others = lost.info.moves
    held = replace(lost, info=replace(lost.info, moves=(replace(first, value=-0.85), *others)))
    options = client.engine.options
    assert LostTurns().resigns(position, lost, options)
    assert not LostTurns().resigns(position, held, options)


def test_what_is_no_move_of_the_game_is_no_turn_and_takes_no_persons_time(monkeypatch: pytest.MonkeyPatch) -> None:
    position = load_game("tictactoe").initial((3, 3))
    client = _lost(resign_value=-0.9, resign_turns=1, human_time=True)
    asked: list[object] = []

    def no_time(*_: object) -> float:
        asked.append(None)
        return 0.0

    monkeypatch.setattr(thinking, "human_time_ms", no_time)
    for plays in (False, True):
        on_done = client.results.append
        client.engine.go(position, Limits(nodes=2), on_info=client.infos.append, on_done=on_done, plays=plays)
        assert client.engine.wait(PATIENCE)
        assert client.results[-1].resign is plays
        assert bool(asked) is plays


def test_positions_without_the_moves_before_them_are_turns_too() -> None:
    client = _lost(resign_value=-0.9, resign_turns=2)
    assert not client.go(Limits(nodes=20), at("tictactoe", ".../.../...")).resign
    assert client.go(Limits(nodes=20), at("tictactoe", "xo./.../...")).resign


def _hopeless(game: str, position: Position, **options: object) -> Client:
    """An engine whose network thinks that all is lost, and that resigns at once then."""
    spec = load_game(game).spec
    favourite = int(position.legal_actions()[0])
    model = ConfidentModel(spec.num_actions(position.shape), position.shape, value=-0.97, favourite=favourite)
    return Client(game, model, resign_value=-0.9, resign_turns=1, **options)


@pytest.mark.parametrize("root_search", ["puct", "gumbel"])
@pytest.mark.parametrize(("komi", "value"), [(7.5, -1.0), (0.0, 0.0), (-7.5, 1.0)])
def test_nobody_resigns_who_can_end_the_game_without_losing_it(root_search: str, komi: float, value: float) -> None:
    """On an empty 5x5 board white passed, and black's pass ends the game."""
    position = load_game("go").initial((5, 5))
    assert isinstance(position, GoPosition)
    position.set_komi(komi)
    position.set_mover(1)
    position.push(position.parse_action("pass"))
    assert position.ending_actions() == {25: value}
    result = _hopeless("go", position, root_search=root_search).go(Limits(nodes=50), position)
    assert result.resign == (value < 0)
    assert (result.action == 25) == (value >= 0)
    assert result.info.value == pytest.approx(max(value, -0.97))
    assert result.info.network_value == pytest.approx(-0.97)


def test_a_draw_that_counts_as_a_loss_does_not_keep_from_resigning() -> None:
    position = load_game("go").initial((5, 5))
    assert isinstance(position, GoPosition)
    position.set_komi(0.0)
    position.set_mover(1)
    position.push(position.parse_action("pass"))
    client = _hopeless("go", position, draw_value_black=0)
    assert client.go(Limits(nodes=50), position).resign


def test_nobody_resigns_who_can_declare_a_win() -> None:
    position = at("shogi", DECLARABLE)
    assert position.can_declare_win()
    result = _hopeless("shogi", position).go(Limits(nodes=20), position)
    assert result.declare_win
    assert not result.resign


def test_pondering_that_missed_and_analysis_are_no_turns() -> None:
    position = load_game("tictactoe").initial((3, 3))
    client = _hopeless("tictactoe", position)
    client.start(Limits(ponder=True, nodes=5))
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
    client.start(Limits(infinite=True, nodes=5))
    client.engine.stop()
    assert client.engine.wait(PATIENCE)
    client.start(Limits(ponder=True, nodes=5))
    client.engine.ponderhit()
    assert client.engine.wait(PATIENCE)
    assert [result.resign for result in client.results] == [False, False, True]


def test_a_search_that_a_new_game_overtakes_counts_for_the_old_one() -> None:
    spec = load_game("tictactoe").spec
    model = ConfidentModel(spec.num_actions((3, 3)), (3, 3), value=-0.95, favourite=4)
    client = Client(model=model, resign_value=-0.9, resign_turns=2)
    position = client.game.initial((3, 3))

    def begin_another_game(_: SearchInfo) -> None:
        client.engine.new_game()

    client.engine.go(position, Limits(nodes=5), on_info=begin_another_game, on_done=client.results.append)
    assert client.engine.wait(PATIENCE)
    resigned = [client.go(Limits(nodes=5), position).resign]
    for action in (0, 1):
        position.push(action)
    assert [*resigned, client.go(Limits(nodes=5), position).resign] == [False, True]
