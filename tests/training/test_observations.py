"""Observations on the device against `games.encoding`."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.games.base import Position, Shape
from muzero_engine.games.encoding import observation, observation_from_packed, pack, packed_size
from muzero_engine.games.go.rules import GoPosition
from muzero_engine.games.registry import load_game
from muzero_engine.training.observations import observations, packed_bits, unpacked_bits


def random_game(game: str, shape: Shape, plies: int) -> list[Position]:
    rng = random.Random(f"{game} {shape}")
    position = load_game(game).initial(shape)
    if isinstance(position, GoPosition):
        position.set_komi(-3.5)
    line = [position.copy()]
    while position.outcome() is None and position.ply < plies:
        position.push(int(rng.choice(position.legal_actions())))
        line.append(position.copy())
    return line


@pytest.mark.parametrize(
    ("game", "shape"),
    [("tictactoe", (3, 3)), ("go", (5, 5)), ("go", (19, 19)), ("chess", (8, 8)), ("shogi", (9, 9))],
)
def test_observations_are_those_of_the_encoding(game: str, shape: Shape) -> None:
    spec = load_game(game).spec
    line = random_game(game, shape, 60)
    packed = np.stack([pack(position) for position in line])
    count, history = len(line), spec.layout.history
    newest_first = np.zeros((count, history, packed_size(spec, shape)), dtype=np.uint8)
    present = np.arange(count)[:, None] >= np.arange(history)
    for ply in range(count):
        for back in range(history):
            newest_first[ply, back] = packed[max(ply - back, 0)]  # absent plies hold something, which must not matter
    made = observations(torch.from_numpy(newest_first), torch.from_numpy(present), spec, shape).numpy()
    for ply, position in enumerate(line):
        assert np.array_equal(made[ply], observation(position))
        assert np.array_equal(made[ply], observation_from_packed(packed[: ply + 1], spec, shape))


def test_an_absent_position_is_all_zero_and_types_are_as_asked() -> None:
    spec, shape = load_game("chess").spec, (8, 8)
    packed = torch.full((2, spec.layout.history, packed_size(spec, shape)), 255, dtype=torch.uint8)
    present = torch.zeros((2, spec.layout.history), dtype=torch.bool)
    present[1] = True
    made = observations(packed, present, spec, shape, torch.bfloat16)
    assert made.dtype == torch.bfloat16
    assert not made[0].any()
    assert made[1].any()


@given(st.lists(st.booleans(), max_size=40))
def test_bits_are_packed_as_numpy_packs_them(bits: list[bool]) -> None:
    packed = packed_bits(torch.tensor([bits, bits], dtype=torch.bool))
    assert packed[0].tolist() == np.packbits(np.array(bits, dtype=np.bool_)).tolist()
    assert unpacked_bits(packed, len(bits))[1].tolist() == bits
