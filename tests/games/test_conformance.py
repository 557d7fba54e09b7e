"""Every built-in game passes the conformance kit; what only some games have, with the games that have it."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from muzero_engine.games.base import BadPosition, IllegalMove, Outcome, Position, Shape
from muzero_engine.games.conformance import Check, checks
from muzero_engine.games.conformance.planes import starts_alike
from muzero_engine.games.conformance.play import Seen, homesick_play, random_play, some_shapes
from muzero_engine.games.registry import BUILT_IN, UnknownGame, load_game

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BOARDS = [(name, shape) for name in BUILT_IN for shape in some_shapes(load_game(name))]

for_every_game = pytest.mark.parametrize("name", BUILT_IN)
on_every_board = pytest.mark.parametrize(("name", "shape"), BOARDS, ids=[f"{n}-{r}x{c}" for n, (r, c) in BOARDS])


@pytest.mark.parametrize("check", [check for name in BUILT_IN for check in checks(load_game(name))], ids=str)
def test_conformance(check: Check) -> None:
    check.run()


@for_every_game
def test_a_game_is_called_what_the_registry_calls_it(name: str) -> None:
    assert load_game(name).spec.name == name


def test_an_unknown_game_is_named() -> None:
    with pytest.raises(UnknownGame, match="checkers"):
        load_game("checkers")


@on_every_board
def test_only_go_forbids_moves_for_what_happened_before(name: str, shape: Shape) -> None:
    """Elsewhere a position's text, which holds no history, has the same legal moves."""
    if name == "go":
        return
    game = load_game(name)
    for position in random_play(game.initial(shape), seed=7, plies=80):
        assert np.array_equal(game.from_text(position.text()).legal_actions(), position.legal_actions())


@pytest.mark.parametrize("name", ["chess", "shogi"])
def test_games_of_homesick_players_end_by_repetition(name: str) -> None:
    game = load_game(name)
    *_, position = homesick_play(game.initial(game.spec.shapes[0]), seed=22, plies=100)
    outcome = position.outcome()
    assert outcome is not None
    assert "repetition" in outcome.reason


@on_every_board
def test_the_start_looks_the_same_to_both_players(name: str, shape: Shape) -> None:
    """But in Othello, whose four first discs lie crosswise: there each player has the diagonal of the other."""
    game = load_game(name)
    assert starts_alike(game.initial(shape), game.spec.turn) == (name != "othello")


def test_an_outcome_is_seen_from_both_sides() -> None:
    assert (Outcome(1, "mate").value(1), Outcome(1, "mate").value(0), Outcome(None, "draw").value(0)) == (1, -1, 0)


@functools.cache
def late_position(name: str) -> Position:
    game = load_game(name)
    *_, position = random_play(game.initial(game.spec.shapes[0]), seed=20, plies=6)
    return position


@for_every_game
@FUZZ
@given(text=st.one_of(st.text(max_size=12), st.text("abcdefghi123456789+*@PLNqrspass-", max_size=6)))
def test_garbage_is_no_move(name: str, text: str) -> None:
    """As in the kit, with Hypothesis's texts."""
    position = late_position(name)
    try:
        action = position.parse_action(text)
    except IllegalMove as error:
        message = str(error)
    else:
        message = f"action {action}"
        assert action in position.legal_actions()
    assert len(message.splitlines()) == 1


@for_every_game
@FUZZ
@given(data=st.data())
def test_garbage_is_no_position(name: str, data: st.DataObject) -> None:
    """Noise, and good texts with a few characters changed: refused in one line, or a position that works."""
    good = late_position(name).text()
    noise = st.text(max_size=30)
    cut = st.tuples(st.integers(0, len(good)), st.integers(0, 3), st.text(f"{good}xX0-9/ +", max_size=3))
    edited = cut.map(lambda edit: good[: edit[0]] + edit[2] + good[edit[0] + edit[1] :])
    text = data.draw(st.one_of(noise, edited))
    try:
        position = load_game(name).from_text(text)
    except BadPosition as error:
        message = str(error)
    else:
        message = position.text()
        Seen.of(position)
        position.ending_actions()
        assert load_game(name).from_text(message).text() == message
    assert len(message.splitlines()) == 1
