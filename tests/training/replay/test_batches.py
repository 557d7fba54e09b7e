"""Batches against a plain reference made with the Position API."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.replay import SHARE, UNROLL, split, whole_batch
from support.self_play import BOARDS, CPU, assert_same_games, played, positions

from muzero_engine.games.base import Position, Shape
from muzero_engine.games.encoding import observation
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game
from muzero_engine.training.replay.batches import value_target
from muzero_engine.training.replay.ring import Ring
from muzero_engine.training.types import Batch, FinishedGames

torch.set_num_threads(1)


def check(batch: Batch, games: FinishedGames, game: str, first_game: int) -> None:
    """The batch holds the plies of the games from `first_game` on, in their order."""
    lines = positions(games, game)
    lengths = games.lengths.tolist()
    start = sum(lengths[:first_game])
    m = 0
    for number in range(first_game, len(lengths)):
        for ply in range(lengths[number]):
            check_one(batch, m, games, lines[number], number, start, ply)
            m += 1
        start += lengths[number]
    assert m == len(batch.observation)


def check_one(
    batch: Batch, m: int, games: FinishedGames, line: list[Position], number: int, start: int, ply: int
) -> None:
    length = len(line) - 1
    by_rules = bool(games.by_rules[number])
    final = line[-1].outcome() if by_rules else None
    assert batch.later_step is not None
    assert batch.later_observation is not None
    for u in range(UNROLL + 1):
        row = start + ply + u
        alive = ply + u < length
        assert bool(batch.alive[m, u]) == bool(batch.has_value[m, u]) == alive
        position = line[min(ply + u, length)]
        if u in (0, int(batch.later_step[m])):
            seen = batch.later_observation[m] if u else batch.observation[m]
            assert np.array_equal(seen.numpy(), observation(position) if alive else np.zeros_like(seen.numpy()))
        targets = games.target_actions[row].tolist() if alive else [-1] * 8
        assert batch.target_actions[m, u].tolist() == targets
        assert bool(batch.has_policy[m, u]) == (targets[0] >= 0)
        if targets[0] >= 0:
            assert batch.target_probs[m, u].tolist() == pytest.approx(games.target_probs[row].tolist(), abs=2e-3)
            assert batch.target_probs[m, u].sum().item() == pytest.approx(1)
        else:
            assert not batch.target_probs[m, u].any()
        if alive:
            result, root = int(games.result[row]), float(games.root_value[row])
            win, draw, loss = batch.value[m, u].tolist()
            assert win + draw + loss == pytest.approx(1)
            assert win - loss == pytest.approx((1 - SHARE) * result + SHARE * root, abs=1e-5)
        if u == UNROLL:
            continue
        assert bool(batch.has_outcome[m, u]) == (alive and (by_rules or ply + u < length - 1))
        if alive:
            assert int(batch.action[m, u]) == int(games.action[row])
        assert 0 <= int(batch.action[m, u]) < line[0].spec.num_actions(line[0].shape)
        expected = 0
        if final is not None and ply + u == length - 1:
            expected = {1.0: 1, 0.0: 2, -1.0: 3}[final.value(position.mover)]
        assert int(batch.outcome[m, u]) == expected
    last = line[-1]
    if isinstance(last, GoPosition):
        assert batch.ownership is not None
        assert batch.has_ownership is not None
        assert bool(batch.has_ownership[m]) == by_rules
        if by_rules:
            assert np.array_equal(batch.ownership[m].numpy(), last.area() * (1 - 2 * line[ply].mover))
    else:
        assert batch.ownership is batch.has_ownership is None


@pytest.mark.parametrize(("game", "shape"), BOARDS)
def test_batches_are_those_of_the_rules(game: str, shape: Shape) -> None:
    games = played(game, shape, 250 if game == "chess" else 300)
    ring = Ring(1000, load_game(game).spec, shape, 8, CPU)
    ring.add(games)
    assert ring.plies == len(games.action)
    check(whole_batch(ring, game), games, game, 0)


def test_resigned_games_have_no_outcome_and_no_ownership() -> None:
    games = played("go", (5, 5), 400, resign_value=0.0, resign_turns=2, no_resign_share=0.5)
    assert 0 < int(games.by_rules.sum()) < len(games.by_rules)
    ring = Ring(1000, load_game("go").spec, (5, 5), 8, CPU)
    ring.add(games)
    batch = whole_batch(ring, "go")
    ends = torch.cumsum(games.lengths, 0) - 1
    assert batch.has_outcome[ends, 0].tolist() == games.by_rules.tolist()
    assert batch.has_ownership is not None
    assert batch.has_ownership.tolist() == games.by_rules.repeat_interleave(games.lengths).tolist()


def test_a_full_ring_keeps_whole_games_and_their_history() -> None:
    games = played("go", (5, 5), 500)
    lengths = games.lengths.tolist()
    ring = Ring(100, load_game("go").spec, (5, 5), 8, CPU)
    for part in split(games):
        ring.add(part)
    kept = next(n for n in range(len(lengths)) if sum(lengths[n:]) <= 100)
    assert ring.end == sum(lengths)
    assert ring.plies == sum(lengths[kept:])
    check(whole_batch(ring, "go"), games, "go", kept)
    at_once = Ring(100, load_game("go").spec, (5, 5), 8, CPU)
    at_once.add(games)
    assert_same_games(at_once.newest(100), ring.newest(100))
    check(whole_batch(at_once, "go"), games, "go", kept)


def test_every_later_step_is_drawn() -> None:
    ring = Ring(1000, load_game("tictactoe").spec, (3, 3), 8, CPU)
    ring.add(played("tictactoe", (3, 3), 300))
    later = whole_batch(ring, "tictactoe").later_step
    assert later is not None
    shares = later.bincount(minlength=UNROLL + 1) / len(later)
    assert shares[0] == 0
    assert torch.allclose(shares[1:], torch.full((UNROLL,), 1 / UNROLL), atol=0.1)


def test_root_values_bring_draws_only_into_drawn_games() -> None:
    result = torch.tensor([1, 0, -1, 0], dtype=torch.int8)
    targets = value_target(result, torch.tensor([0.5, 0.5, 0.5, -1.0]), 0.4)
    expected = [[0.9, 0.0, 0.1], [0.2, 0.8, 0.0], [0.3, 0.0, 0.7], [0.0, 0.6, 0.4]]
    assert torch.allclose(targets, torch.tensor(expected))
