"""Games that branch off the one before them where its search was least sure of its move."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.self_play import CPU, RandomSearch, assert_goes_on_exactly, self_play, small_config

from muzero_engine.training.self_play.branches import NOWHERE, Branches, second_choice
from muzero_engine.training.types import SearchOutput

torch.set_num_threads(1)


def output(targets: list[list[int]], probs: list[list[float]], values: list[float]) -> SearchOutput:
    actions = torch.tensor(targets)
    nothing = torch.zeros(len(values))
    return SearchOutput(
        actions[:, 0], torch.tensor(values), actions, torch.tensor(probs), nothing, nothing, actions[:, 0]
    )


def test_the_second_choice_is_the_best_move_that_is_not_played() -> None:
    searched = output(
        [[7, 3, 5], [7, 3, 5], [4, -1, -1], [6, 2, 1]],
        [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [0.4, 0.4, 0.2]],
        [0.0, 0.0, 0.0, -0.75],
    )
    second, doubt = second_choice(searched, torch.tensor([7, 3, 4, 1]))
    assert second[[0, 1, 3]].tolist() == [3, 7, 6]
    assert doubt.tolist() == pytest.approx([0.3, 0.5, 0.0, 0.1])  # one move: no doubt; nearly lost: little


def test_the_greatest_doubt_of_a_game_is_kept_until_the_next_begins() -> None:
    branches = Branches(2, CPU)
    for ply, probs in enumerate(([0.9, 0.1], [0.6, 0.4], [0.7, 0.3])):
        searched = output([[10 + ply, 20 + ply]] * 2, [probs, [1.0, 0.0]], [0.0, 0.0])
        branches.launch(searched, searched.action)
        branches.take(np.array([ply, ply]))
    assert branches.ply.tolist() == [1, NOWHERE]
    assert branches.action[0] == 21
    again = Branches(2, CPU)
    again.load_state(branches.state())
    branches.forget(np.array([0]))
    assert branches.ply.tolist() == [NOWHERE, NOWHERE]
    assert again.ply.tolist() == [1, NOWHERE]
    searched = output([[5, 6]] * 2, [[0.65, 0.35]] * 2, [0.0, 0.0])
    again.launch(searched, searched.action)
    again.take(np.array([3, 3]))
    assert again.ply.tolist() == [1, 3]  # what was loaded had been in more doubt


@pytest.mark.parametrize(("game", "shape"), [("tictactoe", (3, 3)), ("go", (5, 5))])
def test_branches_begin_as_an_earlier_game_did_and_play_its_second_choice(game: str, shape: tuple[int, int]) -> None:
    config = small_config(game, shape, branch_share=1.0, opening_plies=0, games=2)  # two groups of one slot
    with self_play(config) as player:
        (games,) = player.play(300)
    moves: dict[bytes, set[int]] = {}  # by the plies up to them, that games before played
    second: dict[bytes, set[int]] = {}  # targets there
    branched, start = 0, 0
    for length in games.lengths.tolist():
        rows = range(start, start + length)
        packed = [games.packed[row].numpy().tobytes() for row in rows]
        targets = [set(games.target_actions[row].tolist()) - {-1} for row in rows]
        known = next(i for i, actions in enumerate(targets) if actions)  # plies that this game did not search
        assert all(targets[known:])
        if known:
            branched += 1
            at, action = packed[known - 1], int(games.action[rows[known - 1]])
            assert action in second[at]
            assert action not in moves[at] or len(moves[at]) > 1
            assert known < 8  # of older plies only those that are history
        for row, position, actions in zip(rows, packed, targets, strict=True):
            moves.setdefault(position, set()).add(int(games.action[row]))
            second.setdefault(position, set()).update(actions)
        start += length
    assert branched > len(games.lengths) // 3
    assert player.statistics.games == len(games.lengths)


def test_branching_goes_on_exactly_and_does_not_depend_on_workers() -> None:
    settings = {"no_resign_share": 0.5, "resign_value": -0.5, "resign_turns": 2}
    assert_goes_on_exactly(small_config("go", (5, 5), branch_share=0.7, **settings))


def test_without_a_share_no_game_branches_and_nothing_more_is_saved() -> None:
    with self_play(small_config("tictactoe", (3, 3))) as plain:
        assert not any(name.endswith(("origin", "doubt")) for name in plain.state())
    search = RandomSearch()
    with self_play(small_config("tictactoe", (3, 3), branch_share=1.0, opening_plies=0), search) as player:
        player.play(100)
        assert any((player.state()[f"{group}.origin"] != player.state()[f"{group}.number"]).any() for group in range(2))
