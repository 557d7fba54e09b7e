"""Self-play with a random search: what is stored is what was played, and it can be repeated and resumed."""

from __future__ import annotations

import math
import multiprocessing
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from support.self_play import BOARDS, CPU, RandomSearch, assert_same_games, played, positions, self_play, small_config

from muzero_engine.games.base import Shape
from muzero_engine.games.encoding import pack
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game
from muzero_engine.network.fresh import fresh_network
from muzero_engine.training.board_settings import board_shares, group_sizes, ply_cap
from muzero_engine.training.config import SearchSettings, SelfPlaySettings
from muzero_engine.training.search.batched import BatchedSearch
from muzero_engine.training.self_play.play import SelfPlay
from muzero_engine.training.self_play.rules import RulesError
from muzero_engine.training.self_play.slot_group import chosen_actions
from muzero_engine.training.types import BadState, FinishedGames, SearchOutput

torch.set_num_threads(1)


@pytest.mark.parametrize(("game", "shape"), BOARDS)
def test_finished_games_are_games_by_the_rules(game: str, shape: Shape) -> None:
    games = played(game, shape, 300)
    start = 0
    for number, line in enumerate(positions(games, game)):
        length = len(line) - 1
        rows = slice(start, start + length)
        for ply, position in enumerate(line[:-1]):
            row = start + ply
            assert np.array_equal(games.packed[row].numpy(), pack(position))
            legal = set(position.legal_actions().tolist())
            targets = [action for action in games.target_actions[row].tolist() if action >= 0]
            assert set(targets) <= legal
            assert not targets or sum(games.target_probs[row].tolist()) == pytest.approx(1, abs=2e-3)
        outcome = line[-1].outcome()
        assert bool(games.by_rules[number]) == (outcome is not None)
        final = line[-1]
        if outcome is not None:
            winner = outcome.winner
        else:
            assert length == (24 if game != "tictactoe" else 9)
            score = final.score() if isinstance(final, GoPosition) else 0.0
            winner = None if score == 0 else int(score < 0)
        values = [0 if winner is None else 1 - 2 * (winner ^ position.mover) for position in line[:-1]]
        assert games.result[rows].tolist() == values
        searched = games.target_actions[rows, 0] >= 0
        opening = int((~searched).sum())
        assert opening <= 4
        assert searched[opening:].all()
        assert games.root_value[rows][:opening].tolist() == values[:opening]
        if isinstance(final, GoPosition):
            assert games.ownership is not None
            assert np.array_equal(games.ownership[number].numpy(), final.area())
        start += length
    assert start == len(games.action)


@pytest.mark.timeout(60)
def test_workers_play_the_same_games() -> None:
    config = small_config("go", (5, 5), (6, 6))
    with self_play(config) as alone, self_play(config, workers=2) as shared:
        for _ in range(2):
            for one, other in zip(alone.play(400), shared.play(400), strict=True):
                assert_same_games(one, other)
    assert alone.statistics.games == shared.statistics.games > 0
    assert alone.statistics.reasons == shared.statistics.reasons


def test_every_board_is_played_in_order() -> None:
    with self_play(small_config("go", (5, 5), (6, 6))) as player:
        games = player.play(600)
    assert {part.shape for part in games} == {(5, 5), (6, 6)}
    assert player.statistics.games == sum(len(part.lengths) for part in games)
    assert player.statistics.moves == 600
    assert player.statistics.divergence == 1.0


def test_other_work_is_done_at_every_turn_and_changes_no_game() -> None:
    config = small_config("go", (5, 5), (6, 6))
    called: list[int] = []
    with self_play(config) as alone, self_play(config) as beside:
        for plies in (50, 300):
            called.clear()
            games = beside.play(plies, lambda: called.append(1))
            assert len(called) == beside.turns(plies) == 4 * math.ceil(plies / beside.slots)
            for one, other in zip(alone.play(plies), games, strict=True):
                assert_same_games(one, other)


def test_seed_and_rank_make_other_games() -> None:
    config = small_config("go", (5, 5))
    outputs = []
    for settings, rank in ((config, 0), (replace(config, seed=2), 0), (config, 1)):
        with self_play(settings, rank=rank) as player:
            outputs.append(player.play(300)[0].action.tolist())
    assert outputs[0] != outputs[1]
    assert outputs[0] != outputs[2]


@pytest.mark.parametrize(("game", "shape"), BOARDS)
def test_resumed_games_go_on_exactly(game: str, shape: Shape) -> None:
    config = small_config(game, shape, resign_value=-0.3, resign_turns=2, no_resign_share=0.3)
    with self_play(config) as unbroken, self_play(config) as resumed:
        unbroken.play(170)
        state = {name: tensor.clone() for name, tensor in unbroken.state().items()}
        resumed.load_state(state)
        again = resumed.state()
        assert state.keys() == again.keys()
        assert all(torch.equal(state[name], again[name]) for name in state)
        for one, other in zip(unbroken.play(300), resumed.play(300), strict=True):
            assert_same_games(one, other)
        left, right = unbroken.statistics, resumed.statistics
        assert replace(left, seconds=0) == replace(right, seconds=0)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_fast_turns_have_no_policy_target_but_the_value_of_their_search(share: float) -> None:
    config = small_config("tictactoe", (3, 3), full_search_share=max(share, 1e-9))
    config = replace(config, replay=replace(config.replay, policy_surprise_share=0.5))
    fast = {(3, 3): RandomSearch(value=0.25)}
    with SelfPlay(config, {(3, 3): RandomSearch(value=0.5)}, CPU, fast_searches=fast) as player:
        (games,) = player.play(600)
        statistics = player.statistics
    values: dict[tuple[bool, bool], set[float]] = {}
    start = 0
    for length in games.lengths.tolist():
        searched = False
        for row in range(start, start + length):
            has_policy = bool(games.target_actions[row, 0] >= 0)
            value = float(games.root_value[row])
            searched = searched or has_policy or value == 0.25
            values.setdefault((searched, has_policy), set()).add(value)
            assert (float(games.target_probs[row].sum()) > 0) == has_policy
            assert games.surprise is not None
            assert games.surprise[row].tolist() == [float(has_policy), value if searched else 0.0]
        start += length
    assert values[True, False] == {0.25}
    assert values[False, False] <= {-1.0, 0.0, 1.0}  # random openings: the result
    assert values.get((True, True), {0.5}) == {0.5}
    assert statistics.full_moves < statistics.moves == 600
    assert (statistics.full_moves > 0) == (share > 0)


def test_fast_turns_go_on_exactly() -> None:
    config = small_config("chess", (8, 8), full_search_share=0.5)
    config = replace(config, replay=replace(config.replay, value_surprise_share=0.1))

    def player() -> SelfPlay:
        return SelfPlay(config, {(8, 8): RandomSearch()}, CPU, fast_searches={(8, 8): RandomSearch(value=0.25)})

    with player() as unbroken, player() as resumed:
        unbroken.play(170)
        resumed.load_state({name: tensor.clone() for name, tensor in unbroken.state().items()})
        for one, other in zip(unbroken.play(300), resumed.play(300), strict=True):
            assert_same_games(one, other)
        assert unbroken.statistics.full_moves == resumed.statistics.full_moves


def test_fast_turns_need_a_search() -> None:
    with pytest.raises(ValueError, match="needs fast searches"):
        self_play(small_config("tictactoe", (3, 3), full_search_share=0.5))


def test_games_of_other_settings_are_refused() -> None:
    with self_play(small_config("go", (5, 5))) as player:
        player.play(200)
        state = player.state()
    for config, reason in (
        (small_config("go", (5, 5), games=12), "self_play.games was different"),
        (small_config("go", (5, 5), max_plies=5), "longer than self_play.max_plies"),
        (small_config("go", (5, 5), (6, 6)), "saved games of 2 groups, not 4"),
        (replace(small_config("go", (5, 5)), seed=9), "seed or opening settings"),
        (replace(small_config("go", (5, 5)), search=SearchSettings(target_actions=4)), "number of target actions"),
    ):
        with self_play(config) as other, pytest.raises(BadState, match=reason):
            other.load_state(state)


def test_hopeless_games_are_resigned_by_the_player_to_move() -> None:
    config = small_config("chess", (8, 8), resign_value=-0.5, resign_turns=3, no_resign_share=0.0, opening_plies=0)
    with self_play(config, RandomSearch(value=-0.9)) as player:
        (games,) = player.play(100)
    assert set(games.lengths.tolist()) == {5}  # the first player's third turn
    assert player.statistics.resigned == player.statistics.games == 20
    assert not games.by_rules.any()
    assert games.result[:5].tolist() == [-1, 1, -1, 1, -1]


def test_nobody_resigns_who_wins_with_the_next_move() -> None:
    """To the network everything is lost, and a third turn in a row is where the first player resigns: unless the rules
    say that a move wins, which is then the only one that is searched."""
    config = small_config("tictactoe", (3, 3), resign_value=-0.5, resign_turns=3, no_resign_share=0.0, opening_plies=0)
    with self_play(config, RandomSearch(value=-0.9)) as player:
        (games,) = player.play(600)
    ends = {True: 0, False: 0}
    for number, line in enumerate(positions(games, "tictactoe")):
        by_rules = bool(games.by_rules[number])
        ends[by_rules] += 1
        if by_rules:
            assert line[-1].outcome() is not None
        else:
            assert len(line) - 1 == 5
            assert 1.0 not in line[-2].decisive_actions().values()
    assert min(ends.values()) > 10
    assert player.statistics.first_wins == ends[True]
    assert player.statistics.resigned == ends[False] == player.statistics.games - player.statistics.first_wins


def test_games_that_may_not_be_resigned_tell_how_often_it_would_be_wrong() -> None:
    config = small_config("tictactoe", (3, 3), resign_value=-0.5, resign_turns=2, no_resign_share=1.0, opening_plies=0)
    with self_play(config, RandomSearch(value=-0.9)) as player:
        player.play(400)
    statistics = player.statistics
    assert statistics.resigned == 0
    assert statistics.resign_checked == statistics.games > 0  # always by the first player
    assert statistics.resign_wrong == statistics.first_wins + statistics.draws


def test_early_moves_are_drawn_from_the_targets_and_later_ones_are_the_searchs() -> None:
    count = 4000
    probs = torch.tensor([0.5, 0.3, 0.2, 0.0]).expand(count, 4)
    targets = torch.tensor([7, 5, 3, -1]).expand(count, 4)
    zeros = torch.zeros(count)
    nines = torch.full((count,), 9)
    output = SearchOutput(nines, zeros, targets, probs, zeros, zeros, nines)
    generator = torch.Generator().manual_seed(1)
    assert set(chosen_actions(output, torch.zeros(count, dtype=torch.bool), generator).tolist()) == {9}
    drawn = chosen_actions(output, torch.ones(count, dtype=torch.bool), generator)
    shares = [(drawn == action).float().mean().item() for action in (7, 5, 3)]
    assert shares == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    assert sum(shares) == pytest.approx(1)
    flat = chosen_actions(output, torch.ones(count, dtype=torch.bool), generator, 2.0)
    shares = [(flat == action).float().mean().item() for action in (7, 5, 3)]
    assert shares == pytest.approx([0.416, 0.322, 0.263], abs=0.03)  # as the square roots
    assert sum(shares) == pytest.approx(1)


def test_the_batched_search_plays() -> None:
    config = small_config("tictactoe", (3, 3))
    game = load_game("tictactoe")
    network = fresh_network(game, seed=1, channels=8, representation_blocks=1, dynamics_blocks=1)
    search = BatchedSearch(network, SearchSettings(simulations=4, considered=4, target_actions=8), 9)
    with SelfPlay(config, {(3, 3): search}, CPU) as player:
        (games,) = player.play(200)
    assert all(line[-1].outcome() is not None for line in positions(games, "tictactoe"))
    assert sum(len(line) - 1 for line in positions(games, "tictactoe")) == len(games.action)


def test_boards_share_the_games() -> None:
    spec = load_game("go").spec
    settings = SelfPlaySettings(games=100, shapes=(((9, 9), 3.0), ((7, 7), 1.0)))
    assert board_shares(settings, spec) == {(9, 9): 0.75, (7, 7): 0.25}
    assert group_sizes(settings, spec) == {(9, 9): 38, (7, 7): 12}
    assert group_sizes(SelfPlaySettings(games=64), spec) == {(9, 9): 32}
    assert ply_cap(settings, spec, (19, 19)) == spec.max_plies
    assert ply_cap(settings, spec, (9, 9)) == 162
    assert ply_cap(replace(settings, max_plies=50), spec, (9, 9)) == 50


def test_every_field_of_games_is_compared() -> None:
    one = played("tictactoe", (3, 3), 60)
    for field in fields(FinishedGames):
        value = getattr(one, field.name)
        if isinstance(value, torch.Tensor):
            changes: dict[str, Any] = {field.name: ~value if value.dtype == torch.bool else value + 1}
            other = replace(one, **changes)
            with pytest.raises(AssertionError):
                assert_same_games(one, other)


@pytest.mark.timeout(60)
def test_workers_end_when_self_play_cannot_begin() -> None:
    config = replace(small_config("go", (5, 5), komi=1e9), seed=1)
    before = set(multiprocessing.active_children())
    with pytest.raises(RulesError, match="komi must be a number"):
        self_play(config, workers=1)
    assert set(multiprocessing.active_children()) == before
