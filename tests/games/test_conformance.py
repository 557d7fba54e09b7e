"""What every game of the registry has to obey: one kit over all of them, on several boards."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.play import (
    Fixed,
    boards,
    brute_force_endings,
    fixed,
    homesick_play,
    pick,
    random_play,
    start,
    whole_game,
)

from muzero_engine.games.base import ActionTable, BadPosition, IllegalMove, Outcome, Position, Shape, Symmetry, Turn
from muzero_engine.games.encoding import (
    apply_symmetry,
    observation,
    observation_from_packed,
    pack,
    packed_size,
    stack_observation,
    turned,
    unpack,
)
from muzero_engine.games.registry import GAME_NAMES, UnknownGame, load_game

SHOGI_START_IN_A_MIRROR = "lnsgkgsnl/1b5r1/ppppppppp/9/9/9/PPPPPPPPP/1R5B1/LNSGKGSNL b - 1"
TRANSFORMED_STARTS = {("shogi", Symmetry.FLIP_COLUMNS): SHOGI_START_IN_A_MIRROR}  # of starts without the symmetry
PLAYS = {"random": random_play, "homesick": homesick_play}
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

on_every_board = pytest.mark.parametrize(("name", "shape"), list(boards()))
in_both_ways = pytest.mark.parametrize("play", ["random", "homesick"])
for_every_game = pytest.mark.parametrize("name", GAME_NAMES)


@for_every_game
def test_the_spec_is_whole(name: str) -> None:
    spec = load_game(name).spec
    assert spec.name == name
    assert spec.version >= 1
    assert len(spec.shapes) == len(set(spec.shapes)) >= 1
    assert Symmetry.IDENTITY in spec.symmetries
    assert len(set(spec.symmetries)) == len(spec.symmetries)
    assert all(scale > 0 for scale in spec.layout.scalar_scales)
    assert len(set(spec.players)) == 2
    for shape in spec.shapes:
        position = start(name, shape)
        assert (position.spec, position.shape, position.ply, position.mover) == (spec, shape, 0, 0)
        assert position.outcome() is None
        assert len(position.legal_actions()) > 0


@for_every_game
def test_a_board_of_another_shape_is_refused(name: str) -> None:
    with pytest.raises(BadPosition):
        start(name, (2, 77))


def test_an_unknown_game_is_named() -> None:
    with pytest.raises(UnknownGame, match="checkers"):
        load_game("checkers")


@on_every_board
def test_legal_actions_are_ascending_and_in_range(name: str, shape: Shape) -> None:
    for position in random_play(start(name, shape), seed=1, plies=150):
        actions = position.legal_actions()
        assert actions.dtype == np.int64
        assert np.all(np.diff(actions) > 0)
        if len(actions):
            assert 0 <= actions[0] <= actions[-1] < position.spec.num_actions(shape)


@on_every_board
def test_an_illegal_action_changes_nothing(name: str, shape: Shape) -> None:
    rng = np.random.default_rng(2)
    for position in random_play(start(name, shape), seed=2, plies=30):
        before = fixed(position)
        count = position.spec.num_actions(shape)
        illegal = np.setdiff1d(np.arange(count), position.legal_actions())
        for action in [-1, count, *rng.choice(illegal, min(8, len(illegal)), replace=False).tolist()]:
            with pytest.raises(IllegalMove):
                position.push(action)
        assert fixed(position) == before


@on_every_board
def test_pop_is_the_inverse_of_push(name: str, shape: Shape) -> None:
    position = start(name, shape)
    rng = np.random.default_rng(3)
    seen: list[Fixed] = [fixed(position)]
    played: list[int] = []
    while position.outcome() is None and position.ply < 60:
        played.append(pick(position, rng))
        position.push(played[-1])
        seen.append(fixed(position))
        assert position.ply == len(played)
    while played:
        assert fixed(position) == seen.pop()
        assert position.pop() == played.pop()
    assert fixed(position) == seen.pop()
    with pytest.raises(IndexError):
        position.pop()
    assert fixed(position) == fixed(start(name, shape))


@on_every_board
def test_copies_share_nothing(name: str, shape: Shape) -> None:
    rng = np.random.default_rng(4)
    for position in random_play(start(name, shape), seed=4, plies=20):
        before = fixed(position)
        twin = position.copy()
        assert fixed(twin) == before
        for _ in range(3):
            if twin.outcome() is None:
                twin.push(pick(twin, rng))
        assert fixed(position) == before
        other = fixed(twin)
        if position.ply:
            action = position.pop()
            assert fixed(twin) == other
            position.push(action)
        while twin.ply:
            twin.pop()
        assert fixed(twin) == fixed(start(name, shape))


@on_every_board
def test_results_belong_to_the_caller(name: str, shape: Shape) -> None:
    for position in random_play(start(name, shape), seed=5, plies=5):
        before = fixed(position)
        for array in (position.legal_actions(), position.frames(2), position.scalars(), pack(position)):
            if array.flags.writeable:
                array[...] = 0
        position.ending_actions().clear()
        assert fixed(position) == before


@on_every_board
def test_action_texts_are_read_back(name: str, shape: Shape) -> None:
    for position in random_play(start(name, shape), seed=6, plies=80):
        actions = position.legal_actions().tolist()
        texts = [position.action_text(action) for action in actions]
        assert len(set(texts)) == len(texts)
        assert all(text and text.isascii() and not set(text) & set(" \t\r\n") for text in texts)
        assert [position.parse_action(text) for text in texts] == actions


@on_every_board
def test_position_texts_are_read_back(name: str, shape: Shape) -> None:
    game = load_game(name)
    pieces = 2 * game.spec.layout.per_player
    for position in random_play(start(name, shape), seed=7, plies=80):
        text = position.text()
        again = game.from_text(text)
        assert again.text() == text
        assert (again.mover, again.shape, again.ply) == (position.mover, position.shape, 0)
        assert np.array_equal(again.frames(1)[0][:pieces], position.frames(1)[0][:pieces])
        legal, legal_again = position.legal_actions(), again.legal_actions()
        if name == "go":  # superko forbids what the text, which holds no history, allows
            assert np.all(np.isin(legal, legal_again))
        else:
            assert np.array_equal(legal, legal_again)


@on_every_board
@pytest.mark.parametrize("seed", range(4))
def test_endings_agree_with_the_outcome(name: str, shape: Shape, seed: int) -> None:
    """Around the end of a random game and now and then on the way."""
    actions = whole_game(name, shape, seed)
    position = start(name, shape)
    for ply, action in enumerate(actions):
        if ply % 60 == 30 or ply >= len(actions) - 3:
            endings = brute_force_endings(position)
            assert position.ending_actions() == endings
            assert position.decisive_actions() == {action: value for action, value in endings.items() if value}
        if ply == len(actions) - 1:
            ends = position.ending_actions()
            mover = position.mover
            position.push(action)
            outcome = position.outcome()
            assert (action in ends) == (outcome is not None)
            if outcome is not None:
                assert ends[action] == outcome.value(mover)
        else:
            position.push(action)


@on_every_board
def test_endings_agree_where_positions_repeat(name: str, shape: Shape) -> None:
    for position in homesick_play(start(name, shape), seed=21, plies=30):
        assert position.ending_actions() == brute_force_endings(position)


def test_games_of_homesick_players_end_by_repetition() -> None:
    for name in ("chess", "shogi"):
        *_, position = homesick_play(start(name, load_game(name).spec.shapes[0]), seed=22, plies=100)
        outcome = position.outcome()
        assert outcome is not None
        assert "repetition" in outcome.reason


def test_an_outcome_is_seen_from_both_sides() -> None:
    assert (Outcome(1, "mate").value(1), Outcome(1, "mate").value(0), Outcome(None, "draw").value(0)) == (1, -1, 0)


@on_every_board
def test_observations_are_finite_planes(name: str, shape: Shape) -> None:
    for position in random_play(start(name, shape), seed=10, plies=100):
        planes = observation(position)
        layout = position.spec.layout
        assert planes.dtype == np.float32
        assert planes.shape == (layout.planes, *shape)
        assert np.all(np.isfinite(planes))
        assert np.all(np.abs(planes) <= 4)
        frames, scalars = position.frames(1), position.scalars()
        assert frames.dtype == np.dtype(np.bool_)
        assert frames.shape == (1, layout.frame_planes, *shape)
        assert scalars.dtype == np.dtype(np.int16)
        assert scalars.shape == (layout.scalars,)


@on_every_board
def test_missing_history_is_zero(name: str, shape: Shape) -> None:
    position = start(name, shape)
    position.push(pick(position, np.random.default_rng(11)))
    frames = position.frames(4)
    assert frames[:2].any()
    assert not frames[2:].any()
    assert np.array_equal(frames[1], start(name, shape).frames(1)[0])


@on_every_board
@in_both_ways
def test_packed_plies_hold_the_whole_observation(name: str, shape: Shape, play: str) -> None:
    spec = load_game(name).spec
    packed = np.zeros((0, packed_size(spec, shape)), dtype=np.uint8)
    for position in PLAYS[play](start(name, shape), seed=12, plies=60):
        ply = pack(position)
        frame, scalars, mover = unpack(ply, spec, shape)
        assert np.array_equal(frame, position.frames(1)[0])
        assert np.array_equal(scalars, position.scalars())
        assert mover == position.mover
        packed = np.concatenate([packed, ply[None]])
        assert np.array_equal(observation_from_packed(packed, spec, shape), observation(position))
    with pytest.raises(ValueError, match="packed ply"):
        unpack(packed[0, 1:], spec, shape)


@on_every_board
def test_symmetries_are_permutations_with_an_inverse(name: str, shape: Shape) -> None:
    game = load_game(name)
    everything = np.arange(game.spec.num_actions(shape))
    squares = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
    table = game.action_table(shape)
    for symmetry in game.spec.symmetries:
        if symmetry & 4 and shape[0] != shape[1]:
            continue
        permutation = game.action_permutation(symmetry, shape)
        assert permutation.dtype == np.int64
        assert np.array_equal(np.sort(permutation), everything)
        inverse = {Symmetry.ROTATE_90: Symmetry.ROTATE_270, Symmetry.ROTATE_270: Symmetry.ROTATE_90}
        back = inverse.get(symmetry, symmetry)
        assert np.array_equal(game.action_permutation(back, shape)[permutation], everything)
        assert np.array_equal(apply_symmetry(apply_symmetry(squares, symmetry), back), squares)
        to = table.to_square
        new_to = to[permutation]
        moved = apply_symmetry(squares, symmetry).reshape(-1)  # moved[new] = old
        has_square = to >= 0
        assert np.array_equal(has_square, new_to >= 0)
        assert np.array_equal(moved[new_to[has_square]], to[has_square])
    assert np.array_equal(game.action_permutation(Symmetry.IDENTITY, shape), everything)


@on_every_board
def test_a_transformed_game_is_the_same_game(name: str, shape: Shape) -> None:
    game = load_game(name)
    for symmetry in game.spec.symmetries:
        if symmetry & 4 and shape[0] != shape[1]:
            continue
        permutation = game.action_permutation(symmetry, shape)
        text = TRANSFORMED_STARTS.get((name, symmetry))
        twin = start(name, shape) if text is None else game.from_text(text)
        for position in random_play(start(name, shape), seed=13, plies=40):
            if position.ply:
                action = position.pop()
                position.push(action)
                twin.push(int(permutation[action]))
            assert np.array_equal(apply_symmetry(observation(position), symmetry), observation(twin))
            assert np.array_equal(np.sort(permutation[position.legal_actions()]), twin.legal_actions())
            assert position.outcome() == twin.outcome()


@pytest.mark.parametrize("turn", Turn)
def test_turning_twice_changes_nothing(turn: Turn) -> None:
    planes = np.random.default_rng(14).random((3, 5, 7)) < 0.5
    assert np.array_equal(turned(turned(planes, turn), turn), planes)
    assert np.array_equal(turned(planes, turn), planes) == (turn is Turn.NONE)


@on_every_board
def test_the_start_looks_the_same_to_both_players(name: str, shape: Shape) -> None:
    position = start(name, shape)
    spec = position.spec
    frames, scalars = position.frames(spec.layout.history), position.scalars()
    first, second = (stack_observation(frames, scalars, mover, spec.layout, spec.turn) for mover in (0, 1))
    assert np.array_equal(first[: 2 * spec.layout.per_player], second[: 2 * spec.layout.per_player])


@on_every_board
def test_both_players_mean_the_same_by_an_action(name: str, shape: Shape) -> None:
    """Where the board turns, the same action by each player leaves a board that looks the same to both."""
    position = start(name, shape)
    spec = position.spec
    for action in position.legal_actions().tolist():
        position.push(action)
        if spec.turn is not Turn.NONE and action in position.legal_actions():
            position.push(action)
            frame, p = position.frames(1)[0], spec.layout.per_player
            swapped = turned(frame[[*range(p, 2 * p), *range(p)]], spec.turn)
            assert np.array_equal(frame[: 2 * p], swapped)
            position.pop()
        position.pop()


@on_every_board
def test_a_move_changes_its_square(name: str, shape: Shape) -> None:
    game = load_game(name)
    to = game.action_table(shape).to_square
    pieces = 2 * game.spec.layout.per_player
    rng = np.random.default_rng(15)
    position = start(name, shape)
    while position.outcome() is None and position.ply < 60:
        action = pick(position, rng)
        mover, before = position.mover, position.frames(1)[0][:pieces]
        position.push(action)
        changed = (position.frames(1)[0][:pieces] != before).any(axis=0)
        if mover == 1:
            changed = turned(changed, game.spec.turn)
        if to[action] >= 0:
            assert changed.reshape(-1)[to[action]]


def rows(table: ActionTable) -> np.ndarray:
    return np.stack([table.from_square, table.to_square, table.kind], axis=1)


@on_every_board
def test_the_action_table_tells_legal_actions_apart(name: str, shape: Shape) -> None:
    game = load_game(name)
    table = game.action_table(shape)
    count, squares = game.spec.num_actions(shape), shape[0] * shape[1]
    for column, limit in ((table.from_square, squares), (table.to_square, squares), (table.kind, table.kinds)):
        assert column.dtype == np.int64
        assert column.shape == (count,)
        assert np.all((column >= -1) & (column < limit))
    assert count == game.spec.action_planes * squares + game.spec.extra_actions
    for position in random_play(start(name, shape), seed=16, plies=100):
        legal = rows(table)[position.legal_actions()]
        assert len(np.unique(legal, axis=0)) == len(legal)


@on_every_board
def test_positions_live_apart(name: str, shape: Shape) -> None:
    """Two games played in turn go as each goes alone."""
    alone = [[fixed(p) for p in random_play(start(name, shape), seed, plies=15)] for seed in (17, 18)]
    games = [random_play(start(name, shape), seed, plies=15) for seed in (17, 18)]
    together: list[list[Fixed]] = [[], []]
    for pair in zip(*games, strict=False):
        for seen, position in zip(together, pair, strict=True):
            seen.append(fixed(position))
    for one, other in zip(alone, together, strict=True):
        assert other == one[: len(other)]
        assert other


@on_every_board
def test_boards_for_people_are_plain_text(name: str, shape: Shape) -> None:
    for position in random_play(start(name, shape), seed=19, plies=10):
        text = position.board_text()
        assert text.isascii()
        assert len(text.splitlines()) > shape[0]
        assert position.spec.players[position.mover] in text.splitlines()[-1].lower()


@functools.cache
def late_position(name: str) -> Position:
    *_, position = random_play(load_game(name).initial(load_game(name).spec.shapes[0]), seed=20, plies=6)
    return position


@for_every_game
@FUZZ
@given(text=st.one_of(st.text(max_size=12), st.text("abcdefghi123456789+*@PLNqrspass-", max_size=6)))
def test_garbage_is_no_move(name: str, text: str) -> None:
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
        fixed(position)
        position.ending_actions()
        assert load_game(name).from_text(message).text() == message
    assert len(message.splitlines()) == 1
