"""The rules behind self-play against the Position API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from support.self_play import BOARDS

from muzero_engine.games.base import Position, Shape
from muzero_engine.games.encoding import pack
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game
from muzero_engine.games.shogi.rules import ShogiPosition
from muzero_engine.training.self_play.rules import KEEP, START, Buffers, RulesError, RulesSettings, RulesSlice


def rules(game: str, shape: Shape, **changes: object) -> RulesSettings:
    settings = RulesSettings(
        game=game,
        shape=shape,
        slots=6,
        first_slot=0,
        seed=1,
        rank=0,
        cap=30,
        opening_plies=3,
        decisive_moves=False,
        no_resign_share=0.5,
        branch_share=0.0,
        komi=6.5,
        komi_spread=0.0,
    )
    return replace(settings, **changes)  # type: ignore[arg-type]  # the tests name the fields


def started(settings: RulesSettings) -> tuple[Buffers, RulesSlice]:
    buffers = settings.buffers_over(bytearray(settings.memory_size()))
    games = RulesSlice(settings, buffers, 0, settings.slots)
    buffers.action[:] = START
    games.step()
    return buffers, games


def test_ownership_of_a_game_that_counts_no_areas_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    game = load_game("tictactoe")
    owning = replace(game, spec=replace(game.spec, ownership=True))
    monkeypatch.setattr("muzero_engine.training.self_play.rules.load_game", lambda name: owning)
    with pytest.raises(RulesError, match=r"tictactoe declares an ownership head .* cannot count areas"):
        started(rules("tictactoe", (3, 3)))


def legal(buffers: Buffers, slot: int, actions: int) -> list[int]:
    return np.flatnonzero(np.unpackbits(buffers.legal[slot], count=actions)).tolist()


def opened(settings: RulesSettings, buffers: Buffers, slot: int) -> Position:
    """The first searched position of the slot's game, made from what the buffers say of its opening."""
    position = load_game(settings.game).initial(settings.shape)
    if isinstance(position, GoPosition):
        position.set_komi(settings.komi)
    for ply in range(buffers.opening[slot]):
        assert np.array_equal(buffers.opening_packed[slot, ply], pack(position))
        position.push(int(buffers.opening_action[slot, ply]))
    return position


def random_steps(buffers: Buffers, games: RulesSlice, actions: int, steps: int) -> Iterator[list[int]]:
    rng = np.random.default_rng(1)
    for _ in range(steps):
        moves = [int(rng.choice(legal(buffers, slot, actions))) for slot in range(len(buffers.action))]
        buffers.action[:] = moves
        games.step()
        yield moves


@pytest.mark.parametrize(("game", "shape"), BOARDS)
def test_positions_masks_and_ends_are_those_of_the_rules(game: str, shape: Shape) -> None:
    settings = rules(game, shape)
    actions = load_game(game).spec.num_actions(shape)
    buffers, games = started(settings)
    assert buffers.fresh.all()
    line = [opened(settings, buffers, slot) for slot in range(settings.slots)]
    ended = 0
    for moves in random_steps(buffers, games, actions, 40):
        for slot, move in enumerate(moves):
            position = line[slot]
            position.push(move)
            outcome = position.outcome()
            over = outcome is not None or position.ply == settings.cap
            assert buffers.done[slot] == buffers.fresh[slot] == over
            if over:
                ended += 1
                by_rules = outcome is not None
                assert buffers.by_rules[slot] == by_rules
                if outcome is not None:
                    assert buffers.result[slot] == outcome.value(0)
                    assert buffers.reason[slot].decode() == outcome.reason
                elif isinstance(position, GoPosition):
                    assert buffers.result[slot] == np.sign(position.score())
                    assert np.array_equal(buffers.ownership[slot], position.area())
                else:
                    assert buffers.result[slot] == 0
                    assert buffers.reason[slot] == b"longest game"
                line[slot] = opened(settings, buffers, slot)
            assert np.array_equal(buffers.packed[slot], pack(line[slot]))
            assert legal(buffers, slot, actions) == line[slot].legal_actions().tolist()
            assert buffers.ply[slot] == line[slot].ply
    assert ended >= settings.slots
    assert buffers.number.sum() == ended


def test_the_mover_may_resign_and_slots_may_be_left_alone() -> None:
    settings = rules("tictactoe", (3, 3), opening_plies=0)
    buffers, games = started(settings)
    buffers.action[:] = [0, 1, 2, 3, 4, 5]
    games.step()
    before = buffers.packed.copy()
    buffers.resignable[0] = True
    buffers.action[:] = [8, KEEP, KEEP, KEEP, KEEP, 0]
    buffers.resigns[0] = True
    games.step()
    assert buffers.done.tolist() == [True, False, False, False, False, False]
    assert buffers.result[0] == 1  # the second player resigned
    assert not buffers.by_rules[0]
    assert buffers.reason[0] == b"resignation"
    assert buffers.number.tolist() == [1, 0, 0, 0, 0, 0]
    assert np.array_equal(buffers.packed[1:5], before[1:5])
    assert buffers.ply.tolist() == [0, 1, 1, 1, 1, 2]


def test_nobody_resigns_who_can_end_the_game_by_a_draw() -> None:
    """Without komi a second pass on an empty board is a draw; with komi white wins by it, and black would lose."""
    for komi, saved in ((0.0, True), (7.0, True), (-7.0, False)):
        buffers, games = started(rules("go", (5, 5), komi=komi, opening_plies=0, no_resign_share=0.0))
        buffers.action[:] = 25  # black passes
        games.step()
        buffers.action[:] = 0
        buffers.resigns[:] = True
        games.step()
        assert (buffers.resigns != saved).all()
        assert (buffers.done != saved).all()


def test_a_game_that_nobody_may_resign_goes_on() -> None:
    buffers, games = started(rules("go", (5, 5), opening_plies=0, no_resign_share=1.0))
    buffers.action[:] = 0
    buffers.resigns[:] = True
    games.step()
    assert buffers.resigns.all()
    assert not buffers.done.any()
    assert (buffers.ply == 1).all()


def test_a_resigned_go_game_has_no_ownership() -> None:
    buffers, games = started(rules("go", (5, 5)))
    buffers.resignable[:] = True
    buffers.resigns[:] = True
    buffers.action[:] = 0
    games.step()
    assert buffers.done.all()
    assert not buffers.ownership.any()


def test_a_declared_win_ends_the_game_without_being_a_move_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    buffers, games = started(rules("shogi", (9, 9), opening_plies=0))
    monkeypatch.setattr(ShogiPosition, "can_declare_win", lambda self: True)
    buffers.action[:] = [legal(buffers, slot, 2187)[0] for slot in range(6)]
    games.step()
    assert buffers.done.all()
    assert (buffers.result == -1).all()  # the second player, who moves next, declares
    assert not buffers.by_rules.any()
    assert buffers.reason[0] == b"declared win"


def test_openings_differ_and_never_end_a_game() -> None:
    settings = rules("tictactoe", (3, 3), opening_plies=9, cap=9, slots=200)
    buffers, _ = started(settings)
    assert len(set(buffers.opening.tolist())) > 3
    for slot in range(settings.slots):
        assert opened(settings, buffers, slot).outcome() is None


def test_komi_is_drawn_around_its_mean_and_some_games_are_not_resigned() -> None:
    buffers, _ = started(rules("go", (5, 5), komi=7.0, komi_spread=2.0, slots=300, opening_plies=0))
    komi = -buffers.packed[:, -7:-5].copy().view(np.int16)[:, 0] / 2  # black's view
    assert 6.5 < komi.mean() < 7.5
    assert 1.5 < komi.std() < 2.5
    assert 0.4 < buffers.resignable.mean() < 0.6


@pytest.mark.parametrize("change", [{"seed": 2}, {"rank": 1}, {"first_slot": 6}])
def test_seed_rank_and_slot_change_the_openings(change: dict[str, int]) -> None:
    one, _ = started(rules("chess", (8, 8)))
    other, _ = started(rules("chess", (8, 8), **change))
    assert not np.array_equal(one.opening_action, other.opening_action)


def test_an_illegal_action_is_reported_with_its_game() -> None:
    buffers, games = started(rules("tictactoe", (3, 3), opening_plies=0))
    buffers.action[:] = [0, 1, 2, 3, 4, 99]
    with pytest.raises(RulesError, match=r"^tictactoe, slot 5, game 0, ply 0: IllegalMove: illegal action 99"):
        games.step()
