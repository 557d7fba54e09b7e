"""Symmetries of batches against the rules and `games.encoding`."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from support.self_play import BOARDS, CPU, played

from muzero_engine.games.base import Shape
from muzero_engine.games.encoding import apply_symmetry, observation
from muzero_engine.games.registry import load_game
from muzero_engine.training.replay.batches import batch_at
from muzero_engine.training.replay.ring import Ring
from muzero_engine.training.replay.symmetries import Symmetries


@pytest.mark.parametrize(("game", "shape"), [("tictactoe", (3, 3)), ("go", (5, 5))])
def test_a_turned_game_is_the_game_of_the_turned_moves(game: str, shape: Shape) -> None:
    rules = load_game(game)
    symmetries = Symmetries(rules, shape, CPU)
    rng = random.Random(1)
    for chosen, _ in enumerate(symmetries.elements):
        position, turned = rules.initial(shape), rules.initial(shape)
        index = torch.tensor([chosen])
        while position.outcome() is None and position.ply < 30:
            seen = torch.from_numpy(observation(position))[None]
            assert np.array_equal(symmetries.planes(seen, index)[0].numpy(), observation(turned))
            action = int(rng.choice(position.legal_actions()))
            position.push(action)
            turned.push(int(symmetries.actions(torch.tensor([action]), index)))


@pytest.mark.parametrize(("game", "shape"), BOARDS)
def test_everything_in_a_batch_turns_together(game: str, shape: Shape) -> None:
    rules = load_game(game)
    ring = Ring(2000, rules.spec, shape, 8, CPU)
    ring.add(played(game, shape, 100 if game == "tictactoe" else 400))
    generator = torch.Generator().manual_seed(1)
    batch = batch_at(
        ring,
        torch.arange(ring.first, ring.end)[:40],
        spec=rules.spec,
        unroll_steps=3,
        root_value_share=0.3,
        later_observation=True,
        generator=generator,
        dtype=torch.float32,
    )
    symmetries = Symmetries(rules, shape, CPU)
    assert symmetries.elements == rules.spec.symmetries
    chosen = symmetries.draw(40, generator)
    turned = symmetries.apply(batch, chosen)
    assert batch.later_observation is not None
    assert turned.later_observation is not None
    for m, element in enumerate(chosen.tolist()):
        symmetry = symmetries.elements[element]
        permutation = np.append(rules.action_permutation(symmetry, shape), -1)
        pairs = [(batch.observation, turned.observation), (batch.later_observation, turned.later_observation)]
        if batch.ownership is not None:
            assert turned.ownership is not None
            pairs.append((batch.ownership, turned.ownership))
        for before, after in pairs:
            assert np.array_equal(apply_symmetry(before[m].numpy(), symmetry), after[m].numpy())
        for before, after in ((batch.action, turned.action), (batch.target_actions, turned.target_actions)):
            assert np.array_equal(permutation[before[m].numpy()], after[m].numpy())
    assert torch.equal(batch.target_probs, turned.target_probs)
    assert torch.equal(batch.value, turned.value)


def test_oblong_boards_are_not_transposed() -> None:
    elements = Symmetries(load_game("go"), (5, 7), CPU).elements
    assert [int(symmetry) for symmetry in elements] == [0, 1, 2, 3]


def test_all_symmetries_are_drawn() -> None:
    symmetries = Symmetries(load_game("go"), (5, 5), CPU)
    assert set(symmetries.draw(400, torch.Generator().manual_seed(1)).tolist()) == set(range(8))
