"""The ring holds whole games; games are taken apart and put together again."""

from __future__ import annotations

import torch
from support.replay import split
from support.self_play import CPU, assert_same_games, played

from muzero_engine.games.registry import load_game
from muzero_engine.training.replay.ring import Ring
from muzero_engine.training.types import FinishedGames

torch.set_num_threads(1)


def test_a_game_longer_than_the_ring_is_left_out() -> None:
    games = played("chess", (8, 8), 500)
    ring = Ring(20, load_game("chess").spec, (8, 8), 8, CPU)
    ring.add(games)
    assert ring.plies <= 20


def test_games_of_one_and_the_rest_are_all_games_in_another_order() -> None:
    games = played("go", (5, 5), 400)
    first = torch.arange(len(games.lengths)) == 0
    one, rest = games.select(first), games.select(~first)
    length = int(games.lengths[0])
    assert one.lengths.tolist() == [length]
    assert torch.equal(one.packed, games.packed[:length])
    assert one.ownership is not None
    assert games.ownership is not None
    assert torch.equal(rest.ownership, games.ownership[1:])  # type: ignore[arg-type]  # as `games` has it
    assert torch.equal(rest.by_rules, games.by_rules[1:])
    assert_same_games(FinishedGames.cat([one, rest]), games)
    assert_same_games(FinishedGames.cat(split(games)), games)
