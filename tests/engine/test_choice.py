"""Which move is played: temperature, restrictions, ends of the game that no search may miss."""

from __future__ import annotations

import pytest
from support.engine_client import Client, at
from support.fakes import ConfidentModel

from muzero_engine.engine.limits import Limits
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game


def test_temperature_varies_the_move_with_the_seed() -> None:
    actions = {Client("chess", temperature=1.0, seed=seed).go(Limits(nodes=100)).action for seed in range(1, 12)}
    assert len(actions) > 1
    late = {
        Client("chess", temperature=1.0, temperature_plies=0, seed=seed).go(Limits(nodes=100)).action
        for seed in range(1, 6)
    }
    assert len(late) == 1


def test_a_seed_draws_other_numbers_in_each_position() -> None:
    """Games of a match with a fixed seed would hang together."""
    client = Client("chess", level_settings="1,50,0", seed=5)
    places = set()
    initial = load_game("chess").initial((8, 8))
    for first in initial.legal_actions().tolist():
        position = initial.copy()
        position.push(first)
        places.add(sorted(position.legal_actions().tolist()).index(client.go(Limits(nodes=1), position).action))
    assert len(places) > 4


def test_draw_values_are_winning_rates() -> None:
    """To a player for whom a draw is as good as a win, a drawing move is the best; to its opponent the worst."""
    position = at("chess", "k7/P7/8/2K5/8/8/8/8 w - - 0 1")
    stalemate = position.parse_action("c5b6")
    model = ConfidentModel(load_game("chess").spec.num_actions((8, 8)), (8, 8), value=0.5, favourite=stalemate)
    assert Client("chess", model, draw_value_black=1000).go(Limits(nodes=20), position).action == stalemate
    assert Client("chess", model, draw_value_black=0).go(Limits(nodes=20), position).action != stalemate
    assert Client("chess", model, draw_value_white=1000).go(Limits(nodes=20), position).action != stalemate


@pytest.mark.parametrize("worth", [0, 250, 1000])
def test_what_a_draw_is_worth_does_not_change_what_is_likely(worth: int) -> None:
    position = at("chess", "k7/P7/8/2K5/8/8/8/8 w - - 0 1")
    stalemate = position.parse_action("c5b6")
    model = ConfidentModel(load_game("chess").spec.num_actions((8, 8)), (8, 8), value=0.2, favourite=0, draw=0.5)
    info = Client("chess", model, draw_value_black=worth).go(Limits(nodes=40), position).info
    drawn = next(move for move in info.moves if move.action == stalemate)
    assert drawn.wdl == (0.0, 1.0, 0.0)
    assert info.network_value == pytest.approx(0.2)
    for move in info.moves:
        assert move.ends is not None or abs(move.value) == pytest.approx(0.2)
        assert move.ends is not None or move.draw == pytest.approx(0.5)


def test_root_actions_restrict_the_search() -> None:
    result = Client().go(Limits(nodes=30, root_actions=(2, 6)))
    assert sorted(move.action for move in result.info.moves) == [2, 6]
    everything = Client().go(Limits(nodes=30, root_actions=()))
    assert len(everything.info.moves) == 9


@pytest.mark.parametrize("root_search", ["puct", "gumbel"])
@pytest.mark.parametrize(
    ("game", "text", "move"),
    [
        ("chess", "6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - 0 1", "a1a8"),
        ("chess", "r5k1/5ppp/8/8/8/8/5PPP/6K1 b - - 0 1", "a8a1"),
        ("chess", "7k/6pp/7N/8/2Q5/8/6PP/7K w - - 0 1", "c4g8"),
        ("shogi", "4k4/9/4P4/9/9/9/9/9/4K4 b G 1", "G*5b"),
        ("tictactoe", None, None),
    ],
)
def test_mate_in_one_is_never_missed(root_search: str, game: str, text: str | None, move: str | None) -> None:
    """Against a model that is sure of another move, with a handful of simulations."""
    if text is None or move is None:
        position = load_game("tictactoe").initial((3, 3))
        for action in (0, 3, 1, 4):
            position.push(action)
        wins = [2]
    else:
        position = at(game, text)
        wins = [position.parse_action(move)]
    spec = load_game(game).spec
    shape = position.shape
    others = [a for a in position.legal_actions().tolist() if a not in wins]
    model = ConfidentModel(spec.num_actions(shape), shape, value=0.9, favourite=others[0])
    for nodes in (1, 10, 100):
        result = Client(game, model, root_search=root_search).go(Limits(nodes=nodes), position)
        assert result.action in wins
        assert result.info.moves[0].ends == 1.0
        assert result.ponder is None


@pytest.mark.parametrize("root_search", ["puct", "gumbel"])
def test_a_won_game_is_not_ended_by_stalemate(root_search: str) -> None:
    position = at("chess", "7k/8/6K1/8/8/8/8/5Q2 w - - 0 1")
    stalemate = position.parse_action("f1f7")
    spec = load_game("chess").spec
    model = ConfidentModel(spec.num_actions((8, 8)), (8, 8), value=0.9, favourite=stalemate)
    for nodes in (1, 10, 100):
        result = Client("chess", model, root_search=root_search).go(Limits(nodes=nodes), position)
        assert result.action != stalemate


@pytest.mark.parametrize("root_search", ["puct", "gumbel"])
@pytest.mark.parametrize(
    ("game", "cycle", "times"),
    [("chess", "g1f3 g8f6 f3g1 f6g8", 2), ("shogi", "2h3h 8b7b 3h2h 7b8b", 3)],
)
@pytest.mark.parametrize("value", [0.7, -0.7])
def test_repetition_is_avoided_when_winning_and_sought_when_losing(
    root_search: str, game: str, cycle: str, times: int, value: float
) -> None:
    """One move before the position returns for the last time the rules allow."""
    position = load_game(game).initial(load_game(game).spec.shapes[0])
    moves = cycle.split() * times
    for move in moves[:-1]:
        position.push(position.parse_action(move))
    repeating = position.parse_action(moves[-1])
    assert position.ending_actions() == {repeating: 0.0}
    spec = load_game(game).spec
    favourite = repeating if value > 0 else int(position.legal_actions()[0])
    model = ConfidentModel(spec.num_actions(position.shape), position.shape, value=value, favourite=favourite)
    result = Client(game, model, root_search=root_search).go(Limits(nodes=40), position)
    assert (result.action == repeating) == (value < 0)


@pytest.mark.parametrize(
    ("value", "komi", "passes"),
    [
        (0.9, 7.5, False),  # white need only pass as well
        (0.9, 0.0, False),  # a draw
        (0.9, -7.5, True),
        (-0.9, 7.5, True),  # it knows that it has lost
    ],
)
def test_a_pass_does_not_give_up_what_the_search_thinks_is_won(value: float, komi: float, passes: bool) -> None:
    game = load_game("go")
    position = game.initial((5, 5))
    assert isinstance(position, GoPosition)
    position.set_komi(komi)
    action = position.parse_action("pass")
    model = ConfidentModel(game.spec.num_actions((5, 5)), (5, 5), value=value, favourite=action)
    result = Client("go", model).go(Limits(nodes=20), position)
    assert (result.action == action) == passes
    assert sorted(move.action for move in result.info.moves) == position.legal_actions().tolist()
    assert position.ply == 0
    for seed in range(1, 9):
        varied = Client("go", model, temperature=1.0, temperature_plies=100, seed=seed)
        assert varied.go(Limits(nodes=50), position).action != action or passes
    only = Client("go", model).go(Limits(nodes=20, root_actions=(action,)), position)
    assert only.action == action


@pytest.mark.parametrize("root_search", ["puct", "gumbel"])
@pytest.mark.parametrize("worth", [0, 1000])
def test_the_root_is_worth_what_its_only_move_brings_that_ends_the_game(worth: int, root_search: str) -> None:
    only = at("chess", "k7/8/8/8/8/8/1q6/K7 w - - 0 1")
    model = ConfidentModel(load_game("chess").spec.num_actions((8, 8)), (8, 8), value=0.9, favourite=0)
    for nodes in (1, 8):
        client = Client("chess", model, draw_value_white=worth, root_search=root_search)
        info = client.go(Limits(nodes=nodes), only).info
        assert [(move.ends, move.wdl) for move in info.moves] == [(0.0, (0.0, 1.0, 0.0))]
        assert info.value == 0.0


def test_no_legal_move() -> None:
    mated = at("chess", "rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3")
    client = Client("chess")
    result = client.go(Limits(nodes=10), mated)
    assert result.action is None
    assert result.info.moves == ()
    assert result.info.value == -1.0
